#include "src/p2p/orphanage.h"

#include <vector>

#include <gtest/gtest.h>

namespace cairn::p2p {
namespace {

constexpr Instant kStart{std::chrono::seconds(1'700'000'000)};

Txid ParentOf(uint8_t number) {
  Txid txid;
  txid.bytes.fill(number);
  return txid;
}

/// Spends the given outputs; `salt` makes it differ from others that do.
TransactionPtr Spend(const std::vector<OutPoint>& coins, uint32_t salt, size_t bytes = 20) {
  TransactionDraft draft;
  for (const OutPoint& coin : coins) draft.inputs.push_back({coin, {}, TxIn::kFinalSequence, {}});
  draft.outputs.push_back({1000, Bytes(bytes, 0x51)});
  draft.lock_time = salt;
  return draft.Finish();
}

TransactionPtr Number(uint32_t number, size_t bytes = 20) {
  return Spend({{ParentOf(static_cast<uint8_t>(number)), number}}, number, bytes);
}

BlockPtr BlockOf(const std::vector<TransactionPtr>& transactions) {
  std::vector<TransactionPtr> all = transactions;
  all.insert(all.begin(), Spend({OutPoint{}}, 0));
  return *Block::Parse(SerializeBlock(Header{}, all));
}

TEST(Orphanage, TriesTheChildrenOfAnAcceptedParent) {
  Orphanage orphanage({});
  const TransactionPtr parent = Spend({{ParentOf(1), 0}}, 1);
  const TransactionPtr child = Spend({{parent->txid, 0}}, 2);
  const TransactionPtr rival = Spend({{parent->txid, 0}, {ParentOf(9), 4}}, 3);
  const TransactionPtr impossible = Spend({{parent->txid, 1}}, 4);  // there is no such output
  const TransactionPtr stranger = Spend({{ParentOf(9), 4}}, 5);
  EXPECT_TRUE(orphanage.Add(child, 1, kStart));
  EXPECT_FALSE(orphanage.Add(child, 2, kStart));
  EXPECT_TRUE(orphanage.Add(rival, 1, kStart));
  EXPECT_TRUE(orphanage.Add(impossible, 2, kStart));
  EXPECT_TRUE(orphanage.Add(stranger, 2, kStart));
  EXPECT_FALSE(orphanage.HasWork(1));

  orphanage.AddWork(*parent);
  orphanage.AddWork(*parent);
  EXPECT_TRUE(orphanage.HasWork(1));
  EXPECT_FALSE(orphanage.HasWork(2));
  EXPECT_EQ(orphanage.TakeWork(1), child);
  EXPECT_EQ(orphanage.TakeWork(1), rival);
  EXPECT_EQ(orphanage.TakeWork(1), nullptr);
  EXPECT_EQ(orphanage.TakeWork(2), nullptr);
  EXPECT_TRUE(orphanage.Contains(child->wtxid));

  // What is erased is not worked at.
  orphanage.AddWork(*parent);
  orphanage.Erase(child->wtxid);
  EXPECT_EQ(orphanage.TakeWork(1), rival);
  orphanage.EraseOf(1);
  EXPECT_EQ(orphanage.size(), 2u);
  EXPECT_EQ(orphanage.CountOf(1), 0u);
  EXPECT_EQ(orphanage.BytesOf(1), 0u);
  EXPECT_EQ(orphanage.BytesOf(2), orphanage.bytes());
}

TEST(Orphanage, ExpiresAfterTwentyMinutes) {
  Orphanage orphanage({});
  EXPECT_EQ(orphanage.NextDeadline(), kNever);
  orphanage.Add(Number(1), 1, kStart);
  orphanage.Add(Number(2), 1, kStart + std::chrono::minutes(1));
  EXPECT_EQ(orphanage.NextDeadline(), kStart + std::chrono::minutes(20));
  orphanage.Advance(kStart + std::chrono::minutes(20) - Duration(1));
  EXPECT_EQ(orphanage.size(), 2u);
  orphanage.Advance(kStart + std::chrono::minutes(20));
  EXPECT_EQ(orphanage.size(), 1u);
  EXPECT_EQ(orphanage.NextDeadline(), kStart + std::chrono::minutes(21));
}

TEST(Orphanage, AFloodPushesOutOnlyItself) {
  Orphanage orphanage({100, 10'000'000});
  Random random(1);
  for (uint32_t i = 0; i < 10; ++i) orphanage.Add(Number(i), 1, kStart);
  for (uint32_t i = 10; i < 1000; ++i) {
    orphanage.Add(Number(i), 2, kStart);
    orphanage.Shrink(random);
    EXPECT_LE(orphanage.size(), 100u);
  }
  EXPECT_EQ(orphanage.CountOf(1), 10u);
  EXPECT_EQ(orphanage.CountOf(2), 90u);
}

TEST(Orphanage, IsBoundedInBytes) {
  Orphanage orphanage({100, 500'000});
  Random random(1);
  for (uint32_t i = 0; i < 10; ++i) orphanage.Add(Number(i, 1000), 1, kStart);
  for (uint32_t i = 10; i < 60; ++i) {
    EXPECT_TRUE(orphanage.Add(Number(i, 90'000), 2, kStart));
    orphanage.Shrink(random);
    EXPECT_LE(orphanage.bytes(), 500'000u);
  }
  EXPECT_EQ(orphanage.CountOf(1), 10u);
  EXPECT_EQ(orphanage.CountOf(2), 5u);
  EXPECT_FALSE(orphanage.Add(Number(99, 100'000), 1, kStart));  // too heavy for anybody
  // With nothing left it holds nothing.
  orphanage.EraseOf(1);
  orphanage.EraseOf(2);
  EXPECT_EQ(orphanage.bytes(), 0u);
}

TEST(Orphanage, NoneWithALimitOfZero) {
  Orphanage orphanage({0, 10'000'000});
  Random random(1);
  orphanage.Add(Number(1), 1, kStart);
  EXPECT_EQ(orphanage.Shrink(random), 1u);
  EXPECT_EQ(orphanage.size(), 0u);
}

TEST(Orphanage, ABlockSettlesWhatItContainsOrSpends) {
  Orphanage orphanage({});
  const OutPoint coin{ParentOf(1), 7};
  const TransactionPtr contained = Spend({coin}, 1);
  const TransactionPtr conflicting = Spend({{ParentOf(2), 0}, coin}, 2);
  const TransactionPtr other = Spend({{ParentOf(1), 8}}, 3);
  for (const TransactionPtr& one : {contained, conflicting, other}) orphanage.Add(one, 1, kStart);
  EXPECT_EQ(orphanage.EraseFor(*BlockOf({contained})), 2u);
  EXPECT_TRUE(orphanage.Contains(other->wtxid));
  EXPECT_EQ(orphanage.size(), 1u);
}

}  // namespace
}  // namespace cairn::p2p
