// Transactions whose scripts were proven before their block came are not run again in it.
#include <gtest/gtest.h>

#include "consensus/script/flags.h"
#include "tests/support/chain_world.h"

namespace cairn::ledger {
namespace {

using test::BlockPlan;
using test::ChainWorld;
using test::MadeBlock;
using test::MakeSpend;

/// Spends a coin that anybody can spend in a way that leaves nothing on the stack: it can be told
/// whether its script was run.
class KnownScriptsTest : public testing::Test {
 protected:
  KnownScriptsTest() {
    for (const MadeBlock& made : test::MakeChain(world_.params, world_.TipPlace(), 5)) {
      world_.Connect(made.block);
      if (reward_.txid == Txid{}) reward_ = test::OutputOf(made.block->transactions()[0]);
    }
    BlockPlan plan;
    TransactionDraft draft = TransactionDraft::From(*MakeSpend(reward_, kCoin));
    draft.outputs[0].script = {OP_0};
    plan.transactions = {draft.Finish()};
    world_.Connect(test::MakeBlock(world_.params, world_.TipPlace(), plan).block);
    wrong_ = MakeSpend(test::OutputOf(*plan.transactions[0]), kCoin);
    plan.transactions = {wrong_};
    block_ = test::MakeBlock(world_.params, world_.TipPlace(), plan).block;
  }

  consensus::ScriptFlags FlagsOfNext() const {
    return consensus::ScriptFlagsAt(world_.Height() + 1, block_->hash(), world_.params);
  }

  ChainWorld world_;
  OutPoint reward_;
  TransactionPtr wrong_;
  BlockPtr block_;
};

TEST_F(KnownScriptsTest, AreNotRunAgain) {
  world_.ledger->Proofs().scripts.Add(wrong_->wtxid, FlagsOfNext());
  EXPECT_EQ(world_.ledger->TestBlock(block_), std::nullopt);
  EXPECT_EQ(world_.Submit(block_).outcome, BlockOutcome::kConnected);
  // Who checks the chain wants to see it for himself.
  EXPECT_FALSE(world_.ledger->VerifyChain(4, 1)->IsSound());
}

TEST_F(KnownScriptsTest, AreRunUnderOtherRules) {
  world_.ledger->Proofs().scripts.Add(wrong_->wtxid, consensus::ScriptFlags::kNone);
  const SubmitResult result = world_.Submit(block_);
  EXPECT_EQ(result.outcome, BlockOutcome::kRejected);
  EXPECT_EQ(result.reason.rfind("mandatory-script-verify-flag-failed", 0), 0u) << result.reason;
}

TEST_F(KnownScriptsTest, AreForgottenByAnotherLedger) {
  world_.ledger->Proofs().scripts.Add(wrong_->wtxid, FlagsOfNext());
  world_.Reopen();
  EXPECT_EQ(world_.Submit(block_).outcome, BlockOutcome::kRejected);
}

}  // namespace
}  // namespace cairn::ledger
