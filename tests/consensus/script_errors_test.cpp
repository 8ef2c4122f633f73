// Every way for a script to fail has a spend that fails so, and a twin beside it, put right in one
// place, that succeeds under the same flags. An error without a case fails here.

#include <cstdio>
#include <map>
#include <set>

#include <gtest/gtest.h>

#include "consensus/script/signature_cache.h"
#include "tests/fuzz/spend.h"
#include "tests/support/script_cases.h"
#include "tests/support/script_text.h"

namespace cairn::test {
namespace {

using consensus::kSighashAll;
using consensus::kSighashDefault;
using consensus::ScriptError;
using consensus::ScriptFlags;
using fuzz::WrappedScript;
using fuzz::Wrapping;
using Signer = InputSigner;

constexpr uint32_t kConsensus =
    ScriptFlags::kP2sh | ScriptFlags::kWitness | ScriptFlags::kTaproot | ScriptFlags::kDersig |
    ScriptFlags::kNullDummy | ScriptFlags::kCheckLockTimeVerify | ScriptFlags::kCheckSequenceVerify;

/// An output, and how an input opens it.
struct Plan {
  Bytes output;
  std::function<void(const Signer&, TransactionDraft::Input&)> open = [](const auto&, auto&) {};
};

struct ErrorCase {
  ScriptError error;
  Plan broken;
  Plan repaired;
  /// A rule of policy, without which the broken one succeeds as well.
  uint32_t policy = 0;
};

/// The spend in a transaction with lock time 100 and sequence 10.
SpendCase Spend(const Plan& plan, uint32_t flags) {
  TransactionDraft draft;
  draft.lock_time = 100;
  auto& input = draft.inputs.emplace_back();
  input.prevout.index = 0;
  input.sequence = 10;
  draft.outputs.push_back({90, {OP_1}});
  SpendCase spend;
  spend.coins = {{100, plan.output}};
  plan.open(InputSigner(draft, spend.coins), input);
  spend.tx = draft.Finish();
  spend.flags = flags;
  return spend;
}

Plan Bare(const std::string& script_pubkey, const std::string& script_sig = "") {
  return {ParseScriptText(script_pubkey), [=](const Signer&, TransactionDraft::Input& input) {
            input.script_sig = ParseScriptText(script_sig);
          }};
}

Plan BareBytes(Bytes script_pubkey) { return {std::move(script_pubkey)}; }

Plan Wrapped(Wrapping wrapping, const std::string& script, std::vector<Bytes> arguments = {},
             uint8_t leaf_version = consensus::kTapscriptLeafVersion) {
  const WrappedScript wrapped(wrapping, ParseScriptText(script), leaf_version);
  return {wrapped.Output(),
          [=](const Signer&, TransactionDraft::Input& input) { wrapped.Open(arguments, input); }};
}

/// What becomes of a finished input.
Plan With(Plan plan, std::function<void(TransactionDraft::Input&)> edit) {
  return {plan.output, [=](const Signer& signer, TransactionDraft::Input& input) {
            plan.open(signer, input);
            edit(input);
          }};
}

std::string Hex(const Bytes& bytes) { return "0x" + ToHex(ScriptBuilder().Push(bytes).Take()); }
const TestKey& Key() {
  static const TestKey key(1);
  return key;
}
const TestKey& OtherKey() {
  static const TestKey key(2);
  return key;
}

using Change = std::function<Bytes(Bytes signature)>;
Bytes AsItIs(Bytes signature) { return signature; }

/// A bare script whose arguments are `front` and a signature of `key`.
Plan Signed(const std::string& script, const TestKey& key, uint8_t hash_type = kSighashAll,
            const Change& change = AsItIs, const std::string& front = "") {
  const Bytes code = ParseScriptText(script);
  return {code, [=](const Signer& signer, TransactionDraft::Input& input) {
            input.script_sig = ParseScriptText(front);
            const Bytes signature = change(signer.Legacy(0, key, code, hash_type));
            Append(input.script_sig, ScriptBuilder().Push(signature).Take());
          }};
}

std::string CheckSig(const Bytes& key) { return Hex(key) + " CHECKSIG"; }

/// A P2WSH script `KEY CHECKSIG`, signed.
Plan SignedWitness(const Bytes& key) {
  const WrappedScript wrapped(Wrapping::kP2wsh, ParseScriptText(CheckSig(key)));
  return {wrapped.Output(), [=](const Signer& signer, TransactionDraft::Input& input) {
            wrapped.Open({signer.Segwit(0, Key(), wrapped.script(), kSighashAll)}, input);
          }};
}

/// A taproot output spent by its key.
Plan KeyPath(const TestKey& key, uint8_t hash_type, const Change& change = AsItIs) {
  const TaprootOutput output(Key());
  return {output.script, [=](const Signer& signer, TransactionDraft::Input& input) {
            input.witness = {change(signer.TaprootKey(0, key, output.tweak, hash_type))};
          }};
}

/// A tapscript `KEY CHECKSIG` with a signature of the x-only key.
Plan SignedTapscript(const Bytes& key) {
  const WrappedScript wrapped(Wrapping::kTapscript, ParseScriptText(CheckSig(key)));
  return {wrapped.Output(), [=](const Signer& signer, TransactionDraft::Input& input) {
            wrapped.Open({signer.Tapscript(0, Key(), wrapped.leaf(), kSighashDefault)}, input);
          }};
}

std::string Repeat(const std::string& text, int count) {
  std::string result;
  for (int i = 0; i < count; ++i) result += text + " ";
  return result;
}

/// A true script of so many bytes, some thousands, all but the last pushed and dropped.
Bytes ScriptOfSize(size_t size) {
  constexpr size_t kBesideThePush = 3 + 1;  // for pushes above 255 bytes
  constexpr size_t kPush = 400;
  ScriptBuilder builder;
  size_t left = size - 1;
  for (; left >= 2 * kPush; left -= kPush + kBesideThePush) {
    builder.Push(Bytes(kPush)).Op(OP_DROP);
  }
  builder.Push(Bytes(left / 2 - kBesideThePush)).Op(OP_DROP);
  builder.Push(Bytes(left - left / 2 - kBesideThePush)).Op(OP_DROP).Op(OP_1);
  return builder.Take();
}

Bytes WithLongLength(Bytes signature) {
  signature.insert(signature.begin() + 1, 0x81);
  return signature;
}

/// The other S, above half the order of the group.
Bytes WithHighS(Bytes signature) {
  secp256k1_ecdsa_signature parsed;
  const secp256k1_context* const context = secp256k1_context_static;
  EXPECT_EQ(
      secp256k1_ecdsa_signature_parse_der(context, &parsed, signature.data(), signature.size() - 1),
      1);
  uint8_t compact[64];
  secp256k1_ecdsa_signature_serialize_compact(context, compact, &parsed);
  EXPECT_EQ(secp256k1_ec_seckey_negate(context, compact + 32), 1);
  secp256k1_ecdsa_signature_parse_compact(context, &parsed, compact);
  Bytes high(73);
  size_t size = high.size();
  secp256k1_ecdsa_signature_serialize_der(context, high.data(), &size, &parsed);
  high.resize(size);
  high.push_back(signature.back());
  return high;
}

/// A budget of 50 for each signature, of which an upgradable key takes any bytes (BIP342).
Plan CheapSignatures(int count) {
  return Wrapped(Wrapping::kTapscript,
                 Repeat("1 " + Hex(Key().Compressed()) + " CHECKSIGVERIFY", count) + "1");
}

std::vector<ErrorCase> FlowCases() {
  using E = ScriptError;
  return {
      {E::kScriptNumber, Bare("0x050102030405 1ADD"), Bare("0x0401020304 1ADD")},
      {E::kEvalFalse, Bare("0"), Bare("1")},
      {E::kEvalFalse, Bare("0x0180"), Bare("0x0181")},
      {E::kOpReturn, Bare("1 RETURN"), Bare("1 NOP")},
      {E::kScriptSize, BareBytes(ScriptOfSize(10'001)), BareBytes(ScriptOfSize(10'000))},
      {E::kPushSize, BareBytes(ScriptBuilder().Push(Bytes(521, 1)).Take()),
       BareBytes(ScriptBuilder().Push(Bytes(520, 1)).Take())},
      {E::kPushSize, Wrapped(Wrapping::kP2wsh, "DROP 1", {Bytes(521)}),
       Wrapped(Wrapping::kP2wsh, "DROP 1", {Bytes(520)})},
      {E::kOpCount, Bare("1 " + Repeat("NOP", 202)), Bare("1 " + Repeat("NOP", 201))},
      {E::kStackSize, Bare(Repeat("1", 1001)), Bare(Repeat("1", 1000))},
      {E::kStackSize, Bare(Repeat("1", 999) + "1 TOALTSTACK 1 1"),
       Bare(Repeat("1", 999) + "1 TOALTSTACK")},
      {E::kVerify, Bare("0 VERIFY 1"), Bare("1 VERIFY 1")},
      {E::kEqualVerify, Bare("1 2 EQUALVERIFY 1"), Bare("2 2 EQUALVERIFY 1")},
      {E::kNumEqualVerify, Bare("1 2 NUMEQUALVERIFY 1"), Bare("2 2 NUMEQUALVERIFY 1")},
      {E::kBadOpcode, Bare("1 VER"), Bare("1 NOP")},
      {E::kBadOpcode, Bare("1 0 IF VERIF ENDIF"), Bare("1 0 IF VER ENDIF")},
      {E::kBadOpcode, Bare("0 0 0 CHECKSIGADD"),
       Wrapped(Wrapping::kTapscript, "0 1 " + Hex(Key().XOnly()) + " CHECKSIGADD")},
      {E::kBadOpcode, Bare("1 0x05 0x01020304"), Bare("1 0x05 0x0102030405")},
      {E::kDisabledOpcode, Bare("1 0 IF CAT ENDIF"), Bare("1 0 IF NOP ENDIF")},
      {E::kInvalidStackOperation, Bare("DROP 1"), Bare("1 DROP 1")},
      {E::kInvalidAltstackOperation, Bare("FROMALTSTACK"), Bare("1 TOALTSTACK FROMALTSTACK")},
      {E::kUnbalancedConditional, Bare("1 1 IF"), Bare("1 1 IF ENDIF")},
      {E::kUnbalancedConditional, Bare("1 ENDIF"), Bare("1 0 IF ENDIF")},
      {E::kNegativeLockTime, Bare("-1 CHECKLOCKTIMEVERIFY DROP 1"),
       Bare("0 CHECKLOCKTIMEVERIFY DROP 1")},
      {E::kNegativeLockTime, Bare("-1 CHECKSEQUENCEVERIFY DROP 1"),
       Bare("0 CHECKSEQUENCEVERIFY DROP 1")},
      {E::kUnsatisfiedLockTime, Bare("101 CHECKLOCKTIMEVERIFY"), Bare("100 CHECKLOCKTIMEVERIFY")},
      {E::kUnsatisfiedLockTime, Bare("500000000 CHECKLOCKTIMEVERIFY"),
       Bare("99 CHECKLOCKTIMEVERIFY")},
      {E::kUnsatisfiedLockTime, Bare("11 CHECKSEQUENCEVERIFY"), Bare("10 CHECKSEQUENCEVERIFY")},
      {E::kMinimalData, Bare("0x0105"), Bare("5"), ScriptFlags::kMinimalData},
      {E::kScriptNumber, Bare("0x020500 1ADD"), Bare("0x028000 1ADD"), ScriptFlags::kMinimalData},
      {E::kSigPushOnly, Bare("1", "1 DROP"), Bare("1", "1"), ScriptFlags::kSigPushOnly},
      {E::kSigPushOnly,
       With(Wrapped(Wrapping::kP2sh, "1"),
            [](auto& input) { input.script_sig.insert(input.script_sig.begin(), OP_NOP); }),
       With(Wrapped(Wrapping::kP2sh, "1"),
            [](auto& input) { input.script_sig.insert(input.script_sig.begin(), OP_1); })},
      {E::kCleanStack, Bare("1", "1"), Bare("1"), ScriptFlags::kCleanStack},
      {E::kCleanStack, Wrapped(Wrapping::kP2wsh, "1", {{1}}), Wrapped(Wrapping::kP2wsh, "1")},
      {E::kMinimalIf, Wrapped(Wrapping::kP2wsh, "IF 1 ELSE 1 ENDIF", {{2}}),
       Wrapped(Wrapping::kP2wsh, "IF 1 ELSE 1 ENDIF", {{1}}), ScriptFlags::kMinimalIf},
      {E::kDiscourageUpgradableNops, Bare("1 NOP4"), Bare("1 NOP"),
       ScriptFlags::kDiscourageUpgradableNops},
  };
}

std::vector<ErrorCase> SignatureCases() {
  using E = ScriptError;
  const Bytes key = Key().Compressed();
  const std::string multisig = "1 " + Hex(key) + " 1 CHECKMULTISIG";
  const std::string multisig_verify = multisig + "VERIFY 1";
  const std::string check_sig = CheckSig(key);
  const std::string refuse = check_sig + " NOT";
  const Bytes signature = {0x30, 6, 2, 1, 1, 2, 1, 1, 1};
  const std::string signature_inside = Hex(signature) + " DROP " + refuse;
  return {
      {E::kSigCount, Bare("0 2 0 1 CHECKMULTISIG"), Bare("0 0 0 1 CHECKMULTISIG")},
      {E::kSigCount, Bare("0 -1 0 CHECKMULTISIG"), Bare("0 0 0 CHECKMULTISIG")},
      {E::kPubkeyCount, Bare("0 0 -1 CHECKMULTISIG"), Bare("0 0 0 CHECKMULTISIG")},
      {E::kPubkeyCount, Bare("0 0 " + Repeat("0", 21) + "21 CHECKMULTISIG"),
       Bare("0 0 " + Repeat("0", 20) + "20 CHECKMULTISIG")},
      {E::kCheckMultisigVerify, Signed(multisig_verify, OtherKey(), kSighashAll, AsItIs, "0"),
       Signed(multisig_verify, Key(), kSighashAll, AsItIs, "0")},
      {E::kCheckSigVerify, Signed(check_sig + "VERIFY 1", OtherKey()),
       Signed(check_sig + "VERIFY 1", Key())},
      {E::kEvalFalse, Signed(check_sig, OtherKey()), Signed(check_sig, Key())},
      {E::kSigHashType, Signed(check_sig, Key(), 4), Signed(check_sig, Key(), 3),
       ScriptFlags::kStrictEnc},
      {E::kSigDer, Signed(check_sig, Key(), kSighashAll, WithLongLength), Signed(check_sig, Key()),
       ScriptFlags::kDersig},
      {E::kSigHighS, Signed(check_sig, Key(), kSighashAll, WithHighS), Signed(check_sig, Key()),
       ScriptFlags::kLowS},
      {E::kSigNullDummy, Signed(multisig, Key(), kSighashAll, AsItIs, "1"),
       Signed(multisig, Key(), kSighashAll, AsItIs, "0"), ScriptFlags::kNullDummy},
      {E::kPubkeyType, Signed(CheckSig(Key().Hybrid()), Key()),
       Signed(CheckSig(Key().Uncompressed()), Key()), ScriptFlags::kStrictEnc},
      {E::kSigNullFail, Signed(refuse, OtherKey()), Bare(refuse, "0"), ScriptFlags::kNullFail},
      {E::kSigNullFail, Signed(multisig + " NOT", OtherKey(), kSighashAll, AsItIs, "0"),
       Bare(multisig + " NOT", "0 0"), ScriptFlags::kNullFail},
      {E::kOpCodeSeparator, Bare("1 0 IF CODESEPARATOR ENDIF"), Bare("1 0 IF NOP ENDIF"),
       ScriptFlags::kConstScriptCode},
      {E::kSigFindAndDelete, Bare(signature_inside, Hex(signature)), Bare(signature_inside, "0"),
       ScriptFlags::kConstScriptCode},
      {E::kWitnessPubkeyType, SignedWitness(Key().Uncompressed()), SignedWitness(key),
       ScriptFlags::kWitnessPubkeyType},
  };
}

std::vector<ErrorCase> WitnessCases() {
  using E = ScriptError;
  const Plan p2wsh = Wrapped(Wrapping::kP2wsh, "1");
  const Plan nested = Wrapped(Wrapping::kP2shP2wsh, "1");
  const Plan tapscript = Wrapped(Wrapping::kTapscript, "1");
  const auto without_witness = [](auto& input) { input.witness.clear(); };
  const auto with_script_sig = [](auto& input) { input.script_sig = {OP_1}; };
  const auto another_script = [](auto& input) { input.witness[0].push_back(OP_NOP); };
  const Plan anchor = Bare("1 0x024e73");
  return {
      {E::kDiscourageUpgradableWitnessProgram, Bare("1 0x024e74"), anchor,
       ScriptFlags::kDiscourageUpgradableWitnessProgram},
      {E::kWitnessProgramWrongLength,
       With(Bare("0 0x03010203"), [](auto& input) { input.witness = {{OP_1}}; }), p2wsh},
      {E::kWitnessProgramWitnessEmpty, With(p2wsh, without_witness), p2wsh},
      {E::kWitnessProgramWitnessEmpty, With(tapscript, without_witness), tapscript},
      {E::kWitnessProgramMismatch, With(p2wsh, another_script), p2wsh},
      {E::kWitnessProgramMismatch, With(tapscript, another_script), tapscript},
      {E::kWitnessMalleated, With(p2wsh, with_script_sig), p2wsh},
      {E::kWitnessMalleatedP2sh,
       With(nested, [](auto& input) { input.script_sig.insert(input.script_sig.begin(), OP_1); }),
       nested},
      {E::kWitnessUnexpected, With(Bare("1"), [](auto& input) { input.witness = {{1}}; }),
       Bare("1")},
  };
}

std::vector<ErrorCase> TaprootCases() {
  using E = ScriptError;
  const auto tapscript = [](const std::string& script, std::vector<Bytes> arguments = {}) {
    return Wrapped(Wrapping::kTapscript, script, std::move(arguments));
  };
  const Plan key_path = KeyPath(Key(), kSighashDefault);
  const auto shorter = [](Bytes signature) {
    signature.pop_back();
    return signature;
  };
  const auto with_type = [](uint8_t type) {
    return [type](Bytes signature) {
      signature.push_back(type);
      return signature;
    };
  };
  return {
      {E::kSchnorrSigSize, KeyPath(Key(), kSighashDefault, shorter), key_path},
      {E::kSchnorrSigHashType, KeyPath(Key(), kSighashDefault, with_type(0)), key_path},
      {E::kSchnorrSigHashType, KeyPath(Key(), kSighashDefault, with_type(4)),
       KeyPath(Key(), kSighashAll)},
      {E::kSchnorrSig, KeyPath(OtherKey(), kSighashDefault), key_path},
      {E::kSchnorrSig, SignedTapscript(OtherKey().XOnly()), SignedTapscript(Key().XOnly())},
      {E::kTaprootWrongControlSize,
       With(tapscript("1"), [](auto& input) { input.witness.back().push_back(0); }),
       tapscript("1")},
      {E::kTapscriptValidationWeight, CheapSignatures(7), CheapSignatures(6)},
      {E::kTapscriptCheckMultisig, tapscript("0 0 0 CHECKMULTISIG"),
       Wrapped(Wrapping::kP2wsh, "0 0 0 CHECKMULTISIG")},
      {E::kTapscriptMinimalIf, tapscript("IF 1 ELSE 1 ENDIF", {{2}}),
       tapscript("IF 1 ELSE 1 ENDIF", {{1}})},
      {E::kTapscriptEmptyPubkey, tapscript("0 CHECKSIG NOT", {{}}),
       tapscript(CheckSig(Key().XOnly()) + " NOT", {{}})},
      {E::kDiscourageUpgradableTaprootVersion, Wrapped(Wrapping::kTapscript, "1", {}, 0xc2),
       tapscript("1"), ScriptFlags::kDiscourageUpgradableTaprootVersion},
      {E::kDiscourageOpSuccess, tapscript("RESERVED"), tapscript("1"),
       ScriptFlags::kDiscourageOpSuccess},
      {E::kDiscourageUpgradablePubkeyType, SignedTapscript(Key().Compressed()),
       SignedTapscript(Key().XOnly()), ScriptFlags::kDiscourageUpgradablePubkeyType},
  };
}

std::vector<ErrorCase> AllErrorCases() {
  std::vector<ErrorCase> all;
  for (auto& cases : {FlowCases(), SignatureCases(), WitnessCases(), TaprootCases()}) {
    all.insert(all.end(), cases.begin(), cases.end());
  }
  return all;
}

/// Exactly, deferring, and by a cache that knows what is right.
void ExpectEnd(const SpendCase& spend, ScriptError expected) {
  const auto name = [](ScriptError error) { return consensus::ScriptErrorName(error); };
  EXPECT_EQ(name(RunExactly(spend)), name(expected));
  EXPECT_EQ(name(RunDeferring(spend).error), name(expected));
  consensus::SignatureCache cache(0, {});
  consensus::ExactVerifier exact;
  consensus::CachingVerifier caching(cache, exact);
  for (int turn = 0; turn < 2; ++turn) EXPECT_EQ(name(RunCase(spend, caching)), name(expected));
}

TEST(ScriptErrors, EachHasASpendAndItsRepairedTwin) {
  std::map<ScriptError, int> covered;
  for (const ErrorCase& one : AllErrorCases()) {
    SCOPED_TRACE(std::string(consensus::ScriptErrorName(one.error)) + " case " +
                 std::to_string(++covered[one.error]));
    const uint32_t flags = kConsensus | one.policy;
    ExpectEnd(Spend(one.broken, flags), one.error);
    ExpectEnd(Spend(one.repaired, flags), ScriptError::kOk);
    if (one.policy != 0) ExpectEnd(Spend(one.broken, flags & ~one.policy), ScriptError::kOk);
  }
  size_t errors = 0;
  for (const ScriptError error : consensus::AllScriptErrors()) {
    if (error == ScriptError::kOk) continue;
    EXPECT_TRUE(covered.contains(error)) << "no case of " << consensus::ScriptErrorName(error);
    ++errors;
  }
  std::printf("%zu errors, %zu cases\n", errors, AllErrorCases().size());
}

TEST(ScriptErrors, HaveNamesOfTheirOwn) {
  std::set<std::string_view> names;
  for (const ScriptError error : consensus::AllScriptErrors()) {
    names.insert(consensus::ScriptErrorName(error));
    EXPECT_FALSE(consensus::ScriptErrorText(error).empty());
  }
  EXPECT_EQ(names.size(), consensus::AllScriptErrors().size());
}

}  // namespace
}  // namespace cairn::test
