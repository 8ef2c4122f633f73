// From a descriptor to scripts.
#include <algorithm>
#include <utility>

#include "cairn/crypto/hash.h"
#include "cairn/crypto/secp256k1.h"
#include "cairn/crypto/sha256.h"
#include "cairn/primitives/output_scripts.h"
#include "cairn/primitives/script.h"
#include "src/primitives/descriptor_tree.h"

namespace cairn {

namespace {

using enum DescriptorFunction;

constexpr uint8_t kTapscript = 0xc0;  // the leaf version of BIP342
constexpr size_t kCompressedSize = 33;

// --- specialised descriptors

DescriptorFunction WithoutSorting(DescriptorFunction function) {
  if (function == kSortedMulti) return kMulti;
  if (function == kSortedMultiA) return kMultiA;
  return function;
}

std::optional<DescriptorNode> SpecialiseOne(const DescriptorNode& node, KeyPosition position) {
  DescriptorNode result;
  result.function = WithoutSorting(node.function);
  result.threshold = node.threshold;
  result.depths = node.depths;
  result.opaque = node.opaque;
  for (const DescriptorKey& key : node.keys) {
    std::optional<DescriptorKey> derived = key.At(position);
    if (!derived) return std::nullopt;
    result.keys.push_back(*std::move(derived));
  }
  if (result.function != node.function) {  // BIP67
    std::stable_sort(result.keys.begin(), result.keys.end(), [](const auto& a, const auto& b) {
      return std::ranges::lexicographical_compare(a.bytes(), b.bytes());
    });
  }
  for (const DescriptorNode& script : node.scripts) {
    std::optional<DescriptorNode> inner = SpecialiseOne(script, position);
    if (!inner) return std::nullopt;
    result.scripts.push_back(*std::move(inner));
  }
  return result;
}

/// pk, pkh, and of a compressed key wpkh and sh(wpkh).
std::vector<DescriptorNode> TakeComboApart(const DescriptorNode& combo) {
  std::vector<DescriptorNode> nodes;
  const auto add = [&](DescriptorFunction function) {
    nodes.push_back(combo);
    nodes.back().function = function;
  };
  add(kPk);
  add(kPkh);
  if (combo.keys[0].Size() != kCompressedSize) return nodes;
  add(kWpkh);
  DescriptorNode nested;
  nested.function = kSh;
  nested.scripts.push_back(nodes.back());
  nodes.push_back(std::move(nested));
  return nodes;
}

// --- scripts

Bytes Multisig(const DescriptorNode& node) {
  std::vector<ByteSpan> keys;
  for (const DescriptorKey& key : node.keys) keys.push_back(key.bytes());
  return PayToMultisig(node.threshold, keys);
}

/// BIP387
Bytes TaprootMultisig(const DescriptorNode& node) {
  ScriptBuilder script;
  for (size_t i = 0; i < node.keys.size(); ++i) {
    script.Push(node.keys[i].bytes()).Op(i == 0 ? OP_CHECKSIG : OP_CHECKSIGADD);
  }
  return script.Number(static_cast<int64_t>(node.threshold)).Op(OP_NUMEQUAL).Take();
}

crypto::Sha256 TaggedHasher(std::string_view tag) {
  const crypto::Digest digest = crypto::Sha256Of(AsBytes(tag));
  crypto::Sha256 hasher;
  hasher.Update(digest).Update(digest);
  return hasher;
}

crypto::Digest LeafHash(ByteSpan script) {
  Bytes head{kTapscript};
  // A script of up to 999 keys: its size in the compact form takes up to three bytes.
  const size_t size = script.size();
  if (size < 0xfd) {
    head.push_back(static_cast<uint8_t>(size));
  } else {
    head.insert(head.end(), {0xfd, static_cast<uint8_t>(size), static_cast<uint8_t>(size >> 8)});
  }
  return TaggedHasher("TapLeaf").Update(head).Update(script).Finish();
}

/// The root of the tree of leaves, which are given from left to right with their depths.
crypto::Digest TreeRoot(const std::vector<Bytes>& leaves, const std::vector<size_t>& depths) {
  struct Subtree {
    crypto::Digest hash;
    size_t depth;
  };
  std::vector<Subtree> waiting;  // for their right halves
  for (size_t i = 0; i < leaves.size(); ++i) {
    Subtree subtree{LeafHash(leaves[i]), depths[i]};
    while (!waiting.empty() && waiting.back().depth == subtree.depth) {
      const auto [lesser, greater] = std::minmax(waiting.back().hash, subtree.hash);
      subtree = {TaggedHasher("TapBranch").Update(lesser).Update(greater).Finish(),
                 subtree.depth - 1};
      waiting.pop_back();
    }
    waiting.push_back(subtree);
  }
  return waiting.front().hash;
}

std::optional<Bytes> TaprootScript(const DescriptorNode& node) {
  const ByteSpan internal_key = node.keys[0].bytes();
  crypto::Sha256 hasher = TaggedHasher("TapTweak");
  hasher.Update(internal_key);
  if (!node.scripts.empty()) {
    std::vector<Bytes> leaves;
    for (const DescriptorNode& script : node.scripts) {
      std::optional<Bytes> leaf = ScriptOf(script);
      if (!leaf) return std::nullopt;
      leaves.push_back(*std::move(leaf));
    }
    hasher.Update(TreeRoot(leaves, node.depths));
  }
  Bytes output_key(internal_key.size());
  bool odd = false;
  if (!crypto::TweakKey(internal_key, hasher.Finish(), output_key.data(), &odd)) {
    return std::nullopt;
  }
  return PayToWitness(1, output_key);
}

std::optional<Bytes> NestedScript(const DescriptorNode& node) {
  const std::optional<Bytes> inner = ScriptOf(node.scripts[0]);
  if (!inner) return std::nullopt;
  if (node.function == kWsh) return PayToWitness(0, crypto::Sha256Of(*inner));
  return PayToScriptHash(crypto::Hash160Of(*inner));
}

}  // namespace

std::optional<std::vector<DescriptorNode>> Specialise(const DescriptorNode& node,
                                                      KeyPosition position) {
  std::optional<DescriptorNode> one = SpecialiseOne(node, position);
  if (!one) return std::nullopt;
  if (one->function == kCombo) return TakeComboApart(*one);
  std::vector<DescriptorNode> nodes;
  nodes.push_back(*std::move(one));
  return nodes;
}

std::optional<Bytes> ScriptOf(const DescriptorNode& specialised) {
  const DescriptorNode& node = specialised;
  switch (node.function) {
    case kPk: return PayToKey(node.keys[0].bytes());
    case kPkh: return PayToKeyHash(crypto::Hash160Of(node.keys[0].bytes()));
    case kWpkh: return PayToWitness(0, crypto::Hash160Of(node.keys[0].bytes()));
    case kMulti:
    case kSortedMulti: return Multisig(node);
    case kMultiA:
    case kSortedMultiA: return TaprootMultisig(node);
    case kSh:
    case kWsh: return NestedScript(node);
    case kTr: return TaprootScript(node);
    case kRawTr: return PayToWitness(1, node.keys[0].bytes());
    case kAddr:
    case kRaw: return node.opaque;
    case kCombo: break;  // never specialised
  }
  return std::nullopt;
}

}  // namespace cairn
