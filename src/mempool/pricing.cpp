#include "src/mempool/pricing.h"

#include <algorithm>
#include <limits>

#include "cairn/mempool/package.h"
#include "src/mempool/truc.h"

namespace cairn::mempool {
namespace {

std::string LessThan(Amount fee, Amount wanted) {
  return std::to_string(fee) + " < " + std::to_string(wanted);
}

bool HasFewSigops(const PricedLoose& priced) {
  return priced.sigops_cost <= kMaxStandardSigopsCost;
}

std::string SigopsOf(const PricedLoose& priced) { return std::to_string(priced.sigops_cost); }

Amount RelayFee(const PricedLoose& priced) { return priced.policy.min_relay_fee.For(priced.vsize); }

bool PaysForRelay(const PricedLoose& priced) {
  return priced.from_block || priced.fee >= RelayFee(priced);
}

bool IsPaidForRelay(const PricedLoose& priced) { return priced.in_package || PaysForRelay(priced); }

/// The fee of a version 3 transaction may be its child's, who cannot leave it alone (BIP431); that
/// of another not, since a child may be replaced.
bool PaysForRelayByItself(const PricedLoose& priced) {
  return priced.tx.version == kTrucVersion || PaysForRelay(priced);
}

std::string RelayFigures(const PricedLoose& priced) {
  return LessThan(priced.fee, RelayFee(priced));
}

bool PaysForPlace(const PricedLoose& priced) {
  return priced.from_block || priced.in_package ||
         priced.fee >= priced.pool_minimum.For(priced.vsize);
}

std::string PlaceFigures(const PricedLoose& priced) {
  return LessThan(priced.fee, priced.pool_minimum.For(priced.vsize));
}

constexpr PolicyRule<PricedLoose> kFeeRules[] = {
    {RejectKind::kNotStandard, "bad-txns-too-many-sigops",
     "Signature operations SHOULD NOT cost more than a fifth of a block's.", HasFewSigops,
     SigopsOf},
    {RejectKind::kPolicy, "min relay fee not met",
     "A transaction SHOULD itself pay for its way through the network, unless of version 3.",
     PaysForRelayByItself, RelayFigures},
    {RejectKind::kReconsiderable, "mempool min fee not met",
     "A full pool SHOULD be paid more than what it last evicted.", PaysForPlace, PlaceFigures},
    {RejectKind::kReconsiderable, "min relay fee not met",
     "A transaction SHOULD pay for its way, with its package or without.", IsPaidForRelay,
     RelayFigures},
};

// ---- Replacement (BIP125) ----

std::string Refused(const Transaction& tx) { return "rejecting replacement " + tx.txid.ToString(); }

FeeRate RateOf(const PricedLoose& priced) { return FeeRate::Of(priced.fee, priced.vsize); }
FeeRate RateOf(const Node& node) { return FeeRate::Of(node.ModifiedFee(), node.vsize); }

const Node* FirstBetterRival(const Rivals& rivals) {
  for (const Node* rival : rivals.direct) {
    if (RateOf(rivals.priced) <= RateOf(*rival)) return rival;
  }
  return nullptr;
}

bool PaysMoreThanEachRival(const Rivals& rivals) { return FirstBetterRival(rivals) == nullptr; }

std::string BetterRival(const Rivals& rivals) {
  return Refused(rivals.priced.tx) + "; new feerate " + RateOf(rivals.priced).ToString() +
         " <= old feerate " + RateOf(*FirstBetterRival(rivals)).ToString();
}

bool ReplacesFew(const Rivals& rivals) { return FamiliesOf(rivals.direct) <= kMaxReplaced; }

std::string ReplacedCount(const Rivals& rivals) {
  return TooManyReplaced(rivals.priced.tx, FamiliesOf(rivals.direct));
}

constexpr PolicyRule<Rivals> kRivalRules[] = {
    {RejectKind::kReconsiderable, "insufficient fee",
     "A replacement SHOULD have a higher fee rate than each whose coins it spends.",
     PaysMoreThanEachRival, BetterRival},
    {RejectKind::kPolicy, "too many potential replacements",
     "A replacement SHOULD NOT evict more than 100 transactions.", ReplacesFew, ReplacedCount},
};

/// The first input that spends an unconfirmed coin which no rival spends.
std::optional<size_t> NewUnconfirmed(const Replacement& replacement) {
  NodeSet parents;
  for (const Node* rival : replacement.evicted.list()) {
    for (const Node* parent : rival->parents) parents.Add(parent);
  }
  const auto& inputs = replacement.priced.tx.inputs;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const Node* parent = replacement.graph.Find(inputs[i].prevout.txid);
    if (parent != nullptr && !parents.Has(parent)) return i;
  }
  return std::nullopt;
}

bool AddsNoUnconfirmed(const Replacement& replacement) {
  return !NewUnconfirmed(replacement).has_value();
}

std::string NewInput(const Replacement& replacement) {
  return "replacement " + replacement.priced.tx.txid.ToString() + " adds unconfirmed input, idx " +
         std::to_string(NewUnconfirmed(replacement).value_or(0));
}

bool PaysAsMuch(const Replacement& replacement) {
  return replacement.priced.fee >= FeesOf(replacement.evicted);
}

std::string EvictedFigures(const Replacement& replacement) {
  return LessThanReplaced(replacement.priced.tx, replacement.priced.fee,
                          FeesOf(replacement.evicted));
}

Amount Additional(const Replacement& replacement) {
  return replacement.priced.fee - FeesOf(replacement.evicted);
}

Amount WantedAdditional(const Replacement& replacement) {
  return replacement.priced.policy.incremental_fee.For(replacement.priced.vsize);
}

bool PaysForItsOwnRelay(const Replacement& replacement) {
  return Additional(replacement) >= WantedAdditional(replacement);
}

std::string AdditionalFigures(const Replacement& replacement) {
  return LessThanRelay(replacement.priced.tx, Additional(replacement),
                       WantedAdditional(replacement));
}

constexpr PolicyRule<Replacement> kReplacementRules[] = {
    {RejectKind::kPolicy, "replacement-adds-unconfirmed",
     "A replacement SHOULD NOT spend unconfirmed coins of parents that the replaced do not have.",
     AddsNoUnconfirmed, NewInput},
    {RejectKind::kReconsiderable, "insufficient fee",
     "A replacement SHOULD pay as much as all that it evicts.", PaysAsMuch, EvictedFigures},
    {RejectKind::kReconsiderable, "insufficient fee",
     "A replacement SHOULD pay for its own relay on top.", PaysForItsOwnRelay, AdditionalFigures},
};

// ---- Families ----

Rejection TooLongChain(std::string detail) {
  return {RejectKind::kPolicy, std::string(kTooLongChain), std::move(detail)};
}

Rejection PackageLimits(const std::string& text) {
  return {RejectKind::kPolicy, "package-mempool-limits", text};
}

/// Of several that break a limit by themselves.
std::string Exceeds(std::string_view what, uint64_t value, std::string_view whose, uint64_t limit) {
  return "package " + std::string(what) + " " + std::to_string(value) + " exceeds " +
         std::string(whose) + " " + std::string(what) + " limit [limit: " + std::to_string(limit) +
         "]";
}

Objection FindAncestors(const PricedLoose& priced, const Graph& graph, Family* family) {
  FamilyLimits limits = priced.policy.limits;
  if (priced.in_trial) {
    // The others are in the graph, too, and counted later: here it is enough that walks end.
    limits.ancestors += kMaxPackageCount;
    limits.descendants += kMaxPackageCount;
    limits.ancestor_vsize = limits.descendant_vsize = std::numeric_limits<int64_t>::max();
  }
  const bool may_have_relief = !priced.has_company;
  if (may_have_relief && family->rivals.size() == 1) {
    // The one rival will be gone: it makes room for one in any family that it is in.
    limits.descendants += 1;
    limits.descendant_vsize += family->rivals[0]->descendants.vsize;
  }
  Result<NodeSet> found = graph.AncestorsWithin(family->parents, priced.vsize, limits);
  if (!found) {
    const std::string detail = found.error().message;
    const bool is_small = priced.vsize <= kCarveOutVsize && priced.tx.version != kTrucVersion;
    if (!may_have_relief || !is_small) return TooLongChain(detail);
    limits.ancestors = 2;
    limits.descendants += 1;
    limits.descendant_vsize += kCarveOutVsize;
    found = graph.AncestorsWithin(family->parents, priced.vsize, limits);
    if (!found) return TooLongChain(detail);
  }
  family->ancestors = *std::move(found);
  return std::nullopt;
}

Objection CheckReplacement(const PricedLoose& priced, const Graph& graph, Family* family) {
  Objection objection = JudgePolicy(RivalRules(), Rivals{priced, family->rivals});
  if (!objection) {
    for (const Node* rival : family->rivals) graph.AddDescendants(rival, family->evicted);
    objection = JudgePolicy(ReplacementRules(), Replacement{priced, graph, family->evicted});
  }
  if (objection && family->evicts_sibling) objection->reason += " (including sibling eviction)";
  return objection;
}

}  // namespace

std::span<const PolicyRule<PricedLoose>> FeeRules() { return kFeeRules; }
std::span<const PolicyRule<Rivals>> RivalRules() { return kRivalRules; }
std::span<const PolicyRule<Replacement>> ReplacementRules() { return kReplacementRules; }

int64_t AdjustedVsize(const Transaction& tx, uint64_t sigops_cost, uint32_t bytes_per_sigop) {
  const uint64_t weight = std::max<uint64_t>(tx.Weight(), sigops_cost * bytes_per_sigop);
  return static_cast<int64_t>((weight + kWitnessScaleFactor - 1) / kWitnessScaleFactor);
}

bool SignalsReplacement(const Transaction& tx) {
  constexpr uint32_t kHighestSignal = TxIn::kFinalSequence - 2;
  return std::any_of(tx.inputs.begin(), tx.inputs.end(),
                     [](const TxIn& input) { return input.sequence <= kHighestSignal; });
}

Objection CheckMayReplace(const std::vector<const Node*>& rivals, bool full_rbf) {
  const bool may = std::all_of(rivals.begin(), rivals.end(), [full_rbf](const Node* rival) {
    return full_rbf || SignalsReplacement(*rival->tx) || rival->tx->version == kTrucVersion;
  });
  if (may) return std::nullopt;
  return Rejection{RejectKind::kPolicy, "txn-mempool-conflict"};
}

Objection CheckSpendsNoRival(const Transaction& tx, const std::vector<const Node*>& rivals,
                             const NodeSet& ancestors) {
  for (const Node* rival : rivals) {
    if (!ancestors.Has(rival)) continue;
    return Rejection{
        RejectKind::kConsensus, "bad-txns-spends-conflicting-tx",
        tx.txid.ToString() + " spends conflicting transaction " + rival->txid().ToString()};
  }
  return std::nullopt;
}

uint64_t FamiliesOf(const std::vector<const Node*>& direct) {
  uint64_t count = 0;
  for (const Node* rival : direct) count += static_cast<uint64_t>(rival->descendants.count);
  return count;
}

Amount FeesOf(const NodeSet& nodes) {
  Amount fees = 0;
  for (const Node* node : nodes.list()) fees += node->ModifiedFee();
  return fees;
}

std::string TooManyReplaced(const Transaction& tx, uint64_t count) {
  return Refused(tx) + "; too many potential replacements (" + std::to_string(count) + " > " +
         std::to_string(kMaxReplaced) + ")\n";
}

std::string LessThanReplaced(const Transaction& tx, Amount fee, Amount replaced) {
  return Refused(tx) + ", less fees than conflicting txs; " + ShortAmount(fee) + " < " +
         ShortAmount(replaced);
}

std::string LessThanRelay(const Transaction& tx, Amount additional, Amount wanted) {
  return Refused(tx) + ", not enough additional fees to relay; " + ShortAmount(additional) + " < " +
         ShortAmount(wanted);
}

Objection CheckPackageFees(const PolicyOptions& policy, FeeRate pool_minimum, Amount fees,
                           int64_t vsize) {
  if (const Amount wanted = pool_minimum.For(vsize); fees < wanted) {
    return Rejection{RejectKind::kReconsiderable, "mempool min fee not met",
                     LessThan(fees, wanted)};
  }
  if (const Amount wanted = policy.min_relay_fee.For(vsize); fees < wanted) {
    return Rejection{RejectKind::kReconsiderable, "min relay fee not met", LessThan(fees, wanted)};
  }
  return std::nullopt;
}

Objection CheckMost(FeeRate most, Amount fee, int64_t vsize) {
  if (most == FeeRate() || FeeRate::Of(fee, vsize) <= most) return std::nullopt;
  return Rejection{RejectKind::kPolicy, "max feerate exceeded"};
}

Objection CheckFamily(const Transaction& tx, int64_t vsize, const FamilyLimits& limits,
                      const Graph& graph, NodeSet* ancestors) {
  Result<NodeSet> found = graph.AncestorsWithin(graph.ParentsOf(tx), vsize, limits);
  if (!found) return TooLongChain(found.error().message);
  *ancestors = *std::move(found);
  return std::nullopt;
}

Objection CheckPackageLimits(std::span<const TransactionPtr> package, int64_t vsize,
                             const FamilyLimits& limits, const Graph& graph) {
  const uint64_t count = package.size();
  if (count > limits.ancestors) {
    return PackageLimits(Exceeds("count", count, "ancestor", limits.ancestors));
  }
  if (count > limits.descendants) {
    return PackageLimits(Exceeds("count", count, "descendant", limits.descendants));
  }
  const auto size = static_cast<uint64_t>(vsize);
  const auto ancestor_size = static_cast<uint64_t>(limits.ancestor_vsize);
  if (size > ancestor_size) {
    return PackageLimits(Exceeds("size", size, "ancestor", ancestor_size));
  }
  const auto descendant_size = static_cast<uint64_t>(limits.descendant_vsize);
  if (size > descendant_size) {
    return PackageLimits(Exceeds("size", size, "descendant", descendant_size));
  }
  NodeSet parents;
  for (const TransactionPtr& tx : package) {
    for (const Node* parent : graph.ParentsOf(*tx)) parents.Add(parent);
    if (parents.size() + count > limits.ancestors) {
      return PackageLimits(
          "too many unconfirmed parents [limit: " + std::to_string(limits.ancestors) + "]");
    }
  }
  const auto found = graph.AncestorsWithin(parents.list(), vsize, limits, count);
  if (!found) return PackageLimits("possibly " + found.error().message);
  return std::nullopt;
}

Objection CheckFees(const PricedLoose& priced, const Graph& graph, Family* family) {
  if (Objection objection = JudgePolicy(FeeRules(), priced)) return objection;
  if (Objection objection = FindAncestors(priced, graph, family)) return objection;
  if (Objection objection = CheckTruc(priced, family)) return objection;
  Objection objection = CheckSpendsNoRival(priced.tx, family->rivals, family->ancestors);
  if (!objection) objection = CheckMost(priced.most, priced.fee, priced.vsize);
  if (objection) return objection;
  if (family->rivals.empty()) return std::nullopt;
  return CheckReplacement(priced, graph, family);
}

}  // namespace cairn::mempool
