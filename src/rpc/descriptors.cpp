#include "src/rpc/descriptors.h"

#include "cairn/mining/payout.h"
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
  Result<Bytes> script = mining::PayoutScript(descriptors);
  if (script) return *std::move(script);
  const bool is_missing = script.error().code == ErrorCode::kNotFound;
  throw RpcError(is_missing ? kInvalidAddressOrKey : kInvalidParameter, script.error().message);
}

}  // namespace cairn::rpc
