#include "src/rpc/methods/peer_words.h"

#include <array>

#include "cairn/base/endian.h"
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

std::string ServicesHex(p2p::Services services) {
  std::array<uint8_t, sizeof services> bytes;
  StoreBig(bytes.data(), services);
  return ToHex(bytes);
}

void WriteServiceNames(json::Writer& out, p2p::Services services) {
  out.BeginArray();
  for (int bit = 0; bit < 64; ++bit) {
    const p2p::Services one = p2p::Services{1} << bit;
    if ((services & one) == 0) continue;
    std::string name = "UNKNOWN[2^" + std::to_string(bit) + "]";
    for (const ServiceName& known : kServiceNames) {
      if (known.bit == one) name = known.name;
    }
    out.String(name);
  }
  out.EndArray();
}

}  // namespace cairn::rpc
