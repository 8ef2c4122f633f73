#include <utility>

#include "consensus/rules/header.h"
#include "tests/consensus/rulebook_cases.h"
#include "tests/support/block_maker.h"
#include "tests/support/listed_ancestors.h"

namespace cairn::test {
namespace {

using consensus::Blame;
using consensus::Reject;
using consensus::Verdict;

constexpr int kHeight = 20;
constexpr uint32_t kGenesisTime = 1'600'000'000;
constexpr uint32_t kSpacing = 600;
constexpr uint32_t kParentTime = kGenesisTime + (kHeight - 1) * kSpacing;
constexpr uint32_t kMedianTime = kParentTime - 5 * kSpacing;  // the sixth of the last eleven

/// A header at height 20, the first of a period of ten, that keeps all rules until it is edited.
struct HeaderSetup {
  consensus::Params params = Regtest();
  Header header;
  UnixSeconds now = kParentTime + kSpacing;
  int checkpointed_height = 0;
  bool solved = true;

  HeaderSetup() {
    params.retarget.timespan_seconds = 10 * params.retarget.spacing_seconds;
    params.heights = {};
    header.version = 4;
    header.time = kParentTime + kSpacing;
    header.bits = params.retarget.limit_bits;
  }
};

using Edit = std::function<void(HeaderSetup&)>;

Verdict JudgeHeader(const Edit& edit, std::optional<Reject> only) {
  HeaderSetup setup;
  edit(setup);
  const auto ancestors = ListedAncestors::Steady(
      kHeight, {4, kGenesisTime, setup.params.retarget.limit_bits}, kSpacing);
  SolveHeader(setup.header, setup.params, setup.solved);
  const BlockHash hash = setup.header.Hash();
  const consensus::HeaderContext context{setup.header, hash,      setup.params,
                                         ancestors,    setup.now, setup.checkpointed_height};
  if (only) ExpectAlone(consensus::HeaderRules(), context, *only);
  return consensus::CheckHeader(context);
}

RuleCase HeaderCase(Reject reject, std::string name, std::string reason, Blame blame, Edit broken,
                    Edit repaired) {
  return {reject,
          std::move(name),
          std::move(reason),
          Blames::Always(blame),
          [reject, broken] { return JudgeHeader(broken, reject); },
          [repaired] { return JudgeHeader(repaired, std::nullopt); }};
}

Edit TimeIs(uint32_t time) {
  return [time](HeaderSetup& setup) { setup.header.time = time; };
}

/// BIP94: the first header of a period, so long after its parent's parents that only its parent is
/// later.
Edit StepsBackBy(uint32_t seconds) {
  return [seconds](HeaderSetup& setup) {
    setup.params.retarget.timewarp_guard = true;
    setup.header.time = kParentTime - seconds;
  };
}

/// A header of some version where one of the old soft forks has just come into force.
Edit VersionIs(int32_t version, int consensus::BuriedHeights::*fork, int since = kHeight) {
  return [=](HeaderSetup& setup) {
    setup.params.heights = {kHeight + 1, kHeight + 1, kHeight + 1, 0, 0};
    setup.params.heights.*fork = since;
    setup.header.version = version;
  };
}

}  // namespace

std::vector<RuleCase> HeaderCases() {
  using Heights = consensus::BuriedHeights;
  return {
      HeaderCase(
          Reject::kHighHash, "HashAboveTheTarget", "high-hash", Blame::kInvalid,
          [](HeaderSetup& setup) { setup.solved = false; }, [](HeaderSetup&) {}),
      HeaderCase(
          Reject::kBadDiffBits, "AnotherTargetThanTheAncestorsSay", "bad-diffbits", Blame::kInvalid,
          [](HeaderSetup& setup) { setup.header.bits -= 1; },
          [](HeaderSetup& setup) { setup.header.bits = setup.params.retarget.limit_bits; }),
      HeaderCase(
          Reject::kForkPriorToCheckpoint, "BelowTheCheckpoint", "bad-fork-prior-to-checkpoint",
          Blame::kInvalid, [](HeaderSetup& setup) { setup.checkpointed_height = kHeight + 1; },
          [](HeaderSetup& setup) { setup.checkpointed_height = kHeight; }),
      HeaderCase(Reject::kTimeTooOld, "NotLaterThanTheMedian", "time-too-old", Blame::kInvalid,
                 TimeIs(kMedianTime), TimeIs(kMedianTime + 1)),
      HeaderCase(Reject::kTimewarpAttack, "PeriodBeginsInThePast", "time-timewarp-attack",
                 Blame::kInvalid, StepsBackBy(601), StepsBackBy(600)),
      HeaderCase(
          Reject::kTimeTooNew, "MoreThanTwoHoursAhead", "time-too-new", Blame::kPremature,
          [](HeaderSetup& setup) { setup.now = setup.header.time - 7201; },
          [](HeaderSetup& setup) { setup.now = setup.header.time - 7200; }),
      HeaderCase(Reject::kBadVersion, "Version1AfterBip34", "bad-version(0x00000001)",
                 Blame::kInvalid, VersionIs(1, &Heights::bip34),
                 VersionIs(1, &Heights::bip34, kHeight + 1)),
      HeaderCase(Reject::kBadVersion, "Version2AfterBip66", "bad-version(0x00000002)",
                 Blame::kInvalid, VersionIs(2, &Heights::bip66), VersionIs(3, &Heights::bip66)),
      HeaderCase(Reject::kBadVersion, "Version3AfterBip65", "bad-version(0x00000003)",
                 Blame::kInvalid, VersionIs(3, &Heights::bip65), VersionIs(4, &Heights::bip65)),
      HeaderCase(Reject::kBadVersion, "NegativeVersionAfterBip34", "bad-version(0x80000000)",
                 Blame::kInvalid, VersionIs(INT32_MIN, &Heights::bip34),
                 VersionIs(2, &Heights::bip34)),
  };
}

}  // namespace cairn::test
