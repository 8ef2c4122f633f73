#include "src/mining/stratum/vardiff.h"

#include <algorithm>

namespace cairn::mining::stratum {
namespace {

// Shares come at random, so that a few tell little: what is seldom by chance is acted on. A window
// of twelve shares, on average, is off by a factor of two in one of twenty cases at most.
constexpr int kWindow = 12;         // in times of `share_every`
constexpr double kTooSeldom = 0.5;  // of the rate that is aimed at
constexpr double kTooOften = 2;
constexpr double kFewShares = 8;     // that are enough to act on before the window ends, if
constexpr double kMuchTooOften = 4;  // they come as fast as this
constexpr int kLongSilence = 6;      // in times of `share_every`, without any share
constexpr double kLargestRise = 16;  // in one step
constexpr double kLargestFall = 4;
constexpr std::chrono::minutes kBetweenWishes{1};

}  // namespace

Vardiff::Vardiff(const VardiffOptions& options, Time now)
    : options_(options),
      least_(options.least),
      most_(options.most),
      difficulty_(Bounded(options.start)),
      since_(now),
      fell_at_(now) {}

double Vardiff::Bounded(double difficulty) const {
  return std::min(std::max(difficulty, least_), most_);
}

void Vardiff::Restart(Time now) {
  since_ = now;
  work_ = 0;
}

bool Vardiff::Set(double difficulty, Time now) {
  Restart(now);
  difficulty = Bounded(difficulty);
  if (difficulty == difficulty_) return false;
  difficulty_ = difficulty;
  return true;
}

void Vardiff::RaiseLeast(double least, Time now) {
  least_ = std::max(least, least_);
  if (difficulty_ != Bounded(difficulty_)) Set(difficulty_, now);
}

void Vardiff::SetMost(double most, Time now) {
  most_ = std::min(most, options_.most);
  if (difficulty_ != Bounded(difficulty_)) Set(difficulty_, now);
}

void Vardiff::Suggest(double difficulty, Time now) {
  if (has_shares_ && difficulty < difficulty_) {
    if (now - fell_at_ < kBetweenWishes) return;
    fell_at_ = now;
    difficulty = std::max(difficulty, difficulty_ / kLargestFall);
  }
  Set(difficulty, now);
}

void Vardiff::OnShare(double difficulty) {
  work_ += difficulty;
  has_shares_ = true;
}

/// How many times more often than aimed at the shares have come. Each step is bounded, so no time
/// at all may count as a little.
double Vardiff::Wanted(Time now) const {
  const std::chrono::duration<double> passed = now - since_;
  const std::chrono::duration<double> aim = options_.share_every;
  const double expected = std::max(passed / aim, 1e-3);
  return Shares() / expected;
}

bool Vardiff::Adjust(Time now) {
  const auto passed = now - since_;
  const double rate = Wanted(now);
  const bool whole_window = passed >= kWindow * options_.share_every;
  const bool flood = Shares() >= kFewShares && rate >= kMuchTooOften;
  const bool silence = work_ == 0 && passed >= kLongSilence * options_.share_every;
  if (!whole_window && !flood && !silence) return false;
  if (rate > kTooSeldom && rate < kTooOften) return Set(difficulty_, now);
  return Set(difficulty_ * std::clamp(rate, 1 / kLargestFall, kLargestRise), now);
}

}  // namespace cairn::mining::stratum
