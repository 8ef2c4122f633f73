// Whom a block pays: an address or a descriptor, as people write it.
#pragma once

#include <string_view>
#include <vector>

#include "cairn/base/result.h"
#include "cairn/primitives/address.h"
#include "cairn/primitives/descriptor.h"

namespace cairn::mining {

/// The one script that these descriptors stand for; of a combo() the witness program, if it has
/// one. `kInvalid` if there are several or a range of them, `kNotFound` if it takes private keys to
/// derive it.
Result<Bytes> PayoutScript(const std::vector<Descriptor>& descriptors);

/// The message of an error is for people.
Result<Bytes> ParsePayout(std::string_view text, const AddressPrefixes& prefixes);

}  // namespace cairn::mining
