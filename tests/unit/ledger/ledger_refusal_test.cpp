// Blocks that break one rule each: the reason, that the tip stays, and what is held against the
// header afterwards.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/chain_world.h"

namespace cairn::ledger {
namespace {

using test::BlockPlan;
using test::ChainWorld;
using test::MadeBlock;
using test::MakeBlock;
using test::MakeSpend;
using test::OutputOf;
using test::Place;

/// A short chain with coins to spend: the rewards of its first blocks are mature.
class RefusalTest : public testing::Test {
 protected:
  RefusalTest() {
    for (const MadeBlock& made : test::MakeChain(world_.params, world_.TipPlace(), 5)) {
      world_.Connect(made.block);
      rewards_.push_back(OutputOf(made.block->transactions()[0]));
    }
    tip_ = world_.TipPlace();
  }

  enum class Afterwards {
    kCondemned,  // the header is known and marked for ever
    kHeader,     // the header is known and nothing is held against it
    kUnknown,    // nothing is known
  };

  /// Submits a block that must be refused for `reason`, and looks at what is left of it.
  void ExpectRefused(const MadeBlock& made, const std::string& reason, Afterwards afterwards) {
    SCOPED_TRACE(reason);
    const SubmitResult result = world_.Submit(made.block);
    EXPECT_EQ(result.outcome, BlockOutcome::kRejected);
    EXPECT_EQ(result.reason, reason);
    EXPECT_EQ(world_.Tip(), tip_.hash.ToString());
    const HeaderEntry* entry = world_.ledger->Find(made.block->hash());
    EXPECT_EQ(entry != nullptr, afterwards != Afterwards::kUnknown);
    if (entry != nullptr) {
      EXPECT_EQ(entry->failed, afterwards == Afterwards::kCondemned);
    }
    EXPECT_FALSE(world_.ledger->View()->best_header->failed);

    BlockPlan on_top;
    on_top.tag = ++children_;
    const SubmitResult child = world_.Submit(MakeBlock(world_.params, made.place, on_top).block);
    switch (afterwards) {
      case Afterwards::kCondemned:
        EXPECT_EQ(child.outcome, BlockOutcome::kRejected);
        EXPECT_EQ(child.reason, "bad-prevblk");
        break;
      case Afterwards::kHeader: EXPECT_EQ(child.outcome, BlockOutcome::kStored); break;
      case Afterwards::kUnknown: EXPECT_EQ(child.outcome, BlockOutcome::kOrphan); break;
    }
    const SubmitResult again = world_.Submit(made.block);
    if (afterwards != Afterwards::kCondemned) {
      EXPECT_EQ(again.outcome, BlockOutcome::kRejected);
      EXPECT_EQ(again.reason, reason);
    } else if (again.outcome != BlockOutcome::kRejected || again.reason != reason) {
      EXPECT_EQ(again.outcome, BlockOutcome::kDuplicateInvalid);
      EXPECT_EQ(again.reason, "duplicate-invalid");
    }
    EXPECT_EQ(world_.Tip(), tip_.hash.ToString());
  }

  void ExpectRefused(const BlockPlan& plan, const std::string& reason,
                     Afterwards afterwards = Afterwards::kCondemned) {
    ExpectRefused(MakeBlock(world_.params, tip_, plan), reason, afterwards);
  }

  static BlockPlan With(std::vector<TransactionPtr> transactions) {
    BlockPlan plan;
    plan.transactions = std::move(transactions);
    return plan;
  }

  static BlockPlan WithCoinbase(std::function<void(TransactionDraft&)> edit) {
    BlockPlan plan;
    plan.edit_coinbase = std::move(edit);
    return plan;
  }

  static BlockPlan WithHeader(std::function<void(Header&)> edit) {
    BlockPlan plan;
    plan.edit_header = std::move(edit);
    return plan;
  }

  ~RefusalTest() override {
    // Whatever was refused, the chain goes on.
    world_.Extend(1, 99);
    EXPECT_EQ(world_.Height(), tip_.height + 1);
  }

  ChainWorld world_;
  std::vector<OutPoint> rewards_;  // of heights 1 to 5
  Place tip_;
  uint32_t children_ = 0;
};

constexpr Amount kReward = 50 * kCoin;

TEST_F(RefusalTest, ProofOfWork) {
  MadeBlock made = MakeBlock(world_.params, tip_);
  Header header = made.block->header();
  test::SolveHeader(header, world_.params, false);
  std::vector<TransactionPtr> transactions;
  transactions.push_back(TransactionDraft::From(made.block->transactions()[0]).Finish());
  made.block = test::JoinBlock(header, transactions);
  made.place.hash = made.block->hash();
  ExpectRefused(made, "high-hash", Afterwards::kUnknown);
}

TEST_F(RefusalTest, HeaderRules) {
  ExpectRefused(WithHeader([](Header& header) { header.bits = 0x207ffffe; }), "bad-diffbits",
                Afterwards::kUnknown);
  const uint32_t median = world_.ledger->View()->tip->median_time;
  ExpectRefused(WithHeader([&](Header& header) { header.time = median; }), "time-too-old",
                Afterwards::kUnknown);
  ExpectRefused(WithHeader([](Header& header) { header.version = 3; }), "bad-version(0x00000003)",
                Afterwards::kUnknown);
}

TEST_F(RefusalTest, AHeaderAheadOfTimeComesBackLater) {
  world_.clock.SetMock(tip_.time);
  const uint32_t limit = tip_.time + 2 * 60 * 60;
  const MadeBlock early =
      MakeBlock(world_.params, tip_, WithHeader([&](Header& header) { header.time = limit + 1; }));
  ExpectRefused(early, "time-too-new", Afterwards::kUnknown);
  world_.clock.SetMock(tip_.time + 1);
  world_.Connect(early.block);
  tip_ = early.place;
  world_.clock.SetMock(0);
}

TEST_F(RefusalTest, AWrongMerkleRootCondemnsNobody) {
  ExpectRefused(WithHeader([](Header& header) { header.merkle_root.bytes[31] ^= 1; }),
                "bad-txnmrklroot", Afterwards::kUnknown);
}

TEST_F(RefusalTest, ABodyOfAnotherBlockDoesNotPoisonTheTrueOne) {
  const MadeBlock good = MakeBlock(world_.params, tip_);
  BlockPlan other_plan;
  other_plan.tag = 5;
  const MadeBlock other = MakeBlock(world_.params, tip_, other_plan);
  const std::vector<TransactionPtr> swapped = {
      TransactionDraft::From(other.block->transactions()[0]).Finish()};
  const MadeBlock mixed{test::JoinBlock(good.block->header(), swapped), good.place};
  ExpectRefused(mixed, "bad-txnmrklroot", Afterwards::kUnknown);
  world_.Connect(good.block);
  tip_ = good.place;
}

TEST_F(RefusalTest, ADoubledTransactionListDoesNotPoisonTheTrueOne) {
  // CVE-2012-2459: an odd last transaction is hashed with itself, so writing it twice keeps the
  // root.
  const TransactionPtr first = MakeSpend(rewards_[0], kReward);
  const TransactionPtr second = MakeSpend(rewards_[1], kReward);
  const MadeBlock good = MakeBlock(world_.params, tip_, With({first, second}));
  const TransactionPtr coinbase = TransactionDraft::From(good.block->transactions()[0]).Finish();
  const std::vector<TransactionPtr> doubled = {coinbase, first, second, second};
  const MadeBlock mutated{test::JoinBlock(good.block->header(), doubled), good.place};
  ASSERT_EQ(mutated.block->hash(), good.block->hash());
  ExpectRefused(mutated, "bad-txns-duplicate", Afterwards::kUnknown);
  world_.Connect(good.block);
  tip_ = good.place;
}

TEST_F(RefusalTest, AMutatedBodyAfterTheTrueOneIsOnlyRefused) {
  const TransactionPtr first = MakeSpend(rewards_[0], kReward);
  const TransactionPtr second = MakeSpend(rewards_[1], kReward);
  const MadeBlock good = MakeBlock(world_.params, tip_, With({first, second}));
  world_.Connect(good.block);
  tip_ = good.place;
  const TransactionPtr coinbase = TransactionDraft::From(good.block->transactions()[0]).Finish();
  const std::vector<TransactionPtr> doubled = {coinbase, first, second, second};
  const SubmitResult result = world_.Submit(test::JoinBlock(good.block->header(), doubled));
  EXPECT_EQ(result.outcome, BlockOutcome::kRejected);
  EXPECT_EQ(result.reason, "bad-txns-duplicate");
  EXPECT_EQ(world_.Tip(), tip_.hash.ToString());
  EXPECT_FALSE(world_.ledger->View()->tip->failed);
}

TEST_F(RefusalTest, ATransactionThatMayPassForATreeNodeDoesNotCondemn) {
  // 64 bytes without witness, as two hashes side by side have.
  TransactionDraft draft;
  draft.inputs.emplace_back().prevout = rewards_[0];
  draft.outputs.push_back({kReward + 1, Bytes(4, OP_NOP)});  // more than there is
  ASSERT_EQ(draft.Finish()->stripped_size, 64u);
  BlockPlan plan = With({draft.Finish()});
  plan.edit_coinbase = [](TransactionDraft& coinbase) { coinbase.inputs[0].script_sig = {OP_1}; };
  ExpectRefused(plan, "bad-cb-length", Afterwards::kUnknown);
}

TEST_F(RefusalTest, Structure) {
  BlockPlan empty = WithHeader([](Header& header) { header.merkle_root = {}; });
  Header header = MakeBlock(world_.params, tip_, empty).block->header();
  test::SolveHeader(header, world_.params);
  const MadeBlock hollow{test::JoinBlock(header, {}),
                         {header.Hash(), tip_.height + 1, header.time}};
  ExpectRefused(hollow, "bad-blk-length", Afterwards::kCondemned);

  BlockPlan no_coinbase;
  no_coinbase.edit_coinbase = [&](TransactionDraft& draft) {
    draft.inputs[0].prevout = rewards_[0];
  };
  ExpectRefused(no_coinbase, "bad-cb-missing");
  TransactionDraft second;
  second.inputs.emplace_back().script_sig = {OP_1, OP_1};
  second.outputs.push_back({0, {OP_1}});
  ExpectRefused(With({second.Finish()}), "bad-cb-multiple");
  ExpectRefused(
      WithCoinbase([](TransactionDraft& draft) { draft.inputs[0].script_sig = Bytes(101, OP_1); }),
      "bad-cb-length");
  ExpectRefused(WithCoinbase([](TransactionDraft& draft) {
                  draft.outputs[0].script = Bytes(20'001, OP_CHECKSIG);
                }),
                "bad-blk-sigops");
}

TEST_F(RefusalTest, TransactionsByThemselves) {
  TransactionDraft draft;
  draft.inputs.emplace_back().prevout = rewards_[0];
  ExpectRefused(With({draft.Finish()}), "bad-txns-vout-empty");
  draft.outputs.push_back({-1, {OP_1}});
  ExpectRefused(With({draft.Finish()}), "bad-txns-vout-negative");
  draft.outputs[0].value = kMaxMoney + 1;
  ExpectRefused(With({draft.Finish()}), "bad-txns-vout-toolarge");
  draft.outputs = {{kMaxMoney, {OP_1}}, {1, {OP_1}}};
  ExpectRefused(With({draft.Finish()}), "bad-txns-txouttotal-toolarge");
  draft.outputs = {{1, {OP_1}}};
  draft.inputs.push_back(draft.inputs[0]);
  ExpectRefused(With({draft.Finish()}), "bad-txns-inputs-duplicate");
  draft.inputs[1].prevout = OutPoint();
  ExpectRefused(With({draft.Finish()}), "bad-txns-prevout-null");
}

TEST_F(RefusalTest, TheHeightInTheCoinbase) {
  for (const int height : {0, 5, 7, 1'000'000}) {
    ExpectRefused(WithCoinbase([&](TransactionDraft& draft) {
                    draft.inputs[0].script_sig = ScriptBuilder().Number(height).Op(OP_0).Take();
                  }),
                  "bad-cb-height");
  }
  // The same number, but not in its shortest form.
  ExpectRefused(WithCoinbase([](TransactionDraft& draft) {
                  draft.inputs[0].script_sig = {1, 6, OP_0};
                }),
                "bad-cb-height");
}

TEST_F(RefusalTest, Finality) {
  TransactionDraft draft;
  draft.inputs.emplace_back().prevout = rewards_[0];
  draft.inputs[0].sequence = 0xfffffffe;
  draft.outputs.push_back({kReward, {OP_1}});
  draft.lock_time = static_cast<uint32_t>(tip_.height + 1);
  ExpectRefused(With({draft.Finish()}), "bad-txns-nonfinal");
  draft.lock_time = world_.ledger->View()->tip->median_time;
  ExpectRefused(With({draft.Finish()}), "bad-txns-nonfinal");
}

TEST_F(RefusalTest, TheWitnessCommitment) {
  // A relay could have attached such a witness: the header stays as good as it was.
  TransactionDraft draft;
  draft.inputs.emplace_back().prevout = rewards_[0];
  draft.inputs[0].witness = {{0xaa}};
  draft.outputs.push_back({kReward, {OP_1}});
  BlockPlan uncommitted = With({draft.Finish()});
  uncommitted.commit_to_witness = false;
  ExpectRefused(uncommitted, "unexpected-witness", Afterwards::kHeader);
  for (const size_t size : {0, 31, 33}) {
    ExpectRefused(WithCoinbase([&](TransactionDraft& coinbase) {
                    coinbase.inputs[0].witness = {Bytes(size, 0)};
                  }),
                  "bad-witness-nonce-size", Afterwards::kHeader);
  }
  ExpectRefused(WithCoinbase([](TransactionDraft& coinbase) { coinbase.inputs[0].witness = {}; }),
                "bad-witness-nonce-size", Afterwards::kHeader);
  ExpectRefused(
      WithCoinbase([](TransactionDraft& coinbase) { coinbase.inputs[0].witness[0][0] ^= 1; }),
      "bad-witness-merkle-match", Afterwards::kHeader);
}

TEST_F(RefusalTest, AStrippedOrStuffedWitnessDoesNotPoisonTheTrueBlock) {
  const MadeBlock good = MakeBlock(world_.params, tip_, With({MakeSpend(rewards_[0], kReward)}));
  TransactionDraft coinbase = TransactionDraft::From(good.block->transactions()[0]);
  const TransactionPtr spend = TransactionDraft::From(good.block->transactions()[1]).Finish();
  const auto with_nonce = [&](std::vector<Bytes> witness) {
    coinbase.inputs[0].witness = std::move(witness);
    const std::vector<TransactionPtr> both = {coinbase.Finish(), spend};
    return test::JoinBlock(good.block->header(), both);
  };
  EXPECT_EQ(world_.Submit(with_nonce({})).reason, "bad-witness-nonce-size");
  EXPECT_EQ(world_.Submit(with_nonce({Bytes(32, 7)})).reason, "bad-witness-merkle-match");
  EXPECT_EQ(world_.Submit(with_nonce({Bytes(32, 0), {}})).reason, "bad-witness-nonce-size");
  EXPECT_FALSE(world_.ledger->Find(good.block->hash())->failed);
  EXPECT_EQ(world_.Tip(), tip_.hash.ToString());
  world_.Connect(good.block);
  tip_ = good.place;
}

TEST_F(RefusalTest, Weight) {
  TransactionDraft draft;
  draft.inputs.emplace_back().prevout = rewards_[0];
  draft.outputs.push_back({kReward, {OP_1}});
  draft.inputs[0].witness = {Bytes(4'000'000, 0)};
  ExpectRefused(With({draft.Finish()}), "bad-blk-weight");
  draft.inputs[0].witness.clear();
  draft.outputs[0].script = Bytes(1'000'000, OP_NOP);
  ExpectRefused(With({draft.Finish()}), "bad-blk-length");
}

TEST_F(RefusalTest, TooMuchReward) {
  BlockPlan plan;
  plan.fees = 1;
  ExpectRefused(plan, "bad-cb-amount");
  plan = With({MakeSpend(rewards_[0], kReward - 10)});
  plan.fees = 11;
  ExpectRefused(plan, "bad-cb-amount");
  plan.fees = 10;  // exactly what there is
  const MadeBlock good = MakeBlock(world_.params, tip_, plan);
  world_.Connect(good.block);
  tip_ = good.place;
}

TEST_F(RefusalTest, CoinsThatAreNotThere) {
  OutPoint absent = rewards_[0];
  absent.index = 7;
  ExpectRefused(With({MakeSpend(absent, 1)}), "bad-txns-inputs-missingorspent");
  absent = rewards_[0];
  absent.txid.bytes[0] ^= 1;
  ExpectRefused(With({MakeSpend(absent, 1)}), "bad-txns-inputs-missingorspent");
  // The commitment's output can never be spent, so it is no coin.
  absent = rewards_[0];
  absent.index = 1;
  ExpectRefused(With({MakeSpend(absent, 0)}), "bad-txns-inputs-missingorspent");
  // Twice within the block.
  const TransactionPtr once = MakeSpend(rewards_[0], kReward);
  ExpectRefused(With({once, MakeSpend(rewards_[0], kReward - 1)}),
                "bad-txns-inputs-missingorspent");
  // Of a transaction that comes later.
  ExpectRefused(With({MakeSpend(OutputOf(*once), 1), once}), "bad-txns-inputs-missingorspent");
  // Twice on the chain.
  const MadeBlock good = MakeBlock(world_.params, tip_, With({once}));
  world_.Connect(good.block);
  tip_ = good.place;
  ExpectRefused(With({MakeSpend(rewards_[0], kReward - 1)}), "bad-txns-inputs-missingorspent");
}

TEST_F(RefusalTest, CoinsOfAnotherBranch) {
  // A reward of a side branch does not exist on the best chain.
  const auto trunk = world_.ledger->View()->At(2);
  const MadeBlock side = MakeBlock(world_.params, Place::Of(trunk), {});
  EXPECT_EQ(world_.Submit(side.block).outcome, BlockOutcome::kDuplicate);  // the same block
  BlockPlan other;
  other.tag = 1;
  const MadeBlock fork = MakeBlock(world_.params, Place::Of(trunk), other);
  EXPECT_EQ(world_.Submit(fork.block).outcome, BlockOutcome::kStored);
  ExpectRefused(With({MakeSpend(OutputOf(fork.block->transactions()[0]), 1)}),
                "bad-txns-inputs-missingorspent");
}

TEST_F(RefusalTest, RewardsThatAreTooYoung) {
  // At height 6 with a maturity of 2, the reward of height 5 is too young, that of 4 is not.
  ExpectRefused(With({MakeSpend(rewards_[4], 1)}), "bad-txns-premature-spend-of-coinbase");
  BlockPlan plan = With({MakeSpend(rewards_[3], kReward)});
  const MadeBlock good = MakeBlock(world_.params, tip_, plan);
  world_.Connect(good.block);
  tip_ = good.place;
}

TEST_F(RefusalTest, MoneyFromNowhere) {
  ExpectRefused(With({MakeSpend(rewards_[0], kReward + 1)}), "bad-txns-in-belowout");
  const TransactionPtr first = MakeSpend(rewards_[0], kReward - 5);
  ExpectRefused(With({first, MakeSpend(OutputOf(*first), kReward - 4)}), "bad-txns-in-belowout");
}

TEST_F(RefusalTest, TheBestHeaderIsNeverOneThatIsCondemned) {
  // The header comes first; each body fails at another stage.
  BlockPlan check;
  check.edit_coinbase = [](TransactionDraft& draft) { draft.inputs[0].script_sig = Bytes(101, 0); };
  BlockPlan accept;
  accept.edit_coinbase = [](TransactionDraft& draft) { draft.inputs[0].script_sig = {OP_1, OP_1}; };
  BlockPlan connect;
  connect.fees = 1;
  for (const BlockPlan& plan : {check, accept, connect}) {
    const MadeBlock bad = MakeBlock(world_.params, tip_, plan);
    EXPECT_EQ(world_.ledger->SubmitHeaders({bad.block->header()}).accepted, 1u);
    EXPECT_EQ(world_.ledger->View()->best_header->hash, bad.block->hash());
    const SubmitResult result = world_.Submit(bad.block);
    EXPECT_EQ(result.outcome, BlockOutcome::kRejected);
    EXPECT_TRUE(world_.ledger->Find(bad.block->hash())->failed);
    EXPECT_EQ(world_.ledger->View()->best_header->hash, tip_.hash) << result.reason;
  }
}

TEST_F(RefusalTest, NamesTheInputThatIsToBlame) {
  const TransactionPtr good = MakeSpend(rewards_[0], kReward);
  TransactionDraft bad;
  bad.inputs.emplace_back().prevout = rewards_[1];
  bad.inputs.emplace_back().prevout = rewards_[4];
  bad.outputs.push_back({1, {OP_1}});
  const SubmitResult result =
      world_.Submit(MakeBlock(world_.params, tip_, With({good, bad.Finish()})).block);
  ASSERT_TRUE(result.violation.has_value());
  EXPECT_EQ(result.violation->ToString(),
            "bad-txns-premature-spend-of-coinbase (transaction 2, input 1)");
}

TEST(LedgerRefusal, ACoinbaseMayNotOverwriteCoins) {
  // BIP30, where BIP34 does not yet make coinbases unique.
  consensus::Params params = test::QuickRegtest();
  params.heights.bip34 = 1000;
  ChainWorld world(params);
  BlockPlan plan;
  plan.edit_coinbase = [](TransactionDraft& draft) { draft.inputs[0].script_sig = {OP_1, OP_1}; };
  const MadeBlock first = MakeBlock(world.params, world.TipPlace(), plan);
  world.Connect(first.block);
  const MadeBlock second = MakeBlock(world.params, first.place, plan);
  EXPECT_EQ(world.Submit(second.block).reason, "bad-txns-BIP30");
  EXPECT_EQ(world.Height(), 1);
  // Once the first is spent, it may come again.
  const Place next = world.Extend(1);
  BlockPlan spending;
  spending.transactions = {MakeSpend(OutputOf(first.block->transactions()[0]), 50 * kCoin)};
  const MadeBlock third = MakeBlock(world.params, next, spending);
  world.Connect(third.block);
  world.Connect(MakeBlock(world.params, third.place, plan).block);
}

TEST(LedgerRefusal, AnInvalidBlockInAReorganisationBringsTheOldChainBack) {
  ChainWorld world;
  const Place fork = world.Extend(3);
  std::mt19937 random(1);
  const Place old_tip = world.Extend(2, 1);
  // Better branches of which the first, the second or the third block is bad.
  for (int bad = 0; bad < 3; ++bad) {
    SCOPED_TRACE(bad);
    Place place = fork;
    std::vector<MadeBlock> branch;
    for (int i = 0; i < 4; ++i) {
      BlockPlan plan;
      plan.tag = static_cast<uint32_t>(10 + bad);
      if (i == bad) plan.fees = 1;
      branch.push_back(MakeBlock(world.params, place, plan));
      place = branch.back().place;
    }
    std::vector<Header> headers;
    for (const MadeBlock& made : branch) headers.push_back(made.block->header());
    EXPECT_EQ(world.ledger->SubmitHeaders(headers).accepted, 4u);
    for (size_t i = 3; i > 0; --i) world.Submit(branch[i].block);
    const SubmitResult last = world.Submit(branch[0].block);  // completes the branch
    EXPECT_EQ(last.outcome, bad == 0 ? BlockOutcome::kRejected : BlockOutcome::kStored);
    EXPECT_EQ(world.Tip(), old_tip.hash.ToString());
    for (int i = 0; i < 4; ++i) {
      EXPECT_EQ(world.ledger->Find(branch[static_cast<size_t>(i)].block->hash())->failed, i >= bad);
    }
    EXPECT_EQ(world.ledger->View()->best_header->hash, old_tip.hash);
  }
  world.Extend(1, 2);
}

}  // namespace
}  // namespace cairn::ledger
