// SipHash of a counter. It is a pseudo-random function of its 128-bit key: no number tells anything
// of another to those who lack the key. The state is three words, which matters where thousands of
// nodes are in one process.
#include "cairn/p2p/random.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <sys/random.h>

#include "cairn/base/assert.h"
#include "cairn/base/endian.h"
#include "cairn/crypto/hash.h"
#include "cairn/crypto/sha256.h"

namespace cairn::p2p {
namespace {

std::array<uint8_t, 8> BytesOf(uint64_t number) {
  std::array<uint8_t, 8> bytes;
  StoreLittle(bytes.data(), number);
  return bytes;
}

}  // namespace

Random::Random(ByteSpan key)
    : key0_(LoadLittle<uint64_t>(key.data())), key1_(LoadLittle<uint64_t>(key.data() + 8)) {}

Random::Random(uint64_t seed) : Random(ByteSpan(crypto::Sha256Of(BytesOf(seed)))) {}

Random Random::FromSystem() {
  std::array<uint8_t, 16> key;
  CAIRN_ASSERT(getrandom(key.data(), key.size(), 0) == static_cast<ssize_t>(key.size()));
  return Random(ByteSpan(key));
}

uint64_t Random::Next() { return crypto::SipHash24(key0_, key1_, BytesOf(count_++)); }

uint64_t Random::Below(uint64_t end) {
  if (end == 0) return 0;
  // Numbers of the last, incomplete run of `end` would make its first ones more likely.
  const uint64_t skipped = (0 - end) % end;
  for (;;) {
    const uint64_t number = Next();
    if (number >= skipped) return number % end;
  }
}

double Random::Unit() { return static_cast<double>(Next() >> 11) * 0x1p-53; }

double Random::Exponential(double mean) { return -std::log1p(-Unit()) * mean; }

void Random::Fill(std::span<uint8_t> out) {
  while (!out.empty()) {
    const std::array<uint8_t, 8> bytes = BytesOf(Next());
    const size_t count = std::min(out.size(), bytes.size());
    std::copy_n(bytes.begin(), count, out.begin());
    out = out.subspan(count);
  }
}

Bytes Random::Fill(size_t count) {
  Bytes bytes(count);
  Fill(std::span<uint8_t>(bytes));
  return bytes;
}

Random Random::Fork() {
  std::array<uint8_t, 16> key;
  Fill(std::span<uint8_t>(key));
  return Random(ByteSpan(key));
}

}  // namespace cairn::p2p
