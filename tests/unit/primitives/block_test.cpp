// Blocks on the wire: descriptors into one buffer, sizes, malformed bytes.
#include "cairn/primitives/block.h"

#include <random>

#include <gtest/gtest.h>

#include "cairn/base/hex.h"
#include "cairn/base/writer.h"

namespace cairn {
namespace {

Header SomeHeader() {
  Header header;
  header.version = 4;
  header.previous.bytes[5] = 9;
  header.merkle_root.bytes[7] = 8;
  header.time = 1'500'000'000;
  header.bits = 0x207fffff;
  header.nonce = 77;
  return header;
}

/// A transaction with `inputs` inputs; with a witness of one item each if asked for.
TransactionPtr MakeTransaction(uint32_t lock_time, size_t inputs, bool with_witness) {
  TransactionDraft draft;
  draft.lock_time = lock_time;
  draft.inputs.resize(inputs);
  for (size_t i = 0; i < inputs; ++i) {
    draft.inputs[i].prevout.index = static_cast<uint32_t>(i);
    draft.inputs[i].script_sig = Bytes(i, 0x51);
    if (with_witness) draft.inputs[i].witness = {Bytes(i + 1, 0xaa), Bytes()};
  }
  draft.outputs.push_back({static_cast<Amount>(lock_time), Bytes(lock_time % 40, 0x52)});
  return draft.Finish();
}

std::vector<TransactionPtr> MakeTransactions(size_t count) {
  std::vector<TransactionPtr> transactions;
  for (size_t i = 0; i < count; ++i) {
    transactions.push_back(MakeTransaction(static_cast<uint32_t>(i), 1 + i % 3, i % 2 == 1));
  }
  return transactions;
}

void ExpectSame(const Transaction& a, const Transaction& b) {
  ASSERT_TRUE(Equal(a.bytes, b.bytes));
  ASSERT_EQ(a.txid, b.txid);
  ASSERT_EQ(a.wtxid, b.wtxid);
  ASSERT_EQ(a.version, b.version);
  ASSERT_EQ(a.lock_time, b.lock_time);
  ASSERT_EQ(a.stripped_size, b.stripped_size);
  ASSERT_EQ(a.has_witness, b.has_witness);
  ASSERT_EQ(TransactionDraft::From(a).Serialize(), TransactionDraft::From(b).Serialize());
}

TEST(Block, HoldsWhatItWasMadeOf) {
  for (const size_t count : {0, 1, 2, 3, 20, 252, 253, 300}) {
    SCOPED_TRACE(count);
    const auto transactions = MakeTransactions(count);
    const Bytes bytes = SerializeBlock(SomeHeader(), transactions);
    const auto block = Block::Parse(bytes);
    ASSERT_TRUE(block.has_value());
    EXPECT_EQ((*block)->header(), SomeHeader());
    EXPECT_EQ((*block)->hash(), SomeHeader().Hash());
    EXPECT_TRUE(Equal((*block)->bytes(), bytes));
    ASSERT_EQ((*block)->transactions().size(), count);
    size_t stripped = Header::kSize + CompactSizeLength(count);
    size_t inputs = 0;
    for (size_t i = 0; i < count; ++i) {
      ExpectSame((*block)->transactions()[i], *transactions[i]);
      stripped += transactions[i]->stripped_size;
      if (i > 0) inputs += transactions[i]->inputs.size();
    }
    EXPECT_EQ((*block)->stripped_size(), stripped);
    EXPECT_EQ((*block)->Weight(), 3 * stripped + bytes.size());
    EXPECT_EQ((*block)->SpendCount(), inputs);
  }
}

TEST(Block, TransactionsLookIntoItsBuffer) {
  const auto block = *Block::Parse(SerializeBlock(SomeHeader(), MakeTransactions(9)));
  const uint8_t* begin = block->bytes().data();
  size_t at = Header::kSize + 1;
  for (const Transaction& tx : block->transactions()) {
    EXPECT_EQ(tx.bytes.data(), begin + at);
    at += tx.bytes.size();
  }
  EXPECT_EQ(at, block->bytes().size());
}

TEST(Block, EveryTruncationFails) {
  const Bytes whole = SerializeBlock(SomeHeader(), MakeTransactions(4));
  for (size_t size = 0; size < whole.size(); ++size) {
    const Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    const auto block = Block::Parse(cut);
    ASSERT_FALSE(block.has_value()) << size;
    EXPECT_EQ(block.error().code, ErrorCode::kInvalid);
  }
}

TEST(Block, StrayBytesBehindFail) {
  Bytes bytes = SerializeBlock(SomeHeader(), MakeTransactions(2));
  bytes.push_back(0);
  EXPECT_EQ(Block::Parse(bytes).error().message, "block is followed by stray bytes");
}

TEST(Block, CountsThatDoNotFitFail) {
  const Bytes body = SerializeBlock(SomeHeader(), MakeTransactions(1));
  const Bytes header(body.begin(), body.begin() + Header::kSize);
  const Bytes transaction(body.begin() + Header::kSize + 1, body.end());
  for (const char* count : {"00", "02", "fc", "fd0100", "fe01000000", "fe00000002", "feffffffff",
                            "ffffffffffffffffff", "fdffff"}) {
    SCOPED_TRACE(count);
    Bytes bytes = header;
    Append(bytes, FromHex(count).value());
    Append(bytes, transaction);
    EXPECT_FALSE(Block::Parse(bytes).has_value());
  }
}

TEST(Block, NamesTheTransactionThatIsCut) {
  Bytes bytes = SerializeBlock(SomeHeader(), MakeTransactions(3));
  bytes.pop_back();
  EXPECT_EQ(Block::Parse(bytes).error().message,
            "block is malformed or cut short in transaction 2");
}

TEST(Block, DamagedTransactionsNeverHurt) {
  std::mt19937 random(1);
  const Bytes whole = SerializeBlock(SomeHeader(), MakeTransactions(5));
  int parsed = 0;
  for (int i = 0; i < 1500; ++i) {
    Bytes bytes = whole;
    for (size_t damage = 1 + random() % 3; damage > 0; --damage) {
      bytes[random() % bytes.size()] = static_cast<uint8_t>(random() % 2 == 0 ? random() : 0xfd);
    }
    const auto block = Block::Parse(bytes);
    if (!block) continue;
    ++parsed;
    Bytes again;
    for (const Transaction& tx : (*block)->transactions()) Append(again, tx.bytes);
    ASSERT_EQ(again.size() + Header::kSize + 1, bytes.size());
    ASSERT_TRUE(Equal(again, ByteSpan(bytes).last(again.size())));
    for (const Transaction& tx : (*block)->transactions()) {
      const Bytes alone(tx.bytes.begin(), tx.bytes.end());
      const auto by_itself = ParseTransaction(alone);
      ASSERT_TRUE(by_itself.has_value());
      ExpectSame(tx, **by_itself);
    }
  }
  EXPECT_GT(parsed, 100);
}

}  // namespace
}  // namespace cairn
