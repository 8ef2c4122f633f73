#include "src/ledger/undo.h"

#include "cairn/base/reader.h"
#include "cairn/base/writer.h"

namespace cairn::ledger {

Bytes EncodeUndo(const BlockHash& block, std::span<const Coin* const> coins) {
  constexpr size_t kTypicalCoin = 32;
  Bytes bytes;
  bytes.reserve(BlockHash::kSize + 4 + coins.size() * kTypicalCoin);
  Writer(bytes).Raw(block.span());
  storage::AppendVarint(bytes, coins.size());
  for (const Coin* coin : coins) storage::AppendCoin(bytes, *coin);
  return bytes;
}

std::optional<std::vector<storage::StoredCoin>> DecodeUndo(const BlockHash& block, ByteSpan bytes) {
  Reader reader(bytes);
  const ByteSpan hash = reader.Take(BlockHash::kSize);
  const uint64_t count = storage::ReadVarint(reader);
  if (!reader.ok() || !Equal(hash, block.span()) || count > reader.Remaining()) return std::nullopt;
  std::vector<storage::StoredCoin> coins;
  coins.reserve(count);
  for (uint64_t i = 0; i < count && reader.ok(); ++i) coins.push_back(storage::ReadCoin(reader));
  if (!reader.ok() || !reader.AtEnd()) return std::nullopt;
  return coins;
}

}  // namespace cairn::ledger
