// Which kernel does what in this process.
#pragma once

#include <string>
#include <string_view>

#include "src/crypto/sha256_kernel.h"

namespace cairn::crypto {

/// A kernel with many lanes, one with few, and how many messages there must be for the first to be
/// the faster. Both may be the same.
struct Sha256Pairing {
  const Sha256Kernel* wide;
  const Sha256Kernel* narrow;
  size_t worth;
};

struct Sha256Selection {
  std::string name;    // of all backends that take part, "shani+avx512"
  std::string notice;  // why the wish was not granted; empty if it was, or if there was none
  void (*transform)(uint32_t* state, const uint8_t* blocks, size_t count);
  Sha256Pairing d64, d80, many;
};

/// The backend of the name `wanted`; the fastest ones, by a measurement of less than a millisecond,
/// if it is empty or names none that this CPU can run.
Sha256Selection SelectSha256(std::string_view wanted);

/// Double hashes by a pairing: as many as pay go to the wide kernel, the rest to the narrow one.
void RunD64(const Sha256Pairing& pairing, uint8_t* out, const uint8_t* in, size_t count);
void RunD80(const Sha256Pairing& pairing, Digest* out, const uint8_t* in, size_t count);

}  // namespace cairn::crypto
