// The taproot reference set, BIP340's and BIP341's own vectors.

#include <cstdio>
#include <sstream>

#include <gtest/gtest.h>

#include "cairn/base/json.h"
#include "cairn/base/reader.h"
#include "cairn/crypto/secp256k1.h"
#include "consensus/script/signature_cache.h"
#include "consensus/script/taproot.h"
#include "consensus/script/witness.h"
#include "consensus/sighash/sighash.h"
#include "tests/support/script_cases.h"
#include "tests/support/script_text.h"
#include "tests/support/tagged_hash.h"
#include "tests/support/vectors.h"

namespace cairn::test {
namespace {

using consensus::ScriptError;
using consensus::ScriptFlags;

TransactionDraft::Output ReadOutput(const std::string& hex) {
  const Bytes raw = FromHex(hex).value();
  Reader reader(raw);
  TransactionDraft::Output output;
  output.value = reader.I64();
  const ByteSpan script = reader.VarBytes();
  output.script.assign(script.begin(), script.end());
  EXPECT_TRUE(reader.ok() && reader.AtEnd()) << hex;
  return output;
}

/// The set of flags that Core combines, each set standing on what it needs.
std::vector<ScriptFlags> AllCombinations() {
  const uint32_t parts[] = {ScriptFlags::kP2sh,
                            ScriptFlags::kDersig,
                            ScriptFlags::kNullDummy,
                            ScriptFlags::kCheckLockTimeVerify,
                            ScriptFlags::kCheckSequenceVerify,
                            ScriptFlags::kWitness,
                            ScriptFlags::kTaproot};
  std::vector<ScriptFlags> combinations;
  for (uint32_t set = 0; set < 1u << std::size(parts); ++set) {
    uint32_t bits = 0;
    for (size_t i = 0; i < std::size(parts); ++i) {
      if ((set >> i & 1) != 0) bits |= parts[i];
    }
    const ScriptFlags flags(bits);
    if (flags.Has(ScriptFlags::kWitness) && !flags.Has(ScriptFlags::kP2sh)) continue;
    if (flags.Has(ScriptFlags::kTaproot) && !flags.Has(ScriptFlags::kWitness)) continue;
    combinations.push_back(flags);
  }
  return combinations;
}

/// The case with one way of satisfying the input put in.
SpendCase WithSolution(const json::Value& test, const json::Value& solution) {
  SpendCase spend;
  spend.name = test.Find("name")->Text();
  spend.input = static_cast<size_t>(*test.Find("index")->AsInt());
  const auto tx = ParseTransaction(FromHex(test.Find("tx")->Text()).value());
  EXPECT_TRUE(tx.has_value()) << spend.name;
  TransactionDraft draft = TransactionDraft::From(**tx);
  TransactionDraft::Input& input = draft.inputs[spend.input];
  input.script_sig = FromHex(solution.Find("scriptSig")->Text()).value();
  input.witness.clear();
  for (const json::Value& item : solution.Find("witness")->Items()) {
    input.witness.push_back(FromHex(item.Text()).value());
  }
  spend.tx = draft.Finish();
  for (const json::Value& coin : test.Find("prevouts")->Items()) {
    spend.coins.push_back(ReadOutput(coin.Text()));
  }
  return spend;
}

TEST(TaprootVectors, TheWholeReferenceSet) {
  CAIRN_NEED_VECTORS();
  const auto tests = json::Parse(ReadText(VectorPath("script/taproot_ref.json")));
  ASSERT_TRUE(tests.has_value());
  const std::vector<ScriptFlags> combinations = AllCombinations();
  int successes = 0;
  int failures = 0;
  uint64_t runs = 0;
  DeferredTally tally;
  // The exact runs verify each signature once, which keeps them short.
  consensus::SignatureCache cache(16 << 20, {});
  consensus::ExactVerifier curve;
  consensus::CachingVerifier caching(cache, curve);
  const auto run = [&](SpendCase& spend, ScriptFlags flags, bool valid) {
    spend.flags = flags;
    const DeferredOutcome outcome = RunDeferring(spend);
    EXPECT_EQ(outcome.error == ScriptError::kOk, valid)
        << spend.name << " flags " << flags.bits() << ": " << ScriptErrorName(outcome.error);
    EXPECT_EQ(RunCase(spend, caching), outcome.error) << spend.name << " flags " << flags.bits();
    tally.Add(outcome.counts);
    ++runs;
    return outcome.error;
  };
  for (const json::Value& test : tests->Items()) {
    const ScriptFlags own = ParseFlags(test.Find("flags")->Text());
    const json::Value* final = test.Find("final");
    const bool in_all = final != nullptr && final->AsBool();
    SpendCase good = WithSolution(test, *test.Find("success"));
    for (const ScriptFlags flags : combinations) {
      if (in_all || (flags.bits() & ~own.bits()) == 0) run(good, flags, true);
    }
    good.flags = own;
    EXPECT_EQ(RunExactly(good), ScriptError::kOk) << good.name;
    ++successes;
    const json::Value* failure = test.Find("failure");
    if (failure == nullptr) continue;
    SpendCase bad = WithSolution(test, *failure);
    for (const ScriptFlags flags : combinations) {
      if ((own.bits() & ~flags.bits()) == 0) run(bad, flags, false);
    }
    const ScriptError deferring = run(bad, own, false);
    EXPECT_EQ(RunExactly(bad), deferring) << bad.name;
    ++failures;
  }
  EXPECT_EQ(successes, 2760);
  EXPECT_EQ(failures, 2483);
  std::printf("taproot_ref.json: %d successes, %d failures in %llu runs; %s\n", successes, failures,
              static_cast<unsigned long long>(runs), tally.ToString().c_str());
}

TEST(TaprootVectors, Bip340Signatures) {
  CAIRN_NEED_VECTORS();
  std::istringstream lines(ReadText(VectorPath("crypto/bip340_vectors.csv")));
  std::string line;
  std::getline(lines, line);
  int count = 0;
  int odd_sizes = 0;
  consensus::ExactVerifier exact;
  consensus::DeferringVerifier deferring(exact);
  std::vector<bool> expected;
  while (std::getline(lines, line)) {
    std::vector<std::string> fields;
    std::istringstream parts(line);
    for (std::string part; std::getline(parts, part, ',');) fields.push_back(part);
    const Bytes key = FromHex(fields[2]).value();
    const Bytes message = FromHex(fields[4]).value();
    const Bytes signature = FromHex(fields[5]).value();
    const bool valid = fields[6].starts_with("TRUE");
    EXPECT_EQ(crypto::VerifySchnorrMessage(key, message, signature), valid) << line;
    if (message.size() == 32) {
      crypto::Digest digest;
      std::copy(message.begin(), message.end(), digest.begin());
      EXPECT_EQ(crypto::VerifySchnorr(key, digest, signature), valid) << line;
      // Put off, every signature is good at first; the batch tells.
      EXPECT_TRUE(deferring.Verify({consensus::SignatureKind::kSchnorr, key, signature, digest}));
      expected.push_back(valid);
    } else {
      ++odd_sizes;
    }
    ++count;
  }
  EXPECT_EQ(count, 19);
  std::vector<consensus::BatchedCheck> batch;
  for (const consensus::DeferredCheck& check : deferring.deferred()) {
    batch.push_back({check.View()});
  }
  exact.VerifyBatch(batch);
  ASSERT_EQ(batch.size(), expected.size());
  for (size_t i = 0; i < batch.size(); ++i) EXPECT_EQ(batch[i].valid, expected[i]) << i;
  std::printf("bip340_vectors.csv: %d signatures, %d of other messages than 32 bytes\n", count,
              odd_sizes);
}

/// The root of a script tree as BIP341's vectors write it, and every leaf hash on the way.
crypto::Digest TreeRoot(const json::Value& tree, std::vector<crypto::Digest>& leaves) {
  if (tree.IsArray()) {
    const auto left = TreeRoot(tree.Items()[0], leaves);
    const auto right = TreeRoot(tree.Items()[1], leaves);
    return consensus::TapbranchHash(left, right);
  }
  leaves.push_back(consensus::TapleafHash(static_cast<uint8_t>(*tree.Find("leafVersion")->AsInt()),
                                          FromHex(tree.Find("script")->Text()).value()));
  return leaves.back();
}

TEST(TaprootVectors, Bip341OutputScripts) {
  CAIRN_NEED_VECTORS();
  const auto file = json::Parse(ReadText(VectorPath("crypto/bip341_wallet_vectors.json")));
  ASSERT_TRUE(file.has_value());
  int count = 0;
  int control_blocks = 0;
  for (const json::Value& test : file->Find("scriptPubKey")->Items()) {
    const json::Value& given = *test.Find("given");
    const json::Value& intermediary = *test.Find("intermediary");
    const Bytes internal = FromHex(given.Find("internalPubkey")->Text()).value();
    auto hasher = TaggedHasher("TapTweak");
    hasher.Update(internal);
    std::vector<crypto::Digest> leaves;
    if (!given.Find("scriptTree")->IsNull()) {
      const auto root = TreeRoot(*given.Find("scriptTree"), leaves);
      EXPECT_EQ(ToHex(root), intermediary.Find("merkleRoot")->Text());
      hasher.Update(root);
      const auto& hashes = intermediary.Find("leafHashes")->Items();
      for (size_t i = 0; i < hashes.size(); ++i) EXPECT_EQ(ToHex(leaves[i]), hashes[i].Text());
    }
    const auto tweak = hasher.Finish();
    EXPECT_EQ(ToHex(tweak), intermediary.Find("tweak")->Text());
    uint8_t output[32];
    bool odd = false;
    ASSERT_TRUE(crypto::TweakKey(internal, tweak, output, &odd));
    EXPECT_EQ(ToHex(output), intermediary.Find("tweakedPubkey")->Text());
    EXPECT_TRUE(crypto::IsTweakedKey(output, odd, internal, tweak));
    EXPECT_FALSE(crypto::IsTweakedKey(output, !odd, internal, tweak));
    const json::Value* paths = test.Find("expected")->Find("scriptPathControlBlocks");
    for (size_t i = 0; paths != nullptr && i < paths->Items().size(); ++i) {
      const Bytes control = FromHex(paths->Items()[i].Text()).value();
      EXPECT_TRUE(consensus::IsControlBlockSize(control.size()));
      EXPECT_TRUE(consensus::IsCommittedLeaf(control, output, leaves[i]));
      ++control_blocks;
    }
    ++count;
  }
  EXPECT_EQ(count, 7);
  std::printf("bip341 scriptPubKey: %d outputs, %d control blocks\n", count, control_blocks);
}

TEST(TaprootVectors, Bip341KeyPathSpending) {
  CAIRN_NEED_VECTORS();
  const auto file = json::Parse(ReadText(VectorPath("crypto/bip341_wallet_vectors.json")));
  ASSERT_TRUE(file.has_value());
  int count = 0;
  for (const json::Value& test : file->Find("keyPathSpending")->Items()) {
    const json::Value& given = *test.Find("given");
    const auto tx = ParseTransaction(FromHex(given.Find("rawUnsignedTx")->Text()).value(),
                                     WitnessEncoding::kForbidden);
    ASSERT_TRUE(tx.has_value());
    SpendCase spend;
    for (const json::Value& coin : given.Find("utxosSpent")->Items()) {
      spend.coins.push_back(
          {*coin.Find("amountSats")->AsInt(), FromHex(coin.Find("scriptPubKey")->Text()).value()});
    }
    TransactionDraft draft = TransactionDraft::From(**tx);
    for (const json::Value& input : test.Find("inputSpending")->Items()) {
      const auto index = static_cast<size_t>(*input.Find("given")->Find("txinIndex")->AsInt());
      for (const json::Value& item : input.Find("expected")->Find("witness")->Items()) {
        draft.inputs[index].witness.push_back(FromHex(item.Text()).value());
      }
    }
    spend.tx = draft.Finish();
    spend.flags = ScriptFlags::kP2sh | ScriptFlags::kWitness | ScriptFlags::kTaproot;
    const std::vector<TxOut> spent = spend.Spent();
    const consensus::TransactionMidstates midstates(*spend.tx, spent);
    const json::Value& shared = *test.Find("intermediary");
    EXPECT_EQ(ToHex(midstates.amounts), shared.Find("hashAmounts")->Text());
    EXPECT_EQ(ToHex(midstates.outputs), shared.Find("hashOutputs")->Text());
    EXPECT_EQ(ToHex(midstates.prevouts), shared.Find("hashPrevouts")->Text());
    EXPECT_EQ(ToHex(midstates.scripts), shared.Find("hashScriptPubkeys")->Text());
    EXPECT_EQ(ToHex(midstates.sequences), shared.Find("hashSequences")->Text());
    for (const json::Value& input : test.Find("inputSpending")->Items()) {
      const json::Value& about = *input.Find("given");
      spend.input = static_cast<size_t>(*about.Find("txinIndex")->AsInt());
      consensus::ExecutionData execution;
      execution.version = consensus::SigVersion::kTaproot;
      const auto hash =
          consensus::TaprootSighash(midstates, spend.input, execution,
                                    static_cast<uint8_t>(*about.Find("hashType")->AsInt()));
      ASSERT_TRUE(hash.has_value());
      EXPECT_EQ(ToHex(*hash), input.Find("intermediary")->Find("sigHash")->Text());
      EXPECT_EQ(RunExactly(spend), ScriptError::kOk);
      const DeferredOutcome outcome = RunDeferring(spend);
      EXPECT_EQ(outcome.error, ScriptError::kOk);
      EXPECT_EQ(outcome.counts.deferred, 1u);
      ++count;
    }
  }
  EXPECT_EQ(count, 7);
  std::printf("bip341 keyPathSpending: %d inputs\n", count);
}

}  // namespace
}  // namespace cairn::test
