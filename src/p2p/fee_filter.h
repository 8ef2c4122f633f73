// Tells peers what a transaction must pay to interest us (BIP133).
//
// What we say is rounded by chance and comes at random moments, so that the size of our pool at
// some moment cannot be used to recognise us.
#pragma once

#include <vector>

#include "src/p2p/core.h"

namespace cairn::p2p {

struct FeeFilterPeer {
  Amount sent = 0;  // what we told it last; 0: nothing yet
  Instant next{};   // when it is told again, if it has changed
};

class FeeFilters {
 public:
  explicit FeeFilters(Core& core);

  void OnReady(Peer&) { Advance(); }
  void OnTipChanged() { Advance(); }
  void Advance();
  Instant DeadlineOf(const Peer& peer) const;

 private:
  bool Wants(const Peer& peer) const;
  void Update(Peer& peer, bool blocks_only_now, Amount floor);
  Amount Round(Amount rate);

  Core& core_;
  std::vector<double> steps_;  // the rates that we speak of, ascending
};

}  // namespace cairn::p2p
