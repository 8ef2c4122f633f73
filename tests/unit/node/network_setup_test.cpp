// What the options say about peers.
#include "src/node/network_setup.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cairn/base/version.h"
#include "tests/unit/node/support.h"

namespace cairn::node {
namespace {

using testing::ElementsAre;
using testing::UnorderedElementsAre;
using wire::Network;

consensus::Params TestParams() {
  consensus::Params params;
  params.p2p_port = 18444;
  params.onion_port = 18445;
  return params;
}

Result<p2p::NetworkOptions> Read(const std::vector<std::string>& arguments) {
  return NetworkOptionsFrom(Given(arguments), TestParams(), "/folder");
}

p2p::NetworkOptions Expect(const std::vector<std::string>& arguments) {
  auto read = Read(arguments);
  EXPECT_TRUE(read) << read.error().message;
  return read ? *std::move(read) : p2p::NetworkOptions();
}

std::string ErrorOf(const std::vector<std::string>& arguments) {
  const auto read = Read(arguments);
  return read ? "" : read.error().message;
}

std::vector<std::string> Listening(const p2p::NetworkOptions& network) {
  std::vector<std::string> texts;
  for (const auto& listen : network.listen) {
    texts.push_back(listen.endpoint.ToString() + (listen.onion ? "=onion" : "") +
                    (listen.required ? "!" : ""));
  }
  return texts;
}

TEST(NetworkSetup, ListensEverywhereByDefault) {
  EXPECT_THAT(Listening(Expect({})),
              ElementsAre("0.0.0.0:18444!", "[::]:18444", "127.0.0.1:18445=onion"));
  EXPECT_THAT(Listening(Expect({"-port=5"})),
              ElementsAre("0.0.0.0:5!", "[::]:5", "127.0.0.1:6=onion"));
}

TEST(NetworkSetup, ListensWhereItIsTold) {
  EXPECT_THAT(Listening(Expect({"-bind=127.0.0.1", "-bind=[::1]:7", "-bind=127.0.0.1:9=onion"})),
              UnorderedElementsAre("127.0.0.1:18444!", "[::1]:7!", "127.0.0.1:9=onion!"));
  EXPECT_THAT(Listening(Expect({"-whitebind=noban@127.0.0.1:7"})), ElementsAre("127.0.0.1:7!"));
  EXPECT_EQ(ErrorOf({"-bind=nowhere"}), "Cannot resolve -bind address: 'nowhere'");
  EXPECT_EQ(ErrorOf({"-whitebind=127.0.0.1"}),
            "Need to specify a port with -whitebind: '127.0.0.1'");
}

TEST(NetworkSetup, DoesNotListenWhereThatWouldSurprise) {
  for (const char* hidden : {"-listen=0", "-connect=1.2.3.4", "-connect=0", "-noconnect",
                             "-maxconnections=0", "-proxy=127.0.0.1"}) {
    EXPECT_THAT(Listening(Expect({hidden})), ElementsAre()) << hidden;
  }
  EXPECT_THAT(Listening(Expect({"-connect=0", "-bind=127.0.0.1"})),
              ElementsAre("127.0.0.1:18444!"));
}

TEST(NetworkSetup, SharesTheConnections) {
  const auto shares = [](const std::vector<std::string>& arguments) {
    const p2p::Settings settings = Expect(arguments).protocol;
    return std::vector<int>{settings.max_full_relay, settings.max_block_relay_only,
                            settings.max_inbound, settings.automatic_outbound};
  };
  EXPECT_THAT(shares({}), ElementsAre(8, 2, 114, 1));
  EXPECT_THAT(shares({"-maxconnections=9"}), ElementsAre(8, 1, 0, 1));
  EXPECT_THAT(shares({"-maxconnections=-3"}), ElementsAre(0, 0, 0, 1));
  EXPECT_THAT(shares({"-connect=0"}), ElementsAre(8, 2, 114, 0));
}

TEST(NetworkSetup, OffersServices) {
  const auto services = [](const std::vector<std::string>& arguments) {
    return Expect(arguments).protocol.services;
  };
  EXPECT_EQ(services({}), 0x409U);
  EXPECT_EQ(services({"-prune=550"}), 0x408U);
  EXPECT_EQ(services({"-peerbloomfilters"}), 0x40dU);
  EXPECT_EQ(services({"-peerblockfilters", "-blockfilterindex"}), 0x449U);
}

TEST(NetworkSetup, NamesItself) {
  const std::string plain = "/Cairn:" + std::string(kVersion);
  EXPECT_EQ(Expect({}).protocol.user_agent, plain + "/");
  EXPECT_EQ(Expect({"-uacomment=a", "-uacomment=b c"}).protocol.user_agent, plain + "(a; b c)/");
  EXPECT_EQ(ErrorOf({"-uacomment=a/b"}), "User Agent comment (a/b) contains unsafe characters.");
  EXPECT_THAT(ErrorOf({"-uacomment=" + std::string(250, 'x')}),
              testing::HasSubstr("exceeds maximum length (256)"));
}

TEST(NetworkSetup, GivesPermissions) {
  const auto permissions = [](const std::string& value, std::vector<std::string> more = {}) {
    more.push_back("-whitelist=" + value);
    return Expect(more).whitelist.at(0).permissions;
  };
  EXPECT_EQ(permissions("noban@1.2.3.4"), p2p::kNoBanPermission);
  EXPECT_EQ(permissions("relay,mempool@1.2.3.4"), p2p::kRelayPermission | p2p::kMempoolPermission);
  EXPECT_EQ(permissions("all@1.2.3.0/24"), p2p::kAllPermissions);
  const p2p::Permissions customary = p2p::kNoBanPermission | p2p::kMempoolPermission;
  EXPECT_EQ(permissions("1.2.3.4"), customary | p2p::kRelayPermission);
  EXPECT_EQ(permissions("1.2.3.4", {"-whitelistrelay=0"}), customary);
  EXPECT_EQ(permissions("1.2.3.4", {"-blocksonly"}), customary);
  EXPECT_EQ(permissions("1.2.3.4", {"-whitelistforcerelay"}),
            customary | p2p::kForceRelayPermission);
  EXPECT_EQ(ErrorOf({"-whitelist=in@1.2.3.4"}),
            "Only direction was set, no permissions: 'in@1.2.3.4'");
  EXPECT_EQ(ErrorOf({"-whitelist=x@1.2.3.4"}), "Invalid P2P permission: 'x'");
  EXPECT_EQ(ErrorOf({"-whitelist=noban@1.2.3.4/33"}),
            "Invalid netmask specified in -whitelist: '1.2.3.4/33'");
}

TEST(NetworkSetup, GivesPermissionsByDirection) {
  const auto directions = [](const std::string& value) {
    const p2p::WhitelistEntry entry = Expect({"-whitelist=" + value}).whitelist.at(0);
    return std::pair(entry.inbound, entry.outbound);
  };
  EXPECT_EQ(directions("noban@1.2.3.4"), std::pair(true, false));
  EXPECT_EQ(directions("noban,out@1.2.3.4"), std::pair(false, true));
  EXPECT_EQ(directions("noban,in,out@1.2.3.4"), std::pair(true, true));
  EXPECT_EQ(ErrorOf({"-whitebind=noban,out@127.0.0.1:7"}),
            "whitebind may only be used for incoming connections (\"out\" was passed)");
}

TEST(NetworkSetup, UsesProxies) {
  const auto through = [](const std::vector<std::string>& arguments, Network network) {
    const p2p::NetworkOptions options = Expect(arguments);
    const auto found = options.proxies.find(network);
    return found == options.proxies.end() ? "" : found->second.endpoint.ToString();
  };
  const std::vector<std::string> proxy = {"-proxy=127.0.0.1:9"};
  EXPECT_EQ(through(proxy, Network::kIpv4), "127.0.0.1:9");
  EXPECT_EQ(through(proxy, Network::kTorV3), "127.0.0.1:9");
  EXPECT_EQ(through({"-proxy=127.0.0.1:9", "-onion=127.0.0.1"}, Network::kTorV3), "127.0.0.1:9050");
  EXPECT_EQ(through({"-proxy=127.0.0.1:9", "-onion=0"}, Network::kTorV3), "");
  EXPECT_EQ(through({"-proxy=0"}, Network::kIpv4), "");
  EXPECT_TRUE(Expect(proxy).name_proxy);
  EXPECT_FALSE(Expect({"-onion=127.0.0.1"}).name_proxy);
  EXPECT_EQ(ErrorOf({"-proxy=x"}), "Invalid -proxy address or hostname: 'x'");
  EXPECT_EQ(ErrorOf({"-onion=x"}), "Invalid -onion address or hostname: 'x'");
}

TEST(NetworkSetup, LimitsUploads) {
  const auto target = [](const std::string& value) {
    return Expect({"-maxuploadtarget=" + value}).upload_target;
  };
  EXPECT_EQ(Expect({}).upload_target, 0U);
  EXPECT_EQ(target("10"), 10ULL << 20);
  EXPECT_EQ(target("2k"), 2000U);
  EXPECT_EQ(target("3G"), 3ULL << 30);
  for (const char* bad : {"x", "-1", "1x", "1MM", "99999999999999T"}) {
    EXPECT_EQ(ErrorOf({std::string("-maxuploadtarget=") + bad}),
              "Unable to parse -maxuploadtarget: '" + std::string(bad) + "'");
  }
}

TEST(NetworkSetup, ChoosesNetworks) {
  EXPECT_THAT(Expect({}).reachable, ElementsAre(Network::kIpv4, Network::kIpv6));
  EXPECT_THAT(Expect({"-onion=127.0.0.1"}).reachable,
              ElementsAre(Network::kIpv4, Network::kIpv6, Network::kTorV3));
  EXPECT_THAT(Expect({"-onlynet=ipv6"}).reachable, ElementsAre(Network::kIpv6));
  EXPECT_THAT(ErrorOf({"-onlynet=onion"}), testing::HasSubstr("restricted to Tor"));
  EXPECT_THAT(ErrorOf({"-onlynet=i2p"}), testing::HasSubstr("-i2psam"));
  EXPECT_THAT(ErrorOf({"-onlynet=cjdns"}), testing::HasSubstr("-cjdnsreachable"));
  EXPECT_EQ(ErrorOf({"-onlynet=x"}), "Unknown network specified in -onlynet: 'x'");
}

TEST(NetworkSetup, KnowsWhomToConnectTo) {
  const p2p::NetworkOptions network =
      Expect({"-connect=0", "-connect=a:1", "-addnode=b", "-seednode=c", "-timeout=-1"});
  EXPECT_THAT(network.connect, ElementsAre("a:1"));
  EXPECT_THAT(network.add_nodes, ElementsAre("b"));
  EXPECT_THAT(network.seed_nodes, ElementsAre("c"));
  EXPECT_FALSE(network.dns_seed);
  EXPECT_TRUE(Expect({}).dns_seed);
  EXPECT_EQ(network.connect_timeout, std::chrono::milliseconds(5000));
}

}  // namespace
}  // namespace cairn::node
