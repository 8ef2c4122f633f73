#include "cairn/primitives/merkle_proof.h"

#include <algorithm>

#include "cairn/base/assert.h"
#include "cairn/base/reader.h"
#include "cairn/base/writer.h"

namespace cairn {

namespace {

// No transaction takes less than 60 bytes, so no block of four million weight units has more.
constexpr uint32_t kMostTransactions = 4'000'000 / (60 * kWitnessScaleFactor);

/// Nodes at a height above the leaves.
size_t WidthAt(size_t transactions, int height) {
  return (transactions + (size_t{1} << height) - 1) >> height;
}

int TreeHeight(size_t transactions) {
  int height = 0;
  while (WidthAt(transactions, height) > 1) ++height;
  return height;
}

crypto::Digest HashPair(const crypto::Digest& left, const crypto::Digest& right) {
  std::array<uint8_t, 64> pair;
  std::copy(left.begin(), left.end(), pair.begin());
  std::copy(right.begin(), right.end(), pair.begin() + left.size());
  crypto::Digest parent;
  crypto::Sha256d64(parent.data(), pair.data(), 1);
  return parent;
}

/// Writes the partial tree, from the root down.
class TreeBuilder {
 public:
  TreeBuilder(const Block& block, const std::vector<bool>& wanted, MerkleProof& proof)
      : proof_(proof) {
    Level leaves;
    for (const Transaction& transaction : block.transactions()) {
      leaves.hashes.push_back(transaction.txid.bytes);
    }
    leaves.matches = wanted;
    levels_.push_back(std::move(leaves));
    while (levels_.back().hashes.size() > 1) levels_.push_back(Above(levels_.back()));
    Descend(static_cast<int>(levels_.size()) - 1, 0);
  }

 private:
  struct Level {
    std::vector<crypto::Digest> hashes;
    std::vector<bool> matches;  // whether a match is at the node or below
  };

  static Level Above(const Level& below) {
    Level level;
    const size_t width = below.hashes.size();
    for (size_t left = 0; left < width; left += 2) {
      const size_t right = std::min(left + 1, width - 1);  // an odd last node pairs with itself
      level.hashes.push_back(HashPair(below.hashes[left], below.hashes[right]));
      level.matches.push_back(below.matches[left] || below.matches[right]);
    }
    return level;
  }

  void AddFlag(bool flag) {
    if (bits_ % 8 == 0) proof_.flags.push_back(0);
    if (flag) proof_.flags.back() |= static_cast<uint8_t>(1 << bits_ % 8);
    ++bits_;
  }

  void Descend(int height, size_t position) {
    const Level& level = levels_[static_cast<size_t>(height)];
    AddFlag(level.matches[position]);
    if (height == 0 || !level.matches[position]) {
      proof_.hashes.push_back(level.hashes[position]);
      return;
    }
    const size_t children = levels_[static_cast<size_t>(height) - 1].hashes.size();
    Descend(height - 1, 2 * position);
    if (2 * position + 1 < children) Descend(height - 1, 2 * position + 1);
  }

  MerkleProof& proof_;
  std::vector<Level> levels_;  // the leaves first
  size_t bits_ = 0;
};

/// Reads the partial tree, from the root down. The first thing that is wrong latches failure.
class TreeReader {
 public:
  explicit TreeReader(const MerkleProof& proof) : proof_(proof) {}

  /// The hash of a node.
  crypto::Digest Descend(int height, size_t position) {
    const bool match = NextFlag();
    if (!ok_) return {};
    if (height == 0 || !match) {
      const crypto::Digest hash = NextHash();
      if (match) matches_.push_back({Txid{hash}, static_cast<uint32_t>(position)});
      return hash;
    }
    const crypto::Digest left = Descend(height - 1, 2 * position);
    if (2 * position + 1 >= WidthAt(proof_.transaction_count, height - 1)) {
      return HashPair(left, left);
    }
    const crypto::Digest right = Descend(height - 1, 2 * position + 1);
    // Equal neighbours would let one transaction stand at two places (CVE-2012-2459).
    if (left == right) ok_ = false;
    return HashPair(left, right);
  }

  /// All was well formed, and all was used but the bits that fill the last byte.
  bool IsComplete() const {
    return ok_ && hashes_used_ == proof_.hashes.size() &&
           (bits_used_ + 7) / 8 == proof_.flags.size();
  }

  std::vector<MerkleProof::Match> TakeMatches() { return std::move(matches_); }

 private:
  bool NextFlag() {
    if (bits_used_ >= 8 * proof_.flags.size()) return ok_ = false;
    const bool flag = (proof_.flags[bits_used_ / 8] >> bits_used_ % 8 & 1) != 0;
    ++bits_used_;
    return flag;
  }

  crypto::Digest NextHash() {
    if (hashes_used_ < proof_.hashes.size()) return proof_.hashes[hashes_used_++];
    ok_ = false;
    return {};
  }

  const MerkleProof& proof_;
  bool ok_ = true;
  size_t bits_used_ = 0;
  size_t hashes_used_ = 0;
  std::vector<MerkleProof::Match> matches_;
};

}  // namespace

MerkleProof MerkleProof::Of(const Block& block, const std::vector<bool>& wanted) {
  CAIRN_ASSERT(!wanted.empty() && wanted.size() == block.transactions().size());
  MerkleProof proof;
  proof.header = block.header();
  proof.transaction_count = static_cast<uint32_t>(block.transactions().size());
  const TreeBuilder written(block, wanted, proof);
  return proof;
}

Result<MerkleProof> MerkleProof::Parse(ByteSpan bytes) {
  Reader reader(bytes);
  MerkleProof proof;
  proof.header = Header::From(reader.Array<Header::kSize>());
  proof.transaction_count = reader.U32();
  proof.hashes.resize(reader.Count(sizeof(crypto::Digest)));
  for (crypto::Digest& hash : proof.hashes) hash = reader.Array<sizeof(crypto::Digest)>();
  const ByteSpan flags = reader.VarBytes();
  if (!reader.ok()) return Invalid("the merkle proof ends too early");
  proof.flags.assign(flags.begin(), flags.end());
  return proof;
}

Bytes MerkleProof::Serialize() const {
  Bytes bytes;
  Writer writer(bytes);
  writer.Raw(header.Serialize()).U32(transaction_count).CompactSize(hashes.size());
  for (const crypto::Digest& hash : hashes) writer.Raw(hash);
  writer.VarBytes(flags);
  return bytes;
}

std::optional<std::vector<MerkleProof::Match>> MerkleProof::Matches() const {
  if (transaction_count == 0 || transaction_count > kMostTransactions) return std::nullopt;
  if (hashes.size() > transaction_count || 8 * flags.size() < hashes.size()) return std::nullopt;
  TreeReader reader(*this);
  const crypto::Digest root = reader.Descend(TreeHeight(transaction_count), 0);
  if (!reader.IsComplete() || root != header.merkle_root.bytes) return std::nullopt;
  return reader.TakeMatches();
}

}  // namespace cairn
