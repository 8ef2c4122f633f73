#include "cairn/wire/net_address.h"

#include <gtest/gtest.h>

#include "cairn/base/hex.h"

namespace cairn::wire {
namespace {

constexpr char kOnion[] = "pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion";
constexpr char kOnionKey[] = "79bcc625184b05194975c28b66b66b0469f7f6556fb1ac3189a79b40dda32f1f";
constexpr char kI2p[] = "ukeu3k5oycgaauneqgtnvselmt4yemvoilkln7jpvamvfx7dnkdq.b32.i2p";
constexpr char kI2pHash[] = "a2894dabaec08c0051a481a6dac88b64f98232ae42d4b6fd2fa81952dfe36a87";

NetAddress Address(std::string_view text) {
  const auto address = NetAddress::Parse(text);
  EXPECT_TRUE(address.has_value()) << text;
  return address.value_or(NetAddress());
}

std::string Again(std::string_view text) { return Address(text).ToString(); }

TEST(NetAddress, ReadsAndWritesEveryKindOfText) {
  EXPECT_EQ(Again("1.2.3.4"), "1.2.3.4");
  EXPECT_EQ(Again("255.255.255.255"), "255.255.255.255");
  EXPECT_EQ(Again("2001:DB8:0:0:0:0:0:1"), "2001:db8::1");
  EXPECT_EQ(Again("[::1]"), "::1");
  EXPECT_EQ(Again("::"), "::");
  EXPECT_EQ(Again("1::"), "1::");
  EXPECT_EQ(Again("::1:2:0:0:0"), "::1:2:0:0:0");
  EXPECT_EQ(Again("0:0:1:2:3:0:0:0"), "0:0:1:2:3::");
  EXPECT_EQ(Again("1:0:0:2:0:0:0:3"), "1:0:0:2::3");
  EXPECT_EQ(Again("1:0:0:2:3:0:0:4"), "1::2:3:0:0:4");
  EXPECT_EQ(Again("1:0:2:3:4:5:6:7"), "1:0:2:3:4:5:6:7");
  EXPECT_EQ(Again("::1.2.3.4"), "::102:304");
  EXPECT_EQ(Again("::ffff:1.2.3.4"), "1.2.3.4");
  EXPECT_EQ(Again(kOnion), kOnion);
  EXPECT_EQ(Again(kI2p), kI2p);
  EXPECT_EQ(Again("fc00::1"), "fc00::1");
}

TEST(NetAddress, KnowsTheBytesBehindTheText) {
  EXPECT_EQ(ToHex(Address(kOnion).bytes()), kOnionKey);
  EXPECT_EQ(Address(kOnion).network(), Network::kTorV3);
  EXPECT_EQ(ToHex(Address(kI2p).bytes()), kI2pHash);
  EXPECT_EQ(Address(kI2p).network(), Network::kI2p);
  EXPECT_EQ(Address("1.2.3.4"), NetAddress::Ipv4(1, 2, 3, 4));
  EXPECT_EQ(Address("fc00::1").network(), Network::kIpv6);
  EXPECT_EQ(Address("fc00::1").AsCjdns().network(), Network::kCjdns);
  EXPECT_EQ(Address("fd00::1").AsCjdns().network(), Network::kIpv6);
  std::string upper(kOnion);
  for (char& c : upper) c = static_cast<char>(std::toupper(c));
  EXPECT_EQ(Address(upper), Address(kOnion));
}

TEST(NetAddress, RefusesWhatIsNoAddress) {
  for (const std::string_view text :
       {"", "1.2.3", "1.2.3.4.5", "1.2.3.256", "[1.2.3.4]", "1.2.3.4 ", "localhost", "::1::", "[",
        "[]", ":", "fe80::1%eth0", "fd6b:88c0:8724::1", "fd87:d87e:eb43::1", ".onion", ".b32.i2p",
        "ukeu3k5o.b32.i2p",
        // Version 2, a wrong checksum, a wrong version, one character too many.
        "6hzph5hv6337r6p2.onion", "pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscsad.onion",
        "pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscrye.onion",
        "pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryda.onion",
        // Bits behind the hash that are not zero; a foreign character.
        "ukeu3k5oycgaauneqgtnvselmt4yemvoilkln7jpvamvfx7dnkdr.b32.i2p",
        "ukeu3k5oycgaauneqgtnvselmt4yemvoilkln7jpvamvfx7dnkd1.b32.i2p"}) {
    EXPECT_FALSE(NetAddress::Parse(text).has_value()) << text;
  }
  EXPECT_FALSE(NetAddress::Parse(std::string_view("1.2.3.4\0x", 9)).has_value());
}

TEST(NetAddress, SplitsPortsOff) {
  EXPECT_EQ(Endpoint::Parse("1.2.3.4:8333")->ToString(), "1.2.3.4:8333");
  EXPECT_EQ(Endpoint::Parse("1.2.3.4", 18444)->ToString(), "1.2.3.4:18444");
  EXPECT_EQ(Endpoint::Parse("[::1]:8333")->ToString(), "[::1]:8333");
  EXPECT_EQ(Endpoint::Parse("[::1]", 1)->ToString(), "[::1]:1");
  EXPECT_EQ(Endpoint::Parse("::1", 1)->ToString(), "[::1]:1");
  EXPECT_EQ(Endpoint::Parse("::1:8333", 1)->ToString(), "[::1:8333]:1");
  EXPECT_EQ(Endpoint::Parse(std::string(kOnion) + ":8333")->ToString(),
            std::string(kOnion) + ":8333");
  for (const std::string_view text : {"1.2.3.4:", "1.2.3.4:0", "1.2.3.4:65536", "1.2.3.4:+1",
                                      "[::1]:x", "[::1]:-1", "name:1", "", ":", ":8333"}) {
    EXPECT_FALSE(Endpoint::Parse(text, 1).has_value()) << text;
  }
  const auto named = SplitHostAndPort("seed.example.org:42");
  ASSERT_TRUE(named.has_value());
  EXPECT_EQ(named->host, "seed.example.org");
  EXPECT_EQ(named->port, 42);
  EXPECT_FALSE(SplitHostAndPort("name")->port.has_value());
}

TEST(NetAddress, NamesNetworksAsRpcDoes) {
  for (const Network network : kPeerNetworks) {
    EXPECT_EQ(NetworkFromName(NetworkName(network)), network);
  }
  EXPECT_EQ(NetworkFromName("TOR"), Network::kTorV3);
  EXPECT_EQ(NetworkFromName("internal"), std::nullopt);
  EXPECT_EQ(NetworkName(PublicNetwork(Address("10.0.0.1"))), "not_publicly_routable");
  EXPECT_EQ(NetworkName(PublicNetwork(Address(kOnion))), "onion");
  EXPECT_EQ(NetworkName(PublicNetwork(NetAddress::Internal("seed"))), "internal");
}

TEST(NetAddress, TellsPublicAddressesFromOthers) {
  for (const std::string_view text :
       {"8.8.8.8", "172.15.255.255", "172.32.0.0", "198.17.255.255", "198.20.0.0", "100.63.255.255",
        "100.128.0.0", "192.167.0.1", "2001::1", "2002:7f00:1::", "2003::1", "64:ff9b::1",
        "fe80:0:0:1::1"}) {
    EXPECT_TRUE(Address(text).IsRoutable()) << text;
  }
  for (const std::string_view text : {"0.0.0.0",         "0.1.2.3",      "127.0.0.1",
                                      "10.255.0.1",      "172.16.0.1",   "172.31.255.255",
                                      "192.168.1.1",     "169.254.1.1",  "198.18.0.1",
                                      "198.19.255.255",  "100.64.0.1",   "100.127.255.255",
                                      "192.0.2.1",       "198.51.100.1", "203.0.113.1",
                                      "255.255.255.255", "::",           "::1",
                                      "fc00::1",         "fd00::1",      "fe80::1",
                                      "2001:db8::1",     "2001:10::1",   "2001:2f::1"}) {
    EXPECT_FALSE(Address(text).IsRoutable()) << text;
  }
  EXPECT_TRUE(Address(kOnion).IsRoutable());
  EXPECT_TRUE(Address(kI2p).IsRoutable());
  EXPECT_TRUE(Address("fc00::1").AsCjdns().IsRoutable());
  EXPECT_FALSE(NetAddress::From(Network::kCjdns, Bytes(16, 1))->IsValid());
  EXPECT_FALSE(NetAddress::Internal("name").IsValid());
  EXPECT_TRUE(Address("10.0.0.1").IsValid());
  EXPECT_TRUE(Address("192.0.2.1").IsValid());
  EXPECT_FALSE(Address("2001:db8::1").IsValid());
  EXPECT_TRUE(Address("127.1.2.3").IsLocal());
  EXPECT_TRUE(Address("::1").IsLocal());
  EXPECT_FALSE(Address("10.0.0.1").IsLocal());
  EXPECT_TRUE(Address("10.0.0.1").IsPrivate());
}

std::string Group(const NetAddress& address) { return ToHex(NetGroup(address)); }

TEST(NetAddress, GroupsWhatOneOperatorCanHave) {
  EXPECT_EQ(Group(Address("1.2.3.4")), "010102");
  EXPECT_EQ(Group(Address("2002:102:304::")), "010102");
  EXPECT_EQ(Group(Address("2001:0:9999:9999:9999:9999:fefd:fcfb")), "010102");
  EXPECT_EQ(Group(Address("64:ff9b::102:304")), "010102");
  EXPECT_EQ(Group(Address("::ffff:0:102:304")), "010102");
  EXPECT_EQ(Group(Address("2001:470:abcd:9999::")), "0220010470af");
  EXPECT_EQ(Group(Address("2001:2001:9999::")), "0220012001");
  EXPECT_EQ(Group(Address(kOnion)), "047f");
  EXPECT_EQ(Group(Address(kI2p)), "05af");
  EXPECT_EQ(Group(Address("fc12:3456::1").AsCjdns()), "06fc1f");
  EXPECT_EQ(Group(Address("127.0.0.1")), "00");
  EXPECT_EQ(Group(Address("::1")), "00");
  EXPECT_EQ(Group(Address("10.0.0.1")), "00");
  EXPECT_EQ(NetGroup(NetAddress::Internal("a")).size(), 11U);
  EXPECT_NE(NetGroup(NetAddress::Internal("a")), NetGroup(NetAddress::Internal("b")));
  EXPECT_EQ(NetClass(Address("2002:102:304::")), Network::kIpv4);
  EXPECT_EQ(PublicNetwork(Address("2002:102:304::")), Network::kIpv6);
}

std::string Written(const NetAddress& address, AddressFormat format) {
  Bytes bytes;
  Writer writer(bytes);
  WriteAddress(writer, address, format);
  return ToHex(bytes);
}

/// "failed", "N left", or the address.
std::string Read(std::string_view hex, AddressFormat format) {
  const Bytes bytes = *FromHex(hex);
  Reader reader(bytes);
  const NetAddress address = ReadAddress(reader, format);
  if (!reader.ok()) return "failed";
  if (!reader.AtEnd()) return std::to_string(reader.Remaining()) + " left";
  return std::string(NetworkName(address.network())) + " " + address.ToString();
}

TEST(NetAddress, HasTheOldFormOnTheWire) {
  const auto v1 = AddressFormat::kV1;
  EXPECT_EQ(Written(Address("1.2.3.4"), v1), "00000000000000000000ffff01020304");
  EXPECT_EQ(Read("00000000000000000000ffff01020304", v1), "ipv4 1.2.3.4");
  EXPECT_EQ(Written(Address("1a1b::1"), v1), "1a1b0000000000000000000000000001");
  EXPECT_EQ(Read("1a1b0000000000000000000000000001", v1), "ipv6 1a1b::1");
  EXPECT_EQ(Read("fd87d87eeb430102030405060708090a", v1), "ipv6 ::");
  const NetAddress seed = NetAddress::Internal("seed");
  EXPECT_EQ(Read("fd6b88c08724" + ToHex(seed.bytes()), v1), "internal " + seed.ToString());
  EXPECT_EQ(Read("1a1b00000000000000000000000000", v1), "failed");
  for (const NetAddress& address :
       {Address(kOnion), Address(kI2p), Address("fc00::1").AsCjdns(), seed}) {
    EXPECT_FALSE(Fits(address, v1));
    EXPECT_EQ(Written(address, v1), std::string(32, '0'));
  }
}

TEST(NetAddress, HasTheFormOfBip155OnTheWire) {
  const auto v2 = AddressFormat::kV2;
  for (const auto& [address, hex] : std::vector<std::pair<NetAddress, std::string>>{
           {Address("1.2.3.4"), "010401020304"},
           {Address("102:304::"), "021001020304000000000000000000000000"},
           {Address(kOnion), std::string("0420") + kOnionKey},
           {Address(kI2p), std::string("0520") + kI2pHash},
           {Address("fc00::1").AsCjdns(), "0610fc000000000000000000000000000001"}}) {
    EXPECT_EQ(Written(address, v2), hex);
    EXPECT_EQ(Read(hex, v2),
              std::string(NetworkName(address.network())) + " " + address.ToString());
    EXPECT_TRUE(Fits(address, v2));
  }
  EXPECT_EQ(Written(NetAddress::Internal("a"), v2), "0210" + std::string(32, '0'));
}

TEST(NetAddress, RefusesWrongLengthsAndSkipsStrangers) {
  const auto v2 = AddressFormat::kV2;
  EXPECT_EQ(Read("010501020304ff", v2), "failed");
  EXPECT_EQ(Read("01030102ff", v2), "failed");
  EXPECT_EQ(Read("0204deadbeef", v2), "failed");
  EXPECT_EQ(Read("0410" + std::string(32, '1'), v2), "failed");
  EXPECT_EQ(Read("0503000000", v2), "failed");
  EXPECT_EQ(Read("0620" + std::string(64, '1'), v2), "failed");
  EXPECT_EQ(Read("0104010203", v2), "failed");
  EXPECT_EQ(Read("", v2), "failed");
  // Version 2 of Tor, and networks to come.
  EXPECT_EQ(Read("030af1f2f3f4f5f6f7f8f9fa", v2), "ipv6 ::");
  EXPECT_EQ(Read("aa0401020304", v2), "ipv6 ::");
  EXPECT_EQ(Read("ff0a01020304050607080910", v2), "ipv6 ::");
  EXPECT_EQ(Read("0000", v2), "ipv6 ::");
  EXPECT_EQ(Read("aafd0002" + std::string(1024, '1'), v2), "ipv6 ::");
  EXPECT_EQ(Read("aafd0102" + std::string(1026, '1'), v2), "failed");
  EXPECT_EQ(Read("aafe00000002", v2), "failed");
  EXPECT_EQ(Read("aafd0400" + std::string(8, '1'), v2), "failed");
  // What has its own network may not come as IPv6.
  EXPECT_EQ(Read("021000000000000000000000ffff01020304", v2), "ipv6 ::");
  EXPECT_EQ(Read("0210fd87d87eeb430102030405060708090a", v2), "ipv6 ::");
  EXPECT_EQ(Read("0210fd6b88c087240102030405060708090a", v2), "ipv6 ::");
}

TEST(NetAddress, CarriesPeersInBothForms) {
  PeerAddress peer;
  peer.endpoint = *Endpoint::Parse("1.2.3.4:8333");
  peer.services = 1033;
  peer.time = 1700000000;
  for (const AddressFormat format : {AddressFormat::kV1, AddressFormat::kV2}) {
    Bytes bytes;
    Writer writer(bytes);
    WritePeerAddress(writer, peer, format);
    EXPECT_EQ(ToHex(bytes), format == AddressFormat::kV1
                                ? "00f15365090400000000000000000000000000000000ffff01020304208d"
                                : "00f15365fd0904010401020304208d");
    Reader reader(bytes);
    EXPECT_EQ(ReadPeerAddress(reader, format), peer);
    EXPECT_TRUE(reader.ok() && reader.AtEnd());
  }
}

TEST(NetAddress, HasAnOrderAndHashes) {
  EXPECT_LT(Address("1.2.3.4"), Address("1.2.3.5"));
  EXPECT_LT(Address("255.2.3.4"), Address("::1"));
  EXPECT_LT(*Endpoint::Parse("1.2.3.4:1"), *Endpoint::Parse("1.2.3.4:2"));
  const EndpointHasher hasher{1, 2};
  EXPECT_NE(hasher(*Endpoint::Parse("1.2.3.4:1")), hasher(*Endpoint::Parse("1.2.3.4:2")));
  EXPECT_NE(hasher(*Endpoint::Parse("1.2.3.4:1")),
            (EndpointHasher{1, 3}(*Endpoint::Parse("1.2.3.4:1"))));
}

}  // namespace
}  // namespace cairn::wire
