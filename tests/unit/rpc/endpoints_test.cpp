#include <gtest/gtest.h>

#include "cairn/rpc/http_server.h"

namespace cairn::rpc {
namespace {

/// What -rpcallowip makes of a text.
std::optional<wire::Subnet> Allowed(const char* text) {
  const auto chosen = ChooseEndpoints({}, {text}, 99);
  return chosen ? std::optional(chosen->allowed.back()) : std::nullopt;
}

bool Contains(const char* subnet, const char* address) {
  const auto parsed = Allowed(subnet);
  EXPECT_TRUE(parsed) << subnet;
  return parsed && parsed->Contains(*wire::NetAddress::Parse(address));
}

TEST(Subnet, ContainsByPrefix) {
  EXPECT_TRUE(Contains("10.1.2.3", "10.1.2.3"));
  EXPECT_FALSE(Contains("10.1.2.3", "10.1.2.4"));
  EXPECT_TRUE(Contains("10.1.2.99/24", "10.1.2.200"));
  EXPECT_FALSE(Contains("10.1.2.0/24", "10.1.3.0"));
  EXPECT_TRUE(Contains("10.0.0.0/255.128.0.0", "10.127.255.255"));
  EXPECT_FALSE(Contains("10.0.0.0/255.128.0.0", "10.128.0.0"));
  EXPECT_TRUE(Contains("0.0.0.0/0", "8.8.8.8"));
  EXPECT_TRUE(Contains("fe80::/10", "febf::1"));
  EXPECT_FALSE(Contains("fe80::/10", "fec0::1"));
  EXPECT_TRUE(Contains("2001:db8::/ffff:ffff::", "2001:db8:1::"));
}

TEST(Subnet, KeepsTheTwoProtocolsApart) {
  EXPECT_FALSE(Contains("0.0.0.0/0", "::1"));
  EXPECT_TRUE(Contains("::/0", "fe80::1"));
  EXPECT_FALSE(Contains("::/0", "1.2.3.4"));
  EXPECT_FALSE(Contains("2000::/3", "1.2.3.4"));
}

TEST(Subnet, RefusesWhatIsNone) {
  for (const char* text :
       {"", "localhost", "1.2.3", "1.2.3.4/", "1.2.3.4/33", "1.2.3.4/-1", "1.2.3.4/24x",
        "1.2.3.4/255.0.255.0", "::1/129", "::1/255.0.0.0", "1.2.3.4/ffff::", "[::1]", "[::1]/128",
        "pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion",
        "ukeu3k5oycgaauneqgtnvselmt4yemvoilkln7jpvamvfx7dnkdq.b32.i2p"}) {
    EXPECT_FALSE(Allowed(text)) << text;
  }
}

TEST(Endpoint, SplitsHostAndPort) {
  const auto split = [](const char* text) {
    const auto endpoint = ParseEndpoint(text, 7);
    return endpoint ? endpoint->host + " " + std::to_string(endpoint->port) : "none";
  };
  EXPECT_EQ(split("1.2.3.4"), "1.2.3.4 7");
  EXPECT_EQ(split("1.2.3.4:80"), "1.2.3.4 80");
  EXPECT_EQ(split("::1"), "::1 7");
  EXPECT_EQ(split("[::1]"), "::1 7");
  EXPECT_EQ(split("[::1]:80"), "::1 80");
  EXPECT_EQ(split("node.example:80"), "node.example 80");
  EXPECT_EQ(split(":8332"), " 8332");
  for (const char* text : {"", "1.2.3.4:", "1.2.3.4:0", "1.2.3.4:65536", "1.2.3.4:8o", "[::1",
                           "[::1]80", "[::1]:", "[name:80", "[::1]a]:80", "[::1]]"}) {
    EXPECT_EQ(split(text), "none") << text;
  }
}

TEST(Endpoints, AreLoopbackUnlessBothOptionsAreGiven) {
  for (const bool bind : {false, true}) {
    const auto chosen = ChooseEndpoints(
        bind ? std::vector<std::string>{"0.0.0.0"} : std::vector<std::string>{},
        bind ? std::vector<std::string>{} : std::vector<std::string>{"10.0.0.0/8"}, 99);
    ASSERT_TRUE(chosen);
    ASSERT_EQ(chosen->endpoints.size(), 2u);
    EXPECT_EQ(chosen->endpoints[0].host, "::1");
    EXPECT_EQ(chosen->endpoints[1].host, "127.0.0.1");
    EXPECT_EQ(chosen->endpoints[1].port, 99);
  }
}

TEST(Endpoints, AreTheOnesAskedForWhenSomebodyMayConnect) {
  const auto chosen = ChooseEndpoints({"0.0.0.0", "[::]:5"}, {"10.0.0.0/8"}, 99);
  ASSERT_TRUE(chosen);
  ASSERT_EQ(chosen->endpoints.size(), 2u);
  EXPECT_EQ(chosen->endpoints[0].port, 99);
  EXPECT_EQ(chosen->endpoints[1].host, "::");
  EXPECT_EQ(chosen->endpoints[1].port, 5);
  EXPECT_EQ(chosen->allowed.size(), 3u);  // the loopback addresses always may
}

TEST(Endpoints, FailOnWhatCannotBeRead) {
  EXPECT_FALSE(ChooseEndpoints({"0.0.0.0"}, {"nonsense"}, 99));
  EXPECT_FALSE(ChooseEndpoints({"0.0.0.0:x"}, {"10.0.0.0/8"}, 99));
}

}  // namespace
}  // namespace cairn::rpc
