#include "cairn/p2p/ban_list.h"

#include <fstream>

#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"

namespace cairn::p2p {
namespace {

constexpr int64_t kNow = 1'700'000'000;

wire::Subnet Net(std::string_view text) { return *wire::Subnet::Parse(text); }
wire::NetAddress At(std::string_view text) { return *wire::NetAddress::Parse(text); }

TEST(BanList, BansUntilATime) {
  BanList bans;
  EXPECT_TRUE(bans.Add(Net("1.2.3.0/24"), kNow + 100, kNow));
  EXPECT_TRUE(bans.IsBanned(At("1.2.3.4"), kNow));
  EXPECT_TRUE(bans.IsBanned(At("1.2.3.4"), kNow + 99));
  EXPECT_FALSE(bans.IsBanned(At("1.2.3.4"), kNow + 100));
  EXPECT_FALSE(bans.IsBanned(At("1.2.4.4"), kNow));
  EXPECT_TRUE(bans.IsBanned(Net("1.2.3.0/24"), kNow));
  EXPECT_FALSE(bans.IsBanned(Net("1.2.3.0/25"), kNow));
  EXPECT_FALSE(bans.Add(Net("1.2.3.0/24"), kNow + 50, kNow)) << "shorter";
  EXPECT_TRUE(bans.Add(Net("1.2.3.0/24"), kNow + 200, kNow + 1));
  EXPECT_EQ(bans.Entries(kNow).begin()->second, (Ban{kNow + 1, kNow + 200}));
  EXPECT_TRUE(bans.Entries(kNow + 200).empty());
  EXPECT_FALSE(bans.Remove(Net("1.2.3.0/24")));
}

TEST(BanList, CoversEveryNetwork) {
  BanList bans;
  const char* onion = "pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion";
  for (const std::string_view text : {"::/0", "fc00:1::/32", onion}) {
    bans.Add(Net(text), kNow + 1, kNow);
  }
  EXPECT_TRUE(bans.IsBanned(At(onion), kNow));
  EXPECT_TRUE(bans.IsBanned(At("1a1b::1"), kNow));
  EXPECT_FALSE(bans.IsBanned(At("1.2.3.4"), kNow));
  EXPECT_TRUE(bans.Remove(Net("::/0")));
  EXPECT_TRUE(bans.IsBanned(At("fc00:1::9").AsCjdns(), kNow));
  EXPECT_FALSE(bans.IsBanned(At("fc00:2::9").AsCjdns(), kNow));
  bans.Clear();
  EXPECT_FALSE(bans.IsBanned(At(onion), kNow));
}

TEST(BanList, IsStoredInTheFormThatOthersRead) {
  BanList bans;
  bans.Add(Net("1.2.3.4"), 200, 100);
  EXPECT_EQ(bans.ToJson(), R"({
    "banned_nets": [
        {
            "version": 1,
            "ban_created": 100,
            "banned_until": 200,
            "address": "1.2.3.4/32"
        }
    ]
}
)");
  const test::TempDir folder;
  const auto file = folder / "banlist.json";
  EXPECT_EQ(LoadBans(file).bans, BanList());
  EXPECT_EQ(LoadBans(file).notice, "");
  bans.Add(Net("1a1b::/16"), 300, 100);
  ASSERT_TRUE(SaveBans(bans, file));
  EXPECT_EQ(LoadBans(file).bans, bans);
  EXPECT_EQ(LoadBans(file).notice, "");
}

TEST(BanList, LeavesOutWhatItDoesNotKnow) {
  const auto bans = BanList::FromJson(R"({"banned_nets": [
      {"version": 2, "ban_created": 1, "banned_until": 2, "address": "1.1.1.1/32"},
      {"version": 1, "ban_created": 1, "banned_until": 2, "address": "nonsense"},
      {"version": 1, "ban_created": 1, "banned_until": 2}, 7,
      {"version": 1, "ban_created": 1, "banned_until": 2, "address": "2.2.2.2/32"}]})");
  ASSERT_TRUE(bans);
  EXPECT_FALSE(bans->IsBanned(At("1.1.1.1"), 1));
  EXPECT_TRUE(bans->IsBanned(At("2.2.2.2"), 1));
}

TEST(BanList, ReplacesADamagedFile) {
  const test::TempDir folder;
  const auto file = folder / "banlist.json";
  BanList bans;
  bans.Add(Net("1.2.3.4"), 200, 100);
  const std::string text = bans.ToJson();
  for (size_t size = 0; size + 2 < text.size(); ++size) {
    std::ofstream(file) << text.substr(0, size);
    const LoadedBans loaded = LoadBans(file);
    EXPECT_EQ(loaded.bans, BanList());
    EXPECT_TRUE(loaded.notice.starts_with("banlist.json is replaced: ")) << loaded.notice;
    EXPECT_EQ(loaded.notice.find('\n'), std::string::npos);
  }
  EXPECT_FALSE(BanList::FromJson("[]"));
  EXPECT_FALSE(BanList::FromJson(R"({"banned_nets": {}})"));
  for (size_t i = 0; i < text.size(); ++i) {
    std::string damaged = text;
    damaged[i] = static_cast<char>(damaged[i] ^ 1);
    const auto read = BanList::FromJson(damaged);
    if (!read) {
      EXPECT_FALSE(read.error().message.empty());
    }
  }
}

TEST(Discouraged, ForgetsTheOldestOnes) {
  Discouraged discouraged(Random(1), 100);
  const auto address = [](uint32_t i) {
    return wire::NetAddress::Ipv4(1, static_cast<uint8_t>(i >> 8), static_cast<uint8_t>(i), 1);
  };
  for (uint32_t i = 0; i < 1000; ++i) {
    discouraged.Add(address(i));
    discouraged.Add(address(i));
    for (uint32_t back = 0; back < 50 && back <= i; ++back) {
      ASSERT_TRUE(discouraged.Contains(address(i - back)));
    }
    if (i >= 100) {
      ASSERT_FALSE(discouraged.Contains(address(i - 100)));
    }
  }
  discouraged.Clear();
  EXPECT_FALSE(discouraged.Contains(address(999)));
}

}  // namespace
}  // namespace cairn::p2p
