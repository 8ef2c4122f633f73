#include "src/rpc/descriptors.h"

#include "cairn/rpc/context.h"
#include "cairn/rpc/error.h"

namespace cairn::rpc {

DescriptorRange ParseDescriptorRange(const json::Value& range) {
  constexpr int64_t kMost = 1'000'000;
  int64_t first = 0;
  int64_t last = 0;
  if (range.IsNumber()) {
    last = ToInt(range);
  } else if (range.IsArray() && range.Items().size() == 2) {
    first = ToInt(range.Items()[0]);
    last = ToInt(range.Items()[1]);
    if (first > last) {
      throw RpcError(kInvalidParameter,
                     "Range specified as [begin,end] must not have begin after end");
    }
  } else {
    throw RpcError(kInvalidParameter, "Range must be specified as end or as [begin,end]");
  }
  if (first < 0 || last < 0) {
    throw RpcError(kInvalidParameter, "Range should be greater or equal than 0");
  }
  if (last >> 31 != 0) throw RpcError(kInvalidParameter, "End of range is too high");
  if (last >= first + kMost) throw RpcError(kInvalidParameter, "Range is too large");
  return {static_cast<uint32_t>(first), static_cast<uint32_t>(last)};
}

std::vector<Descriptor> ParseDescriptors(const Request& request, const std::string& text,
                                         ChecksumRule rule) {
  auto descriptors = Descriptor::Parse(text, request.node().params.prefixes, rule);
  if (!descriptors) throw RpcError(kInvalidAddressOrKey, descriptors.error().message);
  return *std::move(descriptors);
}

Bytes PayoutScript(const std::vector<Descriptor>& descriptors) {
  if (descriptors.size() > 1) {
    throw RpcError(kInvalidParameter, "Multipath descriptor not accepted");
  }
  if (descriptors.front().IsRange()) {
    throw RpcError(kInvalidParameter,
                   "Ranged descriptor not accepted. Maybe pass through deriveaddresses first?");
  }
  const auto scripts = descriptors.front().Scripts(0);
  if (!scripts) {
    throw RpcError(kInvalidAddressOrKey, "Cannot derive script without private keys");
  }
  // The order of combo() is pk, pkh, wpkh, sh(wpkh); the last two only of a compressed key.
  return (*scripts)[scripts->size() / 2];
}

}  // namespace cairn::rpc
