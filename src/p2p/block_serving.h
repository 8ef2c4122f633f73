// Block serving: answers the questions of peers about our chain, its headers, blocks and filters.
//
// Blocks are read one at a time for each peer, and nothing more is served while it does not take
// what was sent; its later messages wait meanwhile. Nothing is told that would
// show which stale or pruned blocks this node has: that would let others recognise it.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "src/p2p/core.h"

namespace cairn::p2p {

class BlockRelay;

struct BlockServingPeer {
  /// What the block that is being read is for: an item of a getdata, or a getblocktxn.
  struct Reading {
    uint32_t type = 0;
    std::optional<wire::GetBlockTxn> parts;
  };

  std::deque<wire::InvItem> wanted;          // of its getdata, in order
  std::optional<wire::GetCFilters> filters;  // what is left of it
  std::optional<Reading> reading;
  bool served_from_memory = false;  // a block of this getdata: the others are read
  BlockHash continuation;           // the last hash of our last inv: when asked for, more follows
};

class BlockServing {
 public:
  static constexpr size_t kMostInventory = 500;    // hashes in the answer to getblocks
  static constexpr uint32_t kFiltersAtOnce = 100;  // read together: some 2 MB

  /// Serves a transaction that a getdata asks for; false if it is not there.
  using ServeTransaction = std::function<bool(Peer&, const wire::InvItem&)>;

  BlockServing(Core& core, BlockRelay& relay, ServeTransaction serve_transaction)
      : core_(core), relay_(relay), serve_transaction_(std::move(serve_transaction)) {}

  void OnGetHeaders(Peer& peer, const wire::GetHeaders& message);
  void OnGetBlocks(Peer& peer, const wire::GetBlocks& message);
  void OnGetData(Peer& peer, const wire::GetData& message);
  void OnGetBlockTxn(Peer& peer, const wire::GetBlockTxn& message);

  void OnGetCFilters(Peer& peer, const wire::GetCFilters& message);
  void OnGetCFHeaders(Peer& peer, const wire::GetCFHeaders& message);
  void OnGetCFCheckpt(Peer& peer, const wire::GetCFCheckpt& message);

  /// Something that it asked for is still to be served: what came later waits.
  static bool IsBusy(const Peer& peer);
  /// Goes on with that, after an answer or when more may be sent to it.
  void Resume(Peer& peer);

  /// The block that was asked for; empty if it could not be read.
  void OnBlockRead(Peer& peer, const ledger::HeaderEntry& entry, Bytes bytes);
  void OnFiltersRead(Peer& peer, std::vector<wire::Message> replies);

 private:
  const ledger::HeaderEntry* ForkOf(const wire::Locator& locator) const;
  /// Whether the peer may know that we have it.
  bool MayTell(const ledger::HeaderEntry& entry) const;
  /// Ends contact with who asks for more than we offer; false if it did.
  bool IsWithinOffer(Peer& peer, const ledger::HeaderEntry& entry, uint32_t type);

  /// Serves what is wanted until something has to be read, or the peer has enough to take.
  void Continue(Peer& peer);
  /// False if it is not there, or we do not tell.
  bool Serve(Peer& peer, const wire::InvItem& item);
  bool ServeBlock(Peer& peer, wire::InvItem item);
  void Read(Peer& peer, const ledger::HeaderEntry& entry, BlockServingPeer::Reading reading);
  void SendBlock(Peer& peer, const BlockHash& hash, uint32_t type, const BlockPtr& block);
  void SendFiltered(Peer& peer, const Block& block);
  void SendParts(Peer& peer, const BlockPtr& block, const wire::GetBlockTxn& request);
  void SendContinuation(Peer& peer, const BlockHash& sent);
  bool IsDeepForCompact(const ledger::HeaderEntry& entry) const;

  /// Checks what the three questions about filters have in common; disconnects misusers.
  bool MayAskFilters(Peer& peer, uint8_t type, uint32_t start, const BlockHash& stop,
                     uint32_t most_blocks);
  void ReadFilters(Peer& peer, wire::Message request);
  void ContinueFilters(Peer& peer);

  Core& core_;
  BlockRelay& relay_;
  ServeTransaction serve_transaction_;
};

}  // namespace cairn::p2p
