#include "cairn/mempool/fee_estimator.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <unordered_map>
#include <utility>

#include "cairn/crypto/sealed.h"
#include "cairn/primitives/salted_hasher.h"
#include "src/mempool/fee_history.h"

namespace cairn::mempool {
namespace {

constexpr std::string_view kFormat = "cairn fees 1\n";

// Periods, blocks of a period, and decay: the short history forgets half within 18 blocks, the
// medium one within a day, the long one within a week.
const std::array<FeeHistory, 3> kEmpty = {FeeHistory(12, 1, 0.962), FeeHistory(24, 2, 0.9952),
                                          FeeHistory(42, 24, 0.99931)};

// Of the transactions like it, so many have to have confirmed within half the target, the target,
// and twice the target. A conservative answer wants the last of them within the target.
constexpr double kWithinHalf = 0.6;
constexpr double kWithin = 0.85;
constexpr double kWithinDouble = 0.95;

// Transactions with every block, for a range of rates to be looked at by itself.
constexpr double kEnough = 0.1;
constexpr double kEnoughShort = 0.5;

/// What an old file remembers counts no more once so many blocks have passed.
constexpr int kOldest = 6 * 1008;

}  // namespace

std::string_view NameOf(FeeHorizon horizon) {
  switch (horizon) {
    case FeeHorizon::kShort: return "short";
    case FeeHorizon::kMedium: return "medium";
    case FeeHorizon::kLong: break;
  }
  return "long";
}

struct FeeEstimator::State {
  struct Waiting {
    int height;
    size_t range;
    double rate;
  };

  std::array<FeeHistory, 3> histories = kEmpty;
  std::unordered_map<Txid, Waiting, SaltedHasher> waiting;
  int best = 0;  // the highest block
  // The blocks that taught something: of this run, and of the file.
  int first = 0;
  int saved_first = 0;
  int saved_last = 0;

  const FeeHistory& Of(FeeHorizon horizon) const { return histories[static_cast<size_t>(horizon)]; }

  /// The horizon that tells most exactly about a target.
  FeeHorizon For(int target) const {
    if (target <= Of(FeeHorizon::kShort).LongestTarget()) return FeeHorizon::kShort;
    if (target <= Of(FeeHorizon::kMedium).LongestTarget()) return FeeHorizon::kMedium;
    return FeeHorizon::kLong;
  }

  std::optional<double> Ask(FeeHorizon horizon, int target, double share) const {
    const double enough = horizon == FeeHorizon::kShort ? kEnoughShort : kEnough;
    return Of(horizon).Estimate(target, share, enough, best).rate;
  }

  /// With `shorter`, what is enough for a shorter time is enough for a longer one too.
  std::optional<double> AskBest(int target, double share, bool shorter) const {
    if (target < 1 || target > Of(FeeHorizon::kLong).LongestTarget()) return std::nullopt;
    std::optional<double> rate = Ask(For(target), target, share);
    if (!shorter) return rate;
    for (const FeeHorizon horizon : {FeeHorizon::kMedium, FeeHorizon::kShort}) {
      const int longest = Of(horizon).LongestTarget();
      if (target <= longest) continue;
      const auto other = Ask(horizon, longest, share);
      if (other && (!rate || *other < *rate)) rate = other;
    }
    return rate;
  }

  void Remove(const Txid& txid, bool mined) {
    const auto found = waiting.find(txid);
    if (found == waiting.end()) return;
    const Waiting gone = found->second;
    waiting.erase(found);
    for (FeeHistory& history : histories) history.Left(gone.height, best, gone.range, mined);
    if (!mined) return;
    const int waited = best - gone.height;
    if (waited <= 0) return;  // entered while the chain was coming back from another branch
    for (FeeHistory& history : histories) history.Confirmed(waited, gone.range, gone.rate);
    if (first == 0) first = best;
  }

  /// Half of what was seen: nobody can say of more blocks how many confirm within them.
  int LongestUsable() const {
    const int seen = first == 0 ? 0 : best - first;
    const bool is_recent = saved_first != 0 && best - saved_last <= kOldest;
    const int before = is_recent ? saved_last - saved_first : 0;
    return std::min(Of(FeeHorizon::kLong).LongestTarget(), std::max(seen, before) / 2);
  }
};

FeeEstimator::FeeEstimator() : state_(std::make_unique<State>()) {}
FeeEstimator::~FeeEstimator() = default;

void FeeEstimator::Entered(const Txid& txid, int height, FeeRate rate) {
  base::MutexLock lock(mutex_);
  // What enters behind the highest block that was seen does not wait as others do.
  if (height != state_->best || height == 0) return;
  const auto per_kvb = static_cast<double>(rate.per_kvb());
  const size_t range = FeeRangeOf(per_kvb);
  if (!state_->waiting.try_emplace(txid, State::Waiting{height, range, per_kvb}).second) return;
  for (FeeHistory& history : state_->histories) history.Entered(height, range);
}

void FeeEstimator::Left(const Txid& txid) {
  base::MutexLock lock(mutex_);
  state_->Remove(txid, false);
}

void FeeEstimator::BlockCame(int height, const std::vector<Txid>& taken) {
  base::MutexLock lock(mutex_);
  if (height <= state_->best) {
    // A reorganisation: that they are taken says nothing of how long they waited.
    for (const Txid& txid : taken) state_->Remove(txid, false);
    return;
  }
  state_->best = height;
  for (FeeHistory& history : state_->histories) history.NextBlock(height);
  for (const Txid& txid : taken) state_->Remove(txid, true);
}

SmartFee FeeEstimator::Smart(int target, bool conservative) const {
  base::MutexLock lock(mutex_);
  const State& state = *state_;
  SmartFee answer;
  // Nobody can be sure of the very next block.
  target = std::min(std::max(target, 2), state.LongestUsable());
  answer.blocks = target;
  if (target <= 1) return answer;
  std::optional<double> rate = state.AskBest(target / 2, kWithinHalf, true);
  const auto raise = [&rate](std::optional<double> other) {
    if (other && (!rate || *other > *rate)) rate = other;
  };
  raise(state.AskBest(target, kWithin, true));
  raise(state.AskBest(2 * target, kWithinDouble, !conservative));
  if (conservative || !rate) {
    // Not only lately, but all the time for as long as can be told.
    for (const FeeHorizon horizon : {FeeHorizon::kMedium, FeeHorizon::kLong}) {
      // What is counted by periods is asked for whole ones: rounded up, the last would be too long.
      const int scale = state.Of(horizon).scale();
      const int whole = std::max(target / scale, 1) * scale;
      if (whole <= state.Of(horizon).LongestTarget()) {
        raise(state.Ask(horizon, whole, kWithinDouble));
      }
    }
  }
  if (rate) answer.rate = FeeRate(static_cast<Amount>(std::llround(*rate)));
  return answer;
}

std::optional<RawFee> FeeEstimator::Raw(FeeHorizon horizon, int target, double share) const {
  base::MutexLock lock(mutex_);
  const FeeHistory& history = state_->Of(horizon);
  if (target < 1 || target > history.LongestTarget()) return std::nullopt;
  const double enough = horizon == FeeHorizon::kShort ? kEnoughShort : kEnough;
  return RawFee{history.Estimate(target, share, enough, state_->best), history.decay(),
                history.scale()};
}

int FeeEstimator::LongestTarget() const { return kEmpty.back().LongestTarget(); }

Bytes FeeEstimator::Encode(ByteSpan chain) {
  base::MutexLock lock(mutex_);
  State& state = *state_;
  while (!state.waiting.empty()) state.Remove(Txid(state.waiting.begin()->first), false);
  const bool saved_is_longer =
      state.first == 0 || (state.saved_last - state.saved_first > state.best - state.first &&
                           state.best - state.saved_last <= kOldest);
  Bytes bytes = crypto::BeginSealed(kFormat, chain);
  Writer writer(bytes);
  writer.I32(state.best);
  writer.I32(saved_is_longer ? state.saved_first : state.first);
  writer.I32(saved_is_longer ? state.saved_last : state.best);
  for (const FeeHistory& history : state.histories) history.Write(writer);
  crypto::Seal(bytes);
  return bytes;
}

Status FeeEstimator::Decode(ByteSpan bytes, ByteSpan chain) {
  const Result<ByteSpan> content = crypto::Unseal(bytes, kFormat, chain);
  if (!content) return tl::unexpected(content.error());
  Reader reader(*content);
  auto read = std::make_unique<State>();
  read->best = reader.I32();
  read->saved_first = reader.I32();
  read->saved_last = reader.I32();
  bool sound = 0 <= read->saved_first && read->saved_first <= read->saved_last &&
               read->saved_last <= read->best;
  for (FeeHistory& history : read->histories) sound = sound && history.Read(reader);
  if (!sound || !reader.ok() || !reader.AtEnd()) {
    return Fail(ErrorCode::kCorruption, "its counts make no sense");
  }
  base::MutexLock lock(mutex_);
  state_ = std::move(read);
  return {};
}

}  // namespace cairn::mempool
