// The short life of a whole ledger on files that fail on command, what it was told meanwhile, and
// what a start must find after any end.
//
// Four chains share a trunk; the ledger goes back and forth between them while coins are flushed,
// three indexes follow and, in some stories, the trunk is pruned. Nothing of it touches the
// machine's disk.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <ostream>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/fault_env.h"
#include "tests/support/known_blocks.h"
#include "tests/support/ledger_world.h"

namespace cairn::test {

/// How a life goes.
struct Story {
  const char* name;
  int flush_every_blocks;
  uint64_t cache_bytes;
  bool from_empty;  // else on a store that has been used and opened a few times
  bool restart;     // in the middle
  bool prune = false;
  uint64_t prune_target_bytes = 0;  // 0: by commands

  friend void PrintTo(const Story& story, std::ostream* out) { *out << story.name; }
};

/// What a life was told, and how it ended.
struct Told {
  std::set<BlockHash> answered;       // blocks that were taken
  std::set<BlockHash> durable;        // those of them that must still be there
  int least_height = 0;               // no tip may be lower
  std::optional<BlockHash> at_least;  // the only tip that may be as low
  std::string failure;                // why it ended early; empty if it did not
  int pruned_height = -1;             // when it ended
};

class LedgerLife {
 public:
  using Blocks = std::vector<BlockPtr>;

  /// A pruned life needs a trunk of more blocks than always stay.
  static constexpr int kShortTrunk = 12, kLongTrunk = 300;

  explicit LedgerLife(int trunk_length = kShortTrunk) : trunk_length_(trunk_length) {
    params_.coinbase_maturity = 2;
    params_.prune_after_height = 100;
    MakeChains();
    options_.blocks_folder = "/node/blocks";
    options_.coins_folder = "/node/chainstate";
    options_.indexes_folder = "/node/indexes";
    options_.indexes = {true, true, true};
  }

  FaultEnv& env() { return env_; }
  const KnownBlocks& known() const { return known_; }
  ledger::Ledger& ledger() { return *ledger_; }
  ledger::LedgerOptions& options() { return options_; }
  /// Every block of every chain, in the order in which a life submits them.
  const Blocks& all() const { return all_; }
  const BlockHash& last_tip() const { return all_.back()->hash(); }
  /// A block above the last tip, which no life submits by itself.
  const BlockPtr& next() const { return next_; }

  void Use(const Story& story) {
    options_.flush_every_blocks = story.flush_every_blocks;
    options_.cache_bytes = story.cache_bytes;
    options_.prune = story.prune;
    options_.prune_target_bytes = story.prune_target_bytes;
  }

  Status Open() {
    auto opened = ledger::Ledger::Open(options_, params_, clock_, workers_);
    if (!opened) return tl::unexpected(opened.error());
    ledger_ = *std::move(opened);
    return {};
  }
  void Close() { ledger_.reset(); }

  /// The files of a store that has the trunk and was opened a few times, so that LevelDB compacts.
  std::map<std::string, std::string> MakeUsedStore() {
    env_.Clear();
    Told ignored;
    const size_t share = trunk_.size() / 3;
    for (size_t at = 0; at + share <= trunk_.size(); at += share) {
      EXPECT_TRUE(Open().has_value());
      const auto from = trunk_.begin() + static_cast<long>(at);
      Submit({from, from + static_cast<long>(share)}, ignored);
      Close();
    }
    return env_.Save();
  }

  /// Lives until the end, whatever fails on the way; the ledger is closed afterwards.
  Told Live(const Story& story) {
    Told told;
    Use(story);
    if (const Status opened = Open(); !opened) {
      told.failure = opened.error().message;
      EXPECT_NE(told.failure, "");
      return told;
    }
    Submit(trunk_, told);
    Submit(first_, told);
    Flush(told);
    Prune(story);
    Submit(second_, told);  // takes the first off
    Submit(third_, told);   // and is taken off again
    Flush(told);
    Prune(story);
    if (story.restart && ledger_->FailureReason().empty()) {
      Close();
      if (const Status opened = Open(); !opened) {
        told.failure = opened.error().message;
        return told;
      }
    }
    GoBackAndForth(told);
    Submit(fourth_, told);
    Flush(told);
    Prune(story);
    told.failure = ledger_->FailureReason();
    told.pruned_height = ledger_->Pruning().last_height;
    Close();
    return told;
  }

  /// Opens what is left, checks that it is sound and that nothing promised is gone, and goes on to
  /// the end.
  void ExpectSound(const Told& told) {
    const Status opened = Open();
    ASSERT_TRUE(opened.has_value()) << opened.error().message;
    ExpectPromisesKept(told);
    ExpectBestTip();
    ExpectChecked();
    Finish();
    ExpectChecked();
    Close();
  }

  /// Opens what went on to the end once more.
  void ExpectFinished() {
    const Status opened = Open();
    ASSERT_TRUE(opened.has_value()) << opened.error().message;
    EXPECT_EQ(ledger_->View()->tip->hash, last_tip());
    const auto sound = ledger_->VerifyChain(3, 0);
    ASSERT_TRUE(sound.has_value()) << sound.error().message;
    using Outcome = ledger::ChainCheck::Outcome;
    // As far as it came: blocks may be pruned, and the cache of some stories is small.
    EXPECT_TRUE(sound->outcome == Outcome::kSound || sound->outcome == Outcome::kSkippedPruned ||
                sound->outcome == Outcome::kSkippedMemory)
        << sound->reason;
    ExpectChecked();
    Close();
  }

  /// Submits all that there is. The ledger must be well.
  void Finish() {
    const BlockHash& invalid = third_.front()->hash();
    if (ledger_->Find(invalid) != nullptr) {
      EXPECT_TRUE(ledger_->ReconsiderBlock(invalid).has_value());
    }
    Told told;
    Submit(all_, told);
    Flush(told);
    EXPECT_EQ(ledger_->FailureReason(), "");
    const BlockHash& tip = ledger_->View()->tip->hash;
    EXPECT_TRUE(tip == last_tip() || tip == next_->hash());
    EXPECT_EQ(told.durable.size(), all_.size());
  }

  /// Hands over blocks without waiting in between; each is answered, whatever happens.
  void Submit(const Blocks& blocks, Told& told) {
    const bool failed_before = !ledger_->FailureReason().empty();
    std::vector<std::future<ledger::SubmitResult>> futures;
    for (const BlockPtr& block : blocks) futures.push_back(ledger_->SubmitBlock(block));
    for (size_t i = 0; i < blocks.size(); ++i) {
      const BlockHash& hash = blocks[i]->hash();
      if (futures[i].wait_for(std::chrono::minutes(2)) != std::future_status::ready) {
        ADD_FAILURE() << "no answer for block " << i;
      }
      const ledger::SubmitResult result = futures[i].get();
      if (failed_before) {
        EXPECT_EQ(result.outcome, ledger::BlockOutcome::kFailed);
      }
      switch (result.outcome) {
        case ledger::BlockOutcome::kConnected:
          told.answered.insert(hash);
          if (options_.flush_every_blocks == 1) NoteDurable(hash, told);
          break;
        case ledger::BlockOutcome::kStored:
        case ledger::BlockOutcome::kDuplicate: told.answered.insert(hash); break;
        case ledger::BlockOutcome::kFailed:
          EXPECT_NE(result.reason, "");
          EXPECT_NE(ledger_->FailureReason(), "");
          break;
        default: ADD_FAILURE() << "block " << i << " was not taken: " << result.reason;
      }
    }
  }

 private:
  static constexpr int kFirst = 8, kSecond = 10, kThird = 6, kFourth = 10;

  void MakeChains() {
    const ModelChain trunk = GrownBy(ModelChain(params_), trunk_length_, 1);
    const ModelChain first = GrownBy(trunk, kFirst, 2);
    const ModelChain second = GrownBy(trunk, kSecond, 3);
    const ModelChain third = GrownBy(first, kThird, 4);
    const ModelChain fourth = GrownBy(third, kFourth, 5);
    const auto tail = [this](const ModelChain& chain, size_t below) {
      Blocks blocks(chain.blocks().begin() + static_cast<long>(below), chain.blocks().end());
      all_.insert(all_.end(), blocks.begin(), blocks.end());
      return blocks;
    };
    trunk_ = tail(trunk, 0);
    first_ = tail(first, trunk.blocks().size());
    second_ = tail(second, trunk.blocks().size());
    third_ = tail(third, first.blocks().size());
    fourth_ = tail(fourth, third.blocks().size());
    const ModelChain beyond = GrownBy(fourth, 1, 6);
    next_ = beyond.blocks().back();
    known_.Add(FactChain(params_, beyond.blocks()));
    known_.Add(FactChain(params_, second.blocks()));
  }

  /// With -flushblocks=1, a block that was answered as connected is durable with all below it.
  void NoteDurable(const BlockHash& hash, Told& told) {
    const int height = known_.Find(hash)->place.height;
    for (const BlockFacts* below : known_.ChainTo(hash)) {
      if (below->place.height > 0) told.durable.insert(below->place.hash);
    }
    if (height <= told.least_height) return;
    told.least_height = height;
    told.at_least = hash;
  }

  void Flush(Told& told) {
    const Status flushed = ledger_->Flush();
    if (!flushed) {
      EXPECT_NE(flushed.error().message, "");
      EXPECT_NE(ledger_->FailureReason(), "");
      return;
    }
    told.durable.insert(told.answered.begin(), told.answered.end());
    told.least_height = ledger_->View()->Height();
    told.at_least = ledger_->View()->tip->hash;
  }

  void Prune(const Story& story) {
    if (!story.prune || story.prune_target_bytes != 0) return;
    const auto pruned = ledger_->PruneTo(ledger_->View()->Height());
    if (pruned) {
      EXPECT_LE(*pruned, HighestPruned());
    } else {
      EXPECT_NE(ledger_->FailureReason(), "");
    }
  }

  /// No block above that height may ever be pruned.
  int HighestPruned() const {
    constexpr int kBlocksToKeep = 288;
    return std::max(-1, trunk_length_ + kFirst + kThird + kFourth + 1 - kBlocksToKeep);
  }

  /// Commands that take the third branch off, and put it back: two reorganisations without a block.
  void GoBackAndForth(Told& told) {
    // From here on until the next flush, either branch may be what is found.
    told.least_height = std::min(told.least_height, trunk_length_ + kSecond);
    told.at_least.reset();
    const Status invalidated = ledger_->InvalidateBlock(third_.front()->hash());
    const Status reconsidered = ledger_->ReconsiderBlock(third_.front()->hash());
    if (!invalidated || !reconsidered) {
      EXPECT_NE(ledger_->FailureReason(), "");
    }
  }

  void ExpectPromisesKept(const Told& told) {
    const ledger::HeaderEntry* tip = ledger_->View()->tip;
    EXPECT_EQ(ledger_->FailureReason(), "");
    EXPECT_NE(known_.Find(tip->hash), nullptr);
    EXPECT_GE(tip->height, told.least_height);
    EXPECT_LE(ledger_->Pruning().last_height, HighestPruned());
    if (told.at_least && tip->height == told.least_height) {
      EXPECT_EQ(tip->hash, *told.at_least);
    }
    for (const BlockHash& hash : told.durable) {
      const ledger::HeaderEntry* entry = ledger_->Find(hash);
      ASSERT_TRUE(entry != nullptr) << hash.ToString();
      if (entry->IsPruned() && entry->height <= ledger_->Pruning().last_height) continue;
      ASSERT_TRUE(entry->HasBody()) << hash.ToString();
      const auto body = ledger_->ReadBlock(*entry);
      ASSERT_TRUE(body.has_value()) << body.error().message;
      EXPECT_TRUE(Equal(*body, known_.Find(hash)->block->bytes()));
    }
  }

  /// No branch that is stored whole has more work than the tip. All blocks have the same.
  void ExpectBestTip() {
    const int height = ledger_->View()->Height();
    for (const auto& [hash, facts] : known_.blocks()) {
      if (facts.place.height <= height) continue;
      bool whole = true;
      for (const BlockFacts* at : known_.ChainTo(hash)) {
        const ledger::HeaderEntry* entry = ledger_->Find(at->place.hash);
        whole = whole && entry != nullptr && entry->tx_count != 0 && !entry->failed;
      }
      EXPECT_FALSE(whole) << "the stored chain to height " << facts.place.height << " is better";
    }
  }

  void ExpectChecked() {
    const Status checked = CheckLedger(*ledger_, known_);
    EXPECT_TRUE(checked.has_value()) << checked.error().message;
  }

  const int trunk_length_;
  FaultEnv env_;
  consensus::Params params_ = ChainNamed("regtest");
  Clock clock_;
  WorkerPool workers_{2};
  ledger::LedgerOptions options_;
  KnownBlocks known_;
  Blocks all_, trunk_, first_, second_, third_, fourth_;
  BlockPtr next_;
  std::unique_ptr<ledger::Ledger> ledger_;
};

}  // namespace cairn::test
