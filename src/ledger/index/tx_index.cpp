#include "src/ledger/index/tx_index.h"

#include "cairn/base/reader.h"
#include "cairn/base/writer.h"
#include "cairn/storage/coin_codec.h"

namespace cairn::ledger {
namespace {

constexpr uint8_t kPrefix = 't';

Bytes KeyOf(ByteSpan txid) {
  Bytes key;
  key.reserve(1 + Txid::kSize);
  Writer(key).U8(kPrefix).Raw(txid);
  return key;
}

class TxIndexKind final : public IndexKind {
 public:
  std::string_view name() const override { return kTransactionIndex; }
  std::string_view folder() const override { return "txindex"; }
  std::string_view format() const override { return "cairn transaction index 1"; }
  bool NeedsSpentCoins() const override { return false; }

  /// Txid, offset and size of each transaction.
  Bytes Digest(const Block& block, int height, std::span<const Coin* const>) const override {
    Bytes digest;
    if (height == 0) return digest;
    digest.reserve(block.transactions().size() * (Txid::kSize + 4 + 4));
    Writer writer(digest);
    for (const Transaction& tx : block.transactions()) {
      writer.Raw(tx.txid.span())
          .U32(static_cast<uint32_t>(tx.bytes.data() - block.bytes().data()))
          .U32(tx.total_size());
    }
    return digest;
  }

  Result<Bytes> Connect(const BlockPlace& place, ByteSpan digest, ByteSpan,
                        RowList& rows) const override {
    Reader reader(digest);
    while (!reader.AtEnd()) {
      const ByteSpan txid = reader.Take(Txid::kSize);
      const uint32_t offset = reader.U32(), size = reader.U32();
      if (!reader.ok()) return BadIndexData(name());
      Bytes value;
      storage::AppendVarint(value, static_cast<uint64_t>(place.height));
      storage::AppendVarint(value, offset);
      storage::AppendVarint(value, size);
      rows.Put(KeyOf(txid), value);
    }
    return Bytes();
  }

  Result<Bytes> Disconnect(const BlockPlace&, ByteSpan digest, ByteSpan, const RowLookup&,
                           RowList& rows) const override {
    Reader reader(digest);
    while (!reader.AtEnd()) {
      const ByteSpan txid = reader.Take(Txid::kSize);
      reader.Take(4 + 4);
      if (!reader.ok()) return BadIndexData(name());
      rows.Delete(KeyOf(txid));
    }
    return Bytes();
  }
};

}  // namespace

std::unique_ptr<const IndexKind> MakeTxIndexKind() { return std::make_unique<TxIndexKind>(); }

Result<std::optional<TxLocation>> FindTransaction(const IndexReader& transactions,
                                                  const Txid& txid) {
  const auto found = transactions.Get(KeyOf(txid.span()));
  if (!found) return tl::unexpected(found.error());
  if (!*found) return std::nullopt;
  Reader reader(**found);
  const uint64_t height = storage::ReadVarint(reader);
  const uint64_t offset = storage::ReadVarint(reader);
  const uint64_t size = storage::ReadVarint(reader);
  const bool fits = height <= INT32_MAX && offset <= UINT32_MAX && size <= UINT32_MAX;
  if (!reader.ok() || !reader.AtEnd() || !fits) return BadIndexData(transactions.name());
  return TxLocation{static_cast<int>(height), static_cast<uint32_t>(offset),
                    static_cast<uint32_t>(size)};
}

}  // namespace cairn::ledger
