// The four stages of admission put together: Standard, Inputs, Fees, Scripts. It only judges; who
// changes the graph is the pool.
#pragma once

#include <span>
#include <string_view>

#include "cairn/ledger/ledger.h"
#include "cairn/mempool/admission.h"
#include "cairn/mempool/policy.h"
#include "src/mempool/graph.h"
#include "src/mempool/policy_rule.h"
#include "src/mempool/pricing.h"
#include "src/mempool/spending.h"
#include "src/mempool/spent_coins.h"

namespace cairn::mempool {

/// A transaction on its way in, and what the stages find out about it.
struct Proposal {
  TransactionPtr tx;
  Origin origin;
  ledger::ChainViewPtr view;  // that it is judged on
  Amount delta = 0;           // of prioritisetransaction
  FeeRate pool_minimum;
  bool in_package = false;   // others may pay for it, and for what they replace
  bool in_trial = false;     // of several, and nothing is replaced
  bool has_company = false;  // came with others, though it may be judged alone first

  Family family;
  AdmissionResult result;
  uint64_t sigops_cost = 0;
  bool spends_coinbase = false;
};

/// Writes into the result what was objected to.
void Refuse(Rejection rejection, AdmissionResult* result);

/// The reason for refusing one whose outputs are in the chain.
inline constexpr std::string_view kInTheChain = "txn-already-known";

class Admitter {
 public:
  /// All must outlive it. Judges on the one thread that may change the graph.
  Admitter(const PolicyOptions& options, const Graph& graph, ledger::Ledger& ledger)
      : options_(options), graph_(graph), ledger_(ledger) {}

  /// Fills in the result, accepted or not, and all that the graph needs to know. False, with
  /// nothing decided, if the ledger's tip is no longer the view's.
  bool Judge(Proposal* proposal) const;
  /// The same without the scripts, which `Prove` runs later. `coins` is filled in.
  bool JudgeUnproven(Proposal* proposal, SpentCoins* coins) const;

  /// What a member of a package pays and whom it rivals, before any of them is in the graph: an
  /// objection where it breaks a rule of its own but those of fees and families. `coins` is filled
  /// in.
  Objection Weigh(Proposal* member, std::span<const TransactionPtr> package,
                  SpentCoins* coins) const;
  /// Runs the scripts of one whose coins were found, under the rules of policy and as the next
  /// block will run them, so that neither `Judge` nor the block need do so any more.
  Objection Prove(const Proposal& member, const SpentCoins& coins) const;

 private:
  Objection JudgeMoney(Proposal* proposal, SpentCoins* coins) const;
  bool Decide(Objection objection, Proposal* proposal) const;
  Objection CheckMoney(const FundedLoose& funded, Proposal* proposal) const;
  Objection CheckKnown(const Proposal& proposal) const;
  Objection CheckRivals(Proposal* proposal) const;
  Objection FindCoins(Proposal* proposal, std::span<const TransactionPtr> package,
                      SpentCoins* coins) const;
  bool OutputsAreInTheChain(const Transaction& tx) const;

  const PolicyOptions& options_;
  const Graph& graph_;
  ledger::Ledger& ledger_;
};

}  // namespace cairn::mempool
