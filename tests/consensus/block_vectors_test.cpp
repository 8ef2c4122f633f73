// Every real block of the vectors parses, passes the checks that need no position, and gives back
// its exact bytes; with anything changed it fails.

#include <cstdio>
#include <random>

#include <gtest/gtest.h>

#include "cairn/base/json.h"
#include "cairn/genesis/chain_file.h"
#include "consensus/merkle.h"
#include "consensus/rules/block.h"
#include "tests/support/vectors.h"

namespace cairn::test {
namespace {

TEST(BlockVectors, EveryRealBlockPassesAndRoundTrips) {
  CAIRN_NEED_VECTORS();
  const auto index = json::Parse(ReadText(VectorPath("blocks/index.json")));
  ASSERT_TRUE(index.has_value());
  int blocks = 0;
  int with_witness = 0;
  size_t transactions = 0;
  for (const json::Value& entry : index->Items()) {
    const std::string file = entry.Find("file")->Text();
    SCOPED_TRACE(file);
    const auto params = genesis::BuiltInChain(entry.Find("network")->Text());
    ASSERT_TRUE(params.has_value());
    const Bytes raw = ReadBinary(VectorPath("blocks/" + file));
    const auto block = Block::Parse(raw);
    ASSERT_TRUE(block.has_value()) << block.error().message;
    EXPECT_TRUE(Equal((*block)->bytes(), raw));
    EXPECT_EQ((*block)->hash().ToString(), entry.Find("hash")->Text());
    EXPECT_EQ(int64_t((*block)->stripped_size()), *entry.Find("stripped_size")->AsInt());
    EXPECT_EQ(int64_t((*block)->Weight()), *entry.Find("weight")->AsInt());
    EXPECT_EQ(int64_t((*block)->transactions().size()), *entry.Find("tx_count")->AsInt());
    EXPECT_EQ(int64_t((*block)->SpendCount()), *entry.Find("non_coinbase_inputs")->AsInt());

    // Taken apart and put together again, every transaction and the block are the same bytes.
    std::vector<TransactionPtr> rebuilt;
    for (const Transaction& tx : (*block)->transactions()) {
      rebuilt.push_back(TransactionDraft::From(tx).Finish());
      ASSERT_EQ(rebuilt.back()->txid, tx.txid);
      ASSERT_EQ(rebuilt.back()->wtxid, tx.wtxid);
    }
    EXPECT_EQ(SerializeBlock((*block)->header(), rebuilt), raw);

    const auto checked = consensus::CheckBlock(*block, *params);
    EXPECT_TRUE(checked.has_value()) << checked.error().ToString();
    const int commitment = consensus::FindWitnessCommitment((*block)->transactions()[0]);
    if (entry.Find("has_witness")->AsBool()) {
      ASSERT_GE(commitment, 0);
      const Transaction& coinbase = (*block)->transactions()[0];
      const Bytes expected = consensus::WitnessCommitmentScript(
          consensus::WitnessMerkleRoot(**block), coinbase.inputs[0].witness[0]);
      EXPECT_TRUE(Equal(coinbase.outputs[commitment].script.first(38), expected));
      ++with_witness;
    }
    ++blocks;
    transactions += (*block)->transactions().size();
  }
  EXPECT_EQ(blocks, 53);
  EXPECT_EQ(with_witness, 16);
  std::printf("%d blocks with %zu transactions\n", blocks, transactions);
}

TEST(BlockVectors, AFlippedBitNeverPasses) {
  CAIRN_NEED_VECTORS();
  const auto params = genesis::BuiltInChain("mainnet");
  const Bytes raw = ReadBinary(VectorPath("blocks/mainnet_277647.blk"));
  std::mt19937 random(1);
  for (int i = 0; i < 300; ++i) {
    Bytes flipped = raw;
    flipped[random() % flipped.size()] ^= static_cast<uint8_t>(1u << random() % 8);
    const auto block = Block::Parse(std::move(flipped));
    if (!block) continue;
    ASSERT_FALSE(consensus::CheckBlock(*block, *params).has_value());
  }
}

TEST(BlockVectors, EveryTruncationIsRefused) {
  CAIRN_NEED_VECTORS();
  const Bytes raw = ReadBinary(VectorPath("blocks/mainnet_482683.blk"));
  ASSERT_TRUE(Block::Parse(raw).has_value());
  for (size_t size = 0; size < raw.size(); ++size) {
    ASSERT_FALSE(
        Block::Parse(Bytes(raw.begin(), raw.begin() + static_cast<long>(size))).has_value());
  }
  Bytes longer = raw;
  longer.push_back(0);
  EXPECT_FALSE(Block::Parse(longer).has_value());
}

}  // namespace
}  // namespace cairn::test
