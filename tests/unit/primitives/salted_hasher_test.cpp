#include "cairn/primitives/salted_hasher.h"

#include <gtest/gtest.h>

namespace cairn {
namespace {

OutPoint OutPointOf(uint8_t first, uint32_t index) {
  OutPoint outpoint{{}, index};
  outpoint.txid.bytes[0] = first;
  return outpoint;
}

TEST(SaltedHasher, DiffersByOutPointAndByKey) {
  const SaltedHasher hasher;
  EXPECT_EQ(hasher(OutPointOf(1, 1)), hasher(OutPointOf(1, 1)));
  EXPECT_NE(hasher(OutPointOf(1, 1)), hasher(OutPointOf(1, 2)));  // the index counts
  EXPECT_NE(hasher(OutPointOf(1, 1)), hasher(OutPointOf(2, 1)));  // the txid counts
  EXPECT_NE(hasher(OutPointOf(1, 1)), SaltedHasher()(OutPointOf(1, 1)));
  EXPECT_EQ(SaltedHasher(1, 2)(OutPointOf(1, 1)), SaltedHasher(1, 2)(OutPointOf(1, 1)));
}

TEST(SaltedHasher, DiffersByTransactionIdAndByKey) {
  const SaltedHasher hasher(1, 2);
  const Txid txid = OutPointOf(1, 0).txid;
  EXPECT_NE(hasher(txid), hasher(OutPointOf(2, 0).txid));
  EXPECT_NE(hasher(txid), SaltedHasher(1, 3)(txid));
  EXPECT_NE(hasher(txid), SaltedHasher(2, 2)(txid));
  EXPECT_NE(hasher(Wtxid{txid.bytes}), hasher(Wtxid{}));
}

}  // namespace
}  // namespace cairn
