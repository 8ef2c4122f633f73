// Methods about the addresses of peers, and about who may not connect: getnodeaddresses,
// addpeeraddress, getaddrmaninfo, getrawaddrman, setban, listbanned, clearbanned.
#include <map>
#include <optional>

#include "cairn/rpc/context.h"
#include "cairn/rpc/dispatcher.h"
#include "cairn/rpc/error.h"
#include "cairn/rpc/help.h"
#include "cairn/rpc/request.h"
#include "src/rpc/fields.h"
#include "src/rpc/methods/methods.h"
#include "src/rpc/methods/peer_words.h"

namespace cairn::rpc {
namespace {

Method GetNodeAddresses() {
  return {.name = "getnodeaddresses",
          .group = "network",
          .description = "Gives addresses of nodes that this one has heard of, by chance.",
          .params = {Optional("count", ParamType::kNumber, "1", "How many at most; 0 for all"),
                     Optional("network", ParamType::kString, "every network",
                              "Only of this one: ipv4, ipv6, onion, i2p or cjdns")},
          .results = {Arr(
              "", "",
              Obj("", "A node",
                  {Time("time", "When it was last seen"),
                   Num("services", "What it offers, as bits"), Str("address", "Its address"),
                   Num("port", "Its port"), Str("network", "Its network")}))},
          .examples = {"[8]", R"([4, "i2p"])"},
          .handler = [](const Request& request, json::Writer& out) {
            const int64_t count = request.IntOr("count", 1);
            if (count < 0) throw RpcError(kInvalidParameter, "Address count out of range");
            std::optional<wire::Network> network;
            if (request.Has("network")) {
              const std::string& name = request.String("network");
              network = wire::NetworkFromName(name);
              if (!network) throw RpcError(kInvalidParameter, "Network not recognized: " + name);
            }
            out.BeginArray();
            for (const wire::PeerAddress& peer :
                 NetworkOf(request).KnownAddresses(static_cast<size_t>(count), network)) {
              out.BeginObject();
              out.Key("time").Int(peer.time);
              out.Key("services").Uint(peer.services);
              out.Key("address").String(peer.endpoint.address.ToString());
              out.Key("port").Int(peer.endpoint.port);
              out.Key("network").String(wire::NetworkName(peer.endpoint.address.network()));
              out.EndObject();
            }
            out.EndArray();
          }};
}

Method AddPeerAddress() {
  return {.name = "addpeeraddress",
          .group = "hidden",
          .description = "Adds an address to those that this node knows. For tests.",
          .params = {Required("address", ParamType::kString, "The address"),
                     Required("port", ParamType::kNumber, "The port"),
                     Optional("tried", ParamType::kBool, "false",
                              "Whether it counts as one that we were connected to")},
          .results = {Obj(
              "", "", {Bool("success", "Whether it was added"), Str("error", "Why not").Maybe()})},
          .examples = {R"(["1.2.3.4", 8333, true])"},
          .handler = [](const Request& request, json::Writer& out) {
            const auto address = wire::NetAddress::Parse(request.String("address"));
            if (!address) throw RpcError(kClientInvalidIpOrSubnet, "Invalid IP address");
            const int64_t port = request.Int("port");
            if (port < 0 || port > 0xffff) throw RpcError(kInvalidParameter, "Invalid port");
            const wire::PeerAddress peer{{*address, static_cast<uint16_t>(port)},
                                         wire::kNodeNetwork | wire::kNodeWitness,
                                         0};
            const p2p::AddResult result =
                NetworkOf(request).AddKnownAddress(peer, request.BoolOr("tried", false));
            out.BeginObject();
            out.Key("success").Bool(result == p2p::AddResult::kAdded);
            if (result == p2p::AddResult::kNotNew) out.Key("error").String("failed-adding-to-new");
            if (result == p2p::AddResult::kNotTried)
              out.Key("error").String("failed-adding-to-tried");
            out.EndObject();
          }};
}

// --- the tables of addresses

void WriteCounts(json::Writer& out, size_t in_new, size_t in_tried) {
  out.BeginObject();
  out.Key("new").Uint(in_new);
  out.Key("tried").Uint(in_tried);
  out.Key("total").Uint(in_new + in_tried);
  out.EndObject();
}

Method GetAddrManInfo() {
  return {.name = "getaddrmaninfo",
          .group = "network",
          .description = "Counts the addresses that this node knows, by network and table.",
          .results = {Map("", "The networks, and all_networks",
                          Obj("network", "",
                              {Num("new", "Addresses that were only heard of"),
                               Num("tried", "Addresses that we were connected to"),
                               Num("total", "Both together")}))},
          .examples = {"[]"},
          .handler = [](const Request& request, json::Writer& out) {
            size_t all_new = 0;
            size_t all_tried = 0;
            out.BeginObject();
            for (const auto& [network, counts] : NetworkOf(request).CountAddresses()) {
              all_new += counts.first;
              all_tried += counts.second;
              WriteCounts(out.Key(wire::NetworkName(network)), counts.first, counts.second);
            }
            WriteCounts(out.Key("all_networks"), all_new, all_tried);
            out.EndObject();
          }};
}

void WriteTable(json::Writer& out, const std::vector<p2p::PlacedAddress>& entries) {
  out.BeginObject();
  for (const p2p::PlacedAddress& entry : entries) {
    const wire::PeerAddress& peer = entry.known.peer;
    out.Key(std::to_string(entry.place.bucket) + "/" + std::to_string(entry.place.position));
    out.BeginObject();
    out.Key("address").String(peer.endpoint.address.ToString());
    out.Key("network").String(wire::NetworkName(wire::PublicNetwork(peer.endpoint.address)));
    out.Key("port").Int(peer.endpoint.port);
    out.Key("services").Uint(peer.services);
    out.Key("source").String(entry.known.source.ToString());
    out.Key("source_network").String(wire::NetworkName(wire::PublicNetwork(entry.known.source)));
    out.Key("time").Int(peer.time);
    out.EndObject();
  }
  out.EndObject();
}

Method GetRawAddrMan() {
  const Field entry =
      Obj("bucket/position", "An address",
          {Str("address", "The address"), Str("network", "Its network"), Num("port", "Its port"),
           Num("services", "What it offers, as bits"), Str("source", "Who named it"),
           Str("source_network", "The network of the one who named it"),
           Time("time", "When it was last seen")});
  return {.name = "getrawaddrman",
          .group = "hidden",
          .description = "Shows the tables of known addresses as they are. For tests.",
          .results = {Obj("", "",
                          {Map("new", "Addresses that were only heard of", entry),
                           Map("tried", "Addresses that we were connected to", entry)})},
          .examples = {"[]"},
          .handler = [](const Request& request, json::Writer& out) {
            p2p::Network& network = NetworkOf(request);
            out.BeginObject();
            WriteTable(out.Key("new"), network.AddressTable(p2p::Table::kNew));
            WriteTable(out.Key("tried"), network.AddressTable(p2p::Table::kTried));
            out.EndObject();
          }};
}

// --- bans

void Ban(const Request& request, const wire::Subnet& subnet) {
  const int64_t seconds = request.IntOr("bantime", 0);
  const bool absolute = request.BoolOr("absolute", false);
  if (absolute && seconds < request.node().clock.Now()) {
    throw RpcError(kInvalidParameter, "Error: Absolute timestamp is in the past");
  }
  if (!NetworkOf(request).Ban(subnet, seconds, absolute)) {
    throw RpcError(kClientNodeAlreadyAdded, "Error: IP/Subnet already banned");
  }
}

Method SetBan() {
  return {.name = "setban",
          .group = "network",
          .description = "Bans an address or a subnet, or lifts its ban.",
          .params = {Required("subnet", ParamType::kString, "The address, or network/bits"),
                     Required("command", ParamType::kString, "\"add\" or \"remove\""),
                     Optional("bantime", ParamType::kNumber, "0",
                              "For how many seconds; 0 is what -bantime says"),
                     Optional("absolute", ParamType::kBool, "false",
                              "Whether `bantime` is the moment at which the ban ends")},
          .results = {None()},
          .examples = {R"(["192.168.0.6", "add", 86400])", R"(["192.168.0.0/24", "add"])"},
          .handler = [](const Request& request, json::Writer& out) {
            const std::string& command = request.String("command");
            if (command != "add" && command != "remove") {
              throw RpcError(kMiscError, HelpText(*request.dispatcher().table().Find("setban")));
            }
            const auto subnet = wire::Subnet::Parse(request.String("subnet"));
            if (!subnet) throw RpcError(kClientInvalidIpOrSubnet, "Error: Invalid IP/Subnet");
            if (command == "add") {
              Ban(request, *subnet);
            } else if (!NetworkOf(request).Unban(*subnet)) {
              throw RpcError(kClientInvalidIpOrSubnet,
                             "Error: Unban failed. Requested address/subnet was not previously "
                             "manually banned.");
            }
            out.Null();
          }};
}

Method ListBanned() {
  return {.name = "listbanned",
          .group = "network",
          .description = "Lists the addresses and subnets that are banned.",
          .results = {Arr(
              "", "",
              Obj("", "",
                  {Str("address", "The address or subnet"),
                   Time("ban_created", "When the ban began"), Time("banned_until", "When it ends"),
                   Num("ban_duration", "Seconds from begin to end"),
                   Num("time_remaining", "Seconds until the end")}))},
          .examples = {"[]"},
          .handler = [](const Request& request, json::Writer& out) {
            const int64_t now = request.node().clock.Now();
            out.BeginArray();
            for (const auto& [subnet, ban] : NetworkOf(request).Bans()) {
              out.BeginObject();
              out.Key("address").String(subnet.ToString());
              out.Key("ban_created").Int(ban.created);
              out.Key("banned_until").Int(ban.until);
              out.Key("ban_duration").Int(ban.until - ban.created);
              out.Key("time_remaining").Int(ban.until - now);
              out.EndObject();
            }
            out.EndArray();
          }};
}

Method ClearBanned() {
  return {.name = "clearbanned",
          .group = "network",
          .description = "Lifts all bans.",
          .results = {None()},
          .examples = {"[]"},
          .handler = [](const Request& request, json::Writer& out) {
            NetworkOf(request).ClearBans();
            out.Null();
          }};
}

}  // namespace

std::vector<Method> PeerAddressMethods() {
  return {GetNodeAddresses(), AddPeerAddress(), GetAddrManInfo(), GetRawAddrMan(),
          SetBan(),           ListBanned(),     ClearBanned()};
}

}  // namespace cairn::rpc
