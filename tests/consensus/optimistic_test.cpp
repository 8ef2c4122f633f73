// Optimistic runs: what is put off, what is run again, and what is asked of the curve.

#include "consensus/script/optimistic.h"

#include <gtest/gtest.h>

#include "cairn/crypto/hash.h"
#include "tests/support/block_judge.h"
#include "tests/support/input_signer.h"
#include "tests/support/script_cases.h"

namespace cairn::test {
namespace {

using consensus::kSighashAll;
using consensus::OptimisticRuns;
using consensus::ScriptError;
using consensus::ScriptFlags;

constexpr uint32_t kFlags = ScriptFlags::kP2sh | ScriptFlags::kWitness | ScriptFlags::kTaproot;

/// A transaction that spends outputs with scripts of our own, whose inputs are bare signatures.
class SignedTransaction {
 public:
  explicit SignedTransaction(std::vector<Bytes> scripts) {
    TransactionDraft draft;
    std::vector<TransactionDraft::Output> coins;
    for (uint32_t i = 0; i < scripts.size(); ++i) {
      draft.inputs.emplace_back().prevout.index = i;
      coins.push_back({1000, scripts[i]});
    }
    draft.outputs.push_back({1, {OP_1}});
    draft_ = draft;
    scripts_ = std::move(scripts);
    signer_ = std::make_unique<InputSigner>(draft, coins);
  }

  Bytes Sign(size_t input, const TestKey& key) const {
    return signer_->Legacy(input, key, scripts_[input], kSighashAll);
  }
  void Push(size_t input, const std::vector<Bytes>& items) {
    ScriptBuilder builder;
    for (const Bytes& item : items) builder.Push(item);
    draft_.inputs[input].script_sig = builder.Take();
  }

  void Finish() {
    tx_ = draft_.Finish();
    for (const Bytes& script : scripts_) coins_.push_back({1000, 1, false, script});
    spent_ = std::make_unique<SpentOutputs>(*tx_, PointersTo(coins_));
  }
  const consensus::TransactionMidstates& midstates() const { return spent_->midstates(); }

 private:
  static std::vector<const Coin*> PointersTo(const std::vector<Coin>& coins) {
    std::vector<const Coin*> pointers;
    for (const Coin& coin : coins) pointers.push_back(&coin);
    return pointers;
  }

  TransactionDraft draft_;
  std::vector<Bytes> scripts_;
  std::unique_ptr<InputSigner> signer_;
  TransactionPtr tx_;
  std::vector<Coin> coins_;
  std::unique_ptr<SpentOutputs> spent_;
};

Bytes CheckSigScript(const TestKey& key) {
  return ScriptBuilder().Push(key.Compressed()).Op(OP_CHECKSIG).Take();
}

/// Counts batches too.
class BatchCounter final : public consensus::SignatureVerifier {
 public:
  bool Verify(const consensus::SignatureCheck& check) override { return curve.Verify(check); }
  void VerifyBatch(std::span<consensus::BatchedCheck> checks) override {
    ++batches;
    SignatureVerifier::VerifyBatch(checks);
  }

  CountingVerifier curve;
  int batches = 0;
};

TEST(OptimisticRuns, VerifyInOneBatchAndRunNothingAgain) {
  const TestKey key(1);
  SignedTransaction tx(std::vector<Bytes>(5, CheckSigScript(key)));
  for (size_t i = 0; i < 5; ++i) tx.Push(i, {tx.Sign(i, key)});
  tx.Finish();
  BatchCounter verifier;
  OptimisticRuns runs(verifier);
  for (uint32_t i = 0; i < 5; ++i) EXPECT_TRUE(runs.Run(tx.midstates(), i, kFlags).has_value());
  EXPECT_EQ(verifier.curve.valid(), 0u);
  EXPECT_TRUE(runs.Settle().empty());
  EXPECT_EQ(verifier.batches, 1);
  EXPECT_EQ(verifier.curve.valid(), 5u);
  EXPECT_EQ(runs.counts().deferred, 5u);
  EXPECT_EQ(runs.counts().repeated, 0u);
  // Nothing is left to be settled.
  EXPECT_TRUE(runs.Settle().empty());
  EXPECT_EQ(verifier.batches, 1);
}

TEST(OptimisticRuns, NameTheInputsThatFailInOrder) {
  const TestKey key(1);
  SignedTransaction tx(std::vector<Bytes>(6, CheckSigScript(key)));
  for (size_t i = 0; i < 6; ++i) tx.Push(i, {tx.Sign(i, i == 1 || i == 4 ? TestKey(2) : key)});
  tx.Finish();
  BatchCounter verifier;
  OptimisticRuns runs(verifier);
  for (uint32_t i = 0; i < 6; ++i) {
    EXPECT_TRUE(runs.Run(tx.midstates(), i, kFlags, 7 + i).has_value());
  }
  const auto violations = runs.Settle();
  ASSERT_EQ(violations.size(), 2u);
  for (size_t i = 0; i < 2; ++i) {
    const uint32_t input = i == 0 ? 1 : 4;
    EXPECT_EQ(violations[i].reject, consensus::Reject::kScript);
    EXPECT_EQ(violations[i].input, input);
    EXPECT_EQ(violations[i].transaction, 7 + input);
    EXPECT_EQ(violations[i].script_error, ScriptError::kEvalFalse);
  }
  EXPECT_EQ(runs.counts().repeated, 2u);
  // What the batch had answered was not asked again.
  EXPECT_EQ(verifier.curve.valid() + verifier.curve.invalid(), 6u);
}

TEST(OptimisticRuns, AreNoVerdictWhereASignatureIsToBeWrong) {
  const TestKey key(1);
  const Bytes refused = ScriptBuilder().Push(key.Compressed()).Op(OP_CHECKSIG).Op(OP_NOT).Take();
  SignedTransaction tx({refused, refused});
  tx.Push(0, {tx.Sign(0, TestKey(2))});
  tx.Push(1, {tx.Sign(1, key)});
  tx.Finish();
  BatchCounter verifier;
  OptimisticRuns runs(verifier);
  EXPECT_TRUE(runs.Run(tx.midstates(), 0, kFlags).has_value());
  const auto wrong = runs.Run(tx.midstates(), 1, kFlags);
  ASSERT_FALSE(wrong.has_value());
  EXPECT_EQ(wrong.error().script_error, ScriptError::kEvalFalse);
  EXPECT_EQ(runs.counts().repeated, 2u);
  // Both were decided by runs of their own, which verified one signature each.
  EXPECT_EQ(verifier.curve.valid() + verifier.curve.invalid(), 2u);
  EXPECT_TRUE(runs.Settle().empty());
  EXPECT_EQ(verifier.batches, 0);
}

TEST(OptimisticRuns, PutOffSignaturesOfAnyLength) {
  // Before BIP66, R could have any number of zeroes in front.
  const auto pad = [](const Bytes& strict, size_t zeroes) {
    Bytes padded = {0x30, 0, 0x02, static_cast<uint8_t>(strict[3] + zeroes)};
    padded.resize(padded.size() + zeroes);
    padded.insert(padded.end(), strict.begin() + 4, strict.end());
    padded[1] = static_cast<uint8_t>(padded.size() - 3);  // without front and hash type
    return padded;
  };
  const TestKey key(1);
  SignedTransaction tx(std::vector<Bytes>(4, CheckSigScript(key)));
  tx.Push(0, {pad(tx.Sign(0, key), 20)});
  tx.Push(1, {pad(tx.Sign(1, TestKey(2)), 20)});
  tx.Push(2, {tx.Sign(2, key)});
  tx.Push(3, {pad(tx.Sign(3, key), 40)});
  tx.Finish();
  BatchCounter verifier;
  OptimisticRuns runs(verifier);
  for (uint32_t i = 0; i < 4; ++i) EXPECT_TRUE(runs.Run(tx.midstates(), i, kFlags).has_value());
  EXPECT_EQ(runs.counts().deferred, 4u);
  const auto violations = runs.Settle();
  ASSERT_EQ(violations.size(), 1u);
  EXPECT_EQ(violations[0].input, 1u);
  EXPECT_EQ(verifier.curve.valid(), 3u);
  EXPECT_EQ(verifier.curve.invalid(), 1u);
  const auto strict = runs.Run(tx.midstates(), 0, ScriptFlags(kFlags | ScriptFlags::kDersig));
  ASSERT_FALSE(strict.has_value());
  EXPECT_EQ(strict.error().script_error, ScriptError::kSigDer);
}

TEST(OptimisticRuns, AskAnewOnlyWhatTheBatchDidNotKnow) {
  // The first signature chooses whether the second is wanted of one key or of another.
  const TestKey chooser(1);
  const TestKey either(2);
  const TestKey other(3);
  const Bytes script = ScriptBuilder()
                           .Push(chooser.Compressed())
                           .Op(OP_CHECKSIG)
                           .Op(OP_IF)
                           .Push(either.Compressed())
                           .Op(OP_ELSE)
                           .Push(other.Compressed())
                           .Op(OP_ENDIF)
                           .Op(OP_CHECKSIG)
                           .Take();
  SignedTransaction tx({script});
  tx.Push(0, {tx.Sign(0, other), tx.Sign(0, TestKey(4))});
  tx.Finish();
  BatchCounter verifier;
  OptimisticRuns runs(verifier);
  EXPECT_TRUE(runs.Run(tx.midstates(), 0, kFlags).has_value());
  EXPECT_TRUE(runs.Settle().empty());
  EXPECT_EQ(runs.counts().deferred, 2u);
  EXPECT_EQ(runs.counts().repeated, 1u);
  EXPECT_EQ(verifier.curve.invalid(), 2u);  // both assumptions
  EXPECT_EQ(verifier.curve.valid(), 1u);    // the one signature that nobody had assumed
}

TEST(OptimisticRuns, DoNotPutOffOneOfManyKeys) {
  const TestKey a(1);
  const TestKey b(2);
  const Bytes one_of_two = ScriptBuilder()
                               .Number(1)
                               .Push(a.Compressed())
                               .Push(b.Compressed())
                               .Number(2)
                               .Op(OP_CHECKMULTISIG)
                               .Take();
  const Bytes all_of_two = ScriptBuilder()
                               .Number(2)
                               .Push(a.Compressed())
                               .Push(b.Compressed())
                               .Number(2)
                               .Op(OP_CHECKMULTISIG)
                               .Take();
  SignedTransaction tx({one_of_two, all_of_two});
  tx.Push(0, {{}, tx.Sign(0, a)});
  tx.Push(1, {{}, tx.Sign(1, a), tx.Sign(1, b)});
  tx.Finish();
  BatchCounter verifier;
  OptimisticRuns runs(verifier);
  for (uint32_t i = 0; i < 2; ++i) EXPECT_TRUE(runs.Run(tx.midstates(), i, kFlags).has_value());
  EXPECT_TRUE(runs.Settle().empty());
  EXPECT_EQ(runs.counts().at_once, 2u);  // the other key, and then its own
  EXPECT_EQ(runs.counts().deferred, 2u);
  EXPECT_EQ(runs.counts().repeated, 0u);
}

TEST(OptimisticRuns, AreFullWithABatch) {
  const TestKey key(1);
  constexpr size_t kBatch = OptimisticRuns::kBatch;
  SignedTransaction tx(std::vector<Bytes>(kBatch, CheckSigScript(key)));
  for (size_t i = 0; i < kBatch; ++i) tx.Push(i, {tx.Sign(i, key)});
  tx.Finish();
  consensus::ExactVerifier exact;
  OptimisticRuns runs(exact);
  for (uint32_t i = 0; i < kBatch; ++i) {
    EXPECT_FALSE(runs.IsFull());
    EXPECT_TRUE(runs.Run(tx.midstates(), i, kFlags).has_value());
  }
  EXPECT_TRUE(runs.IsFull());
  EXPECT_TRUE(runs.Settle().empty());
  EXPECT_FALSE(runs.IsFull());
}

TEST(RecallingVerifier, FindsEveryCheckAmongMany) {
  std::vector<consensus::DeferredCheck> checks;
  const Bytes key(33, 2);
  for (uint32_t i = 0; i < 2000; ++i) {
    Bytes signature(70, static_cast<uint8_t>(i));
    signature[1] = static_cast<uint8_t>(i >> 8);
    crypto::Digest message{};
    message[0] = static_cast<uint8_t>(i % 7);
    checks.emplace_back(
        consensus::SignatureCheck{consensus::SignatureKind::kEcdsa, key, signature, message});
  }
  CountingVerifier curve;
  consensus::RecallingVerifier recalling(curve);
  for (size_t i = 0; i < checks.size(); i += 2) recalling.Recall(checks[i], i % 4 == 0);
  for (size_t i = 0; i < checks.size(); ++i) {
    EXPECT_EQ(recalling.Verify(checks[i].View()), i % 4 == 0) << i;
    EXPECT_EQ(recalling.VerifyOneOfMany(checks[i].View()), i % 4 == 0) << i;
  }
  EXPECT_EQ(curve.invalid(), checks.size());  // every other one, asked twice
}

}  // namespace
}  // namespace cairn::test
