// Block relay: tells the peers of new blocks, and puts together the compact blocks by which they
// tell us (BIP130, BIP152).
//
// A new block is announced in the way that each peer asked for: at once as a compact block, even
// before it is connected, as headers, or by its hash alone. Up to three peers, those that were the
// first with new blocks, are asked to send us compact blocks unasked.
#pragma once

#include <array>
#include <deque>
#include <memory>
#include <vector>

#include "cairn/wire/compact_block.h"
#include "src/p2p/core.h"

namespace cairn::p2p {

class BlockSync;
class HeaderSync;
struct BlockInFlight;

struct BlockRelayPeer {
  bool offers_compact = false;                     // it speaks compact blocks of version 2
  bool wants_compact = false;                      // it wants new blocks so, at once
  bool wants_headers = false;                      // it wants new blocks announced by headers
  bool asked_for_compact = false;                  // we want new blocks from it so, at once
  bool asked_for_headers = false;                  // we want new blocks announced by headers
  const ledger::HeaderEntry* best_sent = nullptr;  // the last header that we told it of
  std::unique_ptr<wire::CompactBlock> waiting;     // for the verdict on its header
  BlockHash tried;                                 // the last that it sent unasked
  int tries = 0;                                   // how often it did
};

class BlockRelay {
 public:
  static constexpr size_t kMostAnnounced = 8;      // blocks of one new tip, by headers
  static constexpr size_t kMostHighBandwidth = 3;  // peers that push compact blocks to us
  static constexpr size_t kMostParallel = 3;       // compact blocks of one block, put together
  static constexpr int kMostTries = 4;  // of one block, by one peer that was not asked for it
  static constexpr size_t kExtraTransactions = 100;  // remembered besides the pool
  static constexpr size_t kExtraBytes = 100'000;     // longer ones are not

  BlockRelay(Core& core, HeaderSync& headers, BlockSync& blocks);

  void OnReady(Peer& peer);
  void OnGone(Peer& peer);

  void OnSendHeaders(Peer& peer);
  void OnSendCompact(Peer& peer, const wire::SendCompact& message);
  void OnCompactBlock(Peer& peer, wire::CompactBlock& message);
  /// Of the header of the compact block that waits.
  void OnHeaderVerdict(Peer& peer, const HeadersVerdict& verdict);
  void OnBlockTxn(Peer& peer, const wire::BlockTxn& message);

  /// A block passed `CheckBlock`: it may be announced before it is connected.
  void OnBlockChecked(const BlockPtr& block);
  void OnTip();
  /// A block from that peer became part of the best chain.
  void OnGaveBlock(Peer& peer, const BlockHash& hash);
  /// Those that are not in the pool may be in a block all the same.
  void OnTransactionVerdict(const TransactionPtr& transaction, const TransactionVerdict& verdict);
  void OnReplaced(const std::vector<TransactionPtr>& transactions);
  /// Asks for announcements by headers once the peer's chain is known to be a good one.
  void OfferHeaders(Peer& peer);

  /// A block that was announced lately, or that the chain remembers; null if it is none.
  BlockPtr RecentBlock(const BlockHash& hash) const;
  bool IsAnnouncedEarly(const BlockHash& hash) const {
    return early_ != nullptr && early_->hash() == hash;
  }
  /// The message; made once for everybody.
  wire::Message CompactMessage(const BlockPtr& block);

 private:
  void Remember(const TransactionPtr& transaction);
  static bool Has(const Peer& peer, const ledger::HeaderEntry* entry);

  void Announce(Peer& peer, const std::vector<const ledger::HeaderEntry*>& fresh);
  /// The announcement by headers or by a compact block; false if an `inv` must do.
  bool AnnounceFully(Peer& peer, const std::vector<const ledger::HeaderEntry*>& fresh);

  /// The header is known and good.
  void Take(Peer& peer, const wire::CompactBlock& compact, const ledger::HeaderEntry& entry);
  void Assemble(Peer& peer, const wire::CompactBlock& compact, const ledger::HeaderEntry& entry);
  /// Without a round trip: with what we have, or not at all.
  void TryAtOnce(Peer& peer, const wire::CompactBlock& compact);
  void AskForMissing(Peer& peer, BlockInFlight& flight);
  bool MayAskInParallel(const Peer& peer, const std::vector<PeerId>& others) const;
  void Complete(Peer& peer, BlockInFlight& flight, const std::vector<TransactionPtr>& missing);
  void GiveUp(Peer& peer, const ledger::HeaderEntry& entry, wire::AssemblyFault fault,
              const std::string& blame);
  void OfferOurs(wire::CompactBlockAssembly& assembly) const;

  Core& core_;
  HeaderSync& headers_;
  BlockSync& blocks_;
  const ledger::HeaderEntry* announced_;  // the last tip
  int highest_early_ = 0;                 // of blocks that were announced before they connected
  BlockPtr early_;                        // the last of them
  std::deque<PeerId> high_bandwidth_;     // whom we asked, the latest one last
  std::deque<TransactionPtr> extra_;
  BlockHash compact_of_;  // what `compact_` is the compact form of
  std::shared_ptr<const Bytes> compact_;
};

}  // namespace cairn::p2p
