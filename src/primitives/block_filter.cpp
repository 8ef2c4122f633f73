#include "cairn/primitives/block_filter.h"

#include <vector>

#include "cairn/base/assert.h"
#include "cairn/base/endian.h"
#include "cairn/crypto/sha256.h"
#include "cairn/primitives/script.h"

namespace cairn {
namespace {

constexpr unsigned kRemainderBits = 19;
constexpr uint64_t kSpread = 784'931;

GolombCode BasicCode(const BlockHash& block) {
  return {LoadLittle<uint64_t>(&block.bytes[0]), LoadLittle<uint64_t>(&block.bytes[8]),
          kRemainderBits, kSpread};
}

}  // namespace

Bytes BuildBasicFilter(const Block& block, std::span<const Coin* const> spent) {
  CAIRN_ASSERT(spent.size() == block.SpendCount());
  size_t most = spent.size();
  for (const Transaction& tx : block.transactions()) most += tx.outputs.size();
  std::vector<ByteSpan> scripts;
  scripts.reserve(most);
  for (const Transaction& tx : block.transactions()) {
    for (const TxOut& output : tx.outputs) {
      // No wallet looks for data, and there is much of it.
      if (output.script.empty() || output.script[0] == OP_RETURN) continue;
      scripts.push_back(output.script);
    }
  }
  for (const Coin* coin : spent) {
    if (!coin->script.empty()) scripts.push_back(coin->script);
  }
  return EncodeGolombSet(BasicCode(block.hash()), scripts);
}

std::optional<GolombSet> DecodeBasicFilter(const BlockHash& block, ByteSpan filter) {
  return GolombSet::Decode(BasicCode(block), filter);
}

FilterHash HashFilter(ByteSpan filter) { return {crypto::Sha256dOf(filter)}; }

FilterHeader FilterHeaderAfter(const FilterHeader& previous, const FilterHash& filter) {
  Bytes both;
  both.reserve(FilterHash::kSize + FilterHeader::kSize);
  Append(both, filter.span());
  Append(both, previous.span());
  return {crypto::Sha256dOf(both)};
}

}  // namespace cairn
