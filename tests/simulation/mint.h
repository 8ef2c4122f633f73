// Makes the blocks and transactions of a simulation, and knows which of them are good.
//
// Headers are real ones of regtest with proof of work, and bodies keep every rule that needs no
// coins. Spends are made up: the coin that a transaction spends exists if its id says so. What
// money and scripts would show to be wrong is a mark that the mint keeps for the block's hash.
#pragma once

#include <set>
#include <unordered_map>
#include <vector>

#include "cairn/ledger/header_entry.h"
#include "cairn/p2p/random.h"
#include "cairn/p2p/types.h"
#include "cairn/primitives/block.h"
#include "consensus/params.h"
#include "consensus/verdict.h"

namespace cairn::simulation {

class Mint {
 public:
  explicit Mint(uint64_t seed);

  const consensus::Params& params() const { return params_; }

  /// A block on `parent` with these transactions; every call makes another one. `invalid`: it will
  /// be found to break a rule when it is connected.
  BlockPtr MakeBlock(const ledger::HeaderEntry& parent,
                     const std::vector<TransactionPtr>& transactions, p2p::Instant now,
                     bool invalid = false);
  /// The same header with a body that does not belong to it.
  BlockPtr MakeMutated(const BlockPtr& block);
  /// Headers of no worth on genesis, one on another.
  const std::vector<Header>& LowWorkHeaders(size_t count);
  /// A header on `parent` that lacks the proof of work, or breaks another rule that its ancestors
  /// show.
  Header MakeUnsolvedHeader(const ledger::HeaderEntry& parent, p2p::Instant now);
  Header MakeBadTimeHeader(const ledger::HeaderEntry& parent);

  /// A transaction as wallets make them, of two inputs with witness and two outputs on average.
  /// `orphan`: it spends what nobody knows.
  TransactionPtr MakeTransaction(bool orphan = false);
  /// A confirmed transaction has that id.
  static bool IsConfirmed(const Txid& txid);

  /// Without coins: may this block stand on its parent? The block may come back as one of the same
  /// bytes that is shared, so that many nodes store it once.
  consensus::Verdict Judge(BlockPtr& block, const ledger::HeaderEntry& parent) const;
  /// The block of these bytes, if the mint made it.
  BlockPtr FindBlock(ByteSpan bytes) const;
  /// Marked so.
  bool IsInvalid(const BlockHash& hash) const { return invalid_.contains(hash); }

 private:
  consensus::Verdict JudgeAnew(const BlockPtr& block, const ledger::HeaderEntry& parent) const;

  const consensus::Params params_;
  p2p::Random random_;
  uint64_t next_coin_ = 0;
  uint32_t next_tag_ = 0;
  std::unordered_map<BlockHash, BlockPtr, UnsaltedHasher> made_;
  // Verdicts on what the mint made; each is the same at every node.
  mutable std::unordered_map<const Block*, consensus::Verdict> verdicts_;
  std::set<BlockHash> invalid_;
  std::vector<Header> low_work_;
};

}  // namespace cairn::simulation
