// A pool on a regtest ledger whose coinbases anybody can spend by a standard input, and
// transactions that break one rule only.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "cairn/crypto/sha256.h"
#include "cairn/mempool/mempool.h"
#include "cairn/primitives/script.h"
#include "tests/support/block_maker.h"
#include "tests/support/chain_world.h"

namespace cairn::mempool {

/// The script that anybody satisfies, as P2WSH wants to see it.
inline Bytes OpenScript() { return {OP_1}; }

inline Bytes P2wsh(ByteSpan script) {
  return ScriptBuilder().Op(OP_0).Push(crypto::Sha256Of(script)).Take();
}

/// A standard output that anybody can spend.
inline Bytes OpenOutput() { return P2wsh(OpenScript()); }

/// Any one of so many keys signs, without a hash around it.
inline Bytes BareMultisig(int keys) {
  ScriptBuilder builder;
  builder.Number(1);
  for (int i = 0; i < keys; ++i) {
    Bytes key(33, static_cast<uint8_t>(i + 1));
    key[0] = 2;
    builder.Push(key);
  }
  return builder.Number(keys).Op(OP_CHECKMULTISIG).Take();
}

class PoolTest : public testing::Test {
 protected:
  static constexpr int kBlocks = 20;
  static constexpr Amount kReward = 50 * kCoin;
  static constexpr Amount kFee = 1000;

  PoolTest() {
    ExtendChain(kBlocks);
    OpenPool();
  }

  void OpenPool() {
    pool_.reset();
    pool_ = Mempool::Open(policy_, *world_.ledger, world_.clock);
  }

  /// A block on the tip, whose coinbase can be spent by `Spend`.
  test::MadeBlock MakeBlock(std::vector<TransactionPtr> transactions = {}, uint32_t tag = 0) {
    return MakeBlockOn(world_.TipPlace(), std::move(transactions), tag);
  }
  test::MadeBlock MakeBlockOn(const test::Place& place, std::vector<TransactionPtr> transactions,
                              uint32_t tag) {
    test::BlockPlan plan;
    plan.transactions = std::move(transactions);
    plan.payout = OpenOutput();
    plan.tag = tag;
    return test::MakeBlock(world_.params, place, plan);
  }

  /// Connects blocks, and remembers the outputs of their coinbases.
  void ExtendChain(int count) {
    for (int i = 0; i < count; ++i) {
      const test::MadeBlock made = MakeBlock();
      world_.Connect(made.block);
      rewards_.push_back(test::OutputOf(made.block->transactions()[0]));
    }
  }

  void Mine(std::vector<TransactionPtr> transactions) {
    world_.Connect(MakeBlock(std::move(transactions)).block);
    pool_->Synchronize();
  }

  static TransactionDraft::Input OpenInput(const OutPoint& prevout) {
    TransactionDraft::Input input;
    input.prevout = prevout;
    input.witness = {OpenScript()};
    return input;
  }

  /// Spends outputs that anybody can spend, which are worth `value` together, into `outputs` of the
  /// same kind and size.
  static TransactionDraft Draft(const std::vector<OutPoint>& prevouts, Amount value,
                                Amount fee = kFee, size_t outputs = 1) {
    TransactionDraft draft;
    for (const OutPoint& prevout : prevouts) draft.inputs.push_back(OpenInput(prevout));
    for (size_t i = 0; i < outputs; ++i) {
      draft.outputs.push_back({(value - fee) / static_cast<Amount>(outputs), OpenOutput()});
    }
    return draft;
  }

  /// Of the coinbase number `index`.
  TransactionDraft RewardDraft(size_t index = 0, Amount fee = kFee, size_t outputs = 1) const {
    return Draft({rewards_[index]}, kReward, fee, outputs);
  }

  TransactionPtr SpendReward(size_t index = 0, Amount fee = kFee, size_t outputs = 1) const {
    return RewardDraft(index, fee, outputs).Finish();
  }

  /// Spends an output of a transaction made here.
  static TransactionDraft ChildDraft(const TransactionPtr& parent, uint32_t output = 0,
                                     Amount fee = kFee, size_t outputs = 1) {
    return Draft({{parent->txid, output}}, parent->outputs[output].value, fee, outputs);
  }

  static TransactionPtr Child(const TransactionPtr& parent, uint32_t output = 0,
                              Amount fee = kFee) {
    return ChildDraft(parent, output, fee).Finish();
  }

  AdmissionResult Submit(const TransactionPtr& tx) { return pool_->Submit(tx, {}); }

  /// "" for accepted, else reason and detail.
  std::string Verdict(const TransactionPtr& tx) {
    const AdmissionResult result = Submit(tx);
    return result.Accepted() ? "" : result.ToString();
  }

  /// Submits one that must get in.
  TransactionPtr Enter(const TransactionPtr& tx) {
    EXPECT_EQ(Verdict(tx), "");
    return tx;
  }

  /// The draft is refused for `reason`, and its repaired twin is taken.
  void ExpectRule(const std::string& reason, RejectKind kind, const TransactionPtr& broken,
                  const TransactionPtr& repaired) {
    const AdmissionResult result = Submit(broken);
    EXPECT_EQ(result.outcome, Admission::kRejected);
    EXPECT_EQ(result.reason, reason);
    EXPECT_EQ(result.kind, kind);
    EXPECT_FALSE(pool_->Contains(broken->txid));
    EXPECT_EQ(Verdict(repaired), "");
    EXPECT_TRUE(pool_->Contains(repaired->txid));
  }

  test::ChainWorld world_;
  std::vector<OutPoint> rewards_;
  PolicyOptions policy_;
  std::unique_ptr<Mempool> pool_;
};

}  // namespace cairn::mempool
