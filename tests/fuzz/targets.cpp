#include "tests/fuzz/targets.h"

#include <algorithm>
#include <iterator>

namespace cairn::fuzz {
namespace {

constexpr Target kTargets[] = {
    {"address", FuzzAddress},
    {"block", FuzzBlock},
    {"chain_file", FuzzChainFile},
    {"decoders", FuzzDecoders},
    {"deferring", FuzzDeferring},
    {"descriptor", FuzzDescriptor},
    {"header", FuzzHeader},
    {"mempool", FuzzMempool},
    {"peers", FuzzPeers},
    {"pool", FuzzPool},
    {"script", FuzzScript},
    {"stratum", FuzzStratum},
    {"transaction", FuzzTransaction},
    {"wire", FuzzWire},
};

}  // namespace

std::span<const Target> Targets() { return kTargets; }

const Target* FindTarget(std::string_view name) {
  const auto* found = std::find_if(std::begin(kTargets), std::end(kTargets),
                                   [&](const Target& target) { return target.name == name; });
  return found == std::end(kTargets) ? nullptr : found;
}

}  // namespace cairn::fuzz
