#include "cairn/p2p/address_book.h"

#include <algorithm>
#include <cmath>

#include "cairn/crypto/hash.h"

namespace cairn::p2p {
namespace {

constexpr int64_t kMinute = 60;
constexpr int64_t kHour = 60 * kMinute;
constexpr int64_t kDay = 24 * kHour;
constexpr int64_t kHorizon = 30 * kDay;  // not seen for so long is gone
constexpr int32_t kRetries = 3;          // failures of one that never worked
constexpr int32_t kMaxFailures = 10;     // failures of one that worked before `kMinFail`
constexpr int64_t kMinFail = 7 * kDay;

AddressBook::Key DrawKey(Random& random) {
  AddressBook::Key key;
  random.Fill(std::span<uint8_t>(key));
  return key;
}

wire::EndpointHasher HasherOf(const AddressBook::Key& key) {
  return {LoadLittle<uint64_t>(key.data()), LoadLittle<uint64_t>(key.data() + 8)};
}

Bytes BytesOf(const wire::Endpoint& endpoint) {
  const ByteSpan address = endpoint.address.bytes();
  Bytes bytes = {static_cast<uint8_t>(endpoint.address.network()),
                 static_cast<uint8_t>(endpoint.port >> 8), static_cast<uint8_t>(endpoint.port)};
  Append(bytes, address);
  return bytes;
}

std::array<uint8_t, 2> BytesOf(uint16_t number) {
  return {static_cast<uint8_t>(number), static_cast<uint8_t>(number >> 8)};
}

}  // namespace

bool IsTerrible(const KnownAddress& known, int64_t now) {
  if (now - known.last_try <= kMinute) return false;  // being tried
  if (known.peer.time > now + 10 * kMinute) return true;
  if (now - known.peer.time > kHorizon) return true;
  if (known.last_success == 0 && known.attempts >= kRetries) return true;
  return now - known.last_success > kMinFail && known.attempts >= kMaxFailures;
}

double Chance(const KnownAddress& known, int64_t now) {
  const double recent = now - known.last_try < 10 * kMinute ? 0.01 : 1.0;
  return recent * std::pow(0.66, std::min(known.attempts, 8));
}

AddressBook::AddressBook(Random random) : AddressBook(DrawKey(random), random.Fork()) {}

AddressBook::AddressBook(const Key& key, Random random)
    : key_(key), random_(random), ids_(0, HasherOf(key)) {}

uint64_t AddressBook::Hash(char purpose, std::initializer_list<ByteSpan> parts) const {
  Bytes message = {static_cast<uint8_t>(purpose)};
  for (const ByteSpan part : parts) {
    message.push_back(static_cast<uint8_t>(part.size()));
    Append(message, part);
  }
  const wire::EndpointHasher keys = HasherOf(key_);
  return crypto::SipHash24(keys.key0, keys.key1, message);
}

uint16_t AddressBook::NewBucket(const wire::NetAddress& address,
                                const wire::NetAddress& source) const {
  const Bytes source_group = wire::NetGroup(source);
  const auto lane = static_cast<uint16_t>(Hash('a', {wire::NetGroup(address), source_group}) %
                                          kNewBucketsPerSource);
  return static_cast<uint16_t>(Hash('n', {source_group, BytesOf(lane)}) % kNewBuckets);
}

uint16_t AddressBook::TriedBucket(const wire::Endpoint& endpoint) const {
  const auto lane = static_cast<uint16_t>(Hash('e', {BytesOf(endpoint)}) % kTriedBucketsPerGroup);
  return static_cast<uint16_t>(Hash('t', {wire::NetGroup(endpoint.address), BytesOf(lane)}) %
                               kTriedBuckets);
}

uint32_t AddressBook::SlotOf(Table table, uint16_t bucket, const wire::Endpoint& endpoint) const {
  const char purpose = table == Table::kNew ? 'N' : 'T';
  const uint64_t position = Hash(purpose, {BytesOf(bucket), BytesOf(endpoint)}) % kBucketSize;
  return static_cast<uint32_t>(bucket * kBucketSize + position);
}

uint32_t AddressBook::TriedSlot(const wire::Endpoint& endpoint) const {
  return SlotOf(Table::kTried, TriedBucket(endpoint), endpoint);
}

size_t& AddressBook::Count(const Entry& entry) {
  const auto network = static_cast<size_t>(entry.known.peer.endpoint.address.network());
  return counts_.at(network)[static_cast<size_t>(entry.table)];
}

std::optional<AddressBook::Id> AddressBook::FindId(const wire::Endpoint& endpoint) const {
  const auto found = ids_.find(endpoint);
  if (found == ids_.end()) return std::nullopt;
  return found->second;
}

AddressBook::Entry* AddressBook::FindEntry(const wire::Endpoint& endpoint) {
  const std::optional<Id> id = FindId(endpoint);
  return id ? &entries_[*id] : nullptr;
}

AddressBook::Id AddressBook::Create(const KnownAddress& known, Table table) {
  if (free_.empty()) {
    free_.push_back(static_cast<Id>(entries_.size()));
    entries_.emplace_back();
  }
  const Id id = free_.back();
  free_.pop_back();
  Entry& entry = entries_[id];
  entry = {};
  entry.known = known;
  entry.table = table;
  entry.rank = static_cast<uint32_t>(order_.size());
  order_.push_back(id);
  ids_.emplace(known.peer.endpoint, id);
  ++Count(entry);
  return id;
}

void AddressBook::Delete(Id id) {
  const Entry& entry = entries_[id];
  --Count(entry);
  ids_.erase(entry.known.peer.endpoint);
  collisions_.erase(id);
  const Id last = order_.back();
  order_[entry.rank] = last;
  entries_[last].rank = entry.rank;
  order_.pop_back();
  free_.push_back(id);
}

void AddressBook::Take(Table table, uint32_t slot, Id id) {
  SlotsOf(table)[slot] = id;
  occupancy_.at(static_cast<size_t>(table)).Count(slot, NetworkOf(id), 1);
}

void AddressBook::Vacate(Table table, uint32_t slot) {
  const auto held = SlotsOf(table).find(slot);
  occupancy_.at(static_cast<size_t>(table)).Count(slot, NetworkOf(held->second), -1);
  SlotsOf(table).erase(held);
}

void AddressBook::ClearNewSlot(uint32_t slot) {
  const auto found = new_.find(slot);
  if (found == new_.end()) return;
  const Id id = found->second;
  Vacate(Table::kNew, slot);
  Entry& entry = entries_[id];
  const auto end = entry.buckets.begin() + entry.places;
  std::remove(entry.buckets.begin(), end, static_cast<uint16_t>(slot / kBucketSize));
  if (--entry.places == 0) Delete(id);
}

void AddressBook::PutInNew(Id id, uint16_t bucket) {
  const uint32_t slot = SlotOf(Table::kNew, bucket, entries_[id].known.peer.endpoint);
  ClearNewSlot(slot);
  Take(Table::kNew, slot, id);
  Entry& entry = entries_[id];
  entry.buckets[entry.places++] = bucket;
}

void AddressBook::MakeTried(Id id) {
  Entry& entry = entries_[id];
  for (size_t i = 0; i < entry.places; ++i) {
    Vacate(Table::kNew, SlotOf(Table::kNew, entry.buckets[i], entry.known.peer.endpoint));
  }
  entry.places = 0;
  collisions_.erase(id);
  const uint32_t slot = TriedSlot(entry.known.peer.endpoint);
  const auto held = tried_.find(slot);
  if (held != tried_.end()) {
    // He who was there goes back to where his source had put him.
    const Id evicted = held->second;
    Vacate(Table::kTried, slot);
    Entry& old = entries_[evicted];
    --Count(old);
    old.table = Table::kNew;
    ++Count(old);
    PutInNew(evicted, NewBucket(old.known.peer.endpoint.address, old.known.source));
  }
  --Count(entry);
  entry.table = Table::kTried;
  ++Count(entry);
  Take(Table::kTried, slot, id);
}

bool AddressBook::Refresh(Entry& entry, const wire::PeerAddress& peer, int64_t penalty,
                          int64_t now) {
  wire::PeerAddress& held = entry.known.peer;
  const int64_t interval = now - peer.time < kDay ? kHour : kDay;
  const bool is_newer = peer.time > held.time;
  if (held.time < peer.time - interval - penalty) {
    held.time = std::max<int64_t>(0, peer.time - penalty);
  }
  held.services |= peer.services;
  if (!is_newer || entry.table == Table::kTried || entry.places == kMaxPlaces) return false;
  // Each further place is half as likely as the one before.
  return random_.Below(uint64_t{1} << entry.places) == 0;
}

bool AddressBook::AddOne(const wire::PeerAddress& peer, const wire::NetAddress& source,
                         int64_t penalty, int64_t now) {
  const wire::NetAddress& address = peer.endpoint.address;
  if (!address.IsRoutable()) return false;
  if (address == source) penalty = 0;
  const std::optional<Id> known = FindId(peer.endpoint);
  if (known && !Refresh(entries_[*known], peer, penalty, now)) return false;

  const uint16_t bucket = NewBucket(address, source);
  const auto held = new_.find(SlotOf(Table::kNew, bucket, peer.endpoint));
  if (held != new_.end()) {
    if (known == held->second) return false;
    const Entry& holder = entries_[held->second];
    const bool yields = IsTerrible(holder.known, now) || (holder.places > 1 && !known);
    if (!yields) return false;
  }
  KnownAddress entry;
  entry.peer = peer;
  entry.peer.time = std::max<int64_t>(0, peer.time - penalty);
  entry.source = source;
  PutInNew(known ? *known : Create(entry, Table::kNew), bucket);
  return true;
}

size_t AddressBook::Add(std::span<const wire::PeerAddress> peers, const wire::NetAddress& source,
                        int64_t penalty, int64_t now) {
  size_t added = 0;
  for (const wire::PeerAddress& peer : peers) {
    added += AddOne(peer, source, penalty, now) ? 1 : 0;
  }
  return added;
}

bool AddressBook::MoveToTried(Id id, bool test_before_evict) {
  const Entry& entry = entries_[id];
  if (entry.table == Table::kTried) return false;
  if (test_before_evict && tried_.contains(TriedSlot(entry.known.peer.endpoint))) {
    if (collisions_.size() < kMaxCollisions) collisions_.insert(id);
    return false;
  }
  MakeTried(id);
  return true;
}

bool AddressBook::Good(const wire::Endpoint& endpoint, int64_t now) {
  last_good_ = now;
  const std::optional<Id> id = FindId(endpoint);
  if (!id) return false;
  KnownAddress& known = entries_[*id].known;
  known.last_success = now;
  known.last_try = now;
  known.attempts = 0;
  // The time that gossip passes on stays: it would show whom we are connected to.
  return MoveToTried(*id, true);
}

void AddressBook::Attempt(const wire::Endpoint& endpoint, bool count_failure, int64_t now) {
  Entry* entry = FindEntry(endpoint);
  if (entry == nullptr) return;
  entry->known.last_try = now;
  if (!count_failure || entry->last_counted >= last_good_) return;
  entry->last_counted = now;
  ++entry->known.attempts;
}

void AddressBook::Connected(const wire::Endpoint& endpoint, int64_t now) {
  Entry* entry = FindEntry(endpoint);
  if (entry == nullptr) return;
  if (now - entry->known.peer.time > 20 * kMinute) entry->known.peer.time = now;
}

void AddressBook::SetServices(const wire::Endpoint& endpoint, uint64_t services) {
  Entry* entry = FindEntry(endpoint);
  if (entry != nullptr) entry->known.peer.services = services;
}

}  // namespace cairn::p2p
