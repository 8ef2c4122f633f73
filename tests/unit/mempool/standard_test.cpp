// A transaction that breaks one rule of form or place only, and its repaired twin.
#include "src/mempool/standard.h"

#include <set>

#include "src/mempool/package_replacement.h"
#include "src/mempool/pricing.h"
#include "src/mempool/spending.h"
#include "tests/unit/mempool/pool_fixture.h"

namespace cairn::mempool {
namespace {

class StandardTest : public PoolTest {
 protected:
  void ExpectNotStandard(const std::string& reason, const TransactionDraft& broken,
                         const TransactionDraft& repaired) {
    ExpectRule(reason, RejectKind::kNotStandard, broken.Finish(), repaired.Finish());
  }

  /// One output of that script beside the usual one.
  TransactionDraft WithOutput(Bytes script, Amount value, size_t reward = 0) const {
    TransactionDraft draft = RewardDraft(reward);
    draft.outputs[0].value -= value;
    draft.outputs.push_back({value, std::move(script)});
    return draft;
  }

  static Bytes Data(size_t size) {
    return ScriptBuilder().Op(OP_RETURN).Push(Bytes(size, 0x61)).Take();
  }
};

TEST_F(StandardTest, ConsensusComesFirst) {
  TransactionDraft draft = RewardDraft();
  draft.outputs[0].value = -1;
  ExpectRule("bad-txns-vout-negative", RejectKind::kConsensus, draft.Finish(), SpendReward());
  draft = RewardDraft(1);
  draft.outputs.clear();
  EXPECT_EQ(Verdict(draft.Finish()), "bad-txns-vout-empty");
}

TEST_F(StandardTest, Coinbase) {
  const BlockPtr block = MakeBlock().block;
  const TransactionPtr coinbase(block, block->transactions().data());
  const AdmissionResult result = Submit(coinbase);
  EXPECT_EQ(result.reason, "coinbase");
  EXPECT_EQ(result.kind, RejectKind::kConsensus);
}

TEST_F(StandardTest, Version) {
  for (const int32_t version : {0, 4, -1}) {
    TransactionDraft draft = RewardDraft();
    draft.version = version;
    EXPECT_EQ(Verdict(draft.Finish()), "version") << version;
  }
  for (const int32_t version : {1, 2, 3}) {
    TransactionDraft draft = RewardDraft(static_cast<size_t>(version));
    draft.version = version;
    EXPECT_EQ(Verdict(draft.Finish()), "") << version;
  }
}

TEST_F(StandardTest, Size) {
  // 43 bytes for each output; the second has just 400,000 of weight or less.
  const TransactionPtr broken = SpendReward(0, 200'000, 2400);
  const TransactionPtr repaired = SpendReward(0, 200'000, 2320);
  ASSERT_GT(broken->Weight(), kMaxStandardWeight);
  ASSERT_LE(repaired->Weight(), kMaxStandardWeight);
  ExpectRule("tx-size", RejectKind::kNotStandard, broken, repaired);
}

TEST_F(StandardTest, SmallSize) {
  TransactionDraft broken = RewardDraft(0, kReward);
  broken.outputs[0] = {0, {OP_RETURN, 0x01, 0x61}};
  TransactionDraft repaired = RewardDraft(0, kReward);
  repaired.outputs[0] = {0, {OP_RETURN, 0x03, 0x61, 0x61, 0x61}};
  ASSERT_EQ(broken.Finish()->stripped_size, 63u);
  ASSERT_EQ(repaired.Finish()->stripped_size, 65u);
  ExpectNotStandard("tx-size-small", broken, repaired);
}

TEST_F(StandardTest, ScriptSig) {
  TransactionDraft broken = RewardDraft(0, 10'000);
  const auto pushes = [](size_t last) {
    const Bytes full(520, 1);
    return ScriptBuilder().Push(full).Push(full).Push(full).Push(Bytes(last, 1)).Take();
  };
  broken.inputs[0].script_sig = pushes(80);
  ASSERT_EQ(broken.inputs[0].script_sig.size(), kMaxStandardScriptSig + 1);
  EXPECT_EQ(Verdict(broken.Finish()), "scriptsig-size");
  broken.inputs[0].script_sig = pushes(79);  // now it is the witness program that wants none
  EXPECT_EQ(Submit(broken.Finish()).reason,
            "mandatory-script-verify-flag-failed (Witness requires empty scriptSig)");
  broken.inputs[0].script_sig = {OP_NOP};
  ExpectNotStandard("scriptsig-not-pushonly", broken, RewardDraft());
}

TEST_F(StandardTest, OutputScripts) {
  ExpectNotStandard("scriptpubkey", WithOutput({OP_1, OP_DROP}, kCoin),
                    WithOutput(OpenOutput(), kCoin));
  EXPECT_EQ(Verdict(WithOutput(BareMultisig(4), kCoin, 1).Finish()), "scriptpubkey");
  EXPECT_EQ(Verdict(WithOutput(BareMultisig(3), kCoin, 1).Finish()), "");
  EXPECT_EQ(Verdict(WithOutput({OP_1, 0x02, 0x4e, 0x73}, 240, 2).Finish()), "");  // an anchor
}

TEST_F(StandardTest, DataCarrier) {
  ExpectNotStandard("scriptpubkey", WithOutput(Data(81), 0), WithOutput(Data(80), 0));
  policy_.max_datacarrier_bytes.reset();
  OpenPool();
  ExpectNotStandard("scriptpubkey", WithOutput(Data(1), 0, 1), RewardDraft(1));
}

TEST_F(StandardTest, OneDataOutput) {
  TransactionDraft broken = WithOutput(Data(10), 0);
  broken.outputs.push_back({0, Data(11)});
  ExpectNotStandard("multi-op-return", broken, WithOutput(Data(10), 0));
}

TEST_F(StandardTest, BareMultisig) {
  policy_.permit_bare_multisig = false;
  OpenPool();
  ExpectNotStandard("bare-multisig", WithOutput(BareMultisig(2), kCoin), RewardDraft());
}

TEST_F(StandardTest, Dust) {
  const Bytes key_hash = ScriptBuilder()
                             .Op(OP_DUP)
                             .Op(OP_HASH160)
                             .Push(Bytes(20, 1))
                             .Op(OP_EQUALVERIFY)
                             .Op(OP_CHECKSIG)
                             .Take();
  const Bytes witness_key_hash = ScriptBuilder().Op(OP_0).Push(Bytes(20, 1)).Take();
  // The limits that everybody knows.
  EXPECT_EQ(DustThreshold({0, key_hash}, policy_.dust_fee), 546);
  EXPECT_EQ(DustThreshold({0, witness_key_hash}, policy_.dust_fee), 294);
  EXPECT_EQ(DustThreshold({0, OpenOutput()}, policy_.dust_fee), 330);
  const Bytes data = Data(3);
  EXPECT_EQ(DustThreshold({0, data}, policy_.dust_fee), 0);
  ExpectNotStandard("dust", WithOutput(key_hash, 545), WithOutput(key_hash, 546));
}

TEST_F(StandardTest, Final) {
  TransactionDraft draft = RewardDraft();
  draft.inputs[0].sequence = 0;
  draft.lock_time = static_cast<uint32_t>(world_.Height() + 1);
  TransactionDraft repaired = draft;
  --repaired.lock_time;
  ExpectRule("non-final", RejectKind::kPremature, draft.Finish(), repaired.Finish());
  draft = RewardDraft(1);
  draft.inputs[0].sequence = 0;
  draft.lock_time = world_.ledger->View()->tip->median_time;
  repaired = draft;
  --repaired.lock_time;
  ExpectRule("non-final", RejectKind::kPremature, draft.Finish(), repaired.Finish());
}

TEST_F(StandardTest, TakesOtherFormsWhereTheyAreWanted) {
  policy_.require_standard = false;
  OpenPool();
  TransactionDraft draft = WithOutput({OP_1, OP_DROP}, 1);
  draft.version = 77;
  EXPECT_EQ(Verdict(draft.Finish()), "");
  TransactionDraft small = RewardDraft(1, kReward);
  small.outputs[0] = {0, {OP_RETURN, 0x01, 0x61}};
  EXPECT_EQ(Verdict(small.Finish()), "tx-size-small");
}

TEST_F(StandardTest, EveryRuleSaysWhatItWants) {
  std::set<std::string_view> sentences;
  const auto look = [&](const auto& rules) {
    for (const auto& rule : rules) {
      EXPECT_NE(rule.must.find("SHOULD"), std::string_view::npos) << rule.reason;
      EXPECT_TRUE(sentences.insert(rule.must).second) << rule.must;
    }
  };
  look(FormRules());
  look(InputFormRules());
  look(OutputFormRules());
  look(DataRules());
  look(PlaceRules());
  look(LockRules());
  look(SpentScriptRules());
  look(WitnessRules());
  look(FeeRules());
  look(RivalRules());
  look(ReplacementRules());
  look(PackageReplacementRules());
  EXPECT_EQ(sentences.size(), 28u);
}

}  // namespace
}  // namespace cairn::mempool
