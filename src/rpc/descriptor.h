// Output descriptors (BIP380 to BIP386) of single scripts with plain keys.
#pragma once

#include <string>
#include <string_view>

#include "cairn/base/bytes.h"
#include "cairn/base/result.h"
#include "cairn/primitives/address.h"

namespace cairn::rpc {

/// The eight characters behind the '#'; empty if `descriptor` has a character that none may have.
std::string DescriptorChecksum(std::string_view descriptor);

/// The descriptor of an output script of which nothing else is known, with its checksum: pk, multi,
/// rawtr, addr or raw.
std::string InferDescriptor(ByteSpan script, const AddressPrefixes& prefixes);

/// The same for a script that spends by `inner`: wsh(multi(...)) where possible.
std::string InferWitnessScriptDescriptor(ByteSpan script, ByteSpan inner,
                                         const AddressPrefixes& prefixes);

/// The one script of addr(), raw(), pk(), pkh(), wpkh() or rawtr(). The checksum may be left out.
Result<Bytes> ScriptFromDescriptor(std::string_view descriptor, const AddressPrefixes& prefixes);

}  // namespace cairn::rpc
