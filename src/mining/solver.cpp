#include "cairn/mining/solver.h"

#include <algorithm>
#include <vector>

#include "cairn/mining/nonce_scan.h"

namespace cairn::mining {
namespace {

// The first scan is short, so that an easy target wastes little; each is twice as long as the one
// before, until one takes so long that another job would be late.
constexpr uint64_t kFirstScan = 64;
constexpr double kLongestScanNanoseconds = 500'000;

constexpr uint64_t kAllNonces = uint64_t{1} << 32;

/// How many hashes a scan may have.
uint64_t LongestScan(double nanoseconds_per_hash) {
  constexpr double kNoKernelIsFaster = 0.1;
  const double hashes = kLongestScanNanoseconds / std::max(nanoseconds_per_hash, kNoKernelIsFaster);
  return std::max(kFirstScan, static_cast<uint64_t>(hashes));
}

}  // namespace

SolveOutcome Solve(Header& header, uint64_t& tries, const StopCheck& stop) {
  const int32_t version = header.version;
  return Solve(header, std::span(&version, 1), tries, stop);
}

SolveOutcome Solve(Header& header, std::span<const int32_t> versions, uint64_t& tries,
                   const StopCheck& stop) {
  return Solve(header, DecodeCompact(header.bits).target, versions, tries, stop);
}

SolveOutcome Solve(Header& header, const U256& target, std::span<const int32_t> versions,
                   uint64_t& tries, const StopCheck& stop) {
  const uint64_t each = versions.size();
  const ScanChoice choice =
      ChooseScanKernel(each == 1 ? ScanMode::kNonceOnly : ScanMode::kVersionRolling);
  const NonceScan scan(*choice.kernel, header, target, versions);
  const uint64_t longest = LongestScan(choice.nanoseconds);
  std::vector<ScanHit> hits;
  uint64_t length = kFirstScan;
  uint64_t nonce = header.nonce;
  while (nonce < kAllNonces) {
    header.nonce = static_cast<uint32_t>(nonce);
    if (stop()) return SolveOutcome::kStopped;
    if (tries == 0) return SolveOutcome::kTriesUsedUp;
    const uint64_t wanted = std::max<uint64_t>(1, std::min(length, tries) / each);
    const uint64_t count = std::min(wanted, kAllNonces - nonce);
    scan.Run(header.nonce, count, hits);
    const uint64_t done = hits.empty() ? count : hits[0].nonce - header.nonce + uint64_t{1};
    tries -= std::min(tries, done * each);
    if (!hits.empty()) {
      header.version = hits[0].version;
      header.nonce = hits[0].nonce;
      return SolveOutcome::kSolved;
    }
    nonce += count;
    length = std::min(2 * length, longest);
  }
  return SolveOutcome::kNoncesUsedUp;
}

}  // namespace cairn::mining
