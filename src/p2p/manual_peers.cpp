#include "src/p2p/manual_peers.h"

#include <algorithm>

namespace cairn::p2p {
namespace {

constexpr std::chrono::milliseconds kFirstPause{500};
constexpr std::chrono::seconds kLongestPause{60};
constexpr int kMostDoublings = 7;
/// A connection that lasted so long was none that failed.
constexpr std::chrono::seconds kLasting{30};

}  // namespace

ManualPeers::Entry* ManualPeers::Find(const std::string& name) {
  const auto found = std::find_if(entries_.begin(), entries_.end(),
                                  [&](const Entry& entry) { return entry.name == name; });
  return found == entries_.end() ? nullptr : &*found;
}

bool ManualPeers::Add(const std::string& name, bool listed, Time now) {
  if (Find(name) != nullptr) return false;
  Entry entry;
  entry.name = name;
  entry.listed = listed;
  entry.next_try = now;
  entries_.push_back(std::move(entry));
  return true;
}

bool ManualPeers::Remove(const std::string& name) {
  return std::erase_if(entries_, [&](const Entry& entry) { return entry.name == name; }) > 0;
}

const ManualPeers::Entry* ManualPeers::TakeDue(Time now) {
  for (Entry& entry : entries_) {
    if (entry.dialing || entry.peer || entry.next_try > now) continue;
    entry.dialing = true;
    return &entry;
  }
  return nullptr;
}

std::optional<ManualPeers::Time> ManualPeers::NextTry() const {
  std::optional<Time> next;
  for (const Entry& entry : entries_) {
    if (entry.dialing || entry.peer) continue;
    next = next ? std::min(*next, entry.next_try) : entry.next_try;
  }
  return next;
}

void ManualPeers::Postpone(Entry& entry, Time now) {
  const auto pause = kFirstPause * (1 << std::min(entry.failures, kMostDoublings));
  entry.next_try = now + std::min<std::chrono::milliseconds>(pause, kLongestPause);
  ++entry.failures;
}

void ManualPeers::OnConnected(const std::string& name, PeerId peer, Time now) {
  Entry* entry = Find(name);
  if (entry == nullptr) return;
  entry->dialing = false;
  entry->peer = peer;
  entry->connected_at = now;
}

void ManualPeers::OnFailed(const std::string& name, Time now) {
  Entry* entry = Find(name);
  if (entry == nullptr) return;
  entry->dialing = false;
  Postpone(*entry, now);
}

void ManualPeers::OnGone(PeerId peer, Time now) {
  for (Entry& entry : entries_) {
    if (entry.peer != peer) continue;
    entry.peer.reset();
    if (now - entry.connected_at >= kLasting) entry.failures = 0;
    Postpone(entry, now);
  }
}

}  // namespace cairn::p2p
