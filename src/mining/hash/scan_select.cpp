// Which scan kernel is used.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <numeric>

#include "src/mining/hash/scan_kernel.h"

namespace cairn::mining {
namespace {

std::vector<ScanKernel> FindKernels() {
  std::vector<ScanKernel> kernels = {PortableScanKernel()};
  AddLaneScanKernels(kernels);
  AddShaniScanKernel(kernels);
  return kernels;
}

/// How long a kernel takes for a hash, in nanoseconds. The best of a few tries, because everything
/// that can disturb a measurement makes it longer.
double NanosecondsPerHash(const ScanKernel& kernel, ScanMode mode) {
  using Clock = std::chrono::steady_clock;
  constexpr int kTries = 4;
  constexpr size_t kHashes = 256;
  std::vector<int32_t> versions(mode == ScanMode::kNonceOnly ? 1 : kernel.versions);
  std::iota(versions.begin(), versions.end(), 0);
  const NonceScan scan(kernel, Header(), U256(), versions);
  std::vector<ScanHit> none;
  double best = 0;
  for (int i = 0; i < kTries; ++i) {
    const Clock::time_point start = Clock::now();
    const uint64_t hashes = scan.Run(0, kHashes / versions.size(), none);
    const std::chrono::duration<double, std::nano> taken = Clock::now() - start;
    const double each = taken.count() / static_cast<double>(hashes);
    if (i == 0 || each < best) best = each;
  }
  return best;
}

std::vector<ScanChoice> Measure(ScanMode mode) {
  std::vector<ScanChoice> choices;
  for (const ScanKernel& kernel : AvailableScanKernels()) {
    choices.push_back({&kernel, NanosecondsPerHash(kernel, mode)});
  }
  return choices;
}

/// Each kernel with the time that it was measured to take.
const std::vector<ScanChoice>& Choices(ScanMode mode) {
  if (mode == ScanMode::kNonceOnly) {
    static const std::vector<ScanChoice> nonce_only = Measure(ScanMode::kNonceOnly);
    return nonce_only;
  }
  static const std::vector<ScanChoice> version_rolling = Measure(ScanMode::kVersionRolling);
  return version_rolling;
}

std::atomic<const ScanKernel*> forced{nullptr};

}  // namespace

const std::vector<ScanKernel>& AvailableScanKernels() {
  static const std::vector<ScanKernel> kernels = FindKernels();
  return kernels;
}

const ScanKernel* FindScanKernel(std::string_view name) {
  for (const ScanKernel& kernel : AvailableScanKernels()) {
    if (kernel.name == name) return &kernel;
  }
  return nullptr;
}

ScanChoice ChooseScanKernel(ScanMode mode) {
  const ScanKernel* const wanted = forced;
  const std::vector<ScanChoice>& choices = Choices(mode);
  if (wanted != nullptr) {
    return *std::find_if(choices.begin(), choices.end(),
                         [&](const ScanChoice& choice) { return choice.kernel == wanted; });
  }
  return *std::min_element(
      choices.begin(), choices.end(),
      [](const ScanChoice& a, const ScanChoice& b) { return a.nanoseconds < b.nanoseconds; });
}

bool ForceScanKernel(std::string_view name) {
  const ScanKernel* kernel = FindScanKernel(name);
  if (kernel == nullptr && name != "auto") return false;
  forced = kernel;
  return true;
}

}  // namespace cairn::mining
