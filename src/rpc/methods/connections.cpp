// Methods that make and end connections: addnode, disconnectnode, addconnection, getaddednodeinfo,
// setnetworkactive.
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

using p2p::ConnectionType;

Method AddNode() {
  return {.name = "addnode",
          .group = "network",
          .description =
              "Keeps a connection to a peer (\"add\"), stops keeping it (\"remove\"), or tries one "
              "once (\"onetry\"). Such peers may stay even if they misbehave.",
          .params = {Required("node", ParamType::kString, "The address of the peer, or HOST:PORT"),
                     Required("command", ParamType::kString, "\"add\", \"remove\" or \"onetry\""),
                     Optional("v2transport", ParamType::kBool, "false",
                              "Accepted; connections are not encrypted")},
          .results = {None()},
          .examples = {R"(["192.168.0.6:8333", "onetry"])"},
          .handler = [](const Request& request, json::Writer& out) {
            const std::string& command = request.String("command");
            const std::string& node = request.String("node");
            if (command != "add" && command != "remove" && command != "onetry") {
              throw RpcError(kMiscError, HelpText(*request.dispatcher().table().Find("addnode")));
            }
            p2p::Network& network = NetworkOf(request);
            if (command == "onetry") {
              network.ConnectOnce(node, ConnectionType::kManual);
            } else if (command == "add") {
              if (!network.AddNode(node)) {
                throw RpcError(kClientNodeAlreadyAdded, "Error: Node already added");
              }
            } else if (!network.RemoveNode(node)) {
              throw RpcError(kClientNodeNotAdded,
                             "Error: Node could not be removed. It has not been added previously.");
            }
            out.Null();
          }};
}

Method DisconnectNode() {
  return {.name = "disconnectnode",
          .group = "network",
          .description = "Ends the connection to a peer, named by its address or by its id.",
          .params = {Optional("address", ParamType::kString, "by nodeid",
                              "The address and port of the peer"),
                     Optional("nodeid", ParamType::kNumber, "by address",
                              "The id of the peer (see getpeerinfo)")},
          .results = {None()},
          .examples = {R"(["192.168.0.6:8333"])", R"(["", 1])"},
          .handler = [](const Request& request, json::Writer& out) {
            p2p::Network& network = NetworkOf(request);
            const std::string address = request.StringOr("address", "");
            const bool by_id = request.Has("nodeid");
            if (!address.empty() == by_id) {
              throw RpcError(kInvalidParams, "Only one of address and nodeid should be provided.");
            }
            const bool found =
                by_id ? network.Disconnect(request.Int("nodeid")) : network.Disconnect(address);
            if (!found) {
              throw RpcError(kClientNodeNotConnected, "Node not found in connected nodes");
            }
            out.Null();
          }};
}

std::optional<ConnectionType> TypeFromName(const std::string& name) {
  for (const ConnectionType type : {ConnectionType::kFullRelay, ConnectionType::kBlockRelayOnly,
                                    ConnectionType::kAddressFetch, ConnectionType::kFeeler}) {
    if (p2p::NameOf(type) == name) return type;
  }
  return std::nullopt;
}

Method AddConnection() {
  return {
      .name = "addconnection",
      .group = "hidden",
      .description = "Opens an outbound connection of a kind. Regtest only.",
      .params = {Required("address", ParamType::kString, "The address and port of the peer"),
                 Required("connection_type", ParamType::kString,
                          "\"outbound-full-relay\", \"block-relay-only\", \"addr-fetch\" or "
                          "\"feeler\""),
                 Optional("v2transport", ParamType::kBool, "false",
                          "Accepted; connections are not encrypted")},
      .results = {Obj("", "", {Str("address", "The address"), Str("connection_type", "The kind")})},
      .examples = {R"(["192.168.0.6:8333", "outbound-full-relay"])"},
      .handler = [](const Request& request, json::Writer& out) {
        if (!request.node().params.mine_on_demand) {
          throw RpcError(kMiscError,
                         "addconnection is for regression testing (-regtest mode) only.");
        }
        const std::string& address = request.String("address");
        const std::string& name = request.String("connection_type");
        const auto type = TypeFromName(name);
        if (!type) {
          throw RpcError(kInvalidParams, "Unknown connection type: " + name);
        }
        NetworkOf(request).ConnectOnce(address, *type);
        out.BeginObject();
        out.Key("address").String(address);
        out.Key("connection_type").String(name);
        out.EndObject();
      }};
}

void WriteAddedNode(json::Writer& out, const p2p::AddedNode& node) {
  out.BeginObject();
  out.Key("addednode").String(node.name);
  out.Key("connected").Bool(!node.connections.empty());
  out.Key("addresses").BeginArray();
  for (const p2p::PeerReport& peer : node.connections) {
    out.BeginObject();
    out.Key("address").String(peer.info.endpoint.ToString());
    out.Key("connected")
        .String(peer.info.type == ConnectionType::kInbound ? "inbound" : "outbound");
    out.EndObject();
  }
  out.EndArray().EndObject();
}

Method GetAddedNodeInfo() {
  return {
      .name = "getaddednodeinfo",
      .group = "network",
      .description =
          "Tells about the peers that were added by addnode or -addnode. Those tried once are "
          "not among them.",
      .params = {Optional("node", ParamType::kString, "all of them", "Only this one")},
      .results = {Arr("", "",
                      Obj("", "A peer",
                          {Str("addednode", "As it was added"),
                           Bool("connected", "Whether there is a connection"),
                           Arr("addresses", "The connections",
                               Obj("", "",
                                   {Str("address", "The address and port of the peer"),
                                    Str("connected", "Its direction: inbound or outbound")}))}))},
      .examples = {R"(["192.168.0.201"])"},
      .handler = [](const Request& request, json::Writer& out) {
        const std::string wanted = request.StringOr("node", "");
        bool found = wanted.empty();
        out.BeginArray();
        for (const p2p::AddedNode& node : NetworkOf(request).AddedNodes()) {
          if (!wanted.empty() && node.name != wanted) continue;
          found = true;
          WriteAddedNode(out, node);
        }
        out.EndArray();
        if (!found) {
          throw RpcError(kClientNodeNotAdded, "Error: Node has not been added.");
        }
      }};
}

Method SetNetworkActive() {
  return {.name = "setnetworkactive",
          .group = "network",
          .description = "Switches all exchange with peers off or on.",
          .params = {Required("state", ParamType::kBool, "true for on")},
          .results = {Bool("", "The state that it has now")},
          .examples = {"[false]"},
          .handler = [](const Request& request, json::Writer& out) {
            p2p::Network& network = NetworkOf(request);
            network.SetActive(request.BoolOr("state", true));
            out.Bool(network.State().active);
          }};
}

}  // namespace

std::vector<Method> ConnectionMethods() {
  return {AddNode(), DisconnectNode(), AddConnection(), GetAddedNodeInfo(), SetNetworkActive()};
}

}  // namespace cairn::rpc
