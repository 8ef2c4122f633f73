// What all parts of the protocol share: the peers, the time, the way out.
//
// A part (header sync, block relay, ...) is a class of its own over a `Core&`, with these members,
// as far as it needs them:
//
//   void OnReady(Peer&)                     the handshake is complete
//   void OnGone(Peer&)                      the connection has ended
//   void Advance()                          do what is due at core.now
//   Instant DeadlineOf(const Peer&) const   when Advance is wanted next for that peer
//   Instant NextDeadline() const            when it is wanted next for all of them
//
// and one member for each message that is its business. Its state of a peer stands in its own
// header as `struct NAMEPeer`, and is a member of `Peer`.
#pragma once

#include <memory>
#include <string>

#include "cairn/p2p/environment.h"
#include "cairn/p2p/protocol.h"
#include "cairn/p2p/random.h"
#include "cairn/p2p/settings.h"
#include "cairn/p2p/types.h"
#include "src/p2p/peer_table.h"

namespace cairn::p2p {

/// An answer that a peer's later messages wait for.
enum class Awaited : uint8_t {
  kNothing,
  kHeaders,
  kBlock,
  kTransaction,
  kRead,
  kSeveral  // answers of more than one kind
};

struct Core {
  Core(const Protocol::Needs& needs, Instant start)
      : settings(needs.settings),
        chain(needs.chain),
        pool(needs.pool),
        effects(needs.effects),
        addresses(needs.addresses),
        local(needs.local),
        random(needs.random),
        now(start),
        started(start) {}

  const Settings& settings;
  Chain& chain;
  Pool& pool;
  Effects& effects;
  AddressBook& addresses;
  LocalAddresses& local;
  Random random;
  Instant now;  // of the input that is being dealt with
  Instant started;
  PeerTable peers;

  Peer* Find(PeerId id) const;

  /// Nothing goes to a peer that is being disconnected.
  void Send(Peer& peer, wire::Message message);
  /// It takes what is sent to it: more may be prepared.
  bool HasRoom(const Peer& peer) const;
  /// Ends the connection. The peer's further messages are ignored.
  void Disconnect(Peer& peer, const std::string& reason);
  /// It broke the protocol: ends the connection and discourages the address, unless its permissions
  /// or the kind of connection forbid it.
  void Misbehaved(Peer& peer, const std::string& reason);

  /// The peer's later messages wait until `Arrived` was called as often.
  void Await(Peer& peer, Awaited what);
  void Arrived(Peer& peer);

  /// A moment about `mean` from now, of a Poisson process.
  Instant Poisson(Duration mean);
};

}  // namespace cairn::p2p
