#include "src/p2p/socks5.h"

#include <gtest/gtest.h>

namespace cairn::p2p {
namespace {

Bytes Take(Socks5& socks, const Bytes& bytes) {
  EXPECT_EQ(socks.Wanted(), bytes.size());
  const auto next = socks.Take(bytes);
  EXPECT_TRUE(next) << next.error().message;
  return next ? *next : Bytes();
}

TEST(Socks5, ConnectsWithoutCredentials) {
  Socks5 socks("1.2.3.4", 0x208d, std::nullopt);
  EXPECT_EQ(socks.Greeting(), (Bytes{5, 1, 0}));
  EXPECT_EQ(Take(socks, {5, 0}),
            (Bytes{5, 1, 0, 3, 7, '1', '.', '2', '.', '3', '.', '4', 0x20, 0x8d}));
  EXPECT_EQ(Take(socks, {5, 0, 0, 1}), Bytes());
  EXPECT_EQ(Take(socks, {127, 0, 0, 1, 0, 80}), Bytes());
  EXPECT_EQ(socks.Wanted(), 0U);
}

TEST(Socks5, LogsInWhereTheProxyWantsIt) {
  Socks5 socks("a.onion", 1, SocksCredentials{"u", "pw"});
  EXPECT_EQ(socks.Greeting(), (Bytes{5, 2, 0, 2}));
  EXPECT_EQ(Take(socks, {5, 2}), (Bytes{1, 1, 'u', 2, 'p', 'w'}));
  EXPECT_EQ(Take(socks, {1, 0}), (Bytes{5, 1, 0, 3, 7, 'a', '.', 'o', 'n', 'i', 'o', 'n', 0, 1}));
  EXPECT_EQ(Take(socks, {5, 0, 0, 3}), Bytes());
  EXPECT_EQ(Take(socks, {3}), Bytes());
  EXPECT_EQ(Take(socks, {'f', 'o', 'o', 0, 0}), Bytes());
  EXPECT_EQ(socks.Wanted(), 0U);
}

TEST(Socks5, TakesAnIpv6Address) {
  Socks5 socks("host", 1, std::nullopt);
  Take(socks, {5, 0});
  Take(socks, {5, 0, 0, 4});
  EXPECT_EQ(socks.Wanted(), 18U);
}

TEST(Socks5, TellsWhyTheProxyFailed) {
  const auto failure = [](const Bytes& reply) {
    Socks5 socks("host", 1, std::nullopt);
    Take(socks, {5, 0});
    const auto next = socks.Take(reply);
    return next ? "" : next.error().message;
  };
  EXPECT_EQ(failure({5, 5, 0, 1}), "the proxy could not connect: connection refused");
  EXPECT_EQ(failure({5, 99, 0, 1}), "the proxy could not connect: unknown failure 99");
  EXPECT_EQ(failure({4, 0, 0, 1}), "the proxy's reply is malformed");
  EXPECT_EQ(failure({5, 0, 1, 1}), "the proxy's reply is malformed");
  EXPECT_EQ(failure({5, 0, 0, 9}), "the proxy's reply is malformed");
}

TEST(Socks5, RefusesOtherWaysToLogIn) {
  EXPECT_FALSE(Socks5("host", 1, std::nullopt).Take(Bytes{5, 0xff}));
  EXPECT_FALSE(Socks5("host", 1, std::nullopt).Take(Bytes{5, 2}));
  EXPECT_FALSE(Socks5("host", 1, std::nullopt).Take(Bytes{4, 0}));
  Socks5 socks("host", 1, SocksCredentials{"u", "p"});
  Take(socks, {5, 2});
  EXPECT_FALSE(socks.Take(Bytes{1, 1}));
}

}  // namespace
}  // namespace cairn::p2p
