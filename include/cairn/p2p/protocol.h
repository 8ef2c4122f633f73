// The peer-to-peer protocol as a state machine: no sockets, no threads, no clock, no randomness of
// its own.
//
// Inputs are the member functions below, each with the time at which it happens; time never runs
// backwards. What is to be done comes out through `Effects` (environment.h), during the call. One
// thread drives it. The same machine runs in the daemon, in the simulator and in unit tests: the
// same inputs and seed give the same outputs.
//
// Messages of one peer take effect in order: a block may follow a block whose verdict is still
// open, likewise a transaction a transaction; anything else waits in the peer's inbox until all
// that came before has been dealt with. All of them wait while the peer does not take what was sent
// to it, so that no question makes us hold many answers.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cairn/p2p/environment.h"
#include "cairn/p2p/peer_info.h"
#include "cairn/p2p/random.h"
#include "cairn/p2p/settings.h"
#include "cairn/p2p/types.h"
#include "cairn/wire/message.h"

namespace cairn::p2p {

class AddressBook;
class LocalAddresses;

struct NewConnection {
  PeerId id = 0;
  wire::Endpoint endpoint;  // of the other side
  wire::Endpoint local;     // of our side
  ConnectionType type = ConnectionType::kInbound;
  Permissions permissions = kNoPermission;
  bool onion = false;  // came in through our onion service
};

class Protocol {
 public:
  /// All must outlive the protocol.
  struct Needs {
    const Settings& settings;
    Chain& chain;
    Pool& pool;
    Effects& effects;
    AddressBook& addresses;
    LocalAddresses& local;
    Random random;  // the source of all its chance
  };

  Protocol(const Needs& needs, Instant now);
  ~Protocol();

  // -- connections --
  void Connected(const NewConnection& connection, Instant now);
  void ConnectFailed(const wire::Endpoint& endpoint, ConnectionType type, Instant now);
  void Disconnected(PeerId peer, Instant now);
  void AddressesFound(const std::vector<wire::PeerAddress>& addresses, Instant now);
  /// Block-relay-only peers of the last run, to be tried first. Before the first `Advance`.
  void SetAnchors(std::vector<wire::Endpoint> anchors);

  /// A message came whole and well-formed; `bytes` counts its payload.
  void Received(PeerId peer, wire::Message message, size_t bytes, Instant now);
  /// A frame or payload that is malformed in a way that only a broken or hostile peer sends.
  void ReceivedMalformed(PeerId peer, const std::string& what, Instant now);
  /// More may be sent to a peer for which `Effects::HasRoom` said no.
  void RoomMade(PeerId peer, Instant now);

  // -- answers --
  void HeadersJudged(PeerId peer, const HeadersVerdict& verdict, Instant now);
  void BlockJudged(PeerId peer, const BlockHash& hash, const BlockVerdict& verdict, Instant now);
  void TransactionJudged(PeerId peer, const TransactionPtr& transaction,
                         const TransactionVerdict& verdict, Instant now);
  void PairJudged(PeerId peer, const TransactionPtr& parent, const TransactionPtr& child,
                  const PairVerdict& verdict, Instant now);
  /// `bytes` is the raw block, empty if it could not be read.
  void BlockRead(PeerId peer, const ledger::HeaderEntry& entry, Bytes bytes, Instant now);
  void FiltersRead(PeerId peer, std::vector<wire::Message> replies, Instant now);

  // -- news --
  /// A block passed `CheckBlock` and its header leads: it may be announced before it is connected
  /// (BIP152).
  void BlockChecked(const BlockPtr& block, Instant now);
  void TipChanged(Instant now);
  /// A transaction of the pool is to be announced: it has entered it, be it from a peer or from a
  /// wallet, or is sent once more. Not those that a file or a block that was taken off gave back.
  void TransactionAdded(const TransactionPtr& transaction, Instant now);

  // -- time --
  /// Does what is due.
  void Advance(Instant now);
  /// When `Advance` is to be called next, if nothing else comes; `kNever` if there is nothing.
  Instant NextDeadline() const;

  // -- what RPC asks --
  std::vector<PeerInfo> Peers(Instant now) const;
  void SendPings(Instant now);
  /// Announces our own transactions that no peer has asked for once more, before it is due.
  void AnnounceUnbroadcast(Instant now);
  /// Asks that peer for a block; the reason if it cannot be done.
  std::optional<std::string> FetchBlock(PeerId peer, const BlockHash& hash, Instant now);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace cairn::p2p
