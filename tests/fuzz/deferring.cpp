#include <memory>
#include <optional>

#include "consensus/script/signature_cache.h"
#include "tests/fuzz/signed_script.h"
#include "tests/fuzz/spend.h"
#include "tests/fuzz/targets.h"
#include "tests/support/script_cases.h"

namespace cairn::fuzz {
namespace {

using consensus::SigVersion;
using test::InputSigner;
using test::SpendCase;
using test::TaprootOutput;
using test::TestKey;

/// The outputs that hold a single key; the other kinds are the wrappings of a script.
enum class KeyOutput : uint8_t { kPubkeyHash, kWitnessKeyHash, kNestedWitnessKeyHash, kTaproot };
constexpr size_t kKeyOutputs = 4;

/// Makes the signature that an argument stands for.
class ArgumentSigner {
 public:
  ArgumentSigner(const InputSigner& signer, size_t input) : signer_(signer), input_(input) {}

  /// For a script that runs under `version`.
  Bytes Ecdsa(const Argument& argument, ByteSpan script, SigVersion version) const {
    if (argument.key == 0) return argument.data;
    const TestKey key(argument.key);
    const ByteSpan code = script.subspan(argument.code_begin);
    return Damaged(version == SigVersion::kWitnessV0
                       ? signer_.Segwit(input_, key, code, argument.hash_type)
                       : signer_.Legacy(input_, key, code, argument.hash_type),
                   argument.damage);
  }

  Bytes Schnorr(const Argument& argument, consensus::ExecutionData execution,
                const std::optional<crypto::Digest>& tweak = std::nullopt) const {
    if (argument.key == 0) return argument.data;
    execution.code_separator_position = argument.separator;
    return Damaged(
        signer_.Schnorr(input_, TestKey(argument.key), execution, argument.hash_type, tweak),
        argument.damage);
  }

 private:
  const InputSigner& signer_;
  const size_t input_;
};

/// One spend: what the output is, and how it is opened once the transaction can be signed.
class Spend {
 public:
  virtual ~Spend() = default;
  virtual Bytes Output() const = 0;
  virtual void Open(const ArgumentSigner& signer, TransactionDraft::Input& input) const = 0;
};

class ScriptSpend final : public Spend {
 public:
  ScriptSpend(Wrapping wrapping, Input& input)
      : plan_(BuildSignedScript(input, VersionOf(wrapping))), wrapped_(wrapping, plan_.script) {
    if (input.Byte() % 8 == 7) annex_ = {0x50, input.Byte()};
  }

  Bytes Output() const override { return wrapped_.Output(); }

  void Open(const ArgumentSigner& signer, TransactionDraft::Input& input) const override {
    const SigVersion version = VersionOf(wrapped_.wrapping());
    std::vector<Bytes> arguments;
    for (const Argument& argument : plan_.arguments) {
      arguments.push_back(version == SigVersion::kTapscript
                              ? signer.Schnorr(argument, Tapscript())
                              : signer.Ecdsa(argument, plan_.script, version));
    }
    wrapped_.Open(std::move(arguments), input);
    if (version == SigVersion::kTapscript && !annex_.empty()) input.witness.push_back(annex_);
  }

 private:
  consensus::ExecutionData Tapscript() const {
    consensus::ExecutionData execution;
    execution.version = SigVersion::kTapscript;
    execution.tapleaf_hash = wrapped_.leaf();
    if (!annex_.empty()) {
      Bytes with_length = {static_cast<uint8_t>(annex_.size())};
      Append(with_length, annex_);
      execution.annex_hash = crypto::Sha256Of(with_length);
    }
    return execution;
  }

  SignedScript plan_;
  WrappedScript wrapped_;
  Bytes annex_;
};

class KeySpend final : public Spend {
 public:
  KeySpend(KeyOutput kind, Input& input)
      : kind_(kind),
        key_number_(static_cast<uint8_t>(1 + input.Below(4))),
        taproot_(TestKey(key_number_)),
        key_(KeyForm(input, key_number_, SigVersion::kBase)),
        argument_(SignatureBy(input, key_number_)) {}

  Bytes Output() const override {
    switch (kind_) {
      case KeyOutput::kPubkeyHash: return KeyHashScript();
      case KeyOutput::kWitnessKeyHash: return Program();
      case KeyOutput::kNestedWitnessKeyHash: return PayToScriptHash(Program());
      case KeyOutput::kTaproot: break;
    }
    return taproot_.script;
  }

  void Open(const ArgumentSigner& signer, TransactionDraft::Input& input) const override {
    switch (kind_) {
      case KeyOutput::kPubkeyHash:
        input.script_sig = ScriptBuilder()
                               .Push(signer.Ecdsa(argument_, KeyHashScript(), SigVersion::kBase))
                               .Push(key_)
                               .Take();
        return;
      case KeyOutput::kNestedWitnessKeyHash:
        input.script_sig = ScriptBuilder().Push(Program()).Take();
        [[fallthrough]];
      case KeyOutput::kWitnessKeyHash:
        input.witness = {signer.Ecdsa(argument_, KeyHashScript(), SigVersion::kWitnessV0), key_};
        return;
      case KeyOutput::kTaproot: break;
    }
    consensus::ExecutionData execution;
    execution.version = SigVersion::kTaproot;
    input.witness = {signer.Schnorr(argument_, execution, taproot_.tweak)};
  }

 private:
  Bytes KeyHashScript() const {
    return ScriptBuilder()
        .Op(OP_DUP)
        .Op(OP_HASH160)
        .Push(crypto::Hash160Of(key_))
        .Op(OP_EQUALVERIFY)
        .Op(OP_CHECKSIG)
        .Take();
  }
  Bytes Program() const { return ScriptBuilder().Op(OP_0).Push(crypto::Hash160Of(key_)).Take(); }

  const KeyOutput kind_;
  const uint8_t key_number_;
  const TaprootOutput taproot_;
  const Bytes key_;
  const Argument argument_;
};

std::unique_ptr<Spend> MakeSpend(Input& input) {
  const size_t kind = input.Below(kWrappings + kKeyOutputs);
  if (kind < kWrappings) return std::make_unique<ScriptSpend>(static_cast<Wrapping>(kind), input);
  return std::make_unique<KeySpend>(static_cast<KeyOutput>(kind - kWrappings), input);
}

/// A transaction of up to three inputs, of which one is to be judged.
SpendCase MakeCase(Input& input) {
  SpendCase result;
  result.flags = LegalFlags(input.Number<uint32_t>());
  TransactionDraft draft;
  draft.version = static_cast<int32_t>(1 + input.Below(2));
  draft.lock_time = input.Byte();
  const size_t count = 1 + input.Below(3);
  result.input = input.Below(count);
  for (size_t i = 0; i < count; ++i) {
    auto& each = draft.inputs.emplace_back();
    each.prevout = {Txid{}, static_cast<uint32_t>(i)};
    each.sequence = input.Flag() ? 1 : TxIn::kFinalSequence;
    result.coins.push_back({Amount{input.Byte()}, {OP_1}});
  }
  for (size_t outputs = 1 + input.Below(2); outputs > 0; --outputs) {
    draft.outputs.push_back({Amount{input.Byte()}, {OP_1}});
  }
  const auto spend = MakeSpend(input);
  result.coins[result.input].script = spend->Output();
  const InputSigner signer(draft, result.coins);
  spend->Open(ArgumentSigner(signer, result.input), draft.inputs[result.input]);
  result.tx = draft.Finish();
  return result;
}

}  // namespace

void FuzzDeferring(ByteSpan bytes) {
  Input input(bytes);
  const SpendCase spend = MakeCase(input);
  const consensus::ScriptError exact = test::RunExactly(spend);
  CAIRN_ASSERT(test::RunDeferring(spend).error == exact);
  // The same by a cache that knows nothing yet, and once it knows what is right.
  consensus::ExactVerifier curve;
  consensus::SignatureCache cache(0, {});
  consensus::CachingVerifier caching(cache, curve);
  for (int turn = 0; turn < 2; ++turn) {
    CAIRN_ASSERT(test::RunCase(spend, caching) == exact);
    CAIRN_ASSERT(test::RunDeferring(spend, caching).error == exact);
  }
}

}  // namespace cairn::fuzz
