#include "cairn/p2p/address_book.h"

#include <algorithm>
#include <map>
#include <set>

#include <gtest/gtest.h>

namespace cairn::p2p {
namespace {

using wire::Endpoint;
using wire::NetAddress;
using wire::Network;
using wire::PeerAddress;

constexpr int64_t kNow = 1'700'000'000;
constexpr int64_t kHour = 3600;
constexpr int64_t kDay = 24 * kHour;

NetAddress At(std::string_view text) { return *NetAddress::Parse(text); }

PeerAddress Peer(std::string_view endpoint, int64_t time = kNow) {
  return {*Endpoint::Parse(endpoint, 8333), 1, time};
}

/// The `number`th address of 250.0.0.0/8 and above, spread over groups of /16.
PeerAddress Numbered(uint32_t number) {
  const auto byte = [](uint32_t value) { return static_cast<uint8_t>(value); };
  return {
      {NetAddress::Ipv4(byte(11 + number / 65'536 % 64), byte(number >> 8), byte(number), 1), 8333},
      1,
      kNow};
}

bool Add(AddressBook& book, const PeerAddress& peer, const NetAddress& source) {
  return book.Add({&peer, 1}, source, 0, kNow) == 1;
}

TEST(AddressBook, IsEmptyAtFirst) {
  AddressBook book{Random(1)};
  EXPECT_EQ(book.Size(), 0U);
  EXPECT_FALSE(book.Select(false, std::nullopt, kNow));
  EXPECT_FALSE(book.Select(true, std::nullopt, kNow));
  EXPECT_FALSE(book.SelectCollision());
  EXPECT_TRUE(book.GetAddresses(0, 0, std::nullopt, kNow).empty());
  book.ResolveCollisions(kNow);
  EXPECT_FALSE(book.Good(*Endpoint::Parse("8.8.8.8:1"), kNow));
  EXPECT_TRUE(book.IsConsistent());
}

TEST(AddressBook, TakesRoutableAddressesOnly) {
  AddressBook book{Random(1)};
  const NetAddress source = At("252.2.2.2");
  EXPECT_TRUE(Add(book, Peer("250.1.1.1"), source));
  EXPECT_FALSE(Add(book, Peer("250.1.1.1"), source));
  EXPECT_TRUE(Add(book, Peer("250.1.1.1:8334"), source));
  EXPECT_FALSE(Add(book, Peer("10.0.0.1"), source));
  EXPECT_FALSE(Add(book, Peer("127.0.0.1"), source));
  EXPECT_FALSE(book.Add(std::vector<PeerAddress>{{{NetAddress::Internal("a"), 1}, 1, kNow}}, source,
                        0, kNow));
  EXPECT_EQ(book.Size(), 2U);
  EXPECT_EQ(book.Size(Network::kIpv4, Table::kNew), 2U);
  EXPECT_EQ(book.Size(Network::kIpv6), 0U);
  EXPECT_EQ(book.Size(std::nullopt, Table::kTried), 0U);
  EXPECT_TRUE(book.IsConsistent());
}

TEST(AddressBook, MovesWhatWorkedToTheTriedTable) {
  AddressBook book{Random(1)};
  const PeerAddress peer = Peer("250.1.1.1");
  Add(book, peer, At("252.2.2.2"));
  EXPECT_EQ(book.Find(peer.endpoint)->table, Table::kNew);
  EXPECT_TRUE(book.Good(peer.endpoint, kNow));
  EXPECT_FALSE(book.Good(peer.endpoint, kNow));
  EXPECT_EQ(book.Find(peer.endpoint)->table, Table::kTried);
  EXPECT_EQ(book.Size(Network::kIpv4, Table::kTried), 1U);
  EXPECT_EQ(book.Size(std::nullopt, Table::kNew), 0U);
  EXPECT_FALSE(book.Select(true, std::nullopt, kNow));
  EXPECT_EQ(book.Select(false, std::nullopt, kNow + kHour)->peer.endpoint, peer.endpoint);
  EXPECT_EQ(book.Entries(Table::kTried).size(), 1U);
  EXPECT_EQ(book.Entries(Table::kTried)[0].place, *book.Find(peer.endpoint));
  EXPECT_TRUE(book.IsConsistent());
}

TEST(AddressBook, SelectsByNetwork) {
  AddressBook book{Random(1)};
  const NetAddress source = At("252.2.2.2");
  Add(book, Peer("250.1.1.1"), source);
  Add(book, Peer("[1a1b::1]"), source);
  Add(book, Peer("pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion"), source);
  book.Good(Peer("[1a1b::1]").endpoint, kNow);
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(book.Select(false, Network::kIpv4, kNow)->peer.endpoint.ToString(), "250.1.1.1:8333");
    EXPECT_EQ(book.Select(false, Network::kIpv6, kNow)->peer.endpoint.ToString(), "[1a1b::1]:8333");
  }
  EXPECT_TRUE(book.Select(true, Network::kTorV3, kNow));
  EXPECT_FALSE(book.Select(true, Network::kIpv6, kNow));
  EXPECT_FALSE(book.Select(false, Network::kI2p, kNow));
}

TEST(AddressBook, SelectsFromBothTablesAndEveryAddress) {
  AddressBook book{Random(1)};
  for (uint32_t i = 0; i < 60; ++i) {
    Add(book, Numbered(i * 257), At("252.2.2.2"));
    if (i % 2 == 0) book.Good(Numbered(i * 257).endpoint, kNow);
  }
  const size_t tried = book.Size(std::nullopt, Table::kTried);
  ASSERT_GT(tried, 20U);
  std::set<Endpoint> seen;
  int from_tried = 0;
  for (int i = 0; i < 4000; ++i) {
    const auto chosen = book.Select(false, std::nullopt, kNow + kHour);
    seen.insert(chosen->peer.endpoint);
    from_tried += book.Find(chosen->peer.endpoint)->table == Table::kTried ? 1 : 0;
  }
  EXPECT_EQ(seen.size(), book.Size());
  EXPECT_NEAR(from_tried, 2000, 200);
}

/// Each bucket where somebody is has the same chance, however many there are and however few are
/// taken; within it each place has.
TEST(AddressBook, SelectsAnyBucketWithTheSameChance) {
  AddressBook book{Random(1)};
  for (uint32_t i = 0; i < 200; ++i) Add(book, Numbered(i), At("252.2.2.2"));  // of few buckets
  for (uint32_t i = 0; i < 5; ++i) Add(book, Numbered(i * 257), At("253.3.3.3"));
  Add(book, Peer("[1a1b::1]"), At("253.3.3.3"));
  std::map<uint16_t, int> chosen;
  std::map<uint16_t, int> held;
  for (const PlacedAddress& placed : book.Entries(Table::kNew)) ++held[placed.place.bucket];
  ASSERT_GT(held.size(), 5U);
  ASSERT_LT(held.size(), 20U);
  constexpr int kEach = 500;
  for (size_t i = 0; i < kEach * held.size(); ++i) {
    ++chosen[book.Find(book.Select(true, std::nullopt, kNow + kHour)->peer.endpoint)->bucket];
  }
  EXPECT_EQ(chosen.size(), held.size());
  for (const auto& [bucket, times] : chosen) EXPECT_NEAR(times, kEach, 150) << bucket;
}

TEST(AddressBook, FindsTheOnlyOneOfANetworkInAnyBook) {
  AddressBook book{Random(1)};
  Add(book, Peer("[1a1b::1]"), At("253.3.3.3"));
  for (uint32_t i = 0; i < 3000; ++i)
    Add(book, Numbered(i * 257), Numbered(i * 77).endpoint.address);
  for (int i = 0; i < 2000; ++i) {
    EXPECT_EQ(book.Select(false, Network::kIpv6, kNow)->peer.endpoint.ToString(), "[1a1b::1]:8333");
  }
  EXPECT_TRUE(book.IsConsistent());
}

TEST(AddressBook, GivesFailuresLessOfAChance) {
  KnownAddress known;
  known.peer = Peer("250.1.1.1");
  EXPECT_DOUBLE_EQ(Chance(known, kNow), 1);
  known.attempts = 1;
  EXPECT_DOUBLE_EQ(Chance(known, kNow), 0.66);
  known.attempts = 100;
  EXPECT_NEAR(Chance(known, kNow), 0.036, 0.001);
  known.attempts = 0;
  known.last_try = kNow - 599;
  EXPECT_DOUBLE_EQ(Chance(known, kNow), 0.01);
  known.last_try = kNow - 600;
  EXPECT_DOUBLE_EQ(Chance(known, kNow), 1);

  AddressBook book{Random(1)};
  Add(book, Peer("250.1.1.1"), At("252.2.2.2"));
  Add(book, Peer("251.1.1.1"), At("252.2.2.2"));
  book.Attempt(Peer("250.1.1.1").endpoint, true, kNow);
  std::map<std::string, int> counts;
  for (int i = 0; i < 2000; ++i) {
    ++counts[book.Select(true, std::nullopt, kNow + 60)->peer.endpoint.ToString()];
  }
  // Half of the draws meet the one just tried, and pass it by but for one in a hundred and fifty.
  EXPECT_LT(counts["250.1.1.1:8333"], 60);
  EXPECT_GT(counts["250.1.1.1:8333"], 0);
}

TEST(AddressBook, KnowsTerribleAddresses) {
  KnownAddress known;
  known.peer = Peer("250.1.1.1");
  EXPECT_FALSE(IsTerrible(known, kNow));
  known.peer.time = kNow + 601;
  EXPECT_TRUE(IsTerrible(known, kNow));
  known.last_try = kNow - 60;
  EXPECT_FALSE(IsTerrible(known, kNow)) << "being tried";
  known.last_try = kNow - 61;
  EXPECT_TRUE(IsTerrible(known, kNow));
  known.peer.time = kNow - 30 * kDay;
  EXPECT_FALSE(IsTerrible(known, kNow));
  known.peer.time -= 1;
  EXPECT_TRUE(IsTerrible(known, kNow));
  known.peer.time = kNow;
  known.attempts = 2;
  EXPECT_FALSE(IsTerrible(known, kNow));
  known.attempts = 3;
  EXPECT_TRUE(IsTerrible(known, kNow));
  known.last_success = kNow - 7 * kDay - 1;
  EXPECT_FALSE(IsTerrible(known, kNow));
  known.attempts = 10;
  EXPECT_TRUE(IsTerrible(known, kNow));
  known.last_success += 1;
  EXPECT_FALSE(IsTerrible(known, kNow));
}

TEST(AddressBook, CountsFailuresOnlyWhileOthersSucceed) {
  AddressBook book{Random(1)};
  const Endpoint endpoint = Peer("250.1.1.1").endpoint;
  Add(book, Peer("250.1.1.1"), At("252.2.2.2"));
  const auto attempts = [&] { return book.Entries(Table::kNew)[0].known.attempts; };
  book.Attempt(endpoint, false, kNow);
  EXPECT_EQ(attempts(), 0);
  book.Attempt(endpoint, true, kNow);
  EXPECT_EQ(attempts(), 1);
  book.Attempt(endpoint, true, kNow + 10);
  EXPECT_EQ(attempts(), 1) << "our own network may be down";
  book.Good(Peer("9.9.9.9").endpoint, kNow + 20);
  book.Attempt(endpoint, true, kNow + 30);
  EXPECT_EQ(attempts(), 2);
  EXPECT_EQ(book.Entries(Table::kNew)[0].known.last_try, kNow + 30);
}

TEST(AddressBook, FollowsTheTimesThatOthersClaim) {
  AddressBook book{Random(1)};
  const NetAddress source = At("252.2.2.2");
  const Endpoint endpoint = Peer("250.1.1.1").endpoint;
  const auto held = [&] { return book.Entries(Table::kNew)[0].known.peer; };
  PeerAddress peer = Peer("250.1.1.1", kNow - 10 * kDay);
  book.Add({&peer, 1}, source, 2 * kHour, kNow);
  EXPECT_EQ(held().time, kNow - 10 * kDay - 2 * kHour);
  peer.time = kNow - 9 * kDay - 1;
  peer.services = 8;
  book.Add({&peer, 1}, source, 0, kNow);
  EXPECT_EQ(held().time, kNow - 9 * kDay - 1);
  EXPECT_EQ(held().services, 9U);
  peer.time += kDay;
  book.Add({&peer, 1}, source, 0, kNow);
  EXPECT_EQ(held().time, kNow - 9 * kDay - 1) << "not a day later";
  peer.time = kNow - kHour;
  book.Add({&peer, 1}, endpoint.address, 2 * kHour, kNow);
  EXPECT_EQ(held().time, kNow - kHour) << "no penalty for one's own announcement";
  book.Connected(endpoint, kNow);
  EXPECT_EQ(held().time, kNow);
  book.Connected(endpoint, kNow + 1200);
  EXPECT_EQ(held().time, kNow);
  book.SetServices(endpoint, 1033);
  EXPECT_EQ(held().services, 1033U);
}

TEST(AddressBook, GivesAnAddressMorePlacesWhenMoreNameIt) {
  AddressBook book{Random(1)};
  PeerAddress peer = Peer("250.1.1.1", kNow - kDay);
  for (uint32_t i = 0; i < 40'000; ++i) {
    peer.time += 1;
    book.Add({&peer, 1}, Numbered(i * 256).endpoint.address, 0, kNow);
  }
  EXPECT_EQ(book.Entries(Table::kNew).size(), AddressBook::kMaxPlaces);
  EXPECT_EQ(book.Size(), 1U);
  EXPECT_TRUE(book.IsConsistent());
  EXPECT_TRUE(book.Good(peer.endpoint, kNow));
  EXPECT_TRUE(book.Entries(Table::kNew).empty());
  EXPECT_TRUE(book.IsConsistent());
}

TEST(AddressBook, BoundsWhatOneSourceCanFill) {
  AddressBook book{Random(1)};
  for (uint32_t i = 0; i < 200'000; ++i) {
    // One /16 names addresses of many groups, under many addresses of its own.
    const NetAddress source = NetAddress::Ipv4(250, 1, static_cast<uint8_t>(i), 1);
    Add(book, Numbered(i * 31), source);
  }
  std::set<uint16_t> buckets;
  for (const PlacedAddress& placed : book.Entries(Table::kNew)) {
    buckets.insert(placed.place.bucket);
  }
  EXPECT_LE(buckets.size(), AddressBook::kNewBucketsPerSource);
  EXPECT_GE(buckets.size(), 55U);
  EXPECT_LE(book.Size(), AddressBook::kNewBucketsPerSource * AddressBook::kBucketSize);
  EXPECT_TRUE(book.IsConsistent());
}

TEST(AddressBook, BoundsWhatOneGroupCanFillAmongTheTried) {
  AddressBook book{Random(1)};
  std::set<uint16_t> buckets;
  for (uint32_t i = 0; i < 20'000; ++i) {
    const auto low = static_cast<uint8_t>(i);
    const PeerAddress peer{
        {NetAddress::Ipv4(250, 1, static_cast<uint8_t>(i >> 8), low), 8333}, 1, kNow};
    Add(book, peer, Numbered(i * 256).endpoint.address);
    book.Good(peer.endpoint, kNow);
  }
  for (const PlacedAddress& placed : book.Entries(Table::kTried)) {
    buckets.insert(placed.place.bucket);
  }
  EXPECT_EQ(buckets.size(), AddressBook::kTriedBucketsPerGroup);
  EXPECT_TRUE(book.IsConsistent());
}

TEST(AddressBook, SpreadsManySourcesOverAllBuckets) {
  AddressBook book{Random(1)};
  for (uint32_t i = 0; i < 150'000; ++i) {
    const PeerAddress peer = Numbered(i * 17);
    Add(book, peer, Numbered(i * 256).endpoint.address);
    if (i % 4 == 0) book.Good(peer.endpoint, kNow);
  }
  std::map<uint16_t, int> fresh;
  std::map<uint16_t, int> tried;
  for (const PlacedAddress& placed : book.Entries(Table::kNew)) ++fresh[placed.place.bucket];
  for (const PlacedAddress& placed : book.Entries(Table::kTried)) ++tried[placed.place.bucket];
  EXPECT_EQ(fresh.size(), AddressBook::kNewBuckets);
  EXPECT_EQ(tried.size(), AddressBook::kTriedBuckets);
  EXPECT_GT(book.Size(std::nullopt, Table::kTried),
            AddressBook::kTriedBuckets * AddressBook::kBucketSize / 2);
  EXPECT_LE(book.Size(),
            (AddressBook::kTriedBuckets + AddressBook::kNewBuckets) * AddressBook::kBucketSize);
  EXPECT_TRUE(book.IsConsistent());
}

/// A book with one address in the tried table and another that wants its place.
struct Collision {
  AddressBook book{Random(3)};
  Endpoint holder;
  Endpoint wanting;

  Collision() {
    for (uint32_t i = 0;; ++i) {
      const Endpoint endpoint = Numbered(i * 257).endpoint;
      Add(book, Numbered(i * 257), At("252.2.2.2"));
      if (!book.Find(endpoint)) continue;
      if (!book.Good(endpoint, kNow)) {
        EXPECT_EQ(book.Collisions(), 1U);
        wanting = endpoint;
        holder = book.SelectCollision()->peer.endpoint;
        return;
      }
    }
  }
};

TEST(AddressBook, KeepsATriedAddressThatStillWorks) {
  Collision c;
  EXPECT_NE(c.holder, c.wanting);
  c.book.ResolveCollisions(kNow + kHour);
  EXPECT_EQ(c.book.Collisions(), 0U) << "it worked within four hours";
  EXPECT_EQ(c.book.Find(c.holder)->table, Table::kTried);
  EXPECT_EQ(c.book.Find(c.wanting)->table, Table::kNew);
}

TEST(AddressBook, EvictsATriedAddressThatFailsItsTest) {
  Collision c;
  const int64_t later = kNow + 5 * kHour;
  c.book.Attempt(c.holder, true, later);
  c.book.ResolveCollisions(later + 30);
  EXPECT_EQ(c.book.Collisions(), 1U) << "a minute for the connection";
  c.book.ResolveCollisions(later + 61);
  EXPECT_EQ(c.book.Collisions(), 0U);
  EXPECT_EQ(c.book.Find(c.wanting)->table, Table::kTried);
  ASSERT_TRUE(c.book.Find(c.holder));
  EXPECT_EQ(c.book.Find(c.holder)->table, Table::kNew);
  EXPECT_TRUE(c.book.IsConsistent());
}

TEST(AddressBook, EvictsATriedAddressThatCannotBeTested) {
  Collision c;
  c.book.ResolveCollisions(kNow + 4 * kHour + 1);
  EXPECT_EQ(c.book.Collisions(), 0U);
  EXPECT_EQ(c.book.Find(c.wanting)->table, Table::kTried);
  EXPECT_TRUE(c.book.IsConsistent());
}

TEST(AddressBook, KeepsATriedAddressThatPassesItsTest) {
  Collision c;
  const int64_t later = kNow + 5 * kHour;
  c.book.Attempt(c.holder, true, later);
  c.book.Good(c.holder, later + 2);
  c.book.ResolveCollisions(later + 61);
  EXPECT_EQ(c.book.Collisions(), 0U);
  EXPECT_EQ(c.book.Find(c.holder)->table, Table::kTried);
  EXPECT_EQ(c.book.Find(c.wanting)->table, Table::kNew);
}

TEST(AddressBook, BoundsHowManyWaitForATest) {
  AddressBook book{Random(1)};
  for (uint32_t i = 0; i < 60'000; ++i) {
    Add(book, Numbered(i * 257), Numbered(i * 256).endpoint.address);
    book.Good(Numbered(i * 257).endpoint, kNow);
  }
  EXPECT_EQ(book.Collisions(), AddressBook::kMaxCollisions);
  EXPECT_TRUE(book.SelectCollision());
  EXPECT_TRUE(book.IsConsistent());
}

TEST(AddressBook, TellsAPartOfWhatItKnows) {
  AddressBook book{Random(1)};
  for (uint32_t i = 0; i < 2000; ++i) {
    Add(book, Numbered(i * 257), Numbered(i * 256).endpoint.address);
  }
  Add(book, Peer("[1a1b::1]"), At("252.2.2.2"));
  const size_t size = book.Size();
  ASSERT_GT(size, 1900U);
  EXPECT_EQ(book.GetAddresses(0, 0, std::nullopt, kNow).size(), size);
  EXPECT_EQ(book.GetAddresses(0, 23, std::nullopt, kNow).size(), size * 23 / 100);
  EXPECT_EQ(book.GetAddresses(100, 23, std::nullopt, kNow).size(), 100U);
  EXPECT_EQ(book.GetAddresses(2500, 0, std::nullopt, kNow).size(), size);
  EXPECT_EQ(book.GetAddresses(0, 0, Network::kIpv6, kNow).size(), 1U);
  EXPECT_TRUE(book.GetAddresses(0, 0, Network::kI2p, kNow).empty());
  EXPECT_TRUE(book.GetAddresses(0, 0, std::nullopt, kNow + 31 * kDay).empty()) << "all too old";
  std::set<Endpoint> seen;
  for (int i = 0; i < 100; ++i) {
    const auto some = book.GetAddresses(100, 0, std::nullopt, kNow);
    std::set<Endpoint> distinct;
    for (const PeerAddress& peer : some) distinct.insert(peer.endpoint);
    EXPECT_EQ(distinct.size(), 100U);
    seen.insert(distinct.begin(), distinct.end());
  }
  EXPECT_GT(seen.size(), size * 95 / 100);
  EXPECT_TRUE(book.IsConsistent());
}

TEST(AddressBook, ReplacesTerribleAddressesFirst) {
  AddressBook book{Random(1)};
  // A place of the new table stays with him who has it, unless he is terrible.
  const NetAddress source = At("252.2.2.2");
  size_t refused = 0;
  for (uint32_t i = 0; i < 3000; ++i) {
    const PeerAddress peer = Numbered(i * 257);
    refused += Add(book, peer, source) ? 0 : 1;
  }
  ASSERT_GT(refused, 100U);
  const std::vector<PlacedAddress> before = book.Entries(Table::kNew);
  const int64_t later = kNow + 31 * kDay;
  size_t taken = 0;
  for (uint32_t i = 0; i < 3000; ++i) {
    PeerAddress peer = Numbered(500'000 + i * 257);
    peer.time = later;
    taken += book.Add({&peer, 1}, source, 0, later);
  }
  size_t left = 0;
  for (const PlacedAddress& placed : before) {
    left += book.Find(placed.known.peer.endpoint) ? 1 : 0;
  }
  EXPECT_GT(taken, 1500U);
  EXPECT_LT(left, before.size() * 2 / 3);
  EXPECT_TRUE(book.IsConsistent());
}

std::vector<Endpoint> Life(uint64_t seed) {
  AddressBook book{Random(seed)};
  Random chance(seed + 1);
  std::vector<Endpoint> chosen;
  int64_t now = kNow;
  for (int i = 0; i < 20'000; ++i) {
    now += static_cast<int64_t>(chance.Below(600));
    const auto number = static_cast<uint32_t>(chance.Below(3000) * 257);
    switch (chance.Below(8)) {
      case 0: {
        const auto some = book.Select(chance.Flip(), std::nullopt, now);
        if (some) chosen.push_back(some->peer.endpoint);
        break;
      }
      case 1: book.Attempt(Numbered(number).endpoint, chance.Flip(), now); break;
      case 2:
      case 3: book.Good(Numbered(number).endpoint, now); break;
      case 4: book.ResolveCollisions(now); break;
      case 5: book.Connected(Numbered(number).endpoint, now); break;
      default: {
        PeerAddress peer = Numbered(number);
        peer.time = now - static_cast<int64_t>(chance.Below(40 * kDay));
        book.Add({&peer, 1}, Numbered(static_cast<uint32_t>(chance.Next())).endpoint.address,
                 2 * kHour, now);
      }
    }
    if (i % 500 == 0) {
      EXPECT_TRUE(book.IsConsistent());
    }
  }
  EXPECT_TRUE(book.IsConsistent());
  for (const PeerAddress& peer : book.GetAddresses(0, 0, std::nullopt, now)) {
    chosen.push_back(peer.endpoint);
  }
  return chosen;
}

TEST(AddressBook, RepeatsALifeFromItsSeed) {
  const auto life = Life(5);
  EXPECT_GT(life.size(), 2000U);
  EXPECT_EQ(life, Life(5));
  EXPECT_NE(life, Life(6));
}

TEST(AddressBook, IsPutBackFromItsRecords) {
  AddressBook book{Random(1)};
  for (uint32_t i = 0; i < 3000; ++i) {
    const PeerAddress peer = Numbered(i % 1500 * 257);
    Add(book, peer, Numbered(i * 256).endpoint.address);
    if (i % 3 == 0) book.Good(peer.endpoint, kNow);
  }
  AddressBook again(book.key(), Random(2));
  for (const AddressBook::Record& record : book.Records()) {
    EXPECT_TRUE(again.Restore(record));
    EXPECT_FALSE(again.Restore(record));
  }
  EXPECT_TRUE(again.IsConsistent());
  for (const Table table : {Table::kNew, Table::kTried}) {
    const auto a = book.Entries(table);
    const auto b = again.Entries(table);
    ASSERT_EQ(a.size(), b.size());
    for (size_t i = 0; i < a.size(); ++i) {
      EXPECT_EQ(a[i].place, b[i].place);
      EXPECT_EQ(a[i].known.peer, b[i].known.peer);
    }
  }
}

TEST(AddressBook, PutsNothingBackThatDoesNotFit) {
  AddressBook book{Random(1)};
  AddressBook::Record record;
  record.known.peer = Peer("250.1.1.1");
  EXPECT_FALSE(book.Restore(record)) << "in no bucket";
  record.buckets = {1, 2, 1};
  EXPECT_FALSE(book.Restore(record)) << "twice in one";
  record.buckets = {1024};
  EXPECT_FALSE(book.Restore(record));
  record.buckets = std::vector<uint16_t>(9, 1);
  EXPECT_FALSE(book.Restore(record));
  record.buckets = {1};
  record.table = Table::kTried;
  EXPECT_FALSE(book.Restore(record));
  record.table = Table::kNew;
  record.known.peer = Peer("10.0.0.1");
  EXPECT_FALSE(book.Restore(record));
  EXPECT_EQ(book.Size(), 0U);
  record.known.peer = Peer("250.1.1.1");
  EXPECT_TRUE(book.Restore(record));
  EXPECT_TRUE(book.IsConsistent());
}

}  // namespace
}  // namespace cairn::p2p
