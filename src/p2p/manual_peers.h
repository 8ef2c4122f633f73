// The peers that the operator wants to be connected to, and when to try each next.
//
// Without sockets and without a clock: times are those of the steady clock, which mock time does
// not move.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "cairn/p2p/types.h"

namespace cairn::p2p {

class ManualPeers {
 public:
  using Time = std::chrono::steady_clock::time_point;

  struct Entry {
    std::string name;     // "host" or "host:port", as the operator wrote it
    bool listed = false;  // by addnode; false: by -connect
    bool dialing = false;
    std::optional<PeerId> peer;  // while connected
    int failures = 0;            // in a row, quick ends of a connection among them
    Time next_try;
    Time connected_at;
  };

  /// False if it is in the list.
  bool Add(const std::string& name, bool listed, Time now);
  /// False if it is not.
  bool Remove(const std::string& name);

  /// An entry that is to be tried now: it counts as being tried. Null if there is none.
  const Entry* TakeDue(Time now);
  /// When the next one is; nothing if none waits.
  std::optional<Time> NextTry() const;

  void OnConnected(const std::string& name, PeerId peer, Time now);
  void OnFailed(const std::string& name, Time now);
  void OnGone(PeerId peer, Time now);

  const std::vector<Entry>& entries() const { return entries_; }

 private:
  Entry* Find(const std::string& name);
  static void Postpone(Entry& entry, Time now);

  std::vector<Entry> entries_;
};

}  // namespace cairn::p2p
