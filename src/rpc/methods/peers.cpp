// Methods about the peers that we are connected to: getpeerinfo, getconnectioncount, ping,
// getblockfrompeer, sendmsgtopeer.
#include "cairn/base/hex.h"
#include "cairn/rpc/context.h"
#include "cairn/rpc/error.h"
#include "cairn/rpc/request.h"
#include "cairn/wire/frame.h"
#include "src/rpc/fields.h"
#include "src/rpc/methods/common.h"
#include "src/rpc/methods/methods.h"
#include "src/rpc/methods/peer_words.h"

namespace cairn::rpc {
namespace {

using p2p::ConnectionType;
using p2p::PeerInfo;
using p2p::PeerReport;

Method GetConnectionCount() {
  return {.name = "getconnectioncount",
          .group = "network",
          .description = "Counts the connections to peers.",
          .results = {Num("", "How many there are")},
          .examples = {"[]"},
          .handler = [](const Request& request, json::Writer& out) {
            const p2p::NetworkState state = NetworkOf(request).State();
            out.Int(state.inbound + state.outbound);
          }};
}

Method Ping() {
  return {.name = "ping",
          .group = "network",
          .description =
              "Sends every peer a ping, which it answers when it has dealt with all that came "
              "before: getpeerinfo shows how long that took.",
          .results = {None()},
          .examples = {"[]"},
          .handler = [](const Request& request, json::Writer& out) {
            NetworkOf(request).SendPings();
            out.Null();
          }};
}

// --- getpeerinfo

std::vector<Field> PeerFields() {
  const Field bytes = Num("msg", "Bytes, headers included");
  return {
      Num("id", "Ascends from 0 and never repeats"),
      Str("addr", "The peer's address and port"),
      Str("addrbind", "The address and port of our end").Maybe(),
      Str("addrlocal", "How the peer sees our address").Maybe(),
      Str("network", "Its network: ipv4, ipv6, onion, i2p, cjdns, not_publicly_routable"),
      Num("mapped_as", "The autonomous system that it belongs to").Maybe(),
      Hex("services", "What it offers, as bits"),
      Arr("servicesnames", "What it offers, in words", Str("", "A service")),
      Bool("relaytxes", "Whether it takes transactions from us"),
      Time("lastsend", "When we last sent something"),
      Time("lastrecv", "When something last came"),
      Time("last_transaction", "When a transaction last came that was new and good"),
      Time("last_block", "When a block last came that was new and good"),
      Num("bytessent", "Bytes sent"),
      Num("bytesrecv", "Bytes received"),
      Time("conntime", "When the connection began"),
      Num("timeoffset", "By how many seconds its clock is before ours"),
      Num("pingtime", "The last ping's seconds").Maybe(),
      Num("minping", "The shortest ping's seconds").Maybe(),
      Num("pingwait", "For how many seconds a ping has been waiting for its answer").Maybe(),
      Num("version", "The version of the protocol that it speaks"),
      Str("subver", "Its name and version"),
      Bool("inbound", "Whether it connected to us"),
      Bool("bip152_hb_to", "Whether we asked it for compact blocks at once"),
      Bool("bip152_hb_from", "Whether it asked us"),
      Num("startingheight", "The height that it said it was at"),
      Num("presynced_headers",
          "How far we have looked at headers whose work is not yet enough; -1 if not at all"),
      Num("synced_headers", "The last header that we share; -1 if unknown"),
      Num("synced_blocks", "The last block that we share; -1 if unknown"),
      Arr("inflight", "The blocks that we asked it for", Num("", "A height")),
      Bool("addr_relay_enabled", "Whether we exchange addresses"),
      Num("addr_processed", "Addresses taken from it"),
      Num("addr_rate_limited", "Addresses left aside as too many"),
      Arr("permissions", "What it may do more than others", Str("", "A permission")),
      Money("minfeefilter", "The least fee rate of the transactions that it wants"),
      Map("bytessent_per_msg", "Bytes sent, by message", bytes),
      Map("bytesrecv_per_msg", "Bytes received, by message", bytes),
      Str("connection_type",
          "outbound-full-relay, block-relay-only, inbound, manual, addr-fetch or feeler"),
      Str("transport_protocol_type", "How bytes travel: v1"),
      Str("session_id", "Of encrypted connections; empty"),
  };
}

double Seconds(p2p::Duration duration) { return std::chrono::duration<double>(duration).count(); }

void WriteCounts(json::Writer& out, const std::map<std::string, uint64_t, std::less<>>& counts) {
  out.BeginObject();
  for (const auto& [name, bytes] : counts) out.Key(name).Uint(bytes);
  out.EndObject();
}

void WriteIdentity(json::Writer& out, const PeerReport& peer) {
  const PeerInfo& info = peer.info;
  out.Key("id").Int(info.id);
  out.Key("addr").String(peer.name.empty() ? info.endpoint.ToString() : peer.name);
  if (info.local.IsValid()) out.Key("addrbind").String(info.local.ToString());
  if (info.sees_us.IsValid()) out.Key("addrlocal").String(info.sees_us.ToString());
  const wire::Network network =
      info.onion ? wire::Network::kTorV3 : wire::PublicNetwork(info.endpoint.address);
  out.Key("network").String(wire::NetworkName(network));
  out.Key("services").String(ServicesHex(info.services));
  WriteServiceNames(out.Key("servicesnames"), info.services);
}

void WriteTimes(json::Writer& out, const PeerReport& peer) {
  const PeerInfo& info = peer.info;
  out.Key("relaytxes").Bool(info.relays_transactions);
  out.Key("lastsend").Int(p2p::UnixSecondsOf(peer.traffic.last_sent));
  out.Key("lastrecv").Int(p2p::UnixSecondsOf(peer.traffic.last_received));
  out.Key("last_transaction").Int(p2p::UnixSecondsOf(info.last_transaction));
  out.Key("last_block").Int(p2p::UnixSecondsOf(info.last_block));
  out.Key("bytessent").Uint(peer.traffic.sent);
  out.Key("bytesrecv").Uint(peer.traffic.received);
  out.Key("conntime").Int(p2p::UnixSecondsOf(info.connected_at));
  out.Key("timeoffset").Int(info.time_offset);
  if (info.ping.count() >= 0) out.Key("pingtime").Double(Seconds(info.ping));
  if (info.ping_least.count() >= 0) out.Key("minping").Double(Seconds(info.ping_least));
  if (info.ping_waiting.count() > 0) out.Key("pingwait").Double(Seconds(info.ping_waiting));
}

void WritePeer(json::Writer& out, const PeerReport& peer) {
  const PeerInfo& info = peer.info;
  out.BeginObject();
  WriteIdentity(out, peer);
  WriteTimes(out, peer);
  out.Key("version").Int(info.version);
  out.Key("subver").String(info.user_agent);
  out.Key("inbound").Bool(info.type == ConnectionType::kInbound);
  out.Key("bip152_hb_to").Bool(info.high_bandwidth_to);
  out.Key("bip152_hb_from").Bool(info.high_bandwidth_from);
  out.Key("startingheight").Int(info.start_height);
  out.Key("presynced_headers").Int(info.presynced_headers);
  out.Key("synced_headers").Int(info.synced_headers);
  out.Key("synced_blocks").Int(info.synced_blocks);
  out.Key("inflight").BeginArray();
  for (const int height : info.in_flight) out.Int(height);
  out.EndArray();
  out.Key("addr_relay_enabled").Bool(info.relays_addresses);
  out.Key("addr_processed").Uint(info.addresses_processed);
  out.Key("addr_rate_limited").Uint(info.addresses_rate_limited);
  out.Key("permissions").BeginArray();
  for (const p2p::PermissionName& known : p2p::kPermissionNames) {
    if (p2p::Has(info.permissions, known.bits)) out.String(known.name);
  }
  out.EndArray();
  out.Key("minfeefilter").Amount(info.fee_filter);
  WriteCounts(out.Key("bytessent_per_msg"), peer.traffic.sent_by);
  WriteCounts(out.Key("bytesrecv_per_msg"), peer.traffic.received_by);
  out.Key("connection_type").String(p2p::NameOf(info.type));
  out.Key("transport_protocol_type").String("v1");
  out.Key("session_id").String("");
  out.EndObject();
}

Method GetPeerInfo() {
  return {.name = "getpeerinfo",
          .group = "network",
          .description = "Tells about each peer that we are connected to.",
          .results = {Arr("", "", Obj("", "A peer", PeerFields()))},
          .examples = {"[]"},
          .handler = [](const Request& request, json::Writer& out) {
            out.BeginArray();
            for (const PeerReport& peer : NetworkOf(request).Peers()) WritePeer(out, peer);
            out.EndArray();
          }};
}

// --- asking one peer

Method GetBlockFromPeer() {
  return {
      .name = "getblockfrompeer",
      .group = "blockchain",
      .description =
          "Asks a peer for a block whose header is known. It may take a while until the block "
          "is there, and the peer may not have it. What comes is subject to pruning.",
      .params = {Required("blockhash", ParamType::kHex, "The block"),
                 Required("peer_id", ParamType::kNumber, "The peer (see getpeerinfo)")},
      .results = {Obj("", "Empty", {})},
      .examples = {R"(["00000000c937983704a73af28acdec37b049d214adbda81d7e2a3dd146f6ed09", 0])"},
      .handler = [](const Request& request, json::Writer& out) {
        const auto hash = ParseHash<BlockHash>(request, "blockhash", "blockhash");
        const int64_t peer = request.Int("peer_id");
        p2p::Network& network = NetworkOf(request);
        const ledger::HeaderEntry* entry = LedgerOf(request).Find(hash);
        if (entry == nullptr) throw RpcError(kMiscError, "Block header missing");
        if (entry->HasBody()) throw RpcError(kMiscError, "Block already downloaded");
        if (const auto reason = network.FetchBlock(peer, hash)) {
          throw RpcError(kMiscError, *reason);
        }
        out.BeginObject().EndObject();
      }};
}

Method SendMsgToPeer() {
  return {.name = "sendmsgtopeer",
          .group = "hidden",
          .description = "Sends a peer a message as it is given. For tests.",
          .params = {Required("peer_id", ParamType::kNumber, "The peer (see getpeerinfo)"),
                     Required("msg_type", ParamType::kString, "The command"),
                     Required("msg", ParamType::kHex, "The payload, in hex")},
          .results = {Obj("", "Empty", {})},
          .handler = [](const Request& request, json::Writer& out) {
            const int64_t peer = request.Int("peer_id");
            const std::string& command = request.String("msg_type");
            if (command.size() > wire::FrameHeader::kCommandSize) {
              throw RpcError(kInvalidParameter, "Error: msg_type too long, max length is 12");
            }
            const auto payload = FromHex(request.String("msg"));
            if (!payload) throw RpcError(kInvalidParameter, "Error parsing input for msg");
            if (!NetworkOf(request).SendRaw(peer, command, *payload)) {
              throw RpcError(kMiscError, "Error: Could not send message to peer");
            }
            out.BeginObject().EndObject();
          }};
}

}  // namespace

std::vector<Method> PeerMethods() {
  return {GetConnectionCount(), Ping(), GetPeerInfo(), GetBlockFromPeer(), SendMsgToPeer()};
}

}  // namespace cairn::rpc
