// What an index is about: which rows a block makes. Everything else, such as storing them,
// following reorganisations and surviving crashes, is the same for all and stands in `Index`.
//
// A new index is one class of this kind. Its functions are pure and safe from any thread.
#pragma once

#include <functional>
#include <span>
#include <string_view>

#include "cairn/base/result.h"
#include "cairn/ledger/indexes.h"
#include "cairn/primitives/block.h"
#include "cairn/primitives/coin.h"
#include "src/ledger/index/row_table.h"

namespace cairn::ledger {

/// Where a block stands in its chain.
struct BlockPlace {
  int height = 0;
  BlockHash hash;
  BlockHash previous;  // zero before genesis

  IndexTip tip() const { return {height, hash}; }
};

/// The present value of a row; nothing if there is none.
using RowLookup = std::function<Result<std::optional<Bytes>>(ByteSpan key)>;

class IndexKind {
 public:
  virtual ~IndexKind() = default;

  /// As getindexinfo calls it.
  virtual std::string_view name() const = 0;
  /// The sub-folder of indexes/.
  virtual std::string_view folder() const = 0;
  /// The database's record of its format.
  virtual std::string_view format() const = 0;
  /// False if `Digest` looks at the block alone, so that undo data need not be read for it.
  virtual bool NeedsSpentCoins() const = 0;

  /// All that the index wants to know of a block, whatever lies before it: the part that costs, to
  /// be done on any thread. `spent` has the coins of the inputs behind the coinbase.
  virtual Bytes Digest(const Block& block, int height,
                       std::span<const Coin* const> spent) const = 0;

  /// Adds the rows of the block that comes next. Keys do not begin with a zero byte. `state` is
  /// what was returned for the block before, empty before genesis; the one of the last block is
  /// kept with the tip.
  virtual Result<Bytes> Connect(const BlockPlace& place, ByteSpan digest, ByteSpan state,
                                RowList& rows) const = 0;

  /// Takes the last block off again and returns the state before it. Rows whose keys have the
  /// block's hash in them may stay.
  virtual Result<Bytes> Disconnect(const BlockPlace& place, ByteSpan digest, ByteSpan state,
                                   const RowLookup& lookup, RowList& rows) const = 0;
};

/// A key of a row that belongs to one block: the prefix, the height big-endian, the hash.
Bytes BlockRowKey(uint8_t prefix, const IndexTip& block);

/// What a row, a digest or a state that cannot be read leads to. Names the way out.
tl::unexpected<Error> BadIndexData(std::string_view name);

}  // namespace cairn::ledger
