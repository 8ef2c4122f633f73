#include "src/mempool/admitter.h"

#include <algorithm>
#include <vector>

#include "consensus/rules/scripts.h"
#include "consensus/script/sigops.h"
#include "src/mempool/standard.h"

namespace cairn::mempool {
namespace {

// Outputs of a transaction without coins that are looked for in the chain.
constexpr size_t kOutputsLookedFor = 64;

}  // namespace

void Refuse(Rejection rejection, AdmissionResult* result) {
  result->kind = rejection.kind;
  result->reason = std::move(rejection.reason);
  result->detail = std::move(rejection.detail);
  const bool known = result->kind == RejectKind::kKnown;
  result->outcome = known ? Admission::kAlreadyKnown : Admission::kRejected;
}

bool Admitter::Judge(Proposal* proposal) const {
  SpentCoins coins;
  Objection objection = JudgeMoney(proposal, &coins);
  // Scripts: the dearest comes last, when all that is cheap has been asked.
  if (!objection) objection = Prove(*proposal, coins);
  return Decide(std::move(objection), proposal);
}

bool Admitter::JudgeUnproven(Proposal* proposal, SpentCoins* coins) const {
  return Decide(JudgeMoney(proposal, coins), proposal);
}

bool Admitter::Decide(Objection objection, Proposal* proposal) const {
  AdmissionResult& result = proposal->result;
  // What the ledger said of coins holds at one tip only.
  if (ledger_.View()->tip != proposal->view->tip) return false;
  if (!objection) {
    result.outcome = Admission::kAccepted;
    for (const Node* node : proposal->family.evicted.list()) result.replaced.push_back(node->tx);
    return true;
  }
  Refuse(*std::move(objection), &result);
  return true;
}

/// All stages but that of scripts.
Objection Admitter::JudgeMoney(Proposal* proposal, SpentCoins* coins) const {
  const Transaction& tx = *proposal->tx;
  const ledger::ChainView& view = *proposal->view;
  AdmissionResult& result = proposal->result;
  result = {};
  proposal->family = {};
  // Standard: what it shows by itself.
  if (Objection objection = CheckStandard({tx, options_, view})) return objection;
  // Inputs: what it spends.
  if (Objection objection = CheckKnown(*proposal)) return objection;
  if (Objection objection = CheckRivals(proposal)) return objection;
  if (Objection objection = FindCoins(proposal, {}, coins)) return objection;
  if (Objection objection = CheckMoney({tx, coins->coins(), view}, proposal)) return objection;
  // Fees: what it pays, for itself and those that it drives out.
  proposal->family.parents = graph_.ParentsOf(tx);
  const PricedLoose priced{tx,
                           options_,
                           result.modified_fee,
                           result.vsize,
                           proposal->sigops_cost,
                           proposal->pool_minimum,
                           proposal->origin.source == Origin::Source::kBlock,
                           proposal->in_package,
                           proposal->in_trial,
                           proposal->has_company,
                           proposal->origin.most};
  return CheckFees(priced, graph_, &proposal->family);
}

Objection Admitter::CheckMoney(const FundedLoose& funded, Proposal* proposal) const {
  AdmissionResult& result = proposal->result;
  if (Objection objection = CheckInputs(funded, options_.require_standard, &result.fee)) {
    return objection;
  }
  proposal->sigops_cost = consensus::SigopsCost(funded.tx, funded.coins, kStandardScriptFlags);
  result.vsize = AdjustedVsize(funded.tx, proposal->sigops_cost, options_.bytes_per_sigop);
  result.modified_fee = result.fee + proposal->delta;
  return std::nullopt;
}

Objection Admitter::Weigh(Proposal* member, std::span<const TransactionPtr> package,
                          SpentCoins* coins) const {
  const ledger::ChainView& view = *member->view;
  if (Objection objection = CheckStandard({*member->tx, options_, view})) return objection;
  if (Objection objection = CheckRivals(member)) return objection;
  if (Objection objection = FindCoins(member, package, coins)) return objection;
  if (Objection objection = CheckMoney({*member->tx, coins->coins(), view}, member)) {
    return objection;
  }
  NodeSet ancestors;
  const int64_t vsize = member->result.vsize;
  Objection objection = CheckFamily(*member->tx, vsize, options_.limits, graph_, &ancestors);
  if (objection) return objection;
  objection = CheckSpendsNoRival(*member->tx, member->family.rivals, ancestors);
  if (objection) return objection;
  return CheckMost(member->origin.most, member->result.modified_fee, vsize);
}

Objection Admitter::Prove(const Proposal& member, const SpentCoins& coins) const {
  const Transaction& tx = *member.tx;
  const ledger::ChainView& view = *member.view;
  consensus::ProofCaches& proofs = ledger_.Proofs();
  const Wtxid& wtxid = tx.wtxid;
  const consensus::ScriptFlags of_block =
      consensus::ScriptFlagsAt(view.Height() + 1, BlockHash{}, *view.params);
  const bool is_standard =
      member.in_package && proofs.scripts.Contains(wtxid, kStandardScriptFlags);
  const bool is_valid = proofs.scripts.Contains(wtxid, of_block);
  if (is_standard && is_valid) return std::nullopt;
  const std::vector<TxOut> spent = consensus::OutputsOf(coins.coins());
  const consensus::TransactionMidstates midstates(tx, spent);
  consensus::ExactVerifier exact;
  consensus::CachingVerifier verifier(proofs.signatures, exact);
  if (!is_standard) {
    if (Objection objection = CheckScripts(tx, midstates, verifier)) return objection;
    // The others are not judged again, and a large pool fills the cache.
    if (member.in_package) proofs.scripts.Add(wtxid, kStandardScriptFlags);
  }
  if (is_valid) return std::nullopt;
  const auto verdict = consensus::CheckAllInputScripts(midstates, of_block, verifier);
  if (!verdict) return ScriptRejection(verdict.error());
  proofs.scripts.Add(wtxid, of_block);
  return std::nullopt;
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

Objection Admitter::CheckRivals(Proposal* proposal) const {
  NodeSet rivals;
  for (const TxIn& input : proposal->tx->inputs) {
    if (const Node* rival = graph_.SpenderOf(input.prevout); rival != nullptr) rivals.Add(rival);
  }
  proposal->family.rivals = rivals.list();
  if (proposal->in_trial && !rivals.empty()) {
    return Rejection{RejectKind::kPolicy, "bip125-replacement-disallowed"};
  }
  return CheckMayReplace(proposal->family.rivals, options_.full_rbf);
}

Objection Admitter::FindCoins(Proposal* proposal, std::span<const TransactionPtr> package,
                              SpentCoins* coins) const {
  const Transaction& tx = *proposal->tx;
  switch (coins->Find(tx, graph_, ledger_, proposal->view->Height(), package)) {
    case CoinSearch::kFound: break;
    case CoinSearch::kMissing:
      if (OutputsAreInTheChain(tx)) return Rejection{RejectKind::kKnown, std::string(kInTheChain)};
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
