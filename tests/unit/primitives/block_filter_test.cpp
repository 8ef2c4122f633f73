// Basic block filters against the vectors of BIP158, real headers of filters, and real blocks.
#include "cairn/primitives/block_filter.h"

#include <algorithm>
#include <cstdio>
#include <map>

#include <gtest/gtest.h>

#include "cairn/primitives/script.h"
#include "tests/support/prevouts.h"

namespace cairn {
namespace {

using test::OwnedCoins;
using test::VectorPath;

bool IsFiltered(ByteSpan script) { return !script.empty() && script[0] != OP_RETURN; }

/// Every script that the block pays to or spends from matches, others do not.
void ExpectMatches(const Block& block, const OwnedCoins& spent, ByteSpan filter) {
  const auto set = DecodeBasicFilter(block.hash(), filter);
  ASSERT_TRUE(set.has_value());
  for (const Transaction& tx : block.transactions()) {
    for (const TxOut& output : tx.outputs) {
      if (IsFiltered(output.script)) {
        EXPECT_TRUE(set->Matches(output.script));
      }
    }
  }
  std::vector<ByteSpan> foreign;
  for (size_t i = 0; i < spent.size(); ++i) {
    if (!spent[i].script.empty()) {
      EXPECT_TRUE(set->Matches(spent[i].script));
    }
  }
  std::vector<Bytes> others;
  for (int i = 0; i < 100; ++i) others.push_back({OP_RETURN, 4, 'n', 'o', 'n', uint8_t(i)});
  for (const Bytes& other : others) foreign.push_back(other);
  EXPECT_FALSE(set->MatchesAny(foreign));
  EXPECT_FALSE(set->Matches({}));
}

TEST(BlockFilter, GivesTheVectorsOfTheBip) {
  CAIRN_NEED_VECTORS();
  const auto cases = json::Parse(test::ReadText(VectorPath("filters/blockfilters.json")));
  ASSERT_TRUE(cases.has_value());
  size_t blocks = 0;
  for (const json::Value& row : cases->Items()) {
    const auto& fields = row.Items();
    if (fields.size() < 8) continue;  // the heading
    SCOPED_TRACE(fields[7].Text());
    const auto block = Block::Parse(*FromHex(fields[2].Text()));
    ASSERT_TRUE(block.has_value());
    ASSERT_EQ((*block)->hash().ToString(), fields[1].Text());
    OwnedCoins spent;
    for (const json::Value& script : fields[3].Items()) {
      spent.Add(0, 0, false, *FromHex(script.Text()));
    }
    const Bytes filter = BuildBasicFilter(**block, spent.pointers());
    EXPECT_EQ(ToHex(filter), fields[5].Text());
    const FilterHeader header =
        FilterHeaderAfter(*FilterHeader::FromText(fields[4].Text()), HashFilter(filter));
    EXPECT_EQ(header.ToString(), fields[6].Text());
    ExpectMatches(**block, spent, filter);
    ++blocks;
  }
  EXPECT_EQ(blocks, 10u);
}

TEST(BlockFilter, GivesTheHeadersOfMainnetsFirstBlocks) {
  CAIRN_NEED_VECTORS();
  const Bytes headers = test::ReadBinary(VectorPath("filters/mainnet_filter_headers_0_599.bin"));
  const Bytes file = test::ReadBinary(VectorPath("chains/mainnet_0_599.dat"));
  std::map<OutPoint, Bytes> scripts;
  FilterHeader header;
  size_t height = 0;
  for (ByteSpan rest = file; rest.size() > 8; ++height) {
    const size_t length = LoadLittle<uint32_t>(&rest[4]);
    const ByteSpan raw = rest.subspan(8, length);
    rest = rest.subspan(8 + length);
    const auto block = Block::Parse(Bytes(raw.begin(), raw.end()));
    ASSERT_TRUE(block.has_value());
    OwnedCoins spent;
    for (const Transaction& tx : (*block)->transactions()) {
      for (const TxIn& input : tx.inputs) {
        if (!tx.IsCoinbase()) spent.Add(0, 0, false, scripts.at(input.prevout));
      }
      for (uint32_t i = 0; i < tx.outputs.size(); ++i) {
        const ByteSpan script = tx.outputs[i].script;
        scripts[{tx.txid, i}] = Bytes(script.begin(), script.end());
      }
    }
    header = FilterHeaderAfter(header, HashFilter(BuildBasicFilter(**block, spent.pointers())));
    ASSERT_EQ(header, FilterHeader::From(ByteSpan(headers).subspan(32 * height))) << height;
  }
  EXPECT_EQ(height, 600u);
}

TEST(BlockFilter, MatchesEveryScriptOfRealBlocks) {
  CAIRN_NEED_VECTORS();
  const auto index = json::Parse(test::ReadText(VectorPath("blocks/index.json")));
  ASSERT_TRUE(index.has_value());
  size_t blocks = 0, elements = 0, bytes = 0;
  for (const json::Value& entry : index->Items()) {
    if (entry.Find("prevouts")->IsNull()) continue;
    SCOPED_TRACE(entry.Find("file")->Text());
    const auto block =
        Block::Parse(test::ReadBinary(VectorPath("blocks/" + entry.Find("file")->Text())));
    ASSERT_TRUE(block.has_value());
    OwnedCoins spent;
    test::ReadPrevouts(VectorPath("blocks/" + entry.Find("prevouts")->Text()), spent);
    const Bytes filter = BuildBasicFilter(**block, spent.pointers());
    ExpectMatches(**block, spent, filter);
    ++blocks;
    elements += DecodeBasicFilter((*block)->hash(), filter)->size();
    bytes += filter.size();
  }
  EXPECT_EQ(blocks, 22u);
  std::printf("%zu blocks, %zu scripts in %zu bytes\n", blocks, elements, bytes);
}

TEST(BlockFilter, IsKeyedByItsBlock) {
  CAIRN_NEED_VECTORS();
  const auto block = Block::Parse(test::ReadBinary(VectorPath("blocks/mainnet_1.blk")));
  ASSERT_TRUE(block.has_value());
  const Bytes filter = BuildBasicFilter(**block, {});
  const ByteSpan script = (*block)->transactions()[0].outputs[0].script;
  EXPECT_TRUE(DecodeBasicFilter((*block)->hash(), filter)->Matches(script));
  EXPECT_FALSE(DecodeBasicFilter(BlockHash{}, filter)->Matches(script));
}

}  // namespace
}  // namespace cairn
