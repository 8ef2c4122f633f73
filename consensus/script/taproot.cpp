#include "consensus/script/taproot.h"

#include <algorithm>

#include "cairn/crypto/secp256k1.h"
#include "consensus/script/witness.h"
#include "consensus/sighash/hash_writer.h"
#include "consensus/sighash/tags.h"

namespace cairn::consensus {
namespace {

constexpr size_t kBaseSize = 33;
constexpr size_t kNodeSize = 32;
constexpr size_t kMostNodes = 128;

}  // namespace

bool IsControlBlockSize(size_t size) {
  return size >= kBaseSize && size <= kBaseSize + kMostNodes * kNodeSize &&
         (size - kBaseSize) % kNodeSize == 0;
}

crypto::Digest TapleafHash(uint8_t leaf_version, ByteSpan script) {
  HashWriter writer(kTapLeafTag);
  return writer.U8(leaf_version).VarBytes(script).Once();
}

crypto::Digest TapbranchHash(ByteSpan a, ByteSpan b) {
  if (std::lexicographical_compare(b.begin(), b.end(), a.begin(), a.end())) std::swap(a, b);
  return crypto::Sha256(kTapBranchTag).Update(a).Update(b).Finish();
}

bool IsCommittedLeaf(ByteSpan control, ByteSpan output_key, const crypto::Digest& leaf) {
  const ByteSpan internal_key = control.subspan(1, kNodeSize);
  crypto::Digest node = leaf;
  for (size_t at = kBaseSize; at < control.size(); at += kNodeSize) {
    node = TapbranchHash(node, control.subspan(at, kNodeSize));
  }
  const crypto::Digest tweak =
      crypto::Sha256(kTapTweakTag).Update(internal_key).Update(node).Finish();
  return crypto::IsTweakedKey(output_key, (control[0] & 1) != 0, internal_key, tweak);
}

bool IsOpSuccess(uint8_t opcode) {
  return opcode == 80 || opcode == 98 || (opcode >= 126 && opcode <= 129) ||
         (opcode >= 131 && opcode <= 134) || (opcode >= 137 && opcode <= 138) ||
         (opcode >= 141 && opcode <= 142) || (opcode >= 149 && opcode <= 153) ||
         (opcode >= 187 && opcode <= 254);
}

}  // namespace cairn::consensus
