// The optional indexes as readers see them: transactions, block filters and statistics of coins.
//
// An index that is `synced` is always that of the published chain: what is not yet on disk is read
// from memory. One that was switched on later is built in the background, and answers for the
// blocks that it has so far. Everything here may be called from any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#include "cairn/base/result.h"
#include "cairn/ledger/coin_stats.h"
#include "cairn/primitives/block_filter.h"
#include "cairn/primitives/hash.h"

namespace cairn::ledger {

/// Which indexes are wanted.
struct IndexOptions {
  bool transactions = false;   // -txindex
  bool block_filters = false;  // -blockfilterindex
  bool coin_stats = false;     // -coinstatsindex
};

// Their names, as getindexinfo has them.
inline constexpr std::string_view kTransactionIndex = "txindex";
inline constexpr std::string_view kFilterIndex = "basic block filter index";
inline constexpr std::string_view kCoinStatsIndex = "coinstatsindex";

/// The last block that an index has. Height -1: not even genesis.
struct IndexTip {
  int height = -1;
  BlockHash hash;

  friend bool operator==(const IndexTip&, const IndexTip&) = default;
};

/// An index as a table of rows. What they mean is in docs/formats/indexes.md and known to the
/// functions below.
class IndexReader {
 public:
  using Visitor = std::function<bool(ByteSpan key, ByteSpan value)>;

  virtual ~IndexReader() = default;

  /// One of the three above.
  virtual std::string_view name() const = 0;
  virtual IndexTip tip() const = 0;
  /// False while it is being built.
  virtual bool synced() const = 0;

  virtual Result<std::optional<Bytes>> Get(ByteSpan key) const = 0;
  /// Calls `visit` with every row from `first` on whose key begins with `prefix`, in order, until
  /// it returns false. The views are valid during the call only.
  virtual Status Scan(ByteSpan prefix, ByteSpan first, const Visitor& visit) const = 0;
};

/// Where a transaction stands.
struct TxLocation {
  int height = 0;       // of its block in the best chain
  uint32_t offset = 0;  // in the bytes of the block
  uint32_t size = 0;

  friend bool operator==(const TxLocation&, const TxLocation&) = default;
};

/// Nothing if no block that the index has so far contains the transaction. That of genesis is in no
/// index: it cannot be spent.
Result<std::optional<TxLocation>> FindTransaction(const IndexReader& transactions,
                                                  const Txid& txid);

struct FilterHashes {
  FilterHash filter;
  FilterHeader header;

  friend bool operator==(const FilterHashes&, const FilterHashes&) = default;
};

/// The basic filter of a block, also of one that has left the best chain.
Result<std::optional<Bytes>> FindFilter(const IndexReader& filters, const IndexTip& block);
Result<std::optional<FilterHashes>> FindFilterHashes(const IndexReader& filters,
                                                     const IndexTip& block);

/// The set of unspent coins as a block left it, and what the block did.
struct CoinStatsAt {
  CoinTotals totals;
  BlockCoinStats block;
  crypto::Digest muhash{};  // in internal order

  friend bool operator==(const CoinStatsAt&, const CoinStatsAt&) = default;
};

/// At any block that the index once had, also one that has left the best chain.
Result<std::optional<CoinStatsAt>> FindCoinStats(const IndexReader& coin_stats,
                                                 const IndexTip& block);

}  // namespace cairn::ledger
