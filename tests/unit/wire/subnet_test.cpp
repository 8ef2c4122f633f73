#include "cairn/wire/subnet.h"

#include <gtest/gtest.h>

namespace cairn::wire {
namespace {

bool Contains(std::string_view subnet, std::string_view address) {
  const auto parsed = Subnet::Parse(subnet);
  EXPECT_TRUE(parsed.has_value()) << subnet;
  return parsed && parsed->Contains(*NetAddress::Parse(address));
}

std::string Again(std::string_view text) { return Subnet::Parse(text)->ToString(); }

TEST(Subnet, ContainsByPrefix) {
  EXPECT_TRUE(Contains("1.2.3.4", "1.2.3.4"));
  EXPECT_FALSE(Contains("1.2.3.4", "1.2.3.5"));
  EXPECT_TRUE(Contains("1.2.3.0/24", "1.2.3.255"));
  EXPECT_FALSE(Contains("1.2.3.0/24", "1.2.4.0"));
  EXPECT_TRUE(Contains("1.2.3.99/255.255.255.0", "1.2.3.4"));
  EXPECT_TRUE(Contains("1.2.128.0/17", "1.2.255.1"));
  EXPECT_FALSE(Contains("1.2.128.0/17", "1.2.127.1"));
  EXPECT_TRUE(Contains("0.0.0.0/0", "8.8.8.8"));
  EXPECT_TRUE(Contains("fe80::/10", "febf::1"));
  EXPECT_FALSE(Contains("fe80::/10", "fec0::1"));
  EXPECT_TRUE(Contains("1a1b::/ffff::", "1a1b:2::1"));
  EXPECT_FALSE(Contains("::/0", "1.2.3.4"));
  EXPECT_FALSE(Contains("0.0.0.0/0", "::1"));
  EXPECT_TRUE(Contains("::ffff:1.2.3.0/24", "1.2.3.4"));
  const char* onion = "pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion";
  EXPECT_TRUE(Contains(onion, onion));
  EXPECT_FALSE(Contains(onion, "1.2.3.4"));
}

TEST(Subnet, WritesItsLowestAddress) {
  EXPECT_EQ(Again("1.2.3.4"), "1.2.3.4/32");
  EXPECT_EQ(Again("1.2.3.4/24"), "1.2.3.0/24");
  EXPECT_EQ(Again("1.2.3.4/255.255.0.0"), "1.2.0.0/16");
  EXPECT_EQ(Again("::1"), "::1/128");
  EXPECT_EQ(Again("1a1b:2:3::1/32"), "1a1b:2::/32");
  const std::string i2p = "ukeu3k5oycgaauneqgtnvselmt4yemvoilkln7jpvamvfx7dnkdq.b32.i2p";
  EXPECT_EQ(Again(i2p), i2p);
  const Subnet cjdns = *Subnet::From(NetAddress::Parse("fc00:1::1")->AsCjdns(), 16);
  EXPECT_EQ(cjdns.ToString(), "fc00::/16");
  EXPECT_TRUE(Subnet::Parse("1.2.3.4/32")->IsSingle());
  EXPECT_FALSE(Subnet::Parse("1.2.3.4/31")->IsSingle());
  EXPECT_EQ(Subnet::Parse("1.2.3.4/24"), Subnet::Parse("1.2.3.9/255.255.255.0"));
}

TEST(Subnet, RefusesWhatIsNone) {
  for (const std::string_view text :
       {"", "/", "1.2.3.4/", "1.2.3.4/33", "1.2.3.4/-1", "1.2.3.4/x", "1.2.3/24", "name/8",
        "::1/129", "1.2.3.4/255.0.255.0", "1.2.3.4/ffff::", "fe80::/255.0.0.0", "1.2.3.4/24/1",
        "ukeu3k5oycgaauneqgtnvselmt4yemvoilkln7jpvamvfx7dnkdq.b32.i2p/256"}) {
    EXPECT_FALSE(Subnet::Parse(text).has_value()) << text;
  }
  EXPECT_FALSE(Subnet::From(NetAddress::Ipv4(1, 2, 3, 4), 33).has_value());
  EXPECT_FALSE(Subnet::From(NetAddress::Internal("a"), 8).has_value());
}

TEST(Subnet, HasAnOrder) {
  EXPECT_LT(*Subnet::Parse("1.2.3.0/24"), *Subnet::Parse("1.2.3.0/25"));
  EXPECT_LT(*Subnet::Parse("1.2.3.0/24"), *Subnet::Parse("1.2.4.0/24"));
}

}  // namespace
}  // namespace cairn::wire
