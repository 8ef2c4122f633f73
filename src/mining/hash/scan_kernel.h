// What a scan kernel provides, and what it is given.
//
// A kernel hashes whole groups and looks at one word of each hash, the one that weighs most against
// the target. It names candidates; who calls it hashes these in full. It is compiled for CPUs that
// may not be the one it runs on and calls nothing outside: everything here is plain.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "cairn/mining/nonce_scan.h"
#include "src/mining/hash/hash_plan.h"

namespace cairn::mining {

inline constexpr size_t kMaxVersions = 32;

/// One version of a header.
struct NonceInput {
  uint32_t midstate[8];
  HashPlan plan;
  uint32_t limit;  // the 32 highest bits of the target
};

/// As many versions of a header as the kernel takes. Word w of version i of `versions` stands at
/// [w * versions + i].
struct VersionInput {
  alignas(64) uint32_t midstates[8 * kMaxVersions];
  alignas(64) uint32_t states[8 * kMaxVersions];  // `state` and `sums` of their plans
  alignas(64) uint32_t sums[3 * kMaxVersions];
  HashPlan plan;  // of any of them: the schedule is the same for all
  uint32_t limit;
};

struct Candidate {
  uint32_t version;  // its place among those of the input
  uint32_t nonce;
};

struct Candidates {
  static constexpr size_t kRoom = 256;

  size_t count = 0;
  Candidate at[kRoom];
};

struct ScanFunctions {
  /// Hashes `groups` groups of nonces from `first` on. Gives the number of groups that were hashed,
  /// which is lower when there might be no room for the candidates of one more.
  size_t (*scan_nonces)(const NonceInput& input, uint32_t first, size_t groups,
                        Candidates& candidates);
  /// The same for `count` nonces, each of which is a group.
  size_t (*scan_versions)(const VersionInput& input, uint32_t first, size_t count,
                          Candidates& candidates);
};

ScanKernel PortableScanKernel();

/// Adds the kernels that the CPU can run, if any.
void AddLaneScanKernels(std::vector<ScanKernel>& kernels);
void AddShaniScanKernel(std::vector<ScanKernel>& kernels);

}  // namespace cairn::mining
