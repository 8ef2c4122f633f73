// The ledger among threads: waiting for the tip, back-pressure, readers, and the end.
#include <atomic>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/chain_world.h"

namespace cairn::ledger {
namespace {

using namespace std::chrono_literals;
using test::ChainWorld;
using test::MadeBlock;
using test::MakeBlock;
using test::MakeChain;

constexpr char kStopped[] = "the ledger has stopped";

/// True of a good block's outcome while the ledger stops: it is stored, connected or not.
bool IsKept(BlockOutcome outcome) {
  return outcome == BlockOutcome::kConnected || outcome == BlockOutcome::kStored;
}

/// Keeps every worker busy until it is released, so that submitted blocks wait for their check.
class BusyWorkers {
 public:
  explicit BusyWorkers(WorkerPool& workers) {
    for (size_t i = 0; i < workers.threads(); ++i) {
      workers.Run([released = released_] { released.wait(); });
    }
  }
  ~BusyWorkers() { Release(); }

  void Release() {
    if (!done_) release_.set_value();
    done_ = true;
  }

 private:
  std::promise<void> release_;
  std::shared_future<void> released_ = release_.get_future().share();
  bool done_ = false;
};

TEST(LedgerWaitForTip, EndsByTimeWhenNothingHappens) {
  ChainWorld world;
  const auto start = std::chrono::steady_clock::now();
  EXPECT_FALSE(world.ledger->WaitForTip(world.params.genesis_hash, 30ms));
  EXPECT_GE(std::chrono::steady_clock::now() - start, 25ms);
  EXPECT_FALSE(world.ledger->WaitForTip(world.params.genesis_hash, 0ms));
  EXPECT_FALSE(world.ledger->WaitForTip(world.params.genesis_hash, -1s));
}

TEST(LedgerWaitForTip, AnotherTipIsSeenAtOnce) {
  ChainWorld world;
  EXPECT_TRUE(world.ledger->WaitForTip(BlockHash{}, 1h));
  world.Extend(1);
  EXPECT_TRUE(world.ledger->WaitForTip(world.params.genesis_hash, 1h));
}

TEST(LedgerWaitForTip, IsWokenByANewTip) {
  ChainWorld world;
  const MadeBlock made = MakeBlock(world.params, world.TipPlace());
  std::jthread submitter([&] {
    std::this_thread::sleep_for(20ms);
    world.Submit(made.block);
  });
  EXPECT_TRUE(world.ledger->WaitForTip(world.params.genesis_hash, 1h));
  EXPECT_EQ(world.Height(), 1);
}

TEST(LedgerWaitForTip, TheTipThatIsSeenIsNotNews) {
  // Whoever has just seen a tip in the view waits for the next one, however fresh it is.
  ChainWorld world;
  const auto chain = MakeChain(world.params, world.TipPlace(), 200);
  std::atomic<int> seen{0};
  std::jthread watcher([&] {
    for (const MadeBlock& made : chain) {
      while (world.ledger->View()->tip->hash != made.block->hash()) {
      }
      EXPECT_FALSE(world.ledger->WaitForTip(made.block->hash(), 0ms));
      ++seen;
    }
  });
  for (size_t i = 0; i < chain.size(); ++i) {
    world.Connect(chain[i].block);
    while (seen <= static_cast<int>(i)) std::this_thread::yield();
  }
}

TEST(LedgerWaitForTip, EndsWhenTheLedgerStops) {
  ChainWorld world;
  std::jthread stopper([&] {
    std::this_thread::sleep_for(20ms);
    world.ledger->Stop();
  });
  EXPECT_FALSE(world.ledger->WaitForTip(world.params.genesis_hash, 1h));
  EXPECT_FALSE(world.ledger->WaitForTip(world.params.genesis_hash, 1h));  // and from now on
}

/// A block that no rule without coins forbids, but that must not be connected.
BlockPtr GreedyBlock(const ChainWorld& world) {
  test::BlockPlan greedy;
  greedy.fees = 1;
  return MakeBlock(world.params, world.TipPlace(), greedy).block;
}

TEST(LedgerWaitForBlock, TellsOfABlockBeforeItIsConnected) {
  ChainWorld world;
  world.clock.SetMock(world.ledger->View()->tip->header.time);
  world.Extend(1);
  const BlockPtr before = world.ledger->WaitForBlock(nullptr, 0ms);
  ASSERT_NE(before, nullptr);
  EXPECT_EQ(before->hash(), world.ledger->View()->tip->hash);
  EXPECT_EQ(world.ledger->WaitForBlock(before, 0ms), nullptr);
  const BlockPtr greedy = GreedyBlock(world);
  std::jthread submitter([&] {
    std::this_thread::sleep_for(20ms);
    EXPECT_EQ(world.Submit(greedy).reason, "bad-cb-amount");
  });
  EXPECT_EQ(world.ledger->WaitForBlock(before, 1h), greedy);
  EXPECT_NE(world.ledger->Find(greedy->hash()), nullptr);
}

TEST(LedgerWaitForBlock, SaysNothingOfOtherBlocks) {
  ChainWorld world;
  const auto place = world.TipPlace();
  world.Extend(2);
  EXPECT_EQ(world.ledger->WaitForBlock(nullptr, 0ms), nullptr);  // it catches up
  world.clock.SetMock(world.ledger->View()->tip->header.time);
  EXPECT_FALSE(world.ledger->IsInitialBlockDownload());
  test::BlockPlan aside;
  aside.tag = 7;
  world.Submit(MakeBlock(world.params, place, aside).block);  // a side chain
  test::BlockPlan bad;
  bad.edit_coinbase = [](TransactionDraft& coinbase) { coinbase.inputs[0].script_sig = {0}; };
  world.Submit(MakeBlock(world.params, world.TipPlace(), bad).block);
  EXPECT_EQ(world.ledger->WaitForBlock(nullptr, 20ms), nullptr);
}

TEST(LedgerWaitForBlock, EndsWhenTheLedgerStops) {
  ChainWorld world;
  world.ledger->Stop();
  EXPECT_EQ(world.ledger->WaitForBlock(nullptr, 1h), nullptr);
}

TEST(LedgerHoldsCoin, KnowsWhatIsInMemoryAndDoesNotAskTheDisk) {
  ChainWorld world;
  const MadeBlock made = MakeBlock(world.params, world.TipPlace());
  const OutPoint coin{made.block->transactions()[0].txid, 0};
  EXPECT_FALSE(world.ledger->HoldsCoin(coin));
  world.Connect(made.block);
  EXPECT_TRUE(world.ledger->HoldsCoin(coin));
  world.Reopen();
  EXPECT_FALSE(world.ledger->HoldsCoin(coin));
  EXPECT_TRUE(world.ledger->FindCoin(coin)->has_value());
}

TEST(LedgerInbox, AFullOneMakesSubmittersWaitUntilThereIsRoom) {
  ChainWorld world;
  const auto chain = MakeChain(world.params, world.TipPlace(), 60);
  BusyWorkers busy(world.workers);
  std::atomic<int> submitted{0};
  std::vector<std::future<SubmitResult>> answers;
  std::jthread submitter([&] {
    for (const MadeBlock& made : chain) {
      answers.push_back(world.ledger->SubmitBlock(made.block));
      ++submitted;
    }
  });
  while (submitted < 32) std::this_thread::yield();
  std::this_thread::sleep_for(20ms);
  EXPECT_EQ(submitted, 32);
  busy.Release();
  submitter.join();
  for (auto& answer : answers) EXPECT_EQ(answer.get().outcome, BlockOutcome::kConnected);
  EXPECT_EQ(world.Height(), 60);
}

TEST(LedgerStop, ReleasesWaitingSubmittersAndFinishesWhatIsQueued) {
  ChainWorld world;
  const auto chain = MakeChain(world.params, world.TipPlace(), 60);
  BusyWorkers busy(world.workers);
  std::atomic<int> submitted{0};
  std::vector<std::future<SubmitResult>> answers;
  std::jthread submitter([&] {
    for (const MadeBlock& made : chain) {
      answers.push_back(world.ledger->SubmitBlock(made.block));
      ++submitted;
    }
  });
  while (submitted < 32) std::this_thread::yield();
  world.ledger->Stop();
  submitter.join();  // released though no room was made
  busy.Release();
  ASSERT_EQ(answers.size(), 60u);
  for (size_t i = 0; i < answers.size(); ++i) {
    const SubmitResult result = answers[i].get();
    EXPECT_EQ(IsKept(result.outcome), i < 32) << i;
    EXPECT_EQ(result.reason, i < 32 ? "" : kStopped);
  }
  world.Reopen();
  EXPECT_EQ(world.Height(), 32);
}

TEST(LedgerStop, EveryQuestionIsAnsweredAfterwards) {
  ChainWorld world;
  world.Extend(2);
  const MadeBlock made = MakeBlock(world.params, world.TipPlace());
  world.ledger->Stop();
  world.ledger->Stop();
  EXPECT_EQ(world.Submit(made.block).outcome, BlockOutcome::kFailed);
  EXPECT_EQ(world.Submit(made.block).reason, kStopped);
  EXPECT_EQ(world.ledger->SubmitRawBlock({}).get().reason, kStopped);
  EXPECT_EQ(world.ledger->SubmitHeaders({made.block->header()}).reason, kStopped);
  EXPECT_EQ(world.ledger->TestBlock(made.block), kStopped);
  EXPECT_EQ(world.ledger->FindCoin(OutPoint()).error().code, ErrorCode::kStopped);
  EXPECT_EQ(world.ledger->Flush().error().code, ErrorCode::kStopped);
  EXPECT_TRUE(world.ledger->BranchTips().empty());
  world.ledger->Synchronize();
  // What is immutable can still be read.
  EXPECT_EQ(world.Height(), 2);
  EXPECT_TRUE(world.ledger->ReadBlock(*world.ledger->View()->tip).has_value());
  EXPECT_NE(world.ledger->Find(world.params.genesis_hash), nullptr);
  EXPECT_EQ(world.ledger->FailureReason(), "");
}

TEST(LedgerStop, AChecksStragglerMayOutliveTheLedger) {
  // A block that is submitted after Stop is not waited for, but a worker may still be at it.
  ChainWorld world;
  const MadeBlock made = MakeBlock(world.params, world.TipPlace());
  const ByteSpan raw = made.block->bytes();
  BusyWorkers busy(world.workers);
  world.ledger->Stop();
  EXPECT_EQ(world.Submit(made.block).outcome, BlockOutcome::kFailed);
  EXPECT_EQ(world.ledger->SubmitRawBlock(Bytes(raw.begin(), raw.end())).get().outcome,
            BlockOutcome::kFailed);
  world.ledger.reset();
  busy.Release();
  world.workers.ForEach(8, [](size_t) { std::this_thread::sleep_for(1ms); });
  world.Open();
}

TEST(LedgerStop, DestroyingFinishesWhatIsQueued) {
  ChainWorld world;
  const auto chain = MakeChain(world.params, world.TipPlace(), 20);
  std::vector<std::future<SubmitResult>> answers;
  for (const MadeBlock& made : chain) answers.push_back(world.ledger->SubmitBlock(made.block));
  world.ledger.reset();
  for (auto& answer : answers) EXPECT_TRUE(IsKept(answer.get().outcome));
  world.Open();
  EXPECT_EQ(world.Height(), 20);
}

TEST(LedgerSynchronize, ReturnsBehindEverythingSubmittedBefore) {
  ChainWorld world;
  const auto chain = MakeChain(world.params, world.TipPlace(), 20);
  for (const MadeBlock& made : chain) world.ledger->SubmitBlock(made.block);
  world.ledger->Synchronize();
  EXPECT_EQ(world.Height(), 20);
}

TEST(LedgerReaders, SeeOneWholeChainWhileItReorganises) {
  ChainWorld world;
  std::mt19937 random(1);
  test::ModelChain trunk(world.params);
  trunk.Grow(5, random);
  std::vector<BlockPtr> blocks = trunk.blocks();
  test::ModelChain branches[] = {trunk, trunk};
  for (int i = 0; i < 8; ++i) {  // the branches overtake each other by turns
    test::ModelChain& branch = branches[i % 2];
    const size_t before = branch.blocks().size();
    branch.Grow(i == 0 ? 1 : 2, random);
    blocks.insert(blocks.end(), branch.blocks().begin() + static_cast<std::ptrdiff_t>(before),
                  branch.blocks().end());
  }
  std::atomic<bool> stop{false};
  std::vector<std::jthread> readers;
  for (int t = 0; t < 2; ++t) {
    readers.emplace_back([&] {
      U256 work;
      uint64_t generation = 0;
      while (!stop) {
        const ChainViewPtr view = world.ledger->View();
        ASSERT_GE(view->generation, generation);
        ASSERT_GE(view->tip->chain_work, work);
        generation = view->generation;
        work = view->tip->chain_work;
        for (const HeaderEntry* entry = view->tip; entry != nullptr; entry = entry->parent) {
          ASSERT_TRUE(view->Contains(entry));
        }
        const auto body = world.ledger->ReadBlock(*view->tip);
        ASSERT_TRUE(body.has_value());
        ASSERT_EQ(Header::From(ByteSpan(*body).first<Header::kSize>()), view->tip->header);
        ASSERT_EQ(world.ledger->Find(view->tip->hash), view->tip);
      }
    });
  }
  std::jthread questioner([&] {
    while (!stop) {
      world.ledger->BranchTips();
      ASSERT_TRUE(world.ledger->FindCoin(OutPoint()).has_value());
    }
  });
  int reorganisations = 0;
  for (const BlockPtr& block : blocks) {
    const HeaderEntry* before = world.ledger->View()->tip;
    world.Submit(block);
    if (!world.ledger->View()->Contains(before)) ++reorganisations;
  }
  stop = true;
  EXPECT_GE(reorganisations, 6);
}

}  // namespace
}  // namespace cairn::ledger
