#include "cairn/wire/compact_block.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "cairn/base/assert.h"
#include "cairn/base/endian.h"
#include "cairn/crypto/hash.h"
#include "cairn/crypto/sha256.h"
#include "cairn/primitives/merkle.h"

namespace cairn::wire {
namespace {

constexpr ShortId kShortIdMask = 0xffffffffffff;

crypto::Digest SaltOf(const Header& header, uint64_t nonce) {
  uint8_t raw[sizeof nonce];
  StoreLittle(raw, nonce);
  return crypto::Sha256().Update(header.Serialize()).Update(raw).Finish();
}

bool IsNull(const Transaction& transaction) {
  return transaction.inputs.empty() && transaction.outputs.empty();
}

}  // namespace

ShortIdHasher::ShortIdHasher(const Header& header, uint64_t nonce) {
  const crypto::Digest salt = SaltOf(header, nonce);
  key0_ = LoadLittle<uint64_t>(salt.data());
  key1_ = LoadLittle<uint64_t>(salt.data() + sizeof(uint64_t));
}

ShortId ShortIdHasher::Of(const Wtxid& wtxid) const {
  return crypto::SipHash24(key0_, key1_, wtxid.span()) & kShortIdMask;
}

CompactBlock MakeCompactBlock(const BlockPtr& block, uint64_t nonce) {
  const auto transactions = block->transactions();
  CAIRN_ASSERT(!transactions.empty());
  CompactBlock compact;
  compact.header = block->header();
  compact.nonce = nonce;
  compact.prefilled.push_back({0, TransactionPtr(block, &transactions[0])});
  const ShortIdHasher hasher(compact.header, nonce);
  compact.short_ids.reserve(transactions.size() - 1);
  for (const Transaction& transaction : transactions.subspan(1)) {
    compact.short_ids.push_back(hasher.Of(transaction.wtxid));
  }
  return compact;
}

std::optional<BlockTxn> AnswerBlockTxn(const BlockPtr& block, const GetBlockTxn& request) {
  BlockTxn answer;
  answer.block = request.block;
  answer.transactions.reserve(request.indexes.size());
  for (const uint16_t index : request.indexes) {
    if (index >= block->transactions().size()) return std::nullopt;
    answer.transactions.emplace_back(block, &block->transactions()[index]);
  }
  return answer;
}

CompactBlockAssembly::CompactBlockAssembly(const CompactBlock& compact)
    : header_(compact.header),
      hash_(compact.header.Hash()),
      hasher_(compact.header, compact.nonce),
      transactions_(compact.TransactionCount()),
      contested_(compact.TransactionCount()) {}

Assembled<CompactBlockAssembly> CompactBlockAssembly::Begin(const CompactBlock& compact) {
  constexpr size_t kMostTransactions = 0xffff;
  const size_t count = compact.TransactionCount();
  if (compact.header.bits == 0 || count == 0 || count > kMostTransactions) {
    return tl::unexpected(AssemblyFault::kInvalid);
  }
  CompactBlockAssembly assembly(compact);
  if (!assembly.Place(compact)) return tl::unexpected(AssemblyFault::kInvalid);
  if (!assembly.SortWanted()) return tl::unexpected(AssemblyFault::kCollision);
  return assembly;
}

bool CompactBlockAssembly::Place(const CompactBlock& compact) {
  int last = -1;
  for (const CompactBlock::Prefilled& prefilled : compact.prefilled) {
    if (prefilled.index <= last || prefilled.index >= transactions_.size()) return false;
    if (IsNull(*prefilled.transaction)) return false;
    // There must be short ids for all places before it.
    if (prefilled.index > compact.short_ids.size() + found_) return false;
    transactions_[prefilled.index] = prefilled.transaction;
    last = prefilled.index;
    ++found_;
  }
  wanted_.reserve(compact.short_ids.size());
  size_t index = 0;
  for (const ShortId id : compact.short_ids) {
    while (transactions_[index] != nullptr) ++index;
    wanted_.push_back({id, static_cast<uint16_t>(index++)});
  }
  return true;
}

bool CompactBlockAssembly::SortWanted() {
  std::sort(wanted_.begin(), wanted_.end(),
            [](const Wanted& a, const Wanted& b) { return a.id < b.id; });
  const auto same = std::adjacent_find(wanted_.begin(), wanted_.end(),
                                       [](const auto& a, const auto& b) { return a.id == b.id; });
  if (same != wanted_.end()) return false;
  // Eight bits or more for each id, so that at most one in eight others gets through.
  sieve_.resize(std::bit_ceil(wanted_.size() + 1));
  for (const Wanted& wanted : wanted_) {
    const size_t bit = SieveBit(wanted.id);
    sieve_[bit / 8] |= static_cast<uint8_t>(1 << bit % 8);
  }
  return true;
}

const CompactBlockAssembly::Wanted* CompactBlockAssembly::Find(ShortId id) const {
  const size_t bit = SieveBit(id);
  if ((sieve_[bit / 8] >> bit % 8 & 1) == 0) return nullptr;
  const auto found =
      std::lower_bound(wanted_.begin(), wanted_.end(), id,
                       [](const Wanted& wanted, ShortId key) { return wanted.id < key; });
  return found == wanted_.end() || found->id != id ? nullptr : &*found;
}

void CompactBlockAssembly::Offer(const TransactionPtr& transaction) {
  const Wanted* wanted = Find(hasher_.Of(transaction->wtxid));
  if (wanted == nullptr || contested_[wanted->index]) return;
  TransactionPtr& place = transactions_[wanted->index];
  if (place == nullptr) {
    place = transaction;
    ++found_;
  } else if (place->wtxid != transaction->wtxid) {
    place = nullptr;
    --found_;
    contested_[wanted->index] = true;
  }
}

std::vector<uint16_t> CompactBlockAssembly::Missing() const {
  std::vector<uint16_t> missing;
  missing.reserve(MissingCount());
  for (size_t i = 0; i < transactions_.size(); ++i) {
    if (transactions_[i] == nullptr) missing.push_back(static_cast<uint16_t>(i));
  }
  return missing;
}

Assembled<BlockPtr> CompactBlockAssembly::Finish(const std::vector<TransactionPtr>& missing) const {
  if (missing.size() != MissingCount()) return tl::unexpected(AssemblyFault::kInvalid);
  std::vector<TransactionPtr> transactions = transactions_;
  auto next = missing.begin();
  for (TransactionPtr& transaction : transactions) {
    if (transaction == nullptr) transaction = *next++;
  }
  const MerkleResult merkle = TransactionMerkleRoot(transactions);
  if (merkle.mutated || merkle.root != header_.merkle_root.bytes) {
    return tl::unexpected(AssemblyFault::kCollision);
  }
  Result<BlockPtr> block = Block::Parse(SerializeBlock(header_, transactions));
  if (!block) return tl::unexpected(AssemblyFault::kCollision);
  return *std::move(block);
}

}  // namespace cairn::wire
