// Which soft forks are in force at a block.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "consensus/params.h"
#include "consensus/views.h"

namespace cairn::consensus {

/// The state machine of BIP9, with the minimum activation height of BIP341's deployment.
enum class Bip9State : uint8_t { kDefined, kStarted, kLockedIn, kActive, kFailed };

/// The states of `Params::deployments`, in their order, as they hold for one block. States change
/// only between periods, so a block's states follow from its parent's.
struct Bip9States {
  static constexpr size_t kMost = 8;
  std::array<Bip9State, kMost> states{};

  friend bool operator==(const Bip9States&, const Bip9States&) = default;
};

/// The states at genesis.
Bip9States GenesisStates(const Params& params);

/// The states for the block on top of `chain`, whose last block has the states `parent`.
Bip9States NextStates(const Bip9States& parent, const Ancestors& chain, const Params& params);

/// The bits that vote, where a version's top bits announce BIP9; else nothing.
std::optional<uint32_t> VotesOf(int32_t version);

/// True if a version's top bits announce BIP9 and its bit for the deployment is set.
bool Signals(int32_t version, const Bip9Deployment& deployment);

/// The version that a miner sets: every bit of a deployment that is started or locked in.
int32_t VersionToMine(const Bip9States& states, const Params& params);

/// Whether the buried soft forks bind the block at `height`.
inline bool IsBip34Active(int height, const Params& params) {
  return height >= params.heights.bip34;
}
inline bool IsBip65Active(int height, const Params& params) {
  return height >= params.heights.bip65;
}
inline bool IsBip66Active(int height, const Params& params) {
  return height >= params.heights.bip66;
}
inline bool IsCsvActive(int height, const Params& params) { return height >= params.heights.csv; }
inline bool IsSegwitActive(int height, const Params& params) {
  return height >= params.heights.segwit;
}

}  // namespace cairn::consensus
