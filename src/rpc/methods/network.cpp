// Methods about the network as a whole: getnetworkinfo, getnettotals.
#include <chrono>

#include "cairn/base/version.h"
#include "cairn/rpc/context.h"
#include "cairn/rpc/error.h"
#include "cairn/rpc/request.h"
#include "src/rpc/fields.h"
#include "src/rpc/methods/common.h"
#include "src/rpc/methods/methods.h"
#include "src/rpc/methods/peer_words.h"

namespace cairn::rpc {
namespace {

/// Software concludes from this number what the interface can do: what Bitcoin Core 28 can.
constexpr int kInterfaceVersion = 280000;

void WriteNetwork(json::Writer& out, wire::Network network, const p2p::NetworkOptions& options) {
  const auto proxy = options.proxies.find(network);
  const bool has_proxy = proxy != options.proxies.end();
  const bool reachable = options.reachable.contains(network);
  out.BeginObject();
  out.Key("name").String(wire::NetworkName(network));
  out.Key("limited").Bool(!reachable);
  out.Key("reachable").Bool(reachable);
  out.Key("proxy").String(has_proxy ? proxy->second.endpoint.ToString() : "");
  out.Key("proxy_randomize_credentials").Bool(has_proxy && proxy->second.randomize);
  out.EndObject();
}

std::vector<Field> NetworkInfoFields() {
  return {
      Num("version", "The version of Bitcoin Core whose interface this is"),
      Str("subversion", "Our name and version, as peers see it"),
      Num("protocolversion", "The version of the protocol that we speak"),
      Hex("localservices", "What we offer, as bits"),
      Arr("localservicesnames", "What we offer, in words", Str("", "A service")),
      Bool("localrelay", "Whether we take transactions from peers"),
      Num("timeoffset", "By how many seconds the peers' clocks are before ours"),
      Num("connections", "Connections to peers"),
      Num("connections_in", "Those that peers made"),
      Num("connections_out", "Those that we made"),
      Bool("networkactive", "Whether the network is switched on"),
      Arr("networks", "The kinds of network",
          Obj("", "",
              {Str("name", "ipv4, ipv6, onion, i2p or cjdns"),
               Bool("limited", "Whether we seek no peers there"),
               Bool("reachable", "Whether we can reach peers there"),
               Str("proxy", "The proxy that we use, HOST:PORT; empty for none"),
               Bool("proxy_randomize_credentials",
                    "Whether each connection gets its own credentials")})),
      Money("relayfee", "The least fee rate of transactions that are relayed"),
      Money("incrementalfee", "The least that a replacement must pay more, as a rate"),
      Arr("localaddresses", "Where others can reach us",
          Obj("", "",
              {Str("address", "The address"), Num("port", "The port"),
               Num("score", "How sure we are")})),
      Arr("warnings", "What people should know", Str("", "A warning")),
  };
}

void WriteNetworkInfo(json::Writer& out, const Request& request) {
  p2p::Network& network = NetworkOf(request);
  const p2p::NetworkOptions& options = network.options();
  const p2p::NetworkState state = network.State();
  const mempool::PolicyOptions& policy = MempoolOf(request).options();
  out.BeginObject();
  out.Key("version").Int(kInterfaceVersion);
  out.Key("subversion").String(options.protocol.user_agent);
  out.Key("protocolversion").Int(wire::kProtocolVersion);
  out.Key("localservices").String(ServicesHex(options.protocol.services));
  WriteServiceNames(out.Key("localservicesnames"), options.protocol.services);
  out.Key("localrelay").Bool(!options.protocol.blocks_only);
  out.Key("timeoffset").Int(state.time_offset);
  out.Key("networkactive").Bool(state.active);
  out.Key("connections").Int(state.inbound + state.outbound);
  out.Key("connections_in").Int(state.inbound);
  out.Key("connections_out").Int(state.outbound);
  out.Key("networks").BeginArray();
  for (const wire::Network each : wire::kPeerNetworks) WriteNetwork(out, each, options);
  out.EndArray();
  out.Key("relayfee").Amount(policy.min_relay_fee.per_kvb());
  out.Key("incrementalfee").Amount(policy.incremental_fee.per_kvb());
  out.Key("localaddresses").BeginArray();
  for (const p2p::LocalAddress& local : state.local_addresses) {
    out.BeginObject();
    out.Key("address").String(local.endpoint.address.ToString());
    out.Key("port").Int(local.endpoint.port);
    out.Key("score").Int(local.score);
    out.EndObject();
  }
  out.EndArray();
  WriteWarnings(out, request);
  out.EndObject();
}

Method GetNetworkInfo() {
  return {
      .name = "getnetworkinfo",
      .group = "network",
      .description = "Tells about the node as a peer.",
      .results = {Obj("", "", NetworkInfoFields())},
      .examples = {"[]"},
      .handler = [](const Request& request, json::Writer& out) { WriteNetworkInfo(out, request); }};
}

Method GetNetTotals() {
  return {
      .name = "getnettotals",
      .group = "network",
      .description = "Counts the bytes exchanged with peers since the start.",
      .results = {Obj("", "",
                      {Num("totalbytesrecv", "Bytes received"), Num("totalbytessent", "Bytes sent"),
                       Num("timemillis", "The system's time in milliseconds"),
                       Obj("uploadtarget", "-maxuploadtarget",
                           {Num("timeframe", "Seconds that it holds for"),
                            Num("target", "Bytes; 0 for no limit"),
                            Bool("target_reached", "Whether it is used up"),
                            Bool("serve_historical_blocks", "Whether old blocks are still served"),
                            Num("bytes_left_in_cycle", "Bytes left"),
                            Num("time_left_in_cycle", "Seconds left")})})},
      .examples = {"[]"},
      .handler = [](const Request& request, json::Writer& out) {
        const p2p::TrafficTotals totals = NetworkOf(request).Totals();
        constexpr int kDay = 24 * 60 * 60;
        const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(
            std::chrono::system_clock::now().time_since_epoch());
        out.BeginObject();
        out.Key("totalbytesrecv").Uint(totals.received);
        out.Key("totalbytessent").Uint(totals.sent);
        out.Key("timemillis").Int(now.count());
        out.Key("uploadtarget").BeginObject();
        out.Key("timeframe").Int(kDay);
        out.Key("target").Uint(totals.upload_target);
        out.Key("target_reached").Bool(totals.target_reached);
        out.Key("serve_historical_blocks").Bool(totals.serves_old_blocks);
        out.Key("bytes_left_in_cycle").Uint(totals.bytes_left);
        out.Key("time_left_in_cycle").Int(totals.seconds_left);
        out.EndObject().EndObject();
      }};
}

}  // namespace

std::vector<Method> NetworkMethods() { return {GetNetworkInfo(), GetNetTotals()}; }

}  // namespace cairn::rpc
