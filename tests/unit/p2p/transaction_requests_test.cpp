#include "src/p2p/transaction_requests.h"

#include <algorithm>
#include <optional>

#include <gtest/gtest.h>

namespace cairn::p2p {
namespace {

using std::chrono::seconds;

constexpr Instant kStart{seconds(1'700'000'000)};
constexpr Duration kPatience = seconds(60);

TransactionName NameOfNumber(uint8_t number, bool by_wtxid = true) {
  TransactionName name;
  name.hash.bytes.fill(number);
  name.by_wtxid = by_wtxid;
  return name;
}

std::vector<TransactionName> Ask(TransactionRequests& requests, PeerId peer, Instant now) {
  std::vector<TransactionName> names = requests.WantedFrom(peer);
  for (const TransactionName& name : names) requests.Requested(peer, name.hash, now + kPatience);
  return names;
}

TEST(TransactionRequests, AsksOnePeerAfterTheOther) {
  TransactionRequests requests({1, 2});
  const TransactionName name = NameOfNumber(1);
  requests.Announced(7, name, false, kStart);
  requests.Announced(8, name, false, kStart);
  requests.Advance(kStart);
  ASSERT_EQ(requests.Wanted().size(), 1u);
  const PeerId first = *requests.Wanted().begin();
  const PeerId second = first == 7 ? 8 : 7;
  EXPECT_EQ(Ask(requests, first, kStart), std::vector{name});
  EXPECT_TRUE(requests.Wanted().empty());
  EXPECT_EQ(requests.InFlightOf(first), 1u);
  EXPECT_EQ(requests.NextDeadline(), kStart + kPatience);

  EXPECT_TRUE(requests.Advance(kStart + kPatience - Duration(1)).empty());
  const auto overdue = requests.Advance(kStart + kPatience);
  ASSERT_EQ(overdue.size(), 1u);
  EXPECT_EQ(overdue[0].peer, first);
  EXPECT_EQ(Ask(requests, second, kStart + kPatience), std::vector{name});

  // It is forgotten when nobody is left who might have it.
  requests.Answered(second, name.hash);
  EXPECT_EQ(requests.size(), 0u);
  EXPECT_EQ(requests.NextDeadline(), kNever);
}

TEST(TransactionRequests, PrefersPeersThatWeChose) {
  for (uint64_t salt = 0; salt < 20; ++salt) {
    TransactionRequests requests({salt, 2});
    const TransactionName name = NameOfNumber(1);
    for (PeerId attacker = 0; attacker < 50; ++attacker) {
      requests.Announced(attacker, name, false, kStart + seconds(2));
    }
    requests.Announced(50, name, true, kStart + seconds(2));
    requests.Advance(kStart + seconds(2));
    EXPECT_EQ(requests.Wanted(), std::set<PeerId>{50});
  }
}

TEST(TransactionRequests, AFirstAnnouncementIsNoAdvantage) {
  // Of two equals, each is asked first about half the times, whoever came first.
  int first_wins = 0;
  TransactionRequests requests({3, 4});
  for (int i = 0; i < 200; ++i) {
    const TransactionName name = NameOfNumber(static_cast<uint8_t>(i));
    requests.Announced(1, name, false, kStart);
    requests.Announced(2, name, false, kStart);
  }
  requests.Advance(kStart);
  first_wins = static_cast<int>(requests.WantedFrom(1).size());
  EXPECT_GT(first_wins, 60);
  EXPECT_LT(first_wins, 140);
  EXPECT_EQ(requests.WantedFrom(2).size(), 200u - static_cast<size_t>(first_wins));
}

TEST(TransactionRequests, OneAnnouncementOfAPeerCounts) {
  TransactionRequests requests({1, 2});
  requests.Announced(1, NameOfNumber(1, false), false, kStart + seconds(4));
  requests.Announced(1, NameOfNumber(1, true), true, kStart);
  EXPECT_EQ(requests.CountOf(1), 1u);
  requests.Advance(kStart);
  EXPECT_TRUE(requests.Wanted().empty());
  requests.Advance(kStart + seconds(4));
  EXPECT_EQ(requests.WantedFrom(1), std::vector{NameOfNumber(1, false)});
}

TEST(TransactionRequests, KeepsTheOrderOfAnnouncements) {
  TransactionRequests requests({1, 2});
  for (const uint8_t number : {9, 3, 7, 1}) {
    requests.Announced(1, NameOfNumber(number), false, kStart);
  }
  requests.Advance(kStart);
  EXPECT_EQ(requests.WantedFrom(1),
            (std::vector{NameOfNumber(9), NameOfNumber(3), NameOfNumber(7), NameOfNumber(1)}));
}

TEST(TransactionRequests, ForgetsWhoHasGone) {
  TransactionRequests requests({1, 2});
  for (PeerId peer = 1; peer <= 3; ++peer) {
    for (uint8_t number = 0; number < 10; ++number) {
      requests.Announced(peer, NameOfNumber(number), peer == 1, kStart);
    }
  }
  requests.Advance(kStart);
  EXPECT_EQ(Ask(requests, 1, kStart).size(), 10u);
  requests.Disconnected(1);
  EXPECT_EQ(requests.WantedFrom(2).size() + requests.WantedFrom(3).size(), 10u);
  requests.Disconnected(2);
  EXPECT_EQ(requests.WantedFrom(3).size(), 10u);
  requests.Disconnected(3);
  EXPECT_EQ(requests.size(), 0u);
  EXPECT_EQ(requests.NextDeadline(), kNever);
}

/// Nobody who is honest waits longer for a transaction than the attacker's connections can delay
/// it, and not at all behind them if the honest peer is one that we chose.
TEST(TransactionRequests, CannotBeStarved) {
  constexpr int kConnections = 5;
  for (const bool chosen : {false, true}) {
    for (uint64_t salt = 0; salt < 30; ++salt) {
      TransactionRequests requests({salt, 9});
      const TransactionName name = NameOfNumber(1);
      const PeerId honest = 100;
      PeerId next_attacker = 0;
      for (; next_attacker < kConnections; ++next_attacker) {
        requests.Announced(next_attacker, name, false, kStart);
      }
      requests.Announced(honest, name, chosen, kStart + (chosen ? Duration(0) : seconds(2)));
      Instant now = kStart;
      int asked = 0;
      for (bool delivered = false; !delivered; now = requests.NextDeadline()) {
        ASSERT_NE(now, kNever);
        requests.Advance(now);
        while (!requests.Wanted().empty()) {
          const PeerId peer = *requests.Wanted().begin();
          Ask(requests, peer, now);
          ++asked;
          delivered |= peer == honest;
        }
        if (delivered) break;
        // The attacker announces again and again, over the same connections.
        for (PeerId i = 0; i < kConnections; ++i) requests.Announced(i, name, false, now);
      }
      EXPECT_LE(asked, chosen ? 1 : kConnections + 1);
    }
  }
}

/// The same rules, written down without any thought of speed.
class NaiveRequests {
 public:
  explicit NaiveRequests(const TransactionRequests& priorities) : priorities_(priorities) {}

  struct Announcement {
    PeerId peer = 0;
    TransactionName name;
    bool preferred = false;
    Instant ready;
    std::optional<Instant> deadline;  // asked
    bool done = false;
  };

  void Announced(PeerId peer, const TransactionName& name, bool preferred, Instant ready) {
    if (Find(peer, name.hash) != nullptr) return;
    all_.push_back({peer, name, preferred, ready, std::nullopt, false});
  }
  void Requested(PeerId peer, const TransactionHash& hash, Instant deadline) {
    Announcement* asked = Find(peer, hash);
    if (asked == nullptr || asked->done || asked->deadline) return;
    for (Announcement& one : all_) {
      if (one.name.hash == hash && one.deadline) Finish(one);
    }
    asked->deadline = deadline;
  }
  void Answered(PeerId peer, const TransactionHash& hash) {
    if (Announcement* one = Find(peer, hash)) Finish(*one);
    Clean();
  }
  void Forget(const TransactionHash& hash) {
    std::erase_if(all_, [&](const Announcement& one) { return one.name.hash == hash; });
  }
  void Disconnected(PeerId peer) {
    std::erase_if(all_, [&](const Announcement& one) { return one.peer == peer; });
    Clean();
  }
  void Advance(Instant now) {
    now_ = now;
    for (Announcement& one : all_) {
      if (one.deadline && *one.deadline <= now) Finish(one);
    }
    Clean();
  }
  std::vector<TransactionName> WantedFrom(PeerId peer) const {
    std::vector<TransactionName> names;
    for (const Announcement& one : all_) {
      if (one.peer == peer && IsBest(one)) names.push_back(one.name);
    }
    return names;
  }
  size_t CountOf(PeerId peer) const {
    return static_cast<size_t>(std::count_if(
        all_.begin(), all_.end(), [&](const Announcement& one) { return one.peer == peer; }));
  }
  size_t InFlightOf(PeerId peer) const {
    return static_cast<size_t>(std::count_if(
        all_.begin(), all_.end(),
        [&](const Announcement& one) { return one.peer == peer && one.deadline.has_value(); }));
  }
  size_t size() const { return all_.size(); }

 private:
  Announcement* Find(PeerId peer, const TransactionHash& hash) {
    for (Announcement& one : all_) {
      if (one.peer == peer && one.name.hash == hash) return &one;
    }
    return nullptr;
  }
  static void Finish(Announcement& one) {
    one.done = true;
    one.deadline.reset();
  }
  bool IsBest(const Announcement& candidate) const {
    const auto may = [&](const Announcement& one) {
      return !one.done && !one.deadline && one.ready <= now_;
    };
    if (!may(candidate)) return false;
    const auto priority = [&](const Announcement& one) {
      return priorities_.PriorityOf(one.peer, one.name.hash, one.preferred);
    };
    return std::none_of(all_.begin(), all_.end(), [&](const Announcement& one) {
      return one.name.hash == candidate.name.hash &&
             (one.deadline.has_value() || (may(one) && priority(one) > priority(candidate)));
    });
  }
  void Clean() {
    const std::vector<Announcement> before = all_;
    std::erase_if(all_, [&](const Announcement& one) {
      return std::all_of(before.begin(), before.end(), [&](const Announcement& other) {
        return other.name.hash != one.name.hash || other.done;
      });
    });
  }

  const TransactionRequests& priorities_;
  std::vector<Announcement> all_;
  Instant now_ = kStart;
};

TEST(TransactionRequests, DoesAsTheNaiveOneDoes) {
  constexpr uint64_t kPeers = 6;
  constexpr uint64_t kHashes = 5;
  for (uint64_t seed = 0; seed < 40; ++seed) {
    Random random(seed);
    TransactionRequests requests(Salt::From(random));
    NaiveRequests naive(requests);
    Instant now = kStart;
    for (int step = 0; step < 400; ++step) {
      const PeerId peer = static_cast<PeerId>(random.Below(kPeers));
      const TransactionName name =
          NameOfNumber(static_cast<uint8_t>(random.Below(kHashes)), random.Flip());
      const Instant later = now + seconds(random.Below(4));
      switch (random.Below(12)) {
        case 0: {
          requests.Disconnected(peer);
          naive.Disconnected(peer);
          break;
        }
        case 1: {
          requests.Forget(name.hash);
          naive.Forget(name.hash);
          break;
        }
        case 2:
        case 3: {
          requests.Answered(peer, name.hash);
          naive.Answered(peer, name.hash);
          break;
        }
        case 4:
        case 5:
        case 6: {
          for (const TransactionName& wanted : requests.WantedFrom(peer)) {
            requests.Requested(peer, wanted.hash, later + seconds(1));
            naive.Requested(peer, wanted.hash, later + seconds(1));
          }
          break;
        }
        case 7: {
          // Out of turn, as after a deadline that nobody looked at in time.
          requests.Requested(peer, name.hash, later + seconds(1));
          naive.Requested(peer, name.hash, later + seconds(1));
          break;
        }
        case 8: now = later; break;
        default: {
          const bool preferred = peer < 2;
          requests.Announced(peer, name, preferred, later);
          naive.Announced(peer, name, preferred, later);
        }
      }
      requests.Advance(now);
      naive.Advance(now);
      ASSERT_EQ(requests.size(), naive.size()) << seed << " " << step;
      std::set<PeerId> wanted;
      for (PeerId one = 0; one < static_cast<PeerId>(kPeers); ++one) {
        const std::vector<TransactionName> names = requests.WantedFrom(one);
        ASSERT_EQ(names, naive.WantedFrom(one)) << seed << " " << step << " " << one;
        ASSERT_EQ(requests.CountOf(one), naive.CountOf(one));
        ASSERT_EQ(requests.InFlightOf(one), naive.InFlightOf(one));
        if (!names.empty()) wanted.insert(one);
      }
      ASSERT_EQ(requests.Wanted(), wanted);
      ASSERT_GT(requests.NextDeadline(), now);
    }
  }
}

}  // namespace
}  // namespace cairn::p2p
