#include "src/rpc/transaction_signer.h"

#include <algorithm>
#include <utility>

#include "cairn/crypto/secp256k1.h"
#include "cairn/mempool/policy.h"
#include "cairn/primitives/output_scripts.h"
#include "cairn/primitives/script.h"
#include "consensus/script/encoding.h"
#include "consensus/script/verify.h"
#include "consensus/sighash/hash_writer.h"
#include "consensus/sighash/sighash.h"
#include "consensus/sighash/tags.h"

namespace cairn::rpc {

namespace {

using consensus::SigVersion;

constexpr size_t kCompressedSize = 33;

crypto::Digest160 AsDigest160(ByteSpan bytes) {
  crypto::Digest160 digest{};
  if (bytes.size() == digest.size()) std::copy(bytes.begin(), bytes.end(), digest.begin());
  return digest;
}

template <typename Map>
auto* FindIn(Map& map, ByteSpan hash) {
  const auto found = map.find(AsDigest160(hash));
  return found == map.end() ? nullptr : &found->second;
}

/// Everything that a scriptSig pushes.
std::vector<Bytes> PushesOf(ByteSpan script_sig) {
  std::vector<Bytes> pushes;
  ScriptCursor cursor(script_sig);
  ScriptElement element;
  while (!cursor.AtEnd() && cursor.Next(element)) {
    if (element.IsPush()) pushes.emplace_back(element.data.begin(), element.data.end());
  }
  return pushes;
}

Bytes ScriptOfPushes(const std::vector<Bytes>& items) {
  ScriptBuilder script;
  for (const Bytes& item : items) script.Push(item);
  return script.Take();
}

TransactionPtr WithMeaninglessWitness(TransactionDraft draft) {
  for (TransactionDraft::Input& input : draft.inputs) input.witness = {Bytes{0}};
  return draft.Finish();
}

std::vector<TxOut> AllCoins(const std::vector<std::optional<TransactionSigner::Coin>>& coins) {
  std::vector<TxOut> all;
  for (const auto& coin : coins) {
    if (!coin) return {};
    all.push_back({coin->value, coin->script});
  }
  return all;
}

}  // namespace

void Keyring::AddKey(const DecodedSecret& secret) {
  Key key{secret.key, crypto::PublicKeyOf(secret.key, secret.compressed)};
  const crypto::Digest160 hash = crypto::Hash160Of(key.public_key);
  keys_.emplace(hash, std::move(key));
}

void Keyring::AddScript(ByteSpan script) {
  for (const Bytes& form :
       {Bytes(script.begin(), script.end()), PayToWitness(0, crypto::Sha256Of(script))}) {
    scripts_.emplace(crypto::Hash160Of(form), form);
  }
}

const Keyring::Key* Keyring::Find(ByteSpan public_key) const {
  return FindByHash(crypto::Hash160Of(public_key));
}

const Keyring::Key* Keyring::FindByHash(ByteSpan key_hash) const { return FindIn(keys_, key_hash); }

std::optional<Keyring::OutputKey> Keyring::FindOutputKey(ByteSpan output_key) const {
  for (const auto& [hash, key] : keys_) {
    if (key.public_key.size() != kCompressedSize) continue;
    const ByteSpan x_only = ByteSpan(key.public_key).subspan(1);
    if (Equal(x_only, output_key)) return OutputKey{&key};
    const crypto::Digest tweak = consensus::HashWriter(consensus::kTapTweakTag).Raw(x_only).Once();
    Bytes tweaked(x_only.size());
    bool odd = false;
    if (crypto::TweakKey(x_only, tweak, tweaked.data(), &odd) && Equal(tweaked, output_key)) {
      return OutputKey{&key, tweak};
    }
  }
  return std::nullopt;
}

const Bytes* Keyring::FindScript(ByteSpan script_hash) const {
  return FindIn(scripts_, script_hash);
}

const Bytes* Keyring::FindWitnessScript(ByteSpan script_hash) const {
  return FindScript(crypto::Ripemd160Of(script_hash));
}

/// Finds what satisfies the scripts of one input.
class TransactionSigner::InputFiller {
 public:
  InputFiller(const TransactionSigner& signer, size_t input, const Keyring& keys, uint8_t hash_type,
              std::span<const TransactionDraft::Input> present)
      : signer_(signer), input_(input), keys_(keys), hash_type_(hash_type) {
    for (const TransactionDraft::Input& copy : present) {
      for (Bytes& push : PushesOf(copy.script_sig)) known_.push_back(std::move(push));
      known_.insert(known_.end(), copy.witness.begin(), copy.witness.end());
    }
  }

  /// Nothing if there is nothing to fill in.
  std::optional<TransactionDraft::Input> Fill() {
    TransactionDraft::Input filled = signer_.draft_.inputs[input_];
    filled.script_sig.clear();
    filled.witness.clear();
    const ByteSpan script = signer_.coins_[input_]->script;
    std::vector<Bytes> stack;
    ByteSpan program = script;
    if (IsPayToScriptHash(script)) {
      const Bytes* redeem = ScriptOfHash(script.subspan(2, 20));
      if (redeem == nullptr) return std::nullopt;
      program = *redeem;
      stack = {*redeem};
    }
    if (ParseWitnessProgram(program)) {
      filled.witness = SatisfyProgram(program);
    } else {
      const std::vector<Bytes> items = Satisfy(program, SigVersion::kBase);
      stack.insert(stack.begin(), items.begin(), items.end());
    }
    filled.script_sig = ScriptOfPushes(stack);
    return filled;
  }

 private:
  /// What is on the keyring or was given before, by its HASH160.
  const Bytes* ScriptOfHash(ByteSpan hash) const {
    if (const Bytes* script = keys_.FindScript(hash)) return script;
    return Known([&](const Bytes& item) { return Equal(crypto::Hash160Of(item), hash); });
  }

  const Bytes* WitnessScriptOfHash(ByteSpan hash) const {
    if (const Bytes* script = keys_.FindWitnessScript(hash)) return script;
    return Known([&](const Bytes& item) { return Equal(crypto::Sha256Of(item), hash); });
  }

  template <typename Test>
  const Bytes* Known(const Test& test) const {
    const auto found = std::find_if(known_.begin(), known_.end(), test);
    return found == known_.end() ? nullptr : &*found;
  }

  // What follows gives stacks, the bottom first; as far as it can, or nothing.

  std::vector<Bytes> SatisfyProgram(ByteSpan script) {
    const ClassifiedOutput output = ClassifyOutput(script);
    switch (output.type) {
      case OutputType::kWitnessV0KeyHash:
        return Satisfy(PayToKeyHash(output.parts[0]), SigVersion::kWitnessV0);
      case OutputType::kWitnessV0ScriptHash: {
        const Bytes* witness_script = WitnessScriptOfHash(output.parts[0]);
        if (witness_script == nullptr) return {};
        std::vector<Bytes> items = Satisfy(*witness_script, SigVersion::kWitnessV0);
        items.push_back(*witness_script);
        return items;
      }
      case OutputType::kWitnessV1Taproot: return SatisfyTaproot(output.parts[0]);
      default: return {};
    }
  }

  /// pk, pkh and multisig. Of a multisig some signatures may be missing.
  std::vector<Bytes> Satisfy(ByteSpan script, SigVersion version) {
    const ClassifiedOutput output = ClassifyOutput(script);
    switch (output.type) {
      case OutputType::kPubKey: {
        std::optional<Bytes> signature = SignatureOf(output.parts[0], script, version);
        if (!signature) return {};
        return {*std::move(signature)};
      }
      case OutputType::kPubKeyHash: {
        const std::optional<Bytes> key = KeyOfHash(output.parts[0]);
        std::optional<Bytes> signature = key ? SignatureOf(*key, script, version) : std::nullopt;
        if (!signature) return {};
        return {*std::move(signature), *key};
      }
      case OutputType::kMultisig: return SatisfyMultisig(output, script, version);
      default: return {};
    }
  }

  std::optional<Bytes> KeyOfHash(ByteSpan hash) const {
    if (const Keyring::Key* key = keys_.FindByHash(hash)) return key->public_key;
    const Bytes* known =
        Known([&](const Bytes& item) { return Equal(crypto::Hash160Of(item), hash); });
    if (known == nullptr) return std::nullopt;
    return *known;
  }

  std::vector<Bytes> SatisfyMultisig(const ClassifiedOutput& output, ByteSpan script,
                                     SigVersion version) {
    const size_t items = 1 + static_cast<size_t>(output.required);
    std::vector<Bytes> stack(1);  // CHECKMULTISIG takes one item too many
    for (const ByteSpan key : output.parts) {
      if (stack.size() == items) break;
      if (auto signature = SignatureOf(key, script, version)) stack.push_back(*signature);
    }
    stack.resize(items);
    return stack;
  }

  crypto::Digest MessageOf(ByteSpan script, SigVersion version, uint8_t hash_type) const {
    if (version == SigVersion::kBase) {
      return consensus::LegacySighash(*signer_.hashed_, input_, script, hash_type);
    }
    return consensus::SegwitSighash(signer_.midstates_, input_, script,
                                    signer_.coins_[input_]->value, hash_type);
  }

  /// One that is there already, or a new one.
  std::optional<Bytes> SignatureOf(ByteSpan key, ByteSpan script, SigVersion version) const {
    const Bytes* known = Known([&](const Bytes& item) {
      if (item.size() < 9 || !consensus::IsStrictDer(item)) return false;
      return crypto::VerifyEcdsa(key, MessageOf(script, version, item.back()),
                                 ByteSpan(item).first(item.size() - 1));
    });
    if (known != nullptr) return *known;
    const Keyring::Key* ours = keys_.Find(key);
    if (ours == nullptr) return std::nullopt;
    if (version == SigVersion::kWitnessV0 && key.size() != kCompressedSize) return std::nullopt;
    const uint8_t type =
        hash_type_ == consensus::kSighashDefault ? consensus::kSighashAll : hash_type_;
    Bytes signature = crypto::SignEcdsa(ours->secret, MessageOf(script, version, type));
    signature.push_back(type);
    return signature;
  }

  /// By the key path.
  std::vector<Bytes> SatisfyTaproot(ByteSpan output_key) const {
    const Bytes* known = Known([&](const Bytes& item) {
      if (item.size() != 64 && item.size() != 65) return false;
      const uint8_t type = item.size() == 64 ? consensus::kSighashDefault : item.back();
      const auto message = TaprootMessage(type);
      return message && crypto::VerifySchnorr(output_key, *message, ByteSpan(item).first(64));
    });
    if (known != nullptr) return {*known};
    const auto ours = keys_.FindOutputKey(output_key);
    const auto message = ours ? TaprootMessage(hash_type_) : std::nullopt;
    if (!message) return {};
    const auto made =
        crypto::SignSchnorr(ours->key->secret, *message, ours->tweak ? &*ours->tweak : nullptr);
    if (!made) return {};
    Bytes signature(made->begin(), made->end());
    if (hash_type_ != consensus::kSighashDefault) signature.push_back(hash_type_);
    return {std::move(signature)};
  }

  /// Nothing if not all coins are known, since the message has them all.
  std::optional<crypto::Digest> TaprootMessage(uint8_t hash_type) const {
    if (!signer_.midstates_.ServesTaproot()) return std::nullopt;
    consensus::ExecutionData execution;
    execution.version = SigVersion::kTaproot;
    return consensus::TaprootSighash(signer_.midstates_, input_, execution, hash_type);
  }

  const TransactionSigner& signer_;
  const size_t input_;
  const Keyring& keys_;
  const uint8_t hash_type_;
  std::vector<Bytes> known_;  // what the copies of the input push
};

TransactionSigner::TransactionSigner(const TransactionDraft& draft,
                                     std::vector<std::optional<Coin>> coins)
    : draft_(draft),
      coins_(std::move(coins)),
      spent_(AllCoins(coins_)),
      hashed_(WithMeaninglessWitness(draft)),
      midstates_(*hashed_, spent_) {}

void TransactionSigner::Sign(size_t input, const Keyring& keys, uint8_t hash_type,
                             std::span<const TransactionDraft::Input> present) {
  // SINGLE without an output of that number would sign the number one.
  const bool single = (hash_type & consensus::kSighashOutputMask) == consensus::kSighashSingle;
  if (single && input >= draft_.outputs.size()) return;
  // Whatever script it is, a copy that satisfies it is good as it is.
  const TransactionDraft::Input before = draft_.inputs[input];
  for (const TransactionDraft::Input& copy : present) {
    draft_.inputs[input].script_sig = copy.script_sig;
    draft_.inputs[input].witness = copy.witness;
    if (Problem(input).empty()) return;
  }
  auto filled = InputFiller(*this, input, keys, hash_type, present).Fill();
  draft_.inputs[input] = filled ? *std::move(filled) : before;
}

std::string TransactionSigner::Problem(size_t input) const {
  const TransactionPtr tx = draft_.Finish();
  const consensus::TransactionMidstates midstates(*tx, spent_);
  consensus::ExactVerifier verifier;
  const TxOut coin{coins_[input]->value, coins_[input]->script};
  const consensus::ScriptError error =
      consensus::VerifyInput(midstates, input, coin, mempool::kStandardScriptFlags, verifier);
  switch (error) {
    case consensus::ScriptError::kOk: return "";
    case consensus::ScriptError::kInvalidStackOperation:
      return "Unable to sign input, invalid stack size (possibly missing key)";
    case consensus::ScriptError::kSigNullFail:
      return "CHECK(MULTI)SIG failing with non-zero signature (possibly need more signatures)";
    default: return std::string(consensus::ScriptErrorText(error));
  }
}

}  // namespace cairn::rpc
