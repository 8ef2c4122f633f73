// The addresses of peers that this node has heard of, and which of them to try next.
//
// Addresses that somebody named are in the *new* table, those that a connection was made to in the
// *tried* one. Both have buckets of 64 places, and which bucket and place an address may have
// depends on a secret key, on its group (`wire::NetGroup`) and, in the new table, on the group of
// the one who named it. So one source reaches 64 of the 1024 new buckets, and one group of
// addresses 8 of the 256 tried ones: who floods us with addresses of his own displaces little of
// what others said (Heilman, Kendler, Zohar, Goldberg: Eclipse Attacks, 2015).
//
// No clock and no lock inside: times are seconds since 1970 and come with each call, the owner
// calls from one thread. Memory is in proportion to what is known, at most some 20 MB.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <unordered_map>
#include <vector>

#include "cairn/p2p/random.h"
#include "cairn/wire/net_address.h"

namespace cairn::p2p {

/// What is known of one address.
struct KnownAddress {
  wire::PeerAddress peer;
  wire::NetAddress source;  // who named it first
  int64_t last_try = 0;
  int64_t last_success = 0;
  int32_t attempts = 0;  // failed ones since the last success
};

/// Nothing is lost by forgetting it: it fails, was not seen for a month, or claims to come from the
/// future.
bool IsTerrible(const KnownAddress& known, int64_t now);
/// How much of an ordinary address's chance it has to be tried next: less after failures, and
/// little right after a try.
double Chance(const KnownAddress& known, int64_t now);

enum class Table : uint8_t { kNew, kTried };

/// Where an address is.
struct Place {
  Table table = Table::kNew;
  uint16_t bucket = 0;
  uint8_t position = 0;

  friend bool operator==(const Place&, const Place&) = default;
};

struct PlacedAddress {
  KnownAddress known;
  Place place;
};

class AddressBook {
 public:
  static constexpr size_t kNewBuckets = 1024;
  static constexpr size_t kTriedBuckets = 256;
  static constexpr size_t kBucketSize = 64;
  static constexpr size_t kNewBucketsPerSource = 64;
  static constexpr size_t kTriedBucketsPerGroup = 8;
  static constexpr size_t kMaxPlaces = 8;       // of one address in the new table
  static constexpr size_t kMaxCollisions = 10;  // that wait for a test

  /// The secret that places depend on.
  using Key = std::array<uint8_t, 16>;
  /// One address with all its places, as it is stored.
  struct Record {
    KnownAddress known;
    Table table = Table::kNew;
    std::vector<uint16_t> buckets;  // of the new table; empty for a tried address
  };

  /// Empty, with a key from `random`.
  explicit AddressBook(Random random);
  AddressBook(const Key& key, Random random);

  /// Enters what `source` named, and returns how many were put in a new place. Addresses that are
  /// not routable are left out. `penalty` is taken from the times that others claim; nobody's own
  /// announcement suffers it.
  size_t Add(std::span<const wire::PeerAddress> peers, const wire::NetAddress& source,
             int64_t penalty, int64_t now);

  /// A connection worked. True if that moved the address into the tried table. If somebody is in
  /// its place there, he is to be tested first: see `SelectCollision`.
  bool Good(const wire::Endpoint& endpoint, int64_t now);
  /// A connection is tried. It counts as a failure until `Good`, if asked and if any other
  /// connection has worked since the last one that counted: else our own network may be down.
  void Attempt(const wire::Endpoint& endpoint, bool count_failure, int64_t now);
  /// The peer that is being disconnected was there until now. Told only at the end of a connection,
  /// so that gossip does not show whom we are connected to.
  void Connected(const wire::Endpoint& endpoint, int64_t now);
  void SetServices(const wire::Endpoint& endpoint, uint64_t services);

  /// One to try: of either table, as likely, if not `new_only`, and of that network if one is
  /// given. Nothing if there is none.
  std::optional<KnownAddress> Select(bool new_only, std::optional<wire::Network> network,
                                     int64_t now);

  /// Somebody whose place in the tried table another wants: try him, then `ResolveCollisions`
  /// tells whether he stays.
  std::optional<KnownAddress> SelectCollision();
  void ResolveCollisions(int64_t now);
  size_t Collisions() const { return collisions_.size(); }

  /// For gossip: up to `max_count` and `max_percent` of all addresses (0 for no limit), by chance,
  /// without terrible ones.
  std::vector<wire::PeerAddress> GetAddresses(size_t max_count, size_t max_percent,
                                              std::optional<wire::Network> network, int64_t now);

  size_t Size(std::optional<wire::Network> network = {}, std::optional<Table> table = {}) const;
  /// All places of a table in their order.
  std::vector<PlacedAddress> Entries(Table table) const;
  /// Where an address is, in the new table the first of its places.
  std::optional<Place> Find(const wire::Endpoint& endpoint) const;

  const Key& key() const { return key_; }
  std::vector<Record> Records() const;
  /// Puts back what `Records` gave, under the same key. False if its places are taken or are none
  /// of its own.
  bool Restore(const Record& record);

  /// All tables agree; for tests.
  bool IsConsistent() const;

 private:
  using Id = uint32_t;
  using Slots = std::map<uint32_t, Id>;  // by bucket * kBucketSize + position

  struct Entry {
    KnownAddress known;
    int64_t last_counted = 0;  // try that counted as a failure
    uint32_t rank = 0;         // in `order_`
    Table table = Table::kNew;
    uint8_t places = 0;
    std::array<uint16_t, kMaxPlaces> buckets{};
  };

  /// How many places of each bucket of a table are taken, in all and by each network, so that a
  /// bucket where there is somebody can be drawn without looking for one.
  class Occupancy {
   public:
    explicit Occupancy(size_t buckets) : taken_(buckets) {}

    void Count(uint32_t slot, wire::Network network, int change);
    /// Each bucket that has somebody of that network is as likely. There must be one.
    uint32_t Draw(Random& random, std::optional<wire::Network> network) const;

    friend bool operator==(const Occupancy&, const Occupancy&) = default;

   private:
    static constexpr size_t kNetworks = 7;
    static constexpr size_t kAny = kNetworks;
    using PerNetwork = std::array<uint8_t, kNetworks + 1>;

    std::vector<PerNetwork> taken_;                         // by bucket
    std::array<uint32_t, kNetworks + 1> buckets_in_use_{};  // by network
  };

  uint64_t Hash(char purpose, std::initializer_list<ByteSpan> parts) const;
  uint16_t NewBucket(const wire::NetAddress& address, const wire::NetAddress& source) const;
  uint16_t TriedBucket(const wire::Endpoint& endpoint) const;
  uint32_t SlotOf(Table table, uint16_t bucket, const wire::Endpoint& endpoint) const;
  uint32_t TriedSlot(const wire::Endpoint& endpoint) const;
  void Take(Table table, uint32_t slot, Id id);
  void Vacate(Table table, uint32_t slot);
  Slots& SlotsOf(Table table) { return table == Table::kNew ? new_ : tried_; }
  const Slots& SlotsOf(Table table) const { return table == Table::kNew ? new_ : tried_; }
  size_t& Count(const Entry& entry);
  wire::Network NetworkOf(Id id) const {
    return entries_[id].known.peer.endpoint.address.network();
  }
  bool IsOf(Id id, std::optional<wire::Network> network) const;

  Entry* FindEntry(const wire::Endpoint& endpoint);
  std::optional<Id> FindId(const wire::Endpoint& endpoint) const;
  Id Create(const KnownAddress& known, Table table);
  void Delete(Id id);
  void ClearNewSlot(uint32_t slot);
  void PutInNew(Id id, uint16_t bucket);
  void MakeTried(Id id);
  bool AddOne(const wire::PeerAddress& peer, const wire::NetAddress& source, int64_t penalty,
              int64_t now);
  bool Refresh(Entry& entry, const wire::PeerAddress& peer, int64_t penalty, int64_t now);
  bool MoveToTried(Id id, bool test_before_evict);
  bool IsResolved(Id id, int64_t now);
  Id SelectSlot(Table table, std::optional<wire::Network> network);

  Key key_;
  Random random_;
  std::vector<Entry> entries_;  // by id
  std::vector<Id> free_;        // ids without entry
  std::vector<Id> order_;       // all ids with an entry, shuffled little by little
  std::unordered_map<wire::Endpoint, Id, wire::EndpointHasher> ids_;
  Slots new_;
  Slots tried_;
  std::array<Occupancy, 2> occupancy_{Occupancy(kNewBuckets), Occupancy(kTriedBuckets)};
  std::set<Id> collisions_;                        // new addresses that want an occupied place
  int64_t last_good_ = 1;                          // so that the first try of an address counts
  std::array<std::array<size_t, 2>, 7> counts_{};  // by network and table
};

}  // namespace cairn::p2p
