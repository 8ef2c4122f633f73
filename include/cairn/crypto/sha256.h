// SHA-256: one message at a time, and many messages side by side in SIMD lanes.
//
// Every operation is pure and may be called from any thread. The backend is chosen once, at first
// use, from the CPU's features and a measurement of less than a millisecond, or forced by the
// environment: CAIRN_SHA256=portable|shani|sse4|avx2|avx512|neon. A name that is unknown, or that
// this CPU cannot run, changes nothing but `Sha256Notice`. Digests are in the order of the hash
// function, bytes as they come.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "cairn/base/bytes.h"

namespace cairn::crypto {

using Digest = std::array<uint8_t, 32>;

/// How far SHA-256 has got where a whole block of the message ends.
struct Sha256Midstate {
  std::array<uint32_t, 8> state;
  uint64_t length;  // bytes so far, a multiple of 64
};

/// Incremental SHA-256 of one message.
class Sha256 {
 public:
  Sha256();
  /// Goes on from there.
  explicit Sha256(const Sha256Midstate& midstate)
      : state_(midstate.state), length_(midstate.length) {}
  Sha256& Update(ByteSpan bytes);
  /// The digest of all updates. The object must not be used afterwards without `Reset`.
  Digest Finish();
  void Reset();

 private:
  std::array<uint32_t, 8> state_;
  std::array<uint8_t, 64> tail_;
  uint64_t length_ = 0;
};

Digest Sha256Of(ByteSpan message);

/// SHA256(SHA256(message)): the hash of Bitcoin.
Digest Sha256dOf(ByteSpan message);

/// Double hash of `count` messages of 64 bytes that lie one after another (a level of a merkle
/// tree). `out` receives 32 bytes each and may be the very address `in`, but not overlap it
/// otherwise.
void Sha256d64(uint8_t* out, const uint8_t* in, size_t count);

/// Double hash of `count` block headers of 80 bytes that lie one after another.
void Sha256d80(Digest* out, const uint8_t* in, size_t count);

/// A message given as up to three pieces, empty ones allowed, so that a txid needs no copy of its
/// transaction.
using Pieces = std::array<ByteSpan, 3>;

/// Double hash of many messages of any lengths; `out` has as many places as `messages`. The more
/// messages in one call, the fuller the lanes. Allocates nothing.
void Sha256dMany(std::span<const Pieces> messages, Digest* out);

/// A backend as the tests and the benchmark see it.
struct Sha256Backend {
  std::string_view name;  // portable, shani, sse4, avx2, avx512, neon
  /// Compresses `count` blocks of 64 bytes of one message. Lanes do not help here, so the backends
  /// that are nothing but lanes have the portable function.
  void (*transform)(uint32_t* state, const uint8_t* blocks, size_t count);
  void (*d64)(uint8_t* out, const uint8_t* in, size_t count);
  void (*d80)(Digest* out, const uint8_t* in, size_t count);
  void (*many)(std::span<const Pieces> messages, Digest* out);
  size_t lanes;  // messages that it hashes side by side
};

/// The backends that this CPU can run, `portable` first.
const std::vector<Sha256Backend>& AvailableSha256Backends();

/// The backend in use. Operations may come from different ones, in which case the name says so,
/// as in "shani+avx512".
const Sha256Backend& ActiveSha256Backend();

/// For the node to log: empty, or a sentence that CAIRN_SHA256 could not be obeyed, and why.
std::string_view Sha256Notice();

}  // namespace cairn::crypto
