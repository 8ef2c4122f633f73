// A ledger whose stored data is damaged: it says so, refuses everything from then on, and writes
// nothing that would make it worse.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cairn/base/writer.h"
#include "cairn/storage/block_store.h"
#include "tests/support/chain_world.h"

namespace cairn::ledger {
namespace {

using storage::RecordKind;
using test::BlockPlan;
using test::ChainWorld;
using test::MadeBlock;
using test::MakeBlock;
using test::MakeChain;
using test::MakeSpend;
using test::ModelCoin;
using test::OutputOf;
using test::Place;
using testing::HasSubstr;

/// A chain whose last block spends, a better branch that would take it off, and ways to do damage.
class FailureTest : public testing::Test {
 protected:
  FailureTest() {
    fork_ = world_.Extend(4);
    const HeaderEntry* first = world_.ledger->View()->At(1);
    const auto body = *Block::Parse(*world_.ledger->ReadBlock(*first));
    spend_ = MakeSpend(OutputOf(body->transactions()[0]), 50 * kCoin);
    BlockPlan plan;
    plan.transactions = {spend_};
    tip_ = MakeBlock(world_.params, fork_, plan);
    world_.Connect(tip_.block);
    better_ = MakeChain(world_.params, fork_, 2, 9);
    undo_sequence_ = world_.ledger->View()->tip->undo_sequence;
    undo_below_ = world_.ledger->View()->tip->parent->undo_sequence;
    body_sequence_ = world_.ledger->View()->tip->body_sequence;
    coins_ = world_.CloseAndReadCoins();
  }

  void Change(const std::string& folder, std::string_view format,
              const std::function<void(storage::Database&, storage::Batch&)>& change) {
    auto opened = storage::Database::Open(world_.folder / folder, {}, format);
    ASSERT_TRUE(opened.has_value()) << opened.error().message;
    storage::Batch batch;
    change(**opened, batch);
    ASSERT_TRUE((*opened)->Write(batch, true).has_value());
  }

  static Bytes SequenceKey(uint64_t sequence) {
    Bytes key;
    Writer(key).U8('s').Big(sequence);
    return key;
  }

  /// Replaces a record of blocks/bodies by one whose checksum is right.
  void SetRecord(uint64_t sequence, const Bytes& payload, RecordKind kind) {
    Change("blocks/bodies", storage::kBodiesFormat, [&](storage::Database&, storage::Batch& batch) {
      batch.Put(SequenceKey(sequence), storage::EncodeRecord(sequence, kind, payload));
    });
  }

  /// The payload of a record.
  Bytes Record(uint64_t sequence) {
    const auto store = *storage::BlockStore::Open(world_.folder / "blocks", 1 << 20);
    const auto body = store->ReadBody(sequence);
    return body ? *body : store->ReadUndo(sequence).value();
  }

  /// Submits the better branch, which must fail, and looks at how the ledger takes it.
  void ExpectFailure(const std::string& reason) {
    world_.Open();
    ASSERT_EQ(world_.Tip(), tip_.block->hash().ToString());
    for (size_t i = 0; i + 1 < better_.size(); ++i) {
      EXPECT_EQ(world_.Submit(better_[i].block).outcome, BlockOutcome::kStored);
    }
    const SubmitResult failed = world_.Submit(better_.back().block);
    EXPECT_EQ(failed.outcome, BlockOutcome::kFailed);
    EXPECT_THAT(failed.reason, HasSubstr(reason));
    EXPECT_THAT(world_.ledger->FailureReason(), HasSubstr(reason));
    EXPECT_EQ(world_.Tip(), tip_.block->hash().ToString());  // readers keep what they had

    const SubmitResult later = world_.Submit(MakeBlock(world_.params, tip_.place).block);
    EXPECT_EQ(later.outcome, BlockOutcome::kFailed);
    EXPECT_EQ(later.reason, world_.ledger->FailureReason());
    EXPECT_FALSE(world_.ledger->Flush().has_value());
    world_.ledger->SubmitHeaders({MakeBlock(world_.params, better_.back().place).block->header()});
    EXPECT_EQ(world_.Tip(), tip_.block->hash().ToString());
    EXPECT_EQ(world_.CloseAndReadCoins(), coins_);  // nothing half done was written
  }

  ChainWorld world_;
  Place fork_;
  TransactionPtr spend_;
  MadeBlock tip_;
  std::vector<MadeBlock> better_;
  uint64_t undo_sequence_ = 0;
  uint64_t undo_below_ = 0;  // of the tip's parent
  uint64_t body_sequence_ = 0;
  std::map<OutPoint, ModelCoin> coins_;
};

TEST_F(FailureTest, DamagedUndoData) {
  const Bytes undo = Record(undo_sequence_);
  for (const Bytes& damaged :
       {Bytes(), Bytes(undo.begin(), undo.end() - 1), Bytes(undo.size(), 'u')}) {
    SetRecord(undo_sequence_, damaged, RecordKind::kUndo);
    ExpectFailure("undo data of " + tip_.block->hash().ToString() + " is damaged");
  }
  SetRecord(undo_sequence_, undo, RecordKind::kUndo);
  world_.Open();
  world_.Submit(better_[0].block);
  world_.Connect(better_[1].block);  // with the true record all is well
}

TEST_F(FailureTest, DamageOfTheLastBlocksIsSeenAtStart) {
  SetRecord(undo_sequence_, Bytes(), RecordKind::kUndo);
  world_.options.check_level = 2;
  const auto opened = Ledger::Open(world_.options, world_.params, world_.clock, world_.workers);
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().code, ErrorCode::kCorruption);
  EXPECT_THAT(opened.error().message, HasSubstr("undo data of "));
  EXPECT_THAT(opened.error().message, HasSubstr("start with -reindex, which fetches"));
}

TEST_F(FailureTest, CoinsThatDoNotFitTheLastBlocksAreSeenAtStart) {
  const OutPoint reward = OutputOf(tip_.block->transactions()[0]);
  Change("chainstate", storage::kCoinsFormat, [&](storage::Database&, storage::Batch& batch) {
    storage::CoinStore::DeleteCoin(batch, reward);
  });
  world_.options.check_level = 3;
  const auto opened = Ledger::Open(world_.options, world_.params, world_.clock, world_.workers);
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().code, ErrorCode::kCorruption);
  EXPECT_THAT(opened.error().message, HasSubstr("do not fit the coins: block "));
  EXPECT_THAT(opened.error().message, HasSubstr("start with -reindex-chainstate"));
}

TEST_F(FailureTest, DamageDeeperDownTheChain) {
  // The tip comes off, the block below it does not: nobody may see or keep the state in between.
  world_.Open();
  better_ = MakeChain(world_.params, Place::Of(world_.ledger->View()->At(3)), 3, 9);
  world_.ledger.reset();
  SetRecord(undo_below_, Bytes(), RecordKind::kUndo);
  ExpectFailure("undo data of " + fork_.hash.ToString() + " is damaged");
}

TEST_F(FailureTest, UndoDataThatIsABody) {
  SetRecord(undo_sequence_, Record(body_sequence_), RecordKind::kBody);
  ExpectFailure("is of another kind");
}

TEST_F(FailureTest, ABodyThatIsAnothers) {
  SetRecord(body_sequence_, Record(body_sequence_ - 2), RecordKind::kBody);
  ExpectFailure("the stored body of " + tip_.block->hash().ToString() + " is damaged");
}

TEST_F(FailureTest, ABodyThatIsCut) {
  Bytes body = Record(body_sequence_);
  body.pop_back();
  SetRecord(body_sequence_, body, RecordKind::kBody);
  ExpectFailure("the stored body of " + tip_.block->hash().ToString() + " is damaged");
}

TEST_F(FailureTest, ARecordWithoutItsChecksum) {
  Change("blocks/bodies", storage::kBodiesFormat,
         [&](storage::Database& database, storage::Batch& batch) {
           Bytes value = **database.Get(SequenceKey(undo_sequence_));
           value[value.size() / 2] ^= 1;
           batch.Put(SequenceKey(undo_sequence_), value);
         });
  ExpectFailure("blocks/bodies record " + std::to_string(undo_sequence_) +
                " does not have its checksum; start with -reindex");
}

TEST_F(FailureTest, ACoinThatIsGone) {
  // The block's own reward: found missing when the rest of the block has been taken off already.
  const OutPoint reward = OutputOf(tip_.block->transactions()[0]);
  Change("chainstate", storage::kCoinsFormat, [&](storage::Database&, storage::Batch& batch) {
    storage::CoinStore::DeleteCoin(batch, reward);
  });
  coins_.erase(reward);
  ExpectFailure("coin to take back is missing: " + reward.ToString());
}

TEST_F(FailureTest, ACoinThatCannotBeRead) {
  const OutPoint output = OutputOf(*spend_);
  Change("chainstate", storage::kCoinsFormat, [&](storage::Database&, storage::Batch& batch) {
    batch.Put(storage::CoinKey(output), Bytes{0x80});
  });
  world_.Open();
  const auto coin = world_.ledger->FindCoin(output);
  ASSERT_FALSE(coin.has_value());
  EXPECT_EQ(coin.error().code, ErrorCode::kCorruption);
  // A block that needs it is no worse for it: this is our failure, not the block's.
  BlockPlan plan;
  plan.transactions = {MakeSpend(output, 1)};
  const MadeBlock next = MakeBlock(world_.params, tip_.place, plan);
  const SubmitResult failed = world_.Submit(next.block);
  EXPECT_EQ(failed.outcome, BlockOutcome::kFailed);
  EXPECT_THAT(failed.reason, HasSubstr("chainstate has a coin that cannot be read"));
  EXPECT_FALSE(world_.ledger->Find(next.block->hash())->failed);
  EXPECT_EQ(world_.Tip(), tip_.block->hash().ToString());
}

TEST_F(FailureTest, BodiesAreCheckedWhenTheyAreReadForReaders) {
  SetRecord(undo_sequence_, Bytes(), RecordKind::kUndo);
  world_.Open();
  const auto spent = world_.ledger->ReadSpentCoins(*world_.ledger->View()->tip);
  ASSERT_FALSE(spent.has_value());
  EXPECT_EQ(spent.error().code, ErrorCode::kCorruption);
  EXPECT_EQ(world_.ledger->FailureReason(), "");  // a question alone stops nothing
}

}  // namespace
}  // namespace cairn::ledger
