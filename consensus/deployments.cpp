#include "consensus/deployments.h"

namespace cairn::consensus {
namespace {

constexpr int32_t kVersionTopBits = 0x20000000;
constexpr uint32_t kVersionTopMask = 0xe0000000;

bool IsFixed(const Bip9Deployment& deployment) {
  return deployment.start_time == Bip9Deployment::kAlwaysActive ||
         deployment.start_time == Bip9Deployment::kNeverActive;
}

bool EnoughSignals(const Bip9Deployment& deployment, const Ancestors& chain, const Params& params) {
  int count = 0;
  for (int i = 0; i < params.signalling_window; ++i) {
    count += Signals(chain.At(chain.Height() - i).version, deployment) ? 1 : 0;
  }
  return count >= params.signalling_threshold;
}

Bip9State NextState(Bip9State state, const Bip9Deployment& deployment, const Ancestors& chain,
                    const Params& params) {
  const int64_t median_time = MedianTimePast(chain);
  switch (state) {
    case Bip9State::kDefined:
      return median_time >= deployment.start_time ? Bip9State::kStarted : state;
    case Bip9State::kStarted:
      if (EnoughSignals(deployment, chain, params)) return Bip9State::kLockedIn;
      return median_time >= deployment.timeout ? Bip9State::kFailed : state;
    case Bip9State::kLockedIn:
      return chain.Height() + 1 >= deployment.min_activation_height ? Bip9State::kActive : state;
    case Bip9State::kActive:
    case Bip9State::kFailed: return state;
  }
  return state;
}

}  // namespace

Bip9States GenesisStates(const Params& params) {
  Bip9States result;
  for (size_t i = 0; i < params.deployments.size(); ++i) {
    const int64_t start = params.deployments[i].start_time;
    if (start == Bip9Deployment::kAlwaysActive) result.states[i] = Bip9State::kActive;
    if (start == Bip9Deployment::kNeverActive) result.states[i] = Bip9State::kFailed;
  }
  return result;
}

Bip9States NextStates(const Bip9States& parent, const Ancestors& chain, const Params& params) {
  if ((chain.Height() + 1) % params.signalling_window != 0) return parent;
  Bip9States next = parent;
  for (size_t i = 0; i < params.deployments.size(); ++i) {
    const Bip9Deployment& deployment = params.deployments[i];
    if (IsFixed(deployment)) continue;
    next.states[i] = NextState(parent.states[i], deployment, chain, params);
  }
  return next;
}

std::optional<uint32_t> VotesOf(int32_t version) {
  const auto bits = static_cast<uint32_t>(version);
  if ((bits & kVersionTopMask) != static_cast<uint32_t>(kVersionTopBits)) return std::nullopt;
  return bits & ~kVersionTopMask;
}

bool Signals(int32_t version, const Bip9Deployment& deployment) {
  const std::optional<uint32_t> votes = VotesOf(version);
  return votes && (*votes >> deployment.bit & 1) != 0;
}

int32_t VersionToMine(const Bip9States& states, const Params& params) {
  uint32_t version = kVersionTopBits;
  for (size_t i = 0; i < params.deployments.size(); ++i) {
    const Bip9State state = states.states[i];
    if (state == Bip9State::kStarted || state == Bip9State::kLockedIn) {
      version |= uint32_t{1} << params.deployments[i].bit;
    }
  }
  return static_cast<int32_t>(version);
}

}  // namespace cairn::consensus
