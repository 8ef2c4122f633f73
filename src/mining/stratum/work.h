// The arithmetic of shares: difficulties and targets, and how a job and what a miner varies make a
// header.
//
// Pure functions, from any thread. Nothing here judges; what comes from outside has been decoded.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "cairn/base/bytes.h"
#include "cairn/crypto/sha256.h"
#include "cairn/primitives/hash.h"
#include "cairn/primitives/header.h"
#include "cairn/primitives/u256.h"
#include "src/mining/stratum/messages.h"

namespace cairn::mining::stratum {

/// The target of difficulty 1: 0xffff * 2^208.
U256 DifficultyOneTarget();

/// The highest number that a hash may be at this difficulty, exactly: 2^256 - 1 where the quotient
/// is larger, or the difficulty not positive.
U256 TargetOfDifficulty(double difficulty);

/// As pools count: the target of difficulty 1 over this one. The target of zero counts as one.
double DifficultyOfTarget(const U256& target);
double DifficultyOfHash(const BlockHash& hash);

/// Swaps the bytes of each 32-bit word: how mining.notify writes the hash of the previous block,
/// from and to internal order.
BlockHash SwapWords(const BlockHash& hash);

/// The coinbase, without witness.
Bytes Coinbase(const Notify& job, ByteSpan extranonce1, ByteSpan extranonce2);

/// The root above a first leaf that is `coinbase`'s id.
MerkleRoot RootOf(ByteSpan coinbase, std::span<const crypto::Digest> branch);

/// The neighbours of the first leaf's path, lowest first; `ids` are all leaves but the first.
std::vector<crypto::Digest> BranchOf(std::span<const crypto::Digest> ids);

/// `version` with the bits of `mask` taken from `bits`.
uint32_t MaskedVersion(uint32_t version, uint32_t mask, uint32_t bits);

/// The header of a job, with nonce 0.
Header HeaderOf(const Notify& job, ByteSpan extranonce1, ByteSpan extranonce2);

/// The header of a share. `mask` is what of the version the miner may vary.
Header HeaderOf(const Notify& job, ByteSpan extranonce1, uint32_t mask, const Submit& share);

}  // namespace cairn::mining::stratum
