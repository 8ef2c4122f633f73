// Compact blocks: made, put together again, and everything that may go wrong between.
#include "cairn/wire/compact_block.h"

#include <algorithm>
#include <numeric>

#include <gtest/gtest.h>

#include "cairn/wire/message.h"
#include "tests/support/naive_root.h"
#include "tests/support/wire_samples.h"

namespace cairn::wire {
namespace {

constexpr uint64_t kNonce = 0x1122334455667788;

BlockPtr MakeBlock(const std::vector<TransactionPtr>& transactions) {
  Header header = test::HeaderNumbered(1);
  header.merkle_root = test::NaiveRoot(transactions);
  return Block::Parse(SerializeBlock(header, transactions)).value();
}

class CompactBlockAssemblyTest : public testing::Test {
 protected:
  explicit CompactBlockAssemblyTest(uint32_t count = 9)
      : transactions_(test::TransactionsNumbered(0, count)),
        block_(MakeBlock(transactions_)),
        compact_(MakeCompactBlock(block_, kNonce)) {}

  CompactBlockAssembly Begun() const { return CompactBlockAssembly::Begin(compact_).value(); }
  AssemblyFault FaultOf(const CompactBlock& compact) const {
    const auto assembly = CompactBlockAssembly::Begin(compact);
    EXPECT_FALSE(assembly.has_value());
    return assembly ? AssemblyFault{99} : assembly.error();
  }
  void ExpectWhole(const CompactBlockAssembly& assembly,
                   const std::vector<TransactionPtr>& missing) const {
    const auto block = assembly.Finish(missing);
    ASSERT_TRUE(block.has_value());
    EXPECT_TRUE(Equal((*block)->bytes(), block_->bytes()));
  }

  std::vector<TransactionPtr> transactions_;
  BlockPtr block_;
  CompactBlock compact_;
};

TEST(ShortIdTest, KnownIds) {
  const ShortIdHasher hasher(test::HeaderNumbered(1), kNonce);
  EXPECT_EQ(hasher.Of(test::HashNumbered<Wtxid>(5)), 0x2fd94eeeeb0du);
  EXPECT_EQ(hasher.Of(test::HashNumbered<Wtxid>(6)), 0x164d4302fefdu);
}

TEST_F(CompactBlockAssemblyTest, HasTheCoinbaseAndIdsOfTheRest) {
  ASSERT_EQ(compact_.prefilled.size(), 1u);
  EXPECT_EQ(compact_.prefilled[0].index, 0);
  EXPECT_EQ(compact_.prefilled[0].transaction->wtxid, transactions_[0]->wtxid);
  EXPECT_EQ(compact_.TransactionCount(), transactions_.size());
  const ShortIdHasher hasher(block_->header(), kNonce);
  for (size_t i = 1; i < transactions_.size(); ++i) {
    EXPECT_EQ(compact_.short_ids[i - 1], hasher.Of(transactions_[i]->wtxid));
  }
}

TEST_F(CompactBlockAssemblyTest, IsPutTogetherFromAMempool) {
  CompactBlockAssembly assembly = Begun();
  EXPECT_EQ(assembly.hash(), block_->hash());
  EXPECT_EQ(assembly.MissingCount(), 8u);
  auto mempool = test::TransactionsNumbered(100, 500);
  mempool.insert(mempool.begin() + 77, transactions_.begin() + 1, transactions_.end());
  assembly.OfferAll(mempool);
  EXPECT_EQ(assembly.MissingCount(), 0u);
  EXPECT_TRUE(assembly.Missing().empty());
  ExpectWhole(assembly, {});
}

TEST_F(CompactBlockAssemblyTest, OverTheWireAndFromAnswersOnly) {
  const auto decoded = Decode("cmpctblock", EncodePayload(compact_));
  auto assembly = CompactBlockAssembly::Begin(std::get<CompactBlock>(*decoded)).value();
  const GetBlockTxn request{block_->hash(), assembly.Missing()};
  EXPECT_EQ(request.indexes, (std::vector<uint16_t>{1, 2, 3, 4, 5, 6, 7, 8}));
  const auto answer = AnswerBlockTxn(block_, request);
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->block, block_->hash());
  const auto received = Decode("blocktxn", EncodePayload(*answer));
  ExpectWhole(assembly, std::get<BlockTxn>(*received).transactions);
}

TEST_F(CompactBlockAssemblyTest, EverySubsetOfAMempoolWillDo) {
  for (uint32_t subset = 0; subset < 256; ++subset) {
    CompactBlockAssembly assembly = Begun();
    std::vector<TransactionPtr> absent;
    for (uint32_t i = 0; i < 8; ++i) {
      const TransactionPtr& transaction = transactions_[i + 1];
      if ((subset >> i & 1) != 0) {
        assembly.Offer(transaction);
      } else {
        absent.push_back(transaction);
      }
    }
    EXPECT_EQ(assembly.MissingCount(), absent.size());
    ExpectWhole(assembly, absent);
  }
}

TEST_F(CompactBlockAssemblyTest, AnyMayBePrefilled) {
  for (uint32_t subset = 0; subset < 512; ++subset) {
    CompactBlock compact = compact_;
    compact.prefilled.clear();
    compact.short_ids.clear();
    for (uint16_t i = 0; i < 9; ++i) {
      if ((subset >> i & 1) != 0) {
        compact.prefilled.push_back({i, transactions_[i]});
      } else {
        compact.short_ids.push_back(
            ShortIdHasher(compact.header, kNonce).Of(transactions_[i]->wtxid));
      }
    }
    const auto decoded = Decode("cmpctblock", EncodePayload(compact));
    auto assembly = CompactBlockAssembly::Begin(std::get<CompactBlock>(*decoded)).value();
    assembly.OfferAll(transactions_);
    ExpectWhole(assembly, {});
  }
}

TEST_F(CompactBlockAssemblyTest, OfferedTwiceIsOfferedOnce) {
  CompactBlockAssembly assembly = Begun();
  assembly.Offer(transactions_[3]);
  assembly.Offer(test::TransactionNumbered(3));
  EXPECT_EQ(assembly.MissingCount(), 7u);
}

TEST_F(CompactBlockAssemblyTest, WrongNumbersOfTransactionsAreThePeersFault) {
  const CompactBlockAssembly assembly = Begun();
  std::vector<TransactionPtr> all(transactions_.begin() + 1, transactions_.end());
  all.push_back(transactions_[1]);
  EXPECT_EQ(assembly.Finish(all).error(), AssemblyFault::kInvalid);
  all.resize(7);
  EXPECT_EQ(assembly.Finish(all).error(), AssemblyFault::kInvalid);
  EXPECT_EQ(assembly.Finish({}).error(), AssemblyFault::kInvalid);
}

TEST_F(CompactBlockAssemblyTest, WrongTransactionsMayBeACollision) {
  CompactBlockAssembly assembly = Begun();
  std::vector<TransactionPtr> all(transactions_.begin() + 1, transactions_.end());
  std::swap(all[1], all[2]);
  EXPECT_EQ(assembly.Finish(all).error(), AssemblyFault::kCollision);
  std::swap(all[1], all[2]);
  ExpectWhole(assembly, all);
}

TEST_F(CompactBlockAssemblyTest, RepeatedTransactionsAreACollision) {
  // The last two once more: the same root (CVE-2012-2459).
  auto repeated = test::TransactionsNumbered(0, 6);
  const MerkleRoot root = test::NaiveRoot(repeated);
  repeated.push_back(repeated[4]);
  repeated.push_back(repeated[5]);
  ASSERT_EQ(test::NaiveRoot(repeated), root);
  CompactBlock compact;
  compact.header = test::HeaderNumbered(1);
  compact.header.merkle_root = root;
  for (uint16_t i = 0; i < repeated.size(); ++i) compact.prefilled.push_back({i, repeated[i]});
  EXPECT_EQ(CompactBlockAssembly::Begin(compact)->Finish({}).error(), AssemblyFault::kCollision);
  compact.prefilled.resize(6);
  EXPECT_TRUE(CompactBlockAssembly::Begin(compact)->Finish({}).has_value());
}

TEST_F(CompactBlockAssemblyTest, EqualShortIdsAreACollision) {
  compact_.short_ids[5] = compact_.short_ids[2];
  EXPECT_EQ(FaultOf(compact_), AssemblyFault::kCollision);
}

/// A transaction that is another one than its wtxid says, as if their short ids had collided.
TransactionPtr Impostor(const Wtxid& wtxid) {
  struct Kept {
    TransactionPtr original;
    Transaction changed;
  };
  auto kept = std::make_shared<Kept>();
  kept->original = test::TransactionNumbered(200);
  kept->changed = *kept->original;
  kept->changed.wtxid = wtxid;
  return {kept, &kept->changed};
}

TEST_F(CompactBlockAssemblyTest, ACandidateThatOnlySeemsRightIsACollision) {
  CompactBlockAssembly assembly = Begun();
  assembly.Offer(Impostor(transactions_[4]->wtxid));
  assembly.OfferAll(transactions_);
  EXPECT_EQ(assembly.MissingCount(), 0u);
  EXPECT_EQ(assembly.Finish({}).error(), AssemblyFault::kCollision);
}

TEST(ShortIdTest, TwoCandidatesForAPlaceAreNone) {
  // Found by search: under this header and nonce these two have one short id.
  Wtxid first;
  Wtxid second;
  StoreLittle<uint64_t>(first.bytes.data(), 1'628'143);
  StoreLittle<uint64_t>(second.bytes.data(), 35'031'686);
  CompactBlock compact;
  compact.header = test::HeaderNumbered(1);
  compact.nonce = kNonce;
  compact.short_ids = {1, 0x45ddd7fe7140};
  auto assembly = CompactBlockAssembly::Begin(compact).value();
  assembly.Offer(Impostor(first));
  EXPECT_EQ(assembly.Missing(), std::vector<uint16_t>{0});
  assembly.Offer(Impostor(second));
  EXPECT_EQ(assembly.Missing(), (std::vector<uint16_t>{0, 1}));
  assembly.Offer(Impostor(first));  // it is no better for coming back
  EXPECT_EQ(assembly.MissingCount(), 2u);
}

TEST_F(CompactBlockAssemblyTest, EmptyOnesAreInvalid) {
  CompactBlock compact = compact_;
  compact.prefilled.clear();
  compact.short_ids.clear();
  EXPECT_EQ(FaultOf(compact), AssemblyFault::kInvalid);
  compact = compact_;
  compact.header.bits = 0;
  EXPECT_EQ(FaultOf(compact), AssemblyFault::kInvalid);
}

TEST_F(CompactBlockAssemblyTest, PlacesBeyondTheBlockAreInvalid) {
  compact_.prefilled[0].index = 8;
  EXPECT_TRUE(CompactBlockAssembly::Begin(compact_).has_value());
  compact_.prefilled[0].index = 9;
  EXPECT_EQ(FaultOf(compact_), AssemblyFault::kInvalid);
  compact_.prefilled[0].index = 65535;
  EXPECT_EQ(FaultOf(compact_), AssemblyFault::kInvalid);
  compact_.prefilled[0].index = 3;
  compact_.prefilled.push_back({3, transactions_[1]});
  EXPECT_EQ(FaultOf(compact_), AssemblyFault::kInvalid);
}

TEST_F(CompactBlockAssemblyTest, TransactionsOfNothingAreInvalid) {
  compact_.prefilled[0].transaction = TransactionDraft{}.Finish();
  EXPECT_EQ(FaultOf(compact_), AssemblyFault::kInvalid);
}

TEST_F(CompactBlockAssemblyTest, MoreThan16BitsCanNumberAreInvalid) {
  compact_.short_ids.resize(65534);
  std::iota(compact_.short_ids.begin(), compact_.short_ids.end(), 1);
  EXPECT_EQ(CompactBlockAssembly::Begin(compact_)->MissingCount(), 65534u);
  compact_.short_ids.push_back(0);
  EXPECT_EQ(FaultOf(compact_), AssemblyFault::kInvalid);
}

TEST_F(CompactBlockAssemblyTest, AnswersNothingBeyondTheBlock) {
  EXPECT_TRUE(AnswerBlockTxn(block_, {block_->hash(), {8}}).has_value());
  EXPECT_FALSE(AnswerBlockTxn(block_, {block_->hash(), {8, 9}}).has_value());
}

class LargeCompactBlockAssemblyTest : public CompactBlockAssemblyTest {
 protected:
  LargeCompactBlockAssemblyTest() : CompactBlockAssemblyTest(2000) {}
};

TEST_F(LargeCompactBlockAssemblyTest, FindsItsOwnAmongMany) {
  CompactBlockAssembly assembly = Begun();
  std::vector<TransactionPtr> mempool = test::TransactionsNumbered(2000, 3000);
  std::vector<TransactionPtr> absent;
  for (size_t i = 1; i < transactions_.size(); ++i) {
    (i % 50 == 0 ? absent : mempool).push_back(transactions_[i]);
  }
  std::reverse(mempool.begin(), mempool.end());
  assembly.OfferAll(mempool);
  EXPECT_EQ(assembly.MissingCount(), absent.size());
  ExpectWhole(assembly, absent);
}

}  // namespace
}  // namespace cairn::wire
