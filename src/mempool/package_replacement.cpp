#include "src/mempool/package_replacement.h"

#include <algorithm>

#include "src/mempool/pricing.h"

namespace cairn::mempool {
namespace {

/// What the members come to.
Score TotalOf(const PackageReplacement& replacement) {
  Score total{0, 0};
  for (const PackageReplacement::Member& member : replacement.members) {
    total.fee += member.fee;
    total.vsize += member.vsize;
  }
  return total;
}

/// Whom refusals name.
const Transaction& ChildOf(const PackageReplacement& replacement) {
  return replacement.members.back().tx;
}

bool IsPair(const PackageReplacement& replacement) { return replacement.members.size() == 2; }

bool IsFamilyOfItsOwn(const PackageReplacement& replacement) {
  return std::all_of(
      replacement.members.begin(), replacement.members.end(),
      [&](const auto& member) { return replacement.graph.ParentsOf(member.tx).empty(); });
}

bool ReplacesFew(const PackageReplacement& replacement) {
  return FamiliesOf(replacement.direct.list()) <= kMaxReplaced;
}

std::string ReplacedCount(const PackageReplacement& replacement) {
  return TooManyReplaced(ChildOf(replacement), FamiliesOf(replacement.direct.list()));
}

bool PaysAsMuch(const PackageReplacement& replacement) {
  return TotalOf(replacement).fee >= FeesOf(replacement.evicted);
}

std::string EvictedFigures(const PackageReplacement& replacement) {
  return LessThanReplaced(ChildOf(replacement), TotalOf(replacement).fee,
                          FeesOf(replacement.evicted));
}

Amount Additional(const PackageReplacement& replacement) {
  return TotalOf(replacement).fee - FeesOf(replacement.evicted);
}

Amount WantedAdditional(const PackageReplacement& replacement) {
  return replacement.policy.incremental_fee.For(TotalOf(replacement).vsize);
}

bool PaysForItsOwnRelay(const PackageReplacement& replacement) {
  return Additional(replacement) >= WantedAdditional(replacement);
}

std::string AdditionalFigures(const PackageReplacement& replacement) {
  return LessThanRelay(ChildOf(replacement), Additional(replacement),
                       WantedAdditional(replacement));
}

FeeRate RateOf(const Score& score) { return FeeRate::Of(score.fee, score.vsize); }

FeeRate ParentRate(const PackageReplacement& replacement) {
  const PackageReplacement::Member& parent = replacement.members.front();
  return FeeRate::Of(parent.fee, parent.vsize);
}

bool ChildPaysForParent(const PackageReplacement& replacement) {
  return RateOf(TotalOf(replacement)) > ParentRate(replacement);
}

std::string Rates(const PackageReplacement& replacement) {
  return "package feerate " + RateOf(TotalOf(replacement)).ToString() + " <= parent feerate is " +
         ParentRate(replacement).ToString();
}

constexpr PolicyRule<PackageReplacement> kRules[] = {
    {RejectKind::kPolicy, "package RBF failed: package must be 1-parent-1-child",
     "Two transactions SHOULD replace together, no more.", IsPair},
    {RejectKind::kPolicy, "package RBF failed: new transaction cannot have mempool ancestors",
     "A package that replaces SHOULD spend no other unconfirmed coins.", IsFamilyOfItsOwn},
    {RejectKind::kPolicy, "package RBF failed: too many potential replacements",
     "A package SHOULD NOT evict more than 100 transactions.", ReplacesFew, ReplacedCount},
    {RejectKind::kPolicy, "package RBF failed: insufficient anti-DoS fees",
     "A package SHOULD pay as much as all that it evicts.", PaysAsMuch, EvictedFigures},
    {RejectKind::kPolicy, "package RBF failed: insufficient anti-DoS fees",
     "A package SHOULD pay for its own relay on top.", PaysForItsOwnRelay, AdditionalFigures},
    {RejectKind::kPolicy,
     "package RBF failed: package feerate is less than or equal to parent feerate",
     "The child SHOULD pay for its parent, not the parent for the child.", ChildPaysForParent,
     Rates},
};

// ---- What a block earns ----

/// Of families of one or two: the parts that a block takes one after the other. A child that pays
/// better than its parent is taken with it.
std::vector<Score> ChunksOf(const NodeSet& evicted) {
  std::vector<Score> chunks;
  for (const Node* node : evicted.list()) {
    if (node->descendants.count > 1) continue;  // comes with its child
    const Score own{node->ModifiedFee(), node->vsize};
    const Score family{node->ancestors.fees, node->ancestors.vsize};
    if (node->ancestors.count == 1) {
      chunks.push_back(own);
    } else if (family < own) {
      chunks.push_back(family);
    } else {
      chunks.push_back({family.fee - own.fee, family.vsize - own.vsize});
      chunks.push_back(own);
    }
  }
  return chunks;
}

/// The package, and the parents that lose a child to it but stay.
std::vector<Score> ChunksAfter(const PackageReplacement& replacement) {
  std::vector<Score> chunks{TotalOf(replacement)};
  for (const Node* node : replacement.direct.list()) {
    for (const Node* parent : node->parents) {
      if (replacement.evicted.Has(parent)) continue;
      chunks.push_back({parent->ModifiedFee(), parent->vsize});
    }
  }
  return chunks;
}

/// A fraction: what a block has earned when it has taken so many bytes.
struct Earned {
  Score::Wide fee = 0;
  int64_t denominator = 1;

  friend bool operator<(const Earned& a, const Earned& b) {
    return a.fee * b.denominator < b.fee * a.denominator;
  }
};

Earned EarnedBy(const std::vector<Score>& best_first, int64_t vsize) {
  Score::Wide fees = 0;
  for (const Score& chunk : best_first) {
    if (vsize < chunk.vsize) {
      return {fees * chunk.vsize + Score::Wide{chunk.fee} * vsize, chunk.vsize};
    }
    fees += chunk.fee;
    vsize -= chunk.vsize;
  }
  return {fees, 1};
}

/// Sizes at which the earnings bend.
void AddBends(const std::vector<Score>& best_first, std::vector<int64_t>* bends) {
  int64_t vsize = 0;
  for (const Score& chunk : best_first) bends->push_back(vsize += chunk.vsize);
}

}  // namespace

std::span<const PolicyRule<PackageReplacement>> PackageReplacementRules() { return kRules; }

bool EarnsMore(std::vector<Score> better, std::vector<Score> chunks) {
  const auto pays_better = [](const Score& a, const Score& b) { return b < a; };
  std::sort(better.begin(), better.end(), pays_better);
  std::sort(chunks.begin(), chunks.end(), pays_better);
  std::vector<int64_t> bends;
  AddBends(better, &bends);
  AddBends(chunks, &bends);
  bool somewhere = false;
  for (const int64_t vsize : bends) {
    const Earned after = EarnedBy(better, vsize);
    const Earned before = EarnedBy(chunks, vsize);
    if (after < before) return false;
    somewhere |= before < after;
  }
  return somewhere;
}

std::string TooLargeFamily(const NodeSet& direct) {
  for (const Node* node : direct.list()) {
    const std::string name = node->txid().ToString();
    if (node->ancestors.count > 2) {
      return name + " has " + std::to_string(node->ancestors.count - 1) +
             " ancestors, max 1 allowed";
    }
    if (node->descendants.count > 2) {
      return name + " has " + std::to_string(node->descendants.count - 1) +
             " descendants, max 1 allowed";
    }
    const bool has_parent = node->ancestors.count > 1;
    const bool has_child = node->descendants.count > 1;
    if (has_parent && has_child) {
      return name + " has both ancestor and descendant, exceeding cluster limit of 2";
    }
    if (has_child && node->children[0]->ancestors.count > 2) {
      return name + " is not the only parent of child " + node->children[0]->txid().ToString();
    }
    if (has_parent && node->parents[0]->descendants.count > 2) {
      return name + " is not the only child of parent " + node->parents[0]->txid().ToString();
    }
  }
  return {};
}

Objection CheckPackageReplacement(const PackageReplacement& replacement) {
  if (Objection objection = JudgePolicy(PackageReplacementRules(), replacement)) return objection;
  constexpr auto kKind = RejectKind::kPolicy;
  if (const std::string why = TooLargeFamily(replacement.direct); !why.empty()) {
    return Rejection{kKind, "package RBF failed: " + why};
  }
  if (!EarnsMore(ChunksAfter(replacement), ChunksOf(replacement.evicted))) {
    return Rejection{kKind,
                     "package RBF failed: insufficient feerate: does not improve feerate diagram"};
  }
  return std::nullopt;
}

}  // namespace cairn::mempool
