// The protocol put together: which part deals with which input.
#pragma once

#include <optional>

#include "src/p2p/address_gossip.h"
#include "src/p2p/block_relay.h"
#include "src/p2p/block_serving.h"
#include "src/p2p/block_sync.h"
#include "src/p2p/connection_planner.h"
#include "src/p2p/core.h"
#include "src/p2p/fee_filter.h"
#include "src/p2p/handshake.h"
#include "src/p2p/header_sync.h"
#include "src/p2p/keepalive.h"
#include "src/p2p/peer.h"
#include "src/p2p/transaction_download.h"
#include "src/p2p/transaction_relay.h"

namespace cairn::p2p {

class Protocol::Impl {
 public:
  Impl(const Needs& needs, Instant now) : core(needs, now) {}

  /// Of every input: it happens now, and may change what is to be done when.
  void Begin(Instant now) {
    core.now = now;
    deadline.reset();
  }
  /// Deals with it if it is a ping or a pong that need not wait.
  bool KeepInTouch(Peer& peer, const wire::Message& message);
  Instant FindDeadline() const;
  /// Deals with it now, or keeps it until what came before has been dealt with.
  void Receive(Peer& peer, wire::Message message, size_t bytes);
  /// An answer came: the peer's next messages may have their turn.
  void Answered(Peer& peer);
  /// What waits has its turn, as far as it may.
  void DealWithInbox(Peer& peer);
  /// An answer to the peer's own question, which nobody waits for once it goes.
  template <typename Do>
  void Answer(PeerId id, Instant now, const Do& with_it) {
    Begin(now);
    if (Peer* peer = core.Find(id); peer != nullptr && !peer->disconnecting) {
      with_it(*peer);
      Answered(*peer);
    }
    Settle();
  }
  void OnHeadersVerdict(Peer& peer, const HeadersVerdict& verdict);
  /// What every input may have made possible.
  void Settle();

  Core core;
  Handshake handshake{core};
  Keepalive keepalive{core};
  HeaderSync headers{core};
  BlockSync blocks{core, headers};
  BlockRelay relay{core, headers, blocks};
  BlockServing serving{core, relay, [this](Peer& peer, const wire::InvItem& item) {
                         return transactions.Serve(peer, item);
                       }};
  AddressGossip addresses{core};
  ChainWatch watch{core};
  ConnectionPlanner planner{core};
  TransactionRelay transactions{core};
  TransactionDownload download{core, transactions};
  FeeFilters fee_filters{core};
  mutable std::optional<Instant> deadline;  // no later than the next one; nothing if not known

 private:
  /// What it would say came before something that is not dealt with yet.
  bool CouldOvertake(const Peer& peer, const wire::Message& message) const;
  /// Nor has any message its turn while answers to the last ones have not gone out.
  bool MayHaveTurn(const Peer& peer, const wire::Message& message) const {
    return !CouldOvertake(peer, message) && core.HasRoom(peer);
  }
  bool MustWait(const Peer& peer, const wire::Message& message) const {
    return !peer.inbox.empty() || !MayHaveTurn(peer, message);
  }
  void UpdatePause(Peer& peer);
  void Dispatch(Peer& peer, wire::Message message);
  void OnReady(Peer& peer);

  // One for each message that we act upon; all others are ignored.
  template <typename Other>
  void On(Peer&, Other&) {}
  void On(Peer& peer, wire::Ping& message) { keepalive.OnPing(peer, message); }
  void On(Peer& peer, wire::Pong& message) { keepalive.OnPong(peer, message); }
  void On(Peer& peer, wire::Headers& message) { headers.OnHeaders(peer, message); }
  void On(Peer& peer, wire::Inv& message) {
    headers.OnInventory(peer, message);
    download.OnInv(peer, message.items);
  }
  void On(Peer& peer, wire::CompactBlock& message) { relay.OnCompactBlock(peer, message); }
  void On(Peer& peer, wire::BlockTxn& message) { relay.OnBlockTxn(peer, message); }
  void On(Peer& peer, wire::GetHeaders& message) { serving.OnGetHeaders(peer, message); }
  void On(Peer& peer, wire::GetBlocks& message) { serving.OnGetBlocks(peer, message); }
  void On(Peer& peer, wire::GetData& message) { serving.OnGetData(peer, message); }
  void On(Peer& peer, wire::GetBlockTxn& message) { serving.OnGetBlockTxn(peer, message); }
  void On(Peer& peer, wire::GetCFilters& message) { serving.OnGetCFilters(peer, message); }
  void On(Peer& peer, wire::GetCFHeaders& message) { serving.OnGetCFHeaders(peer, message); }
  void On(Peer& peer, wire::GetCFCheckpt& message) { serving.OnGetCFCheckpt(peer, message); }
  void On(Peer& peer, wire::BlockMessage& message) {
    blocks.OnBlock(peer, std::move(message.block));
  }
  void On(Peer& peer, wire::NotFound& message);
  void On(Peer& peer, wire::Addr& message) {
    addresses.OnAddresses(peer, std::move(message.addresses));
  }
  void On(Peer& peer, wire::AddrV2& message) {
    addresses.OnAddresses(peer, std::move(message.addresses));
  }
  void On(Peer& peer, wire::GetAddr&) { addresses.OnGetAddr(peer); }
  void On(Peer& peer, wire::TxMessage& message) {
    download.OnTransaction(peer, std::move(message.transaction));
  }
  void On(Peer& peer, wire::FeeFilter& message) { transactions.OnFeeFilter(peer, message); }
  void On(Peer& peer, wire::GetMempool&) { transactions.OnGetMempool(peer); }
  void On(Peer& peer, wire::FilterLoad& message) {
    transactions.OnFilterLoad(peer, std::move(message));
  }
  void On(Peer& peer, wire::FilterAdd& message) { transactions.OnFilterAdd(peer, message); }
  void On(Peer& peer, wire::FilterClear&) { transactions.OnFilterClear(peer); }
};

}  // namespace cairn::p2p
