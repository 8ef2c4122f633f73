#include "src/ledger/index/filter_index.h"

#include "cairn/base/reader.h"
#include "cairn/base/writer.h"

namespace cairn::ledger {
namespace {

constexpr uint8_t kFilterPrefix = 'f';
constexpr uint8_t kHashesPrefix =
    'h';  // apart from the filters, since headers are asked for by hundreds

Result<std::optional<FilterHashes>> DecodeHashes(const Result<std::optional<Bytes>>& found,
                                                 std::string_view name) {
  if (!found) return tl::unexpected(found.error());
  if (!*found) return std::nullopt;
  Reader reader(**found);
  FilterHashes hashes;
  hashes.filter.bytes = reader.Array<32>();
  hashes.header.bytes = reader.Array<32>();
  if (!reader.ok() || !reader.AtEnd()) return BadIndexData(name);
  return hashes;
}

/// The state is the header of the last block's filter.
class FilterIndexKind final : public IndexKind {
 public:
  std::string_view name() const override { return kFilterIndex; }
  std::string_view folder() const override { return "blockfilter"; }
  std::string_view format() const override { return "cairn basic block filter index 1"; }
  bool NeedsSpentCoins() const override { return true; }

  /// The filter.
  Bytes Digest(const Block& block, int, std::span<const Coin* const> spent) const override {
    return BuildBasicFilter(block, spent);
  }

  Result<Bytes> Connect(const BlockPlace& place, ByteSpan digest, ByteSpan state,
                        RowList& rows) const override {
    if (state.size() != (place.height == 0 ? 0 : FilterHeader::kSize)) return BadIndexData(name());
    const FilterHash hash = HashFilter(digest);
    const FilterHeader previous = state.empty() ? FilterHeader{} : FilterHeader::From(state);
    const FilterHeader header = FilterHeaderAfter(previous, hash);
    Bytes hashes;
    Writer(hashes).Raw(hash.span()).Raw(header.span());
    rows.Put(BlockRowKey(kFilterPrefix, place.tip()), digest);
    rows.Put(BlockRowKey(kHashesPrefix, place.tip()), hashes);
    return Bytes(header.bytes.begin(), header.bytes.end());
  }

  Result<Bytes> Disconnect(const BlockPlace& place, ByteSpan, ByteSpan, const RowLookup& lookup,
                           RowList&) const override {
    if (place.height == 0) return Bytes();
    const IndexTip before = {place.height - 1, place.previous};
    const auto hashes = DecodeHashes(lookup(BlockRowKey(kHashesPrefix, before)), name());
    if (!hashes) return tl::unexpected(hashes.error());
    if (!*hashes) return BadIndexData(name());
    const auto& header = (*hashes)->header.bytes;
    return Bytes(header.begin(), header.end());
  }
};

}  // namespace

std::unique_ptr<const IndexKind> MakeFilterIndexKind() {
  return std::make_unique<FilterIndexKind>();
}

Result<std::optional<Bytes>> FindFilter(const IndexReader& filters, const IndexTip& block) {
  return filters.Get(BlockRowKey(kFilterPrefix, block));
}

Result<std::optional<FilterHashes>> FindFilterHashes(const IndexReader& filters,
                                                     const IndexTip& block) {
  return DecodeHashes(filters.Get(BlockRowKey(kHashesPrefix, block)), filters.name());
}

}  // namespace cairn::ledger
