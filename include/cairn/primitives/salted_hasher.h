// Hashes for tables under a random key, so that nobody can make transactions that collide in them.
#pragma once

#include <cstdint>

#include "cairn/primitives/transaction.h"

namespace cairn {

class SaltedHasher {
 public:
  using is_avalanching = void;  // every bit of the hash depends on every bit of what is hashed

  SaltedHasher();
  SaltedHasher(uint64_t key0, uint64_t key1) : key0_(key0), key1_(key1) {}

  size_t operator()(const Txid& txid) const;
  size_t operator()(const Wtxid& wtxid) const;
  size_t operator()(const OutPoint& outpoint) const;

 private:
  uint64_t key0_;
  uint64_t key1_;
};

}  // namespace cairn
