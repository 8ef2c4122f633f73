#include "cairn/mining/solver.h"

#include <algorithm>
#include <array>
#include <vector>

#include "cairn/crypto/sha256.h"
#include "cairn/primitives/u256.h"

namespace cairn::mining {
namespace {

// Enough headers side by side for the widest lanes, few enough that an easy target wastes little.
constexpr size_t kBatch = 64;
constexpr size_t kNonceOffset = 76;

}  // namespace

SolveOutcome Solve(Header& header, uint64_t& tries, const std::atomic<bool>& stop) {
  const U256 target = DecodeCompact(header.bits).target;
  const auto raw = header.Serialize();
  std::array<uint8_t, kBatch * Header::kSize> headers;
  for (size_t i = 0; i < kBatch; ++i) {
    std::copy(raw.begin(), raw.end(),
              headers.begin() + static_cast<std::ptrdiff_t>(i * raw.size()));
  }
  std::array<crypto::Digest, kBatch> digests;
  uint64_t nonce = header.nonce;
  while (nonce <= UINT32_MAX) {
    header.nonce = static_cast<uint32_t>(nonce);
    if (stop.load(std::memory_order_relaxed)) return SolveOutcome::kStopped;
    if (tries == 0) return SolveOutcome::kTriesUsedUp;
    const uint64_t count = std::min({uint64_t{kBatch}, tries, uint64_t{UINT32_MAX} - nonce + 1});
    for (size_t i = 0; i < count; ++i) {
      StoreLittle(&headers[i * Header::kSize + kNonceOffset], static_cast<uint32_t>(nonce + i));
    }
    crypto::Sha256d80(digests.data(), headers.data(), count);
    for (size_t i = 0; i < count; ++i) {
      if (U256::FromLittle(digests[i]) > target) continue;
      header.nonce = static_cast<uint32_t>(nonce + i);
      tries -= i + 1;
      return SolveOutcome::kSolved;
    }
    nonce += count;
    tries -= count;
  }
  return SolveOutcome::kNoncesUsedUp;
}

}  // namespace cairn::mining
