#include "src/p2p/transaction_requests.h"

#include <algorithm>
#include <array>

#include "cairn/base/assert.h"
#include "cairn/base/endian.h"

namespace cairn::p2p {

uint64_t TransactionRequests::PriorityOf(PeerId peer, const TransactionHash& hash,
                                         bool preferred) const {
  std::array<uint8_t, TransactionHash::kSize + sizeof(uint64_t)> bytes;
  std::copy(hash.bytes.begin(), hash.bytes.end(), bytes.begin());
  StoreLittle(bytes.data() + TransactionHash::kSize, static_cast<uint64_t>(peer));
  return (salt_.Of(bytes) >> 1) | (uint64_t{preferred} << 63);
}

TransactionRequests::Announcement* TransactionRequests::Find(Announcements& announcements,
                                                             PeerId peer) {
  const auto found = std::find_if(announcements.begin(), announcements.end(),
                                  [&](const Announcement& one) { return one.peer == peer; });
  return found == announcements.end() ? nullptr : &*found;
}

void TransactionRequests::SetState(Announcement& announcement, State state) {
  PeerState& peer = peers_.at(announcement.peer);
  if (announcement.state == State::kBest) peer.best.erase(announcement.sequence);
  if (announcement.state == State::kRequested) --peer.in_flight;
  announcement.state = state;
  if (state == State::kBest) peer.best.insert(announcement.sequence);
  if (state == State::kRequested) ++peer.in_flight;
  if (peer.best.empty()) {
    wanted_.erase(announcement.peer);
  } else {
    wanted_.insert(announcement.peer);
  }
}

void TransactionRequests::Unlink(Announcement& announcement) {
  if (IsTimed(announcement.state)) {
    timed_.erase({announcement.time, announcement.sequence, announcement.peer});
  }
  SetState(announcement, State::kDone);
  const auto peer = peers_.find(announcement.peer);
  peer->second.announced.erase(announcement.sequence);
  if (peer->second.announced.empty()) peers_.erase(peer);
  --size_;
}

void TransactionRequests::Choose(Transactions::iterator transaction) {
  Announcements& all = transaction->second;
  Announcement* best = nullptr;
  bool busy = false;
  bool alive = false;
  for (Announcement& one : all) {
    alive |= one.state != State::kDone;
    busy |= one.state == State::kRequested;
    const bool candidate = one.state == State::kReady || one.state == State::kBest;
    if (candidate && (best == nullptr || one.priority > best->priority)) best = &one;
  }
  if (!alive) {
    for (Announcement& one : all) Unlink(one);
    transactions_.erase(transaction);
    return;
  }
  if (busy) best = nullptr;
  for (Announcement& one : all) {
    if (&one != best && one.state == State::kBest) SetState(one, State::kReady);
  }
  if (best != nullptr && best->state != State::kBest) SetState(*best, State::kBest);
}

void TransactionRequests::Announced(PeerId peer, const TransactionName& name, bool preferred,
                                    Instant ready) {
  Announcements& all = transactions_[name.hash];
  if (Find(all, peer) != nullptr) return;
  const uint64_t sequence = ++last_sequence_;
  all.push_back({peer, sequence, PriorityOf(peer, name.hash, preferred), ready, State::kDelayed,
                 name.by_wtxid});
  peers_[peer].announced.emplace(sequence, name.hash);
  timed_.emplace(ready, sequence, peer);
  ++size_;
}

void TransactionRequests::Requested(PeerId peer, const TransactionHash& hash, Instant deadline) {
  const auto found = transactions_.find(hash);
  if (found == transactions_.end()) return;
  Announcement* asked = Find(found->second, peer);
  if (asked == nullptr || asked->state == State::kDone || asked->state == State::kRequested) return;
  for (Announcement& one : found->second) {
    // Somebody else was asked already: what it still sends is welcome, but not waited for.
    if (one.state != State::kRequested) continue;
    timed_.erase({one.time, one.sequence, one.peer});
    SetState(one, State::kDone);
  }
  if (IsTimed(asked->state)) timed_.erase({asked->time, asked->sequence, peer});
  asked->time = deadline;
  timed_.emplace(deadline, asked->sequence, peer);
  SetState(*asked, State::kRequested);
  Choose(found);
}

void TransactionRequests::Answered(PeerId peer, const TransactionHash& hash) {
  const auto found = transactions_.find(hash);
  if (found == transactions_.end()) return;
  Announcement* one = Find(found->second, peer);
  if (one == nullptr || one->state == State::kDone) return;
  if (IsTimed(one->state)) timed_.erase({one->time, one->sequence, peer});
  SetState(*one, State::kDone);
  Choose(found);
}

void TransactionRequests::Forget(const TransactionHash& hash) {
  const auto found = transactions_.find(hash);
  if (found == transactions_.end()) return;
  for (Announcement& one : found->second) Unlink(one);
  transactions_.erase(found);
}

void TransactionRequests::Disconnected(PeerId peer) {
  const auto state = peers_.find(peer);
  if (state == peers_.end()) return;
  const std::map<uint64_t, TransactionHash> announced = state->second.announced;
  for (const auto& [sequence, hash] : announced) {
    const auto found = transactions_.find(hash);
    CAIRN_ASSERT(found != transactions_.end());
    Announcement* one = Find(found->second, peer);
    Unlink(*one);
    found->second.erase(found->second.begin() + (one - found->second.data()));
    Choose(found);
  }
}

std::vector<TransactionRequests::Overdue> TransactionRequests::Advance(Instant now) {
  std::vector<Overdue> overdue;
  while (!timed_.empty() && std::get<Instant>(*timed_.begin()) <= now) {
    const auto [time, sequence, peer] = *timed_.begin();
    timed_.erase(timed_.begin());
    const TransactionHash hash = peers_.at(peer).announced.at(sequence);
    const auto found = transactions_.find(hash);
    Announcement& one = *Find(found->second, peer);
    if (one.state == State::kRequested) overdue.push_back({peer, hash});
    SetState(one, one.state == State::kRequested ? State::kDone : State::kReady);
    Choose(found);
  }
  return overdue;
}

Instant TransactionRequests::NextDeadline() const {
  return timed_.empty() ? kNever : std::get<Instant>(*timed_.begin());
}

std::vector<TransactionName> TransactionRequests::WantedFrom(PeerId peer) const {
  std::vector<TransactionName> names;
  const auto state = peers_.find(peer);
  if (state == peers_.end()) return names;
  for (const uint64_t sequence : state->second.best) {
    const TransactionHash& hash = state->second.announced.at(sequence);
    const Announcements& all = transactions_.at(hash);
    const auto one = std::find_if(all.begin(), all.end(),
                                  [&](const Announcement& other) { return other.peer == peer; });
    names.push_back({hash, one->by_wtxid});
  }
  return names;
}

size_t TransactionRequests::CountOf(PeerId peer) const {
  const auto found = peers_.find(peer);
  return found == peers_.end() ? 0 : found->second.announced.size();
}

size_t TransactionRequests::InFlightOf(PeerId peer) const {
  const auto found = peers_.find(peer);
  return found == peers_.end() ? 0 : found->second.in_flight;
}

size_t TransactionRequests::MemoryUseOf(PeerId peer) const {
  // An announcement, its place in the peer's list and its place in the queue, with their nodes.
  constexpr size_t kBytesEach = sizeof(Announcement) + 2 * 80;
  return CountOf(peer) * kBytesEach;
}

}  // namespace cairn::p2p
