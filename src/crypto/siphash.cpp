// SipHash-2-4 (Aumasson, Bernstein, 2012).
#include <bit>

#include "cairn/base/endian.h"
#include "cairn/crypto/hash.h"

namespace cairn::crypto {
namespace {

struct SipState {
  uint64_t v0, v1, v2, v3;

  void Round() {
    v0 += v1, v2 += v3;
    v1 = std::rotl(v1, 13) ^ v0;
    v3 = std::rotl(v3, 16) ^ v2;
    v0 = std::rotl(v0, 32);
    v2 += v1, v0 += v3;
    v1 = std::rotl(v1, 17) ^ v2;
    v3 = std::rotl(v3, 21) ^ v0;
    v2 = std::rotl(v2, 32);
  }

  void Absorb(uint64_t word) {
    v3 ^= word;
    Round();
    Round();
    v0 ^= word;
  }
};

}  // namespace

uint64_t SipHash24(uint64_t key0, uint64_t key1, ByteSpan message) {
  SipState state = {key0 ^ 0x736f6d6570736575, key1 ^ 0x646f72616e646f6d, key0 ^ 0x6c7967656e657261,
                    key1 ^ 0x7465646279746573};
  // The last word has what is left of the message and, on top, its length modulo 256.
  uint64_t last = uint64_t{message.size()} << 56;
  for (; message.size() >= 8; message = message.subspan(8)) {
    state.Absorb(LoadLittle<uint64_t>(message.data()));
  }
  for (size_t i = 0; i < message.size(); ++i) last |= uint64_t{message[i]} << (8 * i);
  state.Absorb(last);
  state.v2 ^= 0xff;
  for (int i = 0; i < 4; ++i) state.Round();
  return state.v0 ^ state.v1 ^ state.v2 ^ state.v3;
}

}  // namespace cairn::crypto
