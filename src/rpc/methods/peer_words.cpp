#include "src/rpc/methods/peer_words.h"

#include <array>

#include "cairn/base/hex.h"
#include "cairn/rpc/context.h"
#include "cairn/rpc/error.h"
#include "cairn/wire/handshake.h"

namespace cairn::rpc {
namespace {

struct ServiceName {
  p2p::Services bit;
  const char* name;
};

constexpr std::array kServiceNames = {
    ServiceName{wire::kNodeNetwork, "NETWORK"},
    ServiceName{wire::kNodeBloom, "BLOOM"},
    ServiceName{wire::kNodeWitness, "WITNESS"},
    ServiceName{wire::kNodeCompactFilters, "COMPACT_FILTERS"},
    ServiceName{wire::kNodeNetworkLimited, "NETWORK_LIMITED"},
    ServiceName{wire::kNodeP2pV2, "P2P_V2"},
};

}  // namespace

p2p::Network& NetworkOf(const Request& request) {
  p2p::Network* network = request.node().network;
  if (network == nullptr) {
    throw RpcError(kClientP2pDisabled, "Error: Peer-to-peer functionality missing or disabled");
  }
  return *network;
}

std::vector<std::string> ServiceNames(p2p::Services services) {
  std::vector<std::string> names;
  for (int bit = 0; bit < 64; ++bit) {
    const p2p::Services one = p2p::Services{1} << bit;
    if ((services & one) == 0) continue;
    std::string name = "UNKNOWN[2^" + std::to_string(bit) + "]";
    for (const ServiceName& known : kServiceNames) {
      if (known.bit == one) name = known.name;
    }
    names.push_back(std::move(name));
  }
  return names;
}

std::string ServicesHex(p2p::Services services) {
  Bytes bytes;
  for (int shift = 56; shift >= 0; shift -= 8) {
    bytes.push_back(static_cast<uint8_t>(services >> shift));
  }
  return ToHex(bytes);
}

void WriteServiceNames(json::Writer& out, p2p::Services services) {
  out.BeginArray();
  for (const std::string& name : ServiceNames(services)) out.String(name);
  out.EndArray();
}

}  // namespace cairn::rpc
