#include "consensus/rules/header.h"

#include "consensus/deployments.h"
#include "consensus/work.h"

namespace cairn::consensus {
namespace {

bool HasRequiredBits(const HeaderContext& context) {
  const uint32_t required =
      NextBits(context.ancestors, context.header.time, context.params.retarget);
  return context.header.bits == required;
}

bool IsAfterCheckpoints(const HeaderContext& context) {
  return context.Height() >= context.checkpointed_height;
}

bool IsAfterMedianTime(const HeaderContext& context) {
  return context.header.time > MedianTimePast(context.ancestors);
}

bool IsNotTimewarped(const HeaderContext& context) {
  const RetargetRules& rules = context.params.retarget;
  if (!rules.timewarp_guard || context.Height() % rules.Interval() != 0) return true;
  return context.header.time >= context.ancestors.Last().time - kMaxTimewarpSeconds;
}

bool IsNotInTheFuture(const HeaderContext& context) {
  return context.header.time <= context.now + kMaxFutureSeconds;
}

bool HasRecentVersion(const HeaderContext& context) {
  const int height = context.Height();
  const int32_t version = context.header.version;
  return !((version < 2 && IsBip34Active(height, context.params)) ||
           (version < 3 && IsBip66Active(height, context.params)) ||
           (version < 4 && IsBip65Active(height, context.params)));
}

/// The proof of work comes first: what costs nothing is not looked at further.
constexpr Rule<HeaderContext> kRules[] = {
    {Reject::kHighHash, "",
     "A header's hash MUST NOT exceed its target, which MUST lie within the chain's limit.",
     HasProofOfWork},
    {Reject::kBadDiffBits, "", "A header's target MUST be the one that its ancestors determine.",
     HasRequiredBits},
    {Reject::kForkPriorToCheckpoint, "",
     "A header MUST NOT fork off below the highest checkpoint that is known.", IsAfterCheckpoints},
    {Reject::kTimeTooOld, "",
     "A header's time MUST be later than the median of the eleven before it.", IsAfterMedianTime},
    {Reject::kTimewarpAttack, "94",
     "The first header of a period MUST NOT be more than 600 seconds earlier than its parent.",
     IsNotTimewarped},
    {Reject::kTimeTooNew, "", "A header's time MUST NOT be more than two hours ahead of ours.",
     IsNotInTheFuture},
    {Reject::kBadVersion, "34, 66, 65",
     "A header's version MUST be at least 2, 3, 4 once BIP34, BIP66, BIP65 are in force.",
     HasRecentVersion},
};

Verdict JudgeBy(std::span<const Rule<HeaderContext>> rules, const HeaderContext& context) {
  Verdict verdict = Judge(rules, context);
  if (!verdict) verdict.error().version = context.header.version;
  return verdict;
}

}  // namespace

bool HasProofOfWork(const HeaderContext& context) {
  return MeetsTarget(context.hash, context.header.bits, context.params.retarget);
}

std::span<const Rule<HeaderContext>> HeaderRules() { return kRules; }

Verdict CheckHeader(const HeaderContext& context) { return JudgeBy(HeaderRules(), context); }

Verdict CheckUnsolvedHeader(const HeaderContext& context) {
  static_assert(kRules[0].reject == Reject::kHighHash);
  return JudgeBy(HeaderRules().subspan(1), context);
}

}  // namespace cairn::consensus
