// Rules of headers: proof of work, difficulty, time, version.
#pragma once

#include <span>

#include "cairn/base/clock.h"
#include "cairn/primitives/header.h"
#include "consensus/params.h"
#include "consensus/rulebook.h"
#include "consensus/views.h"

namespace cairn::consensus {

/// No header may claim a time further ahead of ours than this.
inline constexpr int64_t kMaxFutureSeconds = 2 * 60 * 60;

/// BIP94: how far back in time the first block of a period may step.
inline constexpr int64_t kMaxTimewarpSeconds = 600;

struct HeaderContext {
  const Header& header;
  const BlockHash& hash;
  const Params& params;
  const Ancestors& ancestors;  // up to the parent: never empty
  UnixSeconds now = 0;
  int checkpointed_height = 0;  // of the highest checkpoint that is among the known headers

  int Height() const { return ancestors.Height() + 1; }
};

/// What a header must keep without its ancestors being known.
bool HasProofOfWork(const HeaderContext& context);

std::span<const Rule<HeaderContext>> HeaderRules();

/// All rules of a header at its place.
Verdict CheckHeader(const HeaderContext& context);

/// All but the proof of work, for a header that is yet to be solved.
Verdict CheckUnsolvedHeader(const HeaderContext& context);

}  // namespace cairn::consensus
