// Scanning nonces: the headers of a job hashed side by side, only as far as it takes to see that
// they do not meet the target.
//
// A scan works out once what does not depend on the nonce. Kernels differ in speed, never in what
// they find. Everything here may be used from any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cairn/primitives/header.h"
#include "cairn/primitives/u256.h"

namespace cairn::mining {

struct ScanFunctions;

/// One way to hash, with what this CPU has.
struct ScanKernel {
  std::string_view name;  // portable, sse4, avx2, avx512, neon, shani
  size_t nonces;          // of one version that it hashes side by side
  size_t versions;        // of one nonce that it hashes side by side
  const ScanFunctions* functions;
};

/// The kernels that this CPU can run, `portable` first.
const std::vector<ScanKernel>& AvailableScanKernels();

/// Null if it has none of this name.
const ScanKernel* FindScanKernel(std::string_view name);

/// What a job allows to vary, besides the nonce.
enum class ScanMode { kNonceOnly, kVersionRolling };

struct ScanChoice {
  const ScanKernel* kernel;
  double nanoseconds;  // per hash, when it was chosen
};

/// The fastest kernel of this machine, found by a measurement of about a millisecond at first use,
/// or the one that was forced.
ScanChoice ChooseScanKernel(ScanMode mode);

/// Has one kernel used for everything (-minerkernel). False, and nothing changes, if there is none
/// of this name; "auto" chooses by measurement again.
bool ForceScanKernel(std::string_view name);

struct ScanHit {
  int32_t version;
  uint32_t nonce;

  friend bool operator==(const ScanHit&, const ScanHit&) = default;
};

class NonceScan {
 public:
  /// A header under its own version.
  NonceScan(const ScanKernel& kernel, const Header& header, const U256& target)
      : NonceScan(kernel, header, target, std::span(&header.version, 1)) {}

  /// A header under each of `versions`. It is fastest when these are a multiple of what the kernel
  /// takes side by side.
  NonceScan(const ScanKernel& kernel, const Header& header, const U256& target,
            std::span<const int32_t> versions);
  ~NonceScan();
  NonceScan(NonceScan&&) noexcept;
  NonceScan& operator=(NonceScan&&) noexcept;

  /// Hashes `count` nonces, 2^32 at most, from `first` on, the last followed by 0, each under all
  /// versions. Appends what meets the target to `hits`, in the order of nonces and then of
  /// versions, and gives the number of hashes.
  uint64_t Run(uint32_t first, uint64_t count, std::vector<ScanHit>& hits) const;

 private:
  struct Prepared;
  std::unique_ptr<const Prepared> prepared_;
};

}  // namespace cairn::mining
