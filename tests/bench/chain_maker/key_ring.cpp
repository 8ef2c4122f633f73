#include "tests/bench/chain_maker/key_ring.h"

#include <array>

#include "cairn/base/writer.h"
#include "cairn/crypto/hash.h"
#include "cairn/primitives/output_scripts.h"

namespace cairn::bench {
namespace {

using test::TaprootOutput;
using test::TestKey;

// Of a thousand outputs of mainnet in 2024, in the order of `Kind`.
constexpr std::array<unsigned, kKinds> kShares = {130, 110, 430, 70, 190, 70};

constexpr uint8_t kAll = consensus::kSighashAll;
constexpr uint8_t kDefault = consensus::kSighashDefault;

// Sizes in bytes. A DER signature with a low S has at most 71 bytes and its hash type.
constexpr size_t kEcdsaSize = 72;
constexpr size_t kSchnorrSize = 64;
constexpr size_t kKeySize = 33;
constexpr size_t kOutpointAndSequence = 40;

crypto::Digest DigestOf(std::string_view purpose, uint64_t seed, uint64_t number) {
  Bytes text(purpose.begin(), purpose.end());
  Writer(text).U64(seed).U64(number);
  return crypto::Sha256Of(text);
}

/// What a script in a taproot output asks for.
enum class Leaf { kOneSignature, kTwoSignatures, kInscription };

Leaf LeafOf(uint32_t key) {
  switch (key % 4) {
    case 0: return Leaf::kOneSignature;
    case 1: return Leaf::kTwoSignatures;
    default: return Leaf::kInscription;
  }
}

/// Data that nobody executes, behind the check of a signature.
Bytes InscriptionScript(const TestKey& owner, uint32_t key) {
  const std::string_view mime = "text/plain;charset=utf-8";
  const auto pattern = DigestOf("inscription", 0, key);
  Bytes body;
  while (body.size() < 60 + key % 440) Append(body, pattern);
  body.resize(60 + key % 440);
  return ScriptBuilder()
      .Push(owner.XOnly())
      .Op(OP_CHECKSIG)
      .Op(OP_0)
      .Op(OP_IF)
      .Push(AsBytes("ord"))
      .Op(OP_1)
      .Push(AsBytes(mime))
      .Op(OP_0)
      .Push(body)
      .Op(OP_ENDIF)
      .Take();
}

Bytes LeafScript(const TestKey& owner, const TestKey& second, uint32_t key) {
  switch (LeafOf(key)) {
    case Leaf::kOneSignature: return ScriptBuilder().Push(owner.XOnly()).Op(OP_CHECKSIG).Take();
    case Leaf::kTwoSignatures:
      return ScriptBuilder()
          .Push(owner.XOnly())
          .Op(OP_CHECKSIG)
          .Push(second.XOnly())
          .Op(OP_CHECKSIGADD)
          .Number(2)
          .Op(OP_NUMEQUAL)
          .Take();
    case Leaf::kInscription: return InscriptionScript(owner, key);
  }
  return {};
}

uint32_t WitnessSize(std::initializer_list<size_t> items) {
  size_t size = 1;
  for (const size_t item : items) size += CompactSizeLength(item) + item;
  return static_cast<uint32_t>(size);
}

}  // namespace

struct KeyRing::Holder {
  explicit Holder(const crypto::Digest& secret)
      : key(secret), compressed(key.Compressed()), hash(crypto::Hash160Of(compressed)) {}

  TestKey key;
  Bytes compressed;
  crypto::Digest160 hash;
  Bytes multisig;  // with the keys of the next two
  Bytes leaf;
  std::optional<TaprootOutput> key_path;
  std::optional<TaprootOutput> script_path;
};

KeyRing::KeyRing(uint64_t seed, size_t count, WorkerPool& workers) : holders_(count) {
  workers.ForEach(
      count, [&](size_t i) { holders_[i] = std::make_shared<Holder>(DigestOf("key", seed, i)); });
  workers.ForEach(count, [&](size_t i) { MakeOutputs(static_cast<uint32_t>(i)); });
}

void KeyRing::MakeOutputs(uint32_t key) {
  Holder& holder = *holders_[key];
  const Holder& second = At(key + 1);
  holder.multisig = ScriptBuilder()
                        .Number(2)
                        .Push(holder.compressed)
                        .Push(second.compressed)
                        .Push(At(key + 2).compressed)
                        .Number(3)
                        .Op(OP_CHECKMULTISIG)
                        .Take();
  holder.leaf = LeafScript(holder.key, second.key, key);
  std::vector<crypto::Digest> siblings;
  for (uint64_t i = 0; i < key % 3; ++i) siblings.push_back(DigestOf("sibling", key, i));
  holder.key_path.emplace(holder.key);
  holder.script_path.emplace(second.key, holder.leaf, consensus::kTapscriptLeafVersion, siblings);
}

Payee KeyRing::Draw(Random& random) const {
  const auto key = static_cast<uint32_t>(random.Below(holders_.size()));
  auto at = static_cast<unsigned>(random.Below(1000));
  for (size_t kind = 0; kind + 1 < kKinds; ++kind) {
    if (at < kShares[kind]) return {key, static_cast<Kind>(kind)};
    at -= kShares[kind];
  }
  return {key, static_cast<Kind>(kKinds - 1)};
}

Bytes KeyRing::OutputScript(Payee payee) const {
  const Holder& holder = At(payee.key);
  switch (payee.kind) {
    case Kind::kPubkeyHash: return PayToKeyHash(holder.hash);
    case Kind::kNestedKeyHash: {
      const Bytes redeem = ScriptBuilder().Op(OP_0).Push(holder.hash).Take();
      return ScriptBuilder().Op(OP_HASH160).Push(crypto::Hash160Of(redeem)).Op(OP_EQUAL).Take();
    }
    case Kind::kKeyHash: return ScriptBuilder().Op(OP_0).Push(holder.hash).Take();
    case Kind::kMultisig:
      return ScriptBuilder().Op(OP_0).Push(crypto::Sha256Of(holder.multisig)).Take();
    case Kind::kTaprootKey: return holder.key_path->script;
    case Kind::kTaprootScript: return holder.script_path->script;
  }
  return {};
}

size_t KeyRing::OutputScriptSize(Kind kind) {
  constexpr std::array<size_t, kKinds> kSizes = {25, 23, 22, 34, 34, 34};
  return kSizes[static_cast<size_t>(kind)];
}

void KeyRing::Sign(const test::InputSigner& signer, size_t index, Payee payee,
                   TransactionDraft::Input& input) const {
  const Holder& holder = At(payee.key);
  const auto key_hash_witness = [&]() -> std::vector<Bytes> {
    const Bytes code = PayToKeyHash(holder.hash);
    return {signer.Segwit(index, holder.key, code, kAll), holder.compressed};
  };
  switch (payee.kind) {
    case Kind::kPubkeyHash: {
      const Bytes signature = signer.Legacy(index, holder.key, PayToKeyHash(holder.hash), kAll);
      input.script_sig = ScriptBuilder().Push(signature).Push(holder.compressed).Take();
      return;
    }
    case Kind::kNestedKeyHash:
      input.script_sig =
          ScriptBuilder().Push(ScriptBuilder().Op(OP_0).Push(holder.hash).Take()).Take();
      input.witness = key_hash_witness();
      return;
    case Kind::kKeyHash: input.witness = key_hash_witness(); return;
    case Kind::kMultisig: {
      // Each pair of the three signs as often as the others.
      const uint32_t first = payee.key + (payee.key % 3 == 2 ? 1 : 0);
      const uint32_t second = payee.key + (payee.key % 3 == 0 ? 1 : 2);
      input.witness = {{},
                       signer.Segwit(index, At(first).key, holder.multisig, kAll),
                       signer.Segwit(index, At(second).key, holder.multisig, kAll),
                       holder.multisig};
      return;
    }
    case Kind::kTaprootKey:
      input.witness = {signer.TaprootKey(index, holder.key, holder.key_path->tweak, kDefault)};
      return;
    case Kind::kTaprootScript: {
      const TaprootOutput& output = *holder.script_path;
      input.witness.clear();
      if (LeafOf(payee.key) == Leaf::kTwoSignatures) {
        const TestKey& second = At(payee.key + 1).key;
        input.witness.push_back(signer.Tapscript(index, second, output.leaf, kDefault));
      }
      input.witness.push_back(signer.Tapscript(index, holder.key, output.leaf, kDefault));
      input.witness.push_back(holder.leaf);
      input.witness.push_back(output.control);
      return;
    }
  }
}

uint32_t KeyRing::InputWeight(Payee payee) const {
  constexpr uint32_t kScale = kWitnessScaleFactor;
  constexpr uint32_t kBare = (kOutpointAndSequence + 1) * kScale;
  const Holder& holder = At(payee.key);
  const uint32_t key_hash = WitnessSize({kEcdsaSize, kKeySize});
  switch (payee.kind) {
    case Kind::kPubkeyHash: return kBare + (1 + kEcdsaSize + 1 + kKeySize) * kScale + 1;
    case Kind::kNestedKeyHash: return kBare + (1 + holder.hash.size() + 2) * kScale + key_hash;
    case Kind::kKeyHash: return kBare + key_hash;
    case Kind::kMultisig:
      return kBare + WitnessSize({0, kEcdsaSize, kEcdsaSize, holder.multisig.size()});
    case Kind::kTaprootKey: return kBare + WitnessSize({kSchnorrSize});
    case Kind::kTaprootScript: {
      const uint32_t rest = WitnessSize({holder.leaf.size(), holder.script_path->control.size()});
      return kBare + rest + SignatureCount(payee) * (1 + kSchnorrSize);
    }
  }
  return 0;
}

unsigned KeyRing::SignatureCount(Payee payee) const {
  const bool two = payee.kind == Kind::kMultisig || (payee.kind == Kind::kTaprootScript &&
                                                     LeafOf(payee.key) == Leaf::kTwoSignatures);
  return two ? 2 : 1;
}

}  // namespace cairn::bench
