#include "cairn/primitives/salted_hasher.h"

#include <algorithm>
#include <random>

#include "cairn/crypto/hash.h"

namespace cairn {
namespace {

uint64_t RandomKey() {
  std::random_device source;
  return uint64_t{source()} << 32 | source();
}

}  // namespace

SaltedHasher::SaltedHasher() : SaltedHasher(RandomKey(), RandomKey()) {}

size_t SaltedHasher::operator()(const Txid& txid) const {
  return crypto::SipHash24(key0_, key1_, txid.span());
}

size_t SaltedHasher::operator()(const Wtxid& wtxid) const {
  return crypto::SipHash24(key0_, key1_, wtxid.span());
}

size_t SaltedHasher::operator()(const OutPoint& outpoint) const {
  std::array<uint8_t, Txid::kSize + sizeof(uint32_t)> bytes;
  std::copy(outpoint.txid.bytes.begin(), outpoint.txid.bytes.end(), bytes.begin());
  StoreLittle(&bytes[Txid::kSize], outpoint.index);
  return crypto::SipHash24(key0_, key1_, bytes);
}

}  // namespace cairn
