// What the address book answers: whom to try, whom to test, whom to tell others of.
#include <algorithm>

#include "cairn/base/assert.h"
#include "cairn/p2p/address_book.h"

namespace cairn::p2p {
namespace {

constexpr int64_t kMinute = 60;
// One who worked within this time keeps his place without a test.
constexpr int64_t kReplacement = 4 * 60 * kMinute;
// One who could not be tested for so long loses it.
constexpr int64_t kTestWindow = 40 * kMinute;

}  // namespace

bool AddressBook::IsOf(Id id, std::optional<wire::Network> network) const {
  return !network || NetworkOf(id) == *network;
}

void AddressBook::Occupancy::Count(uint32_t slot, wire::Network network, int change) {
  PerNetwork& taken = taken_[slot / kBucketSize];
  for (const size_t which : {static_cast<size_t>(network), kAny}) {
    const bool was_used = taken.at(which) > 0;
    taken[which] = static_cast<uint8_t>(taken[which] + change);
    const bool is_used = taken[which] > 0;
    if (is_used != was_used) is_used ? ++buckets_in_use_[which] : --buckets_in_use_[which];
  }
}

uint32_t AddressBook::Occupancy::Draw(Random& random, std::optional<wire::Network> network) const {
  const size_t which = network ? static_cast<size_t>(*network) : kAny;
  CAIRN_ASSERT(buckets_in_use_.at(which) > 0);
  uint64_t before = random.Below(buckets_in_use_[which]);
  for (uint32_t bucket = 0;; ++bucket) {
    if (taken_.at(bucket)[which] > 0 && before-- == 0) return bucket;
  }
}

AddressBook::Id AddressBook::SelectSlot(Table table, std::optional<wire::Network> network) {
  const Slots& slots = SlotsOf(table);
  const uint32_t bucket = occupancy_.at(static_cast<size_t>(table)).Draw(random_, network);
  const auto first = static_cast<uint32_t>(bucket * kBucketSize);
  const auto begin = slots.lower_bound(first);
  const auto end = slots.lower_bound(first + static_cast<uint32_t>(kBucketSize));
  // From any place on, round to the one before it.
  const auto middle = slots.lower_bound(first + static_cast<uint32_t>(random_.Below(kBucketSize)));
  const auto is_wanted = [&](const auto& slot) { return IsOf(slot.second, network); };
  const auto found = std::find_if(middle, end, is_wanted);
  return found != end ? found->second : std::find_if(begin, middle, is_wanted)->second;
}

std::optional<KnownAddress> AddressBook::Select(bool new_only, std::optional<wire::Network> network,
                                                int64_t now) {
  const size_t fresh = Size(network, Table::kNew);
  const size_t tried = new_only ? 0 : Size(network, Table::kTried);
  if (fresh + tried == 0) return std::nullopt;
  const bool is_tried = tried > 0 && (fresh == 0 || random_.Flip());
  for (double factor = 1;; factor *= 1.2) {
    const Id id = SelectSlot(is_tried ? Table::kTried : Table::kNew, network);
    const KnownAddress& known = entries_[id].known;
    if (random_.Unit() < factor * Chance(known, now)) return known;
  }
}

std::optional<KnownAddress> AddressBook::SelectCollision() {
  if (collisions_.empty()) return std::nullopt;
  const auto waiting =
      std::next(collisions_.begin(), static_cast<ptrdiff_t>(random_.Below(collisions_.size())));
  const auto held = tried_.find(TriedSlot(entries_[*waiting].known.peer.endpoint));
  if (held == tried_.end()) return std::nullopt;
  return entries_[held->second].known;
}

/// Whether the one who waits for a place has it now, or shall not have it.
bool AddressBook::IsResolved(Id id, int64_t now) {
  const KnownAddress& waiting = entries_[id].known;
  const auto held = tried_.find(TriedSlot(waiting.peer.endpoint));
  if (held != tried_.end()) {
    const KnownAddress& holder = entries_[held->second].known;
    if (now - holder.last_success < kReplacement) return true;
    const bool was_tried = now - holder.last_try < kReplacement;
    // A connection is given a minute to come about.
    const bool failed = was_tried && now - holder.last_try > kMinute;
    const bool untested = !was_tried && now - waiting.last_success > kTestWindow;
    if (!failed && !untested) return false;
  }
  MoveToTried(id, false);
  return true;
}

void AddressBook::ResolveCollisions(int64_t now) {
  // Moving one may delete another that waits, so each is looked up anew.
  const std::vector<Id> waiting(collisions_.begin(), collisions_.end());
  for (const Id id : waiting) {
    if (collisions_.contains(id) && IsResolved(id, now)) collisions_.erase(id);
  }
}

std::vector<wire::PeerAddress> AddressBook::GetAddresses(size_t max_count, size_t max_percent,
                                                         std::optional<wire::Network> network,
                                                         int64_t now) {
  size_t count = order_.size();
  if (max_percent != 0) count = std::min(count, count * max_percent / 100);
  if (max_count != 0) count = std::min(count, max_count);
  std::vector<wire::PeerAddress> chosen;
  for (size_t i = 0; i < order_.size() && chosen.size() < count; ++i) {
    const size_t other = i + random_.Below(order_.size() - i);
    std::swap(order_[i], order_[other]);
    entries_[order_[i]].rank = static_cast<uint32_t>(i);
    entries_[order_[other]].rank = static_cast<uint32_t>(other);
    const KnownAddress& known = entries_[order_[i]].known;
    if (IsOf(order_[i], network) && !IsTerrible(known, now)) chosen.push_back(known.peer);
  }
  return chosen;
}

size_t AddressBook::Size(std::optional<wire::Network> network, std::optional<Table> table) const {
  size_t size = 0;
  for (size_t i = 0; i < counts_.size(); ++i) {
    if (network && static_cast<size_t>(*network) != i) continue;
    if (table != Table::kTried) size += counts_[i][static_cast<size_t>(Table::kNew)];
    if (table != Table::kNew) size += counts_[i][static_cast<size_t>(Table::kTried)];
  }
  return size;
}

std::vector<PlacedAddress> AddressBook::Entries(Table table) const {
  std::vector<PlacedAddress> placed;
  for (const auto& [slot, id] : SlotsOf(table)) {
    placed.push_back({entries_[id].known,
                      {table, static_cast<uint16_t>(slot / kBucketSize),
                       static_cast<uint8_t>(slot % kBucketSize)}});
  }
  return placed;
}

std::optional<Place> AddressBook::Find(const wire::Endpoint& endpoint) const {
  const std::optional<Id> id = FindId(endpoint);
  if (!id) return std::nullopt;
  const Entry& entry = entries_[*id];
  const uint32_t slot = entry.table == Table::kTried
                            ? TriedSlot(endpoint)
                            : SlotOf(Table::kNew, entry.buckets[0], endpoint);
  return Place{entry.table, static_cast<uint16_t>(slot / kBucketSize),
               static_cast<uint8_t>(slot % kBucketSize)};
}

std::vector<AddressBook::Record> AddressBook::Records() const {
  std::vector<Record> records;
  records.reserve(order_.size());
  for (const Id id : order_) {
    const Entry& entry = entries_[id];
    records.push_back(
        {entry.known, entry.table, {entry.buckets.begin(), entry.buckets.begin() + entry.places}});
  }
  return records;
}

bool AddressBook::Restore(const Record& record) {
  const wire::Endpoint& endpoint = record.known.peer.endpoint;
  if (!endpoint.address.IsRoutable() || FindId(endpoint)) return false;
  if (record.table == Table::kTried) {
    const uint32_t slot = TriedSlot(endpoint);
    if (!record.buckets.empty() || tried_.contains(slot)) return false;
    Take(Table::kTried, slot, Create(record.known, Table::kTried));
    return true;
  }
  if (record.buckets.empty() || record.buckets.size() > kMaxPlaces) return false;
  std::set<uint16_t> distinct;
  for (const uint16_t bucket : record.buckets) {
    if (bucket >= kNewBuckets || !distinct.insert(bucket).second) return false;
    if (new_.contains(SlotOf(Table::kNew, bucket, endpoint))) return false;
  }
  const Id id = Create(record.known, Table::kNew);
  for (const uint16_t bucket : record.buckets) PutInNew(id, bucket);
  return true;
}

bool AddressBook::IsConsistent() const {
  size_t new_places = 0;
  size_t tried_places = 0;
  std::array<std::array<size_t, 2>, 7> counts{};
  for (size_t rank = 0; rank < order_.size(); ++rank) {
    const Id id = order_[rank];
    const Entry& entry = entries_[id];
    const wire::Endpoint& endpoint = entry.known.peer.endpoint;
    ++counts.at(static_cast<size_t>(endpoint.address.network()))[static_cast<size_t>(entry.table)];
    if (entry.rank != rank || FindId(endpoint) != id) return false;
    if ((entry.table == Table::kTried) != (entry.places == 0)) return false;
    if (entry.table == Table::kTried) {
      const auto held = tried_.find(TriedSlot(endpoint));
      if (held == tried_.end() || held->second != id) return false;
      ++tried_places;
    }
    for (size_t i = 0; i < entry.places; ++i, ++new_places) {
      const auto held = new_.find(SlotOf(Table::kNew, entry.buckets[i], endpoint));
      if (held == new_.end() || held->second != id) return false;
    }
  }
  const bool all_wait = std::all_of(collisions_.begin(), collisions_.end(),
                                    [this](Id id) { return entries_[id].places > 0; });
  std::array<Occupancy, 2> occupancy{Occupancy(kNewBuckets), Occupancy(kTriedBuckets)};
  for (const Table table : {Table::kNew, Table::kTried}) {
    for (const auto& [slot, id] : SlotsOf(table)) {
      occupancy.at(static_cast<size_t>(table)).Count(slot, NetworkOf(id), 1);
    }
  }
  return all_wait && counts == counts_ && occupancy == occupancy_ && new_places == new_.size() &&
         tried_places == tried_.size() && ids_.size() == order_.size() &&
         order_.size() + free_.size() == entries_.size();
}

}  // namespace cairn::p2p
