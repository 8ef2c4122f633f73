// Where indexes that are behind get their blocks from: what the ledger must offer for them.
#pragma once

#include <optional>
#include <vector>

#include "cairn/base/result.h"
#include "cairn/primitives/block.h"
#include "cairn/storage/coin_codec.h"
#include "src/ledger/index/index_kind.h"

namespace cairn::ledger {

class Index;

/// A block as stored, with the coins that its inputs behind the coinbase spent.
struct StoredBlock {
  BlockPtr block;
  std::vector<storage::StoredCoin> spent;
};

/// Called from the thread that builds indexes, `Read` from workers too.
class ChainSource {
 public:
  virtual ~ChainSource() = default;

  /// Of the published chain. It may be another one at the next call.
  virtual int Height() const = 0;
  /// The block of the published chain at that height; nothing above the tip.
  virtual std::optional<BlockPlace> At(int height) const = 0;

  /// Any block whose body, and with `with_spent` undo data, is stored, on whatever branch.
  /// `kNotFound` if it is pruned or unknown.
  virtual Result<StoredBlock> Read(const BlockHash& hash, bool with_spent) const = 0;

  /// Returns when all blocks and undo data that are part of the chain now would survive a power
  /// cut.
  virtual Status MakeDurable() = 0;

  /// Offers an index that stands at what was the tip. Between two blocks, the thread that moves the
  /// chain takes it if it covers the tip still (`Index::Covers`): it follows from then on, and the
  /// index is no longer the caller's. False if the chain has moved meanwhile.
  virtual Result<bool> TakeOver(Index& index) = 0;

  /// An index cannot be built, for good: the node has to stop.
  virtual void Fail(const Error& error) = 0;
};

}  // namespace cairn::ledger
