// Watches that the peers that we chose keep up with our chain: one that stays behind tells us
// nothing, and if all of them did, we would be alone with it.
#pragma once

#include "src/p2p/core.h"

namespace cairn::p2p {

struct ChainWatchPeer {
  Instant last_announcement{};  // of a block that we did not know; epoch: never
  bool is_protected = false;    // it had as much work as we; some of those are never doubted again
  Instant deadline = kNever;    // by which it must have caught up
  bool asked = false;           // a getheaders gave it a last chance
  const ledger::HeaderEntry* work_header = nullptr;  // what it must catch up with
};

class ChainWatch {
 public:
  static constexpr int kMostProtected = 4;

  explicit ChainWatch(Core& core) : core_(core) {}

  void OnReady(Peer& peer);
  /// Our tip has moved: others may be behind now.
  void OnTip();
  /// New headers came from the peer: it may have caught up.
  void OnHeaders(Peer& peer);
  void OnGone(Peer& peer);
  void Advance();
  Instant DeadlineOf(const Peer& peer) const;

 private:
  bool IsWatched(const Peer& peer) const;
  void Protect(Peer& peer);
  void Look(Peer& peer);
  void Ask(Peer& peer);

  Core& core_;
  int protected_ = 0;
};

}  // namespace cairn::p2p
