// A transaction that breaks one rule about its coins or scripts only, and its repaired twin.
#include "src/mempool/spending.h"

#include "cairn/crypto/hash.h"
#include "consensus/sighash/sighash.h"
#include "tests/support/input_signer.h"
#include "tests/unit/mempool/pool_fixture.h"

namespace cairn::mempool {
namespace {

class SpendingTest : public PoolTest {
 protected:
  /// Puts an output of that script into a block, and gives a draft that spends it.
  TransactionDraft SpendOf(Bytes script, Amount value = kCoin) {
    TransactionDraft funding = RewardDraft(next_reward_++);
    funding.outputs = {{value, std::move(script)}};
    const TransactionPtr tx = funding.Finish();
    Mine({tx});
    TransactionDraft draft;
    draft.inputs.emplace_back().prevout = {tx->txid, 0};
    draft.outputs.push_back({value - kFee, OpenOutput()});
    return draft;
  }

  static Bytes P2sh(ByteSpan redeem_script) {
    return ScriptBuilder()
        .Op(OP_HASH160)
        .Push(crypto::Hash160Of(redeem_script))
        .Op(OP_EQUAL)
        .Take();
  }
  static Bytes P2pkh(const test::TestKey& key) {
    return ScriptBuilder()
        .Op(OP_DUP)
        .Op(OP_HASH160)
        .Push(crypto::Hash160Of(key.Compressed()))
        .Op(OP_EQUALVERIFY)
        .Op(OP_CHECKSIG)
        .Take();
  }

  size_t next_reward_ = 0;
  const test::TestKey key_{1};
};

TEST_F(SpendingTest, RelativeLocks) {
  TransactionDraft draft = RewardDraft(0);
  draft.inputs[0].sequence = kBlocks + 1;  // the coin is as old as the chain: 20 blocks above it
  TransactionDraft repaired = draft;
  repaired.inputs[0].sequence = kBlocks;
  ExpectRule("non-BIP68-final", RejectKind::kPremature, draft.Finish(), repaired.Finish());
  // A coin of the pool has no age at all.
  TransactionDraft child = Draft({{repaired.Finish()->txid, 0}}, kReward - kFee);
  child.inputs[0].sequence = 1;
  EXPECT_EQ(Verdict(child.Finish()), "non-BIP68-final");
  child.inputs[0].sequence = 0;
  EXPECT_EQ(Verdict(child.Finish()), "");
}

TEST_F(SpendingTest, Maturity) {
  const AdmissionResult result = Submit(SpendReward(rewards_.size() - 1));
  EXPECT_EQ(result.reason, "bad-txns-premature-spend-of-coinbase");
  EXPECT_EQ(result.detail, "tried to spend coinbase at depth 1");
  EXPECT_EQ(result.kind, RejectKind::kPremature);
  EXPECT_EQ(Verdict(SpendReward(rewards_.size() - 2)), "");
}

TEST_F(SpendingTest, Money) {
  const AdmissionResult result = Submit(SpendReward(0, -1));
  EXPECT_EQ(result.ToString(), "bad-txns-in-belowout, value in (50.00) < value out (50.00000001)");
  EXPECT_EQ(result.kind, RejectKind::kConsensus);
  EXPECT_EQ(Verdict(SpendReward(0)), "");
}

TEST_F(SpendingTest, UnknownKindsOfOutputs) {
  policy_.require_standard = true;
  TransactionDraft bare = SpendOf({OP_1});
  const AdmissionResult result = Submit(bare.Finish());
  EXPECT_EQ(result.reason, "bad-txns-nonstandard-inputs");
  EXPECT_EQ(result.kind, RejectKind::kInputsNotStandard);
  TransactionDraft future = SpendOf(ScriptBuilder().Op(OP_16).Push(Bytes(32, 1)).Take());
  EXPECT_EQ(Submit(future.Finish()).reason, "bad-txns-nonstandard-inputs");
  TransactionDraft anchor = SpendOf({OP_1, 0x02, 0x4e, 0x73});
  EXPECT_EQ(Verdict(anchor.Finish()), "");
}

TEST_F(SpendingTest, SigopsInP2sh) {
  const auto redeem_script = [](int checks) {
    ScriptBuilder builder;
    builder.Op(OP_0).Op(OP_IF);
    for (int i = 0; i < checks; ++i) builder.Op(OP_CHECKSIG);
    return builder.Op(OP_ENDIF).Op(OP_1).Take();
  };
  const Bytes most = redeem_script(15);
  const Bytes too_many = redeem_script(16);
  TransactionDraft broken = SpendOf(P2sh(too_many));
  broken.inputs[0].script_sig = ScriptBuilder().Push(too_many).Take();
  TransactionDraft fine = SpendOf(P2sh(most));
  fine.inputs[0].script_sig = ScriptBuilder().Push(most).Take();
  ExpectRule("bad-txns-nonstandard-inputs", RejectKind::kInputsNotStandard, broken.Finish(),
             fine.Finish());
}

TEST_F(SpendingTest, Witnesses) {
  const auto expect = [this](TransactionDraft broken, TransactionDraft repaired) {
    ExpectRule("bad-witness-nonstandard", RejectKind::kWitnessMutated, broken.Finish(),
               repaired.Finish());
  };
  const Bytes drop = ScriptBuilder().Op(OP_DROP).Op(OP_1).Take();
  TransactionDraft draft = SpendOf(P2wsh(drop));
  draft.inputs[0].witness = {Bytes(81, 1), drop};
  TransactionDraft repaired = draft;
  repaired.inputs[0].witness = {Bytes(80, 1), drop};
  expect(draft, repaired);

  const auto long_script = [](size_t size) {
    Bytes script = {OP_1};
    for (int i = 0; i < 7; ++i) {
      Append(script, ScriptBuilder().Push(Bytes(500, 2)).Op(OP_DROP).Take());
    }
    const size_t rest = size - script.size() - 2;
    Append(script, ScriptBuilder().Push(Bytes(rest, 2)).Op(OP_DROP).Take());
    EXPECT_EQ(script.size(), size);
    return script;
  };
  const Bytes longest = long_script(3600);
  const Bytes too_long = long_script(3601);
  draft = SpendOf(P2wsh(too_long));
  draft.inputs[0].witness = {too_long};
  EXPECT_EQ(Verdict(draft.Finish()), "bad-witness-nonstandard");
  draft = SpendOf(P2wsh(longest));
  draft.inputs[0].witness = {longest};
  EXPECT_EQ(Submit(draft.Finish()).reason, "");

  // A witness that nobody asks for.
  draft = SpendOf(P2pkh(key_));
  draft.inputs[0].witness = {Bytes{1}};
  EXPECT_EQ(Verdict(draft.Finish()), "bad-witness-nonstandard");
  draft = SpendOf({OP_1, 0x02, 0x4e, 0x73});
  draft.inputs[0].witness = {Bytes{1}};
  EXPECT_EQ(Verdict(draft.Finish()), "bad-witness-nonstandard");
}

TEST_F(SpendingTest, TaprootWitnesses) {
  const test::TaprootOutput output(key_);
  TransactionDraft draft = SpendOf(output.script);
  const test::InputSigner signer(draft, {{kCoin, output.script}});
  const Bytes signature = signer.TaprootKey(0, key_, output.tweak, consensus::kSighashDefault);
  draft.inputs[0].witness = {signature, Bytes{0x50}};  // an annex
  EXPECT_EQ(Verdict(draft.Finish()), "bad-witness-nonstandard");
  draft.inputs[0].witness = {signature};
  EXPECT_EQ(Verdict(draft.Finish()), "");

  const Bytes leaf = ScriptBuilder().Op(OP_DROP).Op(OP_1).Take();
  const test::TaprootOutput tree(key_, leaf);
  draft = SpendOf(tree.script);
  draft.inputs[0].witness = {Bytes(81, 1), leaf, tree.control};
  EXPECT_EQ(Verdict(draft.Finish()), "bad-witness-nonstandard");
  draft.inputs[0].witness = {Bytes(80, 1), leaf, tree.control};
  EXPECT_EQ(Verdict(draft.Finish()), "");
}

TEST_F(SpendingTest, ScriptsThatFail) {
  TransactionDraft draft = SpendOf(P2pkh(key_));
  const Bytes script = P2pkh(key_);
  const test::InputSigner signer(draft, {{kCoin, script}});
  Bytes signature = signer.Legacy(0, key_, script, consensus::kSighashAll);
  const auto with = [&](const Bytes& used, const Bytes& key) {
    TransactionDraft signed_draft = draft;
    signed_draft.inputs[0].script_sig = ScriptBuilder().Push(used).Push(key).Take();
    return signed_draft.Finish();
  };
  const AdmissionResult empty = Submit(with({}, key_.Compressed()));
  EXPECT_EQ(empty.reason,
            "mandatory-script-verify-flag-failed (Script evaluated without error but finished with "
            "a false/empty top stack element)");
  EXPECT_EQ(empty.kind, RejectKind::kConsensus);
  Bytes wrong = signer.Legacy(0, test::TestKey(2), script, consensus::kSighashAll);
  const AdmissionResult null_fail = Submit(with(wrong, key_.Compressed()));
  EXPECT_EQ(
      null_fail.reason,
      "mandatory-script-verify-flag-failed (Signature must be zero for failed CHECK(MULTI)SIG "
      "operation)");
  EXPECT_EQ(Verdict(with(signature, key_.Compressed())), "");
}

TEST_F(SpendingTest, ScriptsThatOnlyPolicyRefuses) {
  const Bytes redeem_script = {OP_NOP10, OP_1};
  TransactionDraft draft = SpendOf(P2sh(redeem_script));
  draft.inputs[0].script_sig = ScriptBuilder().Push(redeem_script).Take();
  const AdmissionResult result = Submit(draft.Finish());
  EXPECT_EQ(result.reason,
            "non-mandatory-script-verify-flag (NOPx reserved for soft-fork upgrades)");
  EXPECT_EQ(result.kind, RejectKind::kNotStandard);
  Mine({draft.Finish()});  // a block may have it
}

TEST_F(SpendingTest, AWitnessThatWasTakenOff) {
  TransactionDraft draft = RewardDraft();
  draft.inputs[0].witness.clear();
  const AdmissionResult result = Submit(draft.Finish());
  EXPECT_EQ(result.kind, RejectKind::kWitnessStripped);
  EXPECT_EQ(result.reason,
            "mandatory-script-verify-flag-failed (Witness program was passed an empty witness)");
}

}  // namespace
}  // namespace cairn::mempool
