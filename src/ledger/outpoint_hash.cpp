#include "src/ledger/outpoint_hash.h"

#include <cstring>
#include <random>

#include "cairn/crypto/hash.h"

namespace cairn::ledger {
namespace {

uint64_t RandomKey() {
  std::random_device source;
  return uint64_t{source()} << 32 | source();
}

}  // namespace

SaltedOutPointHasher::SaltedOutPointHasher() : key0_(RandomKey()), key1_(RandomKey()) {}

size_t SaltedOutPointHasher::operator()(const OutPoint& outpoint) const {
  uint8_t bytes[Txid::kSize + 4];
  std::memcpy(bytes, outpoint.txid.bytes.data(), Txid::kSize);
  StoreLittle(bytes + Txid::kSize, outpoint.index);
  return crypto::SipHash24(key0_, key1_, bytes);
}

}  // namespace cairn::ledger
