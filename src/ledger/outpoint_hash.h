// Hashes of outpoints for tables, under a random key, so that nobody can build transactions whose
// outputs collide.
#pragma once

#include <cstdint>

#include "cairn/primitives/transaction.h"

namespace cairn::ledger {

class SaltedOutPointHasher {
 public:
  using is_avalanching = void;  // every bit of the hash depends on every bit of the outpoint

  SaltedOutPointHasher();
  size_t operator()(const OutPoint& outpoint) const;

 private:
  uint64_t key0_;
  uint64_t key1_;
};

}  // namespace cairn::ledger
