// The keystream of ChaCha20 (RFC 8439) from block 0 on under the nonce 0: the first 384 bytes, as
// many as MuHash wants.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace cairn::crypto {

inline constexpr size_t kKeystreamBytes = 384;

/// `key` has 32 bytes, `out` receives `kKeystreamBytes`.
void ChaCha20Keystream(const uint8_t* key, uint8_t* out);

/// An implementation, as the tests and the benchmark see it.
struct KeystreamKernel {
  std::string_view name;  // portable, sse4, avx2, avx512, neon
  void (*run)(const uint8_t* key, uint8_t* out);
};

/// Those that this CPU can run, the fastest last; `ChaCha20Keystream` takes that one.
const std::vector<KeystreamKernel>& AvailableKeystreamKernels();

/// Adds the kernels that Highway makes.
void AddKeystreamLanes(std::vector<KeystreamKernel>& kernels);

}  // namespace cairn::crypto
