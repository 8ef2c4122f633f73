#include "src/mempool/admitter.h"

#include <algorithm>

#include "consensus/script/sigops.h"
#include "src/mempool/spending.h"
#include "src/mempool/standard.h"

namespace cairn::mempool {
namespace {

// Outputs of a transaction without coins that are looked for in the chain.
constexpr size_t kOutputsLookedFor = 64;

}  // namespace

bool Admitter::Judge(Proposal* proposal) const {
  AdmissionResult& result = proposal->result;
  result = {};
  proposal->family = {};
  SpentCoins coins;
  Objection objection = JudgeStages(proposal, &coins);
  // What the ledger said of coins holds at one tip only.
  if (ledger_.View()->tip != proposal->view->tip) return false;
  if (!objection) {
    result.outcome = Admission::kAccepted;
    for (const Node* node : proposal->family.evicted.list()) result.replaced.push_back(node->tx);
    return true;
  }
  result.kind = objection->kind;
  result.reason = std::move(objection->reason);
  result.detail = std::move(objection->detail);
  const bool known = result.kind == RejectKind::kKnown;
  result.outcome = known ? Admission::kAlreadyKnown : Admission::kRejected;
  return true;
}

Objection Admitter::JudgeStages(Proposal* proposal, SpentCoins* coins) const {
  const Transaction& tx = *proposal->tx;
  const ledger::ChainView& view = *proposal->view;
  AdmissionResult& result = proposal->result;
  // Standard: what it shows by itself.
  if (Objection objection = CheckStandard({tx, options_, view})) return objection;
  // Inputs: what it spends.
  if (Objection objection = CheckKnown(*proposal)) return objection;
  if (Objection objection = FindCoins(proposal, coins)) return objection;
  const FundedLoose funded{tx, coins->coins(), view};
  if (Objection objection = CheckInputs(funded, options_.require_standard, &result.fee)) {
    return objection;
  }
  // Fees: what it pays, for itself and those that it drives out.
  proposal->sigops_cost = consensus::SigopsCost(tx, coins->coins(), kStandardScriptFlags);
  result.vsize = AdjustedVsize(tx, proposal->sigops_cost, options_.bytes_per_sigop);
  result.modified_fee = result.fee + proposal->delta;
  proposal->family.parents = graph_.ParentsOf(tx);
  const PricedLoose priced{tx,
                           options_,
                           result.modified_fee,
                           result.vsize,
                           proposal->sigops_cost,
                           proposal->pool_minimum,
                           proposal->origin.source == Origin::Source::kBlock};
  if (Objection objection = CheckFees(priced, graph_, &proposal->family)) return objection;
  // Scripts: the dearest comes last, when all that is cheap has been asked.
  consensus::ExactVerifier verifier;
  return CheckScripts(funded, verifier);
}

Objection Admitter::CheckKnown(const Proposal& proposal) const {
  if (graph_.Find(proposal.tx->wtxid) != nullptr) {
    return Rejection{RejectKind::kKnown, "txn-already-in-mempool"};
  }
  if (graph_.Find(proposal.tx->txid) != nullptr) {
    return Rejection{RejectKind::kConflict, "txn-same-nonwitness-data-in-mempool"};
  }
  return std::nullopt;
}

Objection Admitter::FindCoins(Proposal* proposal, SpentCoins* coins) const {
  const Transaction& tx = *proposal->tx;
  NodeSet rivals;
  for (const TxIn& input : tx.inputs) {
    if (const Node* rival = graph_.SpenderOf(input.prevout); rival != nullptr) rivals.Add(rival);
  }
  proposal->family.rivals = rivals.list();
  if (Objection objection = CheckMayReplace(proposal->family.rivals, options_.full_rbf)) {
    return objection;
  }
  switch (coins->Find(tx, graph_, ledger_, proposal->view->Height())) {
    case CoinSearch::kFound: break;
    case CoinSearch::kMissing:
      if (OutputsAreInTheChain(tx)) return Rejection{RejectKind::kKnown, "txn-already-known"};
      return Rejection{RejectKind::kMissingInputs, "bad-txns-inputs-missingorspent"};
    case CoinSearch::kFailed: return Rejection{RejectKind::kFailed, coins->error()};
  }
  proposal->spends_coinbase = std::any_of(coins->coins().begin(), coins->coins().end(),
                                          [](const Coin* coin) { return coin->coinbase; });
  return std::nullopt;
}

/// If a coin is missing because the transaction itself has spent it, outputs of its own exist.
bool Admitter::OutputsAreInTheChain(const Transaction& tx) const {
  const size_t count = std::min(tx.outputs.size(), kOutputsLookedFor);
  for (uint32_t i = 0; i < count; ++i) {
    const auto found = ledger_.FindCoin({tx.txid, i});
    if (found && *found) return true;
  }
  return false;
}

}  // namespace cairn::mempool
