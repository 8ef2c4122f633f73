// What the chain gives reason to warn of.
#include "src/node/chain_warnings.h"

#include <deque>

#include <gmock/gmock.h>

#include "tests/support/block_maker.h"
#include "tests/support/ledger_world.h"

namespace cairn::node {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr int32_t kSilent = 0x20000000;
constexpr int32_t kVote = kSilent | 1 << 27;

/// A chain of headers of which only the versions count, and views of it.
class VersionChain {
 public:
  explicit VersionChain(const consensus::Params& params) : params_(params) { Add(1, kSilent); }

  void Add(int count, int32_t version) {
    for (int i = 0; i < count; ++i) {
      ledger::HeaderEntry& entry = entries_.emplace_back();
      entry.header.version = version;
      entry.parent = tip_;
      entry.height = tip_ != nullptr ? tip_->height + 1 : 0;
      tip_ = &entry;
    }
  }
  /// Goes back to a height, as a reorganisation does.
  void Rewind(int height) {
    while (tip_->height > height) tip_ = tip_->parent;
  }

  ledger::ChainView View() {
    index_ = index_.With(tip_);
    return {.params = &params_, .tip = tip_, .best_header = tip_, .heights = index_};
  }

 private:
  const consensus::Params& params_;
  std::deque<ledger::HeaderEntry> entries_;
  const ledger::HeaderEntry* tip_ = nullptr;
  ledger::HeightIndex index_;
};

class UnknownVotesTest : public testing::Test {
 protected:
  consensus::Params params_ = test::ChainNamed("regtest");
  VersionChain chain_{params_};
  UnknownVotes votes_{params_};
};

TEST_F(UnknownVotesTest, RulesBindAfterAPeriodOfGrace) {
  chain_.Add(143, kSilent);
  chain_.Add(36, kSilent);
  chain_.Add(108, kVote);
  EXPECT_THAT(votes_.ActiveBits(chain_.View()), IsEmpty());
  chain_.Add(143, kSilent);
  EXPECT_THAT(votes_.ActiveBits(chain_.View()), IsEmpty());
  chain_.Add(1, kSilent);
  EXPECT_THAT(votes_.ActiveBits(chain_.View()), ElementsAre(27));
  chain_.Add(1000, kSilent);
  EXPECT_THAT(votes_.ActiveBits(chain_.View()), ElementsAre(27));
}

TEST_F(UnknownVotesTest, TooFewVotesAndOthersVotesDoNotCount) {
  chain_.Add(143, kSilent);
  for (int period = 0; period < 3; ++period) {
    chain_.Add(107, kVote);
    chain_.Add(37, kSilent);
  }
  chain_.Add(144, kSilent | 1 << 28);     // testdummy's own
  chain_.Add(144, 0x60000000 | 1 << 27);  // no announcement of BIP9
  chain_.Add(144, 4);
  chain_.Add(288, kSilent);
  EXPECT_THAT(votes_.ActiveBits(chain_.View()), IsEmpty());
}

TEST_F(UnknownVotesTest, TheFirstPeriodDoesNotCount) {
  chain_.Add(143, kVote);
  chain_.Add(432, kSilent);
  EXPECT_THAT(votes_.ActiveBits(chain_.View()), IsEmpty());
}

TEST_F(UnknownVotesTest, SeveralBits) {
  chain_.Add(143, kSilent);
  chain_.Add(144, kSilent | 1 << 27 | 1 << 3);
  chain_.Add(144, kSilent | 1 << 5);
  chain_.Add(143, kSilent);
  EXPECT_THAT(votes_.ActiveBits(chain_.View()), ElementsAre(3, 27));
  chain_.Add(1, kSilent);
  EXPECT_THAT(votes_.ActiveBits(chain_.View()), ElementsAre(3, 5, 27));
}

TEST_F(UnknownVotesTest, AReorganisationTakesItBack) {
  chain_.Add(143, kSilent);
  chain_.Add(144, kVote);
  chain_.Add(200, kSilent);
  EXPECT_THAT(votes_.ActiveBits(chain_.View()), ElementsAre(27));
  chain_.Rewind(150);
  EXPECT_THAT(votes_.ActiveBits(chain_.View()), IsEmpty());
  chain_.Add(400, kSilent);
  EXPECT_THAT(votes_.ActiveBits(chain_.View()), IsEmpty());
}

TEST_F(UnknownVotesTest, OldVotesAreNotReported) {
  params_.warn_of_votes_from = 288;
  chain_.Add(143, kSilent);
  chain_.Add(144, kVote);
  chain_.Add(300, kSilent);
  EXPECT_THAT(votes_.ActiveBits(chain_.View()), IsEmpty());
}

class ChainWarningsTest : public testing::Test {
 protected:
  ChainWarningsTest() { world_.clock.SetMock(test::Place::Genesis(world_.params).time + 1000); }

  void Submit(const std::vector<test::MadeBlock>& blocks) {
    for (const test::MadeBlock& made : blocks) world_.ledger->SubmitBlock(made.block).get();
  }

  test::LedgerWorld world_{test::ChainNamed("regtest")};
  ChainWarnings warnings_{*world_.ledger};
};

TEST_F(ChainWarningsTest, NamesTheBitThatIsUnknown) {
  test::Place place = test::Place::Genesis(world_.params);
  for (int i = 1; i < 144 * 4; ++i) {
    test::BlockPlan plan;
    plan.version = i >= 144 && i < 288 ? kVote : kSilent;
    const test::MadeBlock made = test::MakeBlock(world_.params, place, plan);
    Submit({made});
    place = made.place;
    if (i == 300) {
      EXPECT_THAT(warnings_.Current(), IsEmpty());
    }
  }
  EXPECT_THAT(warnings_.Current(), ElementsAre("Unknown new rules activated (versionbit 27)"));
}

TEST_F(ChainWarningsTest, SaysNothingWhileCatchingUp) {
  world_.clock.SetMock(2'000'000'000);
  test::Place place = test::Place::Genesis(world_.params);
  test::BlockPlan plan;
  plan.version = kVote;
  for (int i = 1; i < 144 * 4; ++i) {
    const test::MadeBlock made = test::MakeBlock(world_.params, place, plan);
    Submit({made});
    place = made.place;
  }
  EXPECT_TRUE(world_.ledger->IsInitialBlockDownload());
  EXPECT_THAT(warnings_.Current(), IsEmpty());
}

TEST_F(ChainWarningsTest, ALongInvalidBranch) {
  const test::Place genesis = test::Place::Genesis(world_.params);
  test::BlockPlan greedy;
  greedy.fees = 1;
  const test::MadeBlock bad = test::MakeBlock(world_.params, genesis, greedy);
  const auto behind = test::MakeChain(world_.params, bad.place, 7);
  std::vector<Header> headers = {bad.block->header()};
  for (const test::MadeBlock& made : behind) headers.push_back(made.block->header());
  const auto good = test::MakeChain(world_.params, genesis, 2, 1);
  ASSERT_EQ(world_.ledger->SubmitHeaders(headers).accepted, 8u);
  Submit({good[0]});
  ASSERT_FALSE(world_.ledger->IsInitialBlockDownload());
  EXPECT_THAT(warnings_.Current(), IsEmpty());
  Submit({bad, behind[0]});             // two blocks against one: they are tried
  ChainWarnings later(*world_.ledger);  // the other has asked a moment ago
  EXPECT_THAT(later.Current(),
              ElementsAre("Warning: We do not appear to fully agree with our peers! You may need "
                          "to upgrade, or other nodes may need to upgrade."));
  Submit({good[1]});
  EXPECT_THAT(later.Current(), IsEmpty());
}

}  // namespace
}  // namespace cairn::node
