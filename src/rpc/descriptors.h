// What methods that take descriptors share: reading them, and how far they are derived.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "cairn/base/bytes.h"
#include "cairn/primitives/descriptor.h"
#include "cairn/rpc/request.h"

namespace cairn::rpc {

/// The first and the last index of a parameter or member "range". Throws `RpcError`.
struct DescriptorRange {
  uint32_t first = 0;
  uint32_t last = 0;
};
DescriptorRange ParseDescriptorRange(const json::Value& range);

/// One descriptor, or as many as a multipath one stands for. Throws -5 with what is wrong.
std::vector<Descriptor> ParseDescriptors(const Request& request, const std::string& text,
                                         ChecksumRule rule = ChecksumRule::kOptional);

/// The one script that coins are best sent to: of a combo() the witness program, if it has one.
/// Throws `RpcError` if there are several, or if it takes private keys that are not there.
Bytes PayoutScript(const std::vector<Descriptor>& descriptors);

}  // namespace cairn::rpc
