// Signs the inputs of a transaction under construction, and makes the taproot outputs to spend.
#pragma once

#include <utility>
#include <vector>

#include "cairn/crypto/secp256k1.h"
#include "cairn/primitives/script.h"
#include "cairn/primitives/transaction.h"
#include "consensus/script/taproot.h"
#include "consensus/script/witness.h"
#include "consensus/sighash/sighash.h"
#include "tests/support/tagged_hash.h"
#include "tests/support/test_key.h"

namespace cairn::test {

/// Makes signatures, each with its hash type behind it, as scripts expect them. No signature covers
/// a scriptSig or a witness, so the draft may still lack them all.
class InputSigner {
 public:
  InputSigner(const TransactionDraft& draft, std::vector<TransactionDraft::Output> coins)
      : coins_(std::move(coins)), tx_(Unsigned(draft)), midstates_(*tx_, Views(coins_, views_)) {}

  InputSigner(const InputSigner&) = delete;
  InputSigner& operator=(const InputSigner&) = delete;

  Bytes Legacy(size_t input, const TestKey& key, ByteSpan script_code, uint8_t hash_type) const {
    return WithType(key.SignEcdsa(consensus::LegacySighash(*tx_, input, script_code, hash_type)),
                    hash_type);
  }

  Bytes Segwit(size_t input, const TestKey& key, ByteSpan script_code, uint8_t hash_type) const {
    return WithType(key.SignEcdsa(consensus::SegwitSighash(midstates_, input, script_code,
                                                           coins_[input].value, hash_type)),
                    hash_type);
  }

  /// For the output key that `key` and the tweak give.
  Bytes TaprootKey(size_t input, const TestKey& key, const crypto::Digest& tweak,
                   uint8_t hash_type) const {
    consensus::ExecutionData execution;
    execution.version = consensus::SigVersion::kTaproot;
    return Schnorr(input, key, execution, hash_type, tweak);
  }

  /// For an opcode in a tapscript, where no OP_CODESEPARATOR has run.
  Bytes Tapscript(size_t input, const TestKey& key, const crypto::Digest& leaf,
                  uint8_t hash_type) const {
    consensus::ExecutionData execution;
    execution.version = consensus::SigVersion::kTapscript;
    execution.tapleaf_hash = leaf;
    return Schnorr(input, key, execution, hash_type);
  }

  /// Empty where the hash type has no message.
  Bytes Schnorr(size_t input, const TestKey& key, const consensus::ExecutionData& execution,
                uint8_t hash_type,
                const std::optional<crypto::Digest>& tweak = std::nullopt) const {
    const auto message = consensus::TaprootSighash(midstates_, input, execution, hash_type);
    if (!message) return {};
    Bytes signature = key.SignSchnorr(*message, tweak);
    // The default type is said by leaving it out.
    return hash_type == consensus::kSighashDefault ? signature
                                                   : WithType(std::move(signature), hash_type);
  }

 private:
  static TransactionPtr Unsigned(TransactionDraft draft) {
    // With a witness, so that the midstates are computed.
    for (auto& input : draft.inputs) input.witness = {Bytes{0}};
    return draft.Finish();
  }

  static std::span<const TxOut> Views(const std::vector<TransactionDraft::Output>& coins,
                                      std::vector<TxOut>& views) {
    for (const auto& coin : coins) views.push_back({coin.value, coin.script});
    return views;
  }

  static Bytes WithType(Bytes signature, uint8_t hash_type) {
    signature.push_back(hash_type);
    return signature;
  }

  std::vector<TransactionDraft::Output> coins_;
  std::vector<TxOut> views_;
  TransactionPtr tx_;
  consensus::TransactionMidstates midstates_;
};

/// A taproot output over an internal key: without scripts, or with a leaf below some siblings.
struct TaprootOutput {
  crypto::Digest leaf{};
  crypto::Digest tweak{};
  Bytes script;
  Bytes control;  // that proves the leaf

  explicit TaprootOutput(const TestKey& internal) { Commit(internal, {}); }
  TaprootOutput(const TestKey& internal, ByteSpan leaf_script,
                uint8_t leaf_version = consensus::kTapscriptLeafVersion,
                std::span<const crypto::Digest> siblings = {})
      : leaf(consensus::TapleafHash(leaf_version, leaf_script)), control{leaf_version} {
    crypto::Digest root = leaf;
    for (const crypto::Digest& sibling : siblings) root = consensus::TapbranchHash(root, sibling);
    Commit(internal, root);
    Append(control, internal.XOnly());
    for (const crypto::Digest& sibling : siblings) Append(control, sibling);
  }

 private:
  void Commit(const TestKey& internal, ByteSpan root) {
    const Bytes key = internal.XOnly();
    tweak = TaggedHasher("TapTweak").Update(key).Update(root).Finish();
    Bytes output_key(32);
    bool odd = false;
    CAIRN_ASSERT(crypto::TweakKey(key, tweak, output_key.data(), &odd));
    if (!control.empty() && odd) control[0] |= 1;
    script = ScriptBuilder().Op(OP_1).Push(output_key).Take();
  }
};

}  // namespace cairn::test
