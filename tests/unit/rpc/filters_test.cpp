// getindexinfo, getblockfilter and scanblocks.
#include <algorithm>
#include <future>
#include <thread>

#include <gmock/gmock.h>

#include "cairn/base/hex.h"
#include "cairn/primitives/block_filter.h"
#include "cairn/rpc/command_line.h"
#include "tests/unit/rpc/indexed_fixture.h"

namespace cairn::rpc {
namespace {

using testing::HasSubstr;

class FiltersTest : public IndexedTest {
 protected:
  explicit FiltersTest(ledger::IndexOptions indexes = {true, true, true}) : IndexedTest(indexes) {
    GrowRandomChain(130);
  }

  std::string Scan(const std::string& params) {
    return Call("scanblocks", "[\"start\"," + params + "]");
  }
  std::string FilterOf(const std::string& hash) {
    return Call("getblockfilter", "[" + Quoted(hash) + "]");
  }
};

class WithoutIndexesTest : public FiltersTest {
 protected:
  WithoutIndexesTest() : FiltersTest(ledger::IndexOptions()) {}
};

TEST_F(WithoutIndexesTest, ThereIsNothingToTell) {
  EXPECT_EQ(Call("getindexinfo"), "{}");
  EXPECT_EQ(Call("getindexinfo", R"(["txindex"])"), "{}");
  EXPECT_EQ(FilterOf(world_.Tip()), "-1 Index is not enabled for filtertype basic");
  EXPECT_EQ(Call("getblockfilter", "[" + Quoted(world_.Tip()) + ",\"foo\"]"),
            "-5 Unknown filtertype");
  EXPECT_EQ(Scan(R"j(["raw(51)"])j"), "-1 Index is not enabled for filtertype basic");
  EXPECT_EQ(Call("scanblocks", R"(["status"])"), "null");
}

TEST_F(FiltersTest, IndexInfo) {
  const std::string state = R"({"synced":true,"best_block_height":130})";
  const json::Value info = CallJson("getindexinfo");
  ASSERT_EQ(info.Members().size(), 3u);
  for (const char* name : {"txindex", "basic block filter index", "coinstatsindex"}) {
    ASSERT_NE(info.Find(name), nullptr) << name;
    EXPECT_EQ(info.Find(name)->ToString(), state);
  }
  EXPECT_EQ(Call("getindexinfo", R"(["coinstatsindex"])"), R"({"coinstatsindex":)" + state + "}");
  EXPECT_EQ(Call("getindexinfo", R"(["foo"])"), "{}");
}

TEST_F(FiltersTest, FiltersWithTheirHeaders) {
  test::CoinSet coins;
  FilterHeader previous;
  for (int height = 0; height <= 130; ++height) {
    const BlockPtr block = Block::Parse(*world_.ledger->ReadBlock(At(height))).value();
    const auto spent = coins.Connect(*block);
    const Bytes expected = BuildBasicFilter(*block, spent->pointers());
    previous = FilterHeaderAfter(previous, HashFilter(expected));
    const json::Value found = ParseOrFail(FilterOf(block->hash().ToString()));
    EXPECT_EQ(found.Find("filter")->Text(), ToHex(expected));
    EXPECT_EQ(found.Find("header")->Text(), previous.ToString());
  }
  EXPECT_EQ(Call("getblockfilter", "[" + Quoted(world_.Tip()) + ",\"basic\"]"),
            FilterOf(world_.Tip()));
  EXPECT_EQ(FilterOf(std::string(64, '0')), "-5 Block not found");
  EXPECT_EQ(FilterOf("00"), "-8 blockhash must be of length 64 (not 2, for '00')");
}

TEST_F(FiltersTest, WhyAFilterIsMissing) {
  const auto side = test::MakeBlock(world_.params, test::Place::Of(&At(129)));
  ASSERT_EQ(world_.ledger->SubmitBlock(side.block).get().outcome, ledger::BlockOutcome::kStored);
  EXPECT_EQ(FilterOf(side.block->hash().ToString()),
            "-5 Filter not found. Block was not connected to active chain.");
  IndexProxy& index = Disguise("basic block filter index");
  index.Forget();
  EXPECT_EQ(FilterOf(world_.Tip()),
            "-32603 Filter not found. This error is unexpected and indicates index corruption.");
  index.SetBuilding(7);
  EXPECT_EQ(FilterOf(world_.Tip()),
            "-1 Filter not found. Block filters are still in the process of being indexed.");
}

TEST_F(FiltersTest, ScanFindsBlocksOfAScript) {
  // A script that occurs in few blocks.
  const test::ModelCoin* rare = nullptr;
  for (const auto& [outpoint, coin] : chain_.coins()) {
    if (coin.script.size() > 60) rare = &coin;
  }
  ASSERT_NE(rare, nullptr);
  const std::string object = "[\"raw(" + ToHex(rare->script) + ")\"]";
  const json::Value found = ParseOrFail(Scan(object));
  EXPECT_EQ(found.Find("from_height")->Text(), "0");
  EXPECT_EQ(found.Find("to_height")->Text(), "130");
  EXPECT_TRUE(found.Find("completed")->AsBool());
  const std::string block = Quoted(At(rare->height).hash.ToString());
  EXPECT_THAT(found.Find("relevant_blocks")->ToString(), HasSubstr(block));

  const std::string at = std::to_string(rare->height);
  const json::Value there = ParseOrFail(Scan(object + "," + at + "," + at));
  EXPECT_EQ(there.Find("relevant_blocks")->ToString(), "[" + block + "]");
  EXPECT_EQ(there.Find("from_height")->Text(), at);
  EXPECT_EQ(there.Find("to_height")->Text(), at);
  const std::string behind = std::to_string(rare->height + 1);
  EXPECT_EQ(ParseOrFail(Scan(object + ",0," + std::to_string(rare->height - 1)))
                .Find("relevant_blocks")
                ->ToString(),
            "[]");
  EXPECT_THAT(Scan(object + "," + behind), HasSubstr("\"completed\":true"));
}

TEST_F(FiltersTest, FalsePositivesCanBeFiltered) {
  // Blocks that match although nothing is there are one in 784931, so a script is sought that has
  // the luck.
  const IndexProxy& index = Disguise("basic block filter index");
  std::vector<GolombSet> sets;
  for (int height = 0; height <= 130; ++height) {
    const auto filter = ledger::FindFilter(index, {height, At(height).hash});
    sets.push_back(*DecodeBasicFilter(At(height).hash, **filter));
  }
  Bytes script(8);
  const ByteSpan element = script;
  const auto matches = [&](const GolombSet& set) { return set.Matches(element); };
  for (uint64_t number = 0; std::none_of(sets.begin(), sets.end(), matches); ++number) {
    StoreLittle(script.data(), number);
  }
  const std::string object = "[\"raw(" + ToHex(script) + ")\"]";
  EXPECT_EQ(ParseOrFail(Scan(object)).Find("relevant_blocks")->Items().size(), 1u);
  const std::string certain = R"(,0,130,"basic",{"filter_false_positives":true})";
  EXPECT_EQ(ParseOrFail(Scan(object + certain)).Find("relevant_blocks")->ToString(), "[]");
  // What is there stays: as an output and as what is spent.
  const json::Value all = ParseOrFail(Scan(R"j(["raw(51)"])j" + certain));
  EXPECT_GT(all.Find("relevant_blocks")->Items().size(), 50u);
}

TEST_F(FiltersTest, OptionsCanBeNamedLikeParameters) {
  const auto named = [this](const std::string& more) {
    return Call("scanblocks", R"j({"action":"start","scanobjects":["raw(51)"])j" + more + "}");
  };
  const std::string all = Scan(R"j(["raw(51)"],0,130,"basic",{"filter_false_positives":true})j");
  EXPECT_EQ(named(R"(,"filter_false_positives":true)"), all);
  EXPECT_EQ(named(R"(,"options":{"filter_false_positives":true})"), all);
  EXPECT_EQ(named(R"(,"filter_false_positives":true,"options":{})"),
            "-8 Parameter options conflicts with parameter filter_false_positives");
  EXPECT_EQ(named(R"(,"options":{},"filter_false_positives":true)"),
            "-8 Parameter options conflicts with parameter filter_false_positives");
  EXPECT_EQ(named(R"(,"foo":true)"), "-8 Unknown named parameter foo");
  EXPECT_EQ(named(R"(,"filter_false_positives":1)"),
            "-3 JSON value of type number is not of expected type bool");
  const auto words = NamedParams(AllMethods(), "scanblocks",
                                 {"start", "filter_false_positives=true", "stop_height=7"});
  EXPECT_EQ(words->ToString(),
            R"({"filter_false_positives":true,"stop_height":7,"args":["start"]})");
}

TEST_F(FiltersTest, BlocksThatTheIndexLacksArePassedOver) {
  Disguise("basic block filter index").Forget();
  EXPECT_EQ(Scan(R"j(["raw(51)"])j"),
            R"({"from_height":0,"to_height":130,"relevant_blocks":[],"completed":true})");
}

TEST_F(FiltersTest, ScanRefusesBadRequests) {
  EXPECT_EQ(Call("scanblocks", R"(["foo"])"), "-8 Invalid action 'foo'");
  EXPECT_EQ(Scan(R"j(["raw(51)"],0,10,"extended")j"), "-5 Unknown filtertype");
  EXPECT_EQ(Scan(R"j(["raw(51)"],100000000)j"), "-1 Invalid start_height");
  EXPECT_EQ(Scan(R"j(["raw(51)"],-1)j"), "-1 Invalid start_height");
  EXPECT_EQ(Scan(R"j(["raw(51)"],10,0)j"), "-1 Invalid stop_height");
  EXPECT_EQ(Scan(R"j(["raw(51)"],0,131)j"), "-1 Invalid stop_height");
  EXPECT_EQ(Scan(R"(["foo"])"), "-5 'foo' is not a valid descriptor function");
  EXPECT_EQ(Call("scanblocks", R"(["start"])"),
            "-1 scanobjects argument is required for the start action");
  EXPECT_EQ(Call("scanblocks", R"(["status"])"), "null");
  EXPECT_EQ(Call("scanblocks", R"(["abort"])"), "false");
}

TEST_F(FiltersTest, StatusAndAbort) {
  std::atomic<bool> reached{false};
  std::atomic<bool> go_on{false};
  int reads = 0;
  Disguise("basic block filter index").before_get = [&] {
    if (reads++ < 65) return;
    reached = true;
    while (!go_on) std::this_thread::yield();
  };
  auto answer = std::async(std::launch::async, [this] { return Scan(R"j(["raw(51)"])j"); });
  while (!reached) std::this_thread::yield();
  EXPECT_EQ(Call("scanblocks", R"(["status"])"), R"({"progress":50,"current_height":65})");
  EXPECT_EQ(Scan(R"j(["raw(51)"])j"),
            "-8 Scan already in progress, use action \"abort\" or \"status\"");
  EXPECT_EQ(Call("scanblocks", R"(["abort"])"), "true");
  go_on = true;
  const json::Value result = ParseOrFail(answer.get());
  EXPECT_FALSE(result.Find("completed")->AsBool());
  EXPECT_EQ(result.Find("to_height")->Text(), "65");
  EXPECT_EQ(Call("scanblocks", R"(["status"])"), "null");
}

TEST_F(FiltersTest, EndsWhenTheNodeStops) {
  stopping_ = true;
  EXPECT_EQ(Scan(R"j(["raw(51)"])j"), "-9 Shutting down");
}

}  // namespace
}  // namespace cairn::rpc
