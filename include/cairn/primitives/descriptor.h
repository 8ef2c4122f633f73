// Output descriptors (BIP380 to BIP386): the language in which people name output scripts. Of it,
// what needs no derivation: public keys in hex, with or without their origin.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cairn/base/bytes.h"
#include "cairn/base/result.h"
#include "cairn/primitives/address.h"

namespace cairn {

/// The eight characters behind the '#'; empty if `descriptor` has a character that none may have.
std::string DescriptorChecksum(std::string_view descriptor);

/// The same text with '#' and its checksum.
std::string WithChecksum(const std::string& descriptor);

/// The descriptor of an output script of which nothing else is known, with its checksum: pk, multi,
/// rawtr, addr or raw.
std::string InferDescriptor(ByteSpan script, const AddressPrefixes& prefixes);

/// The same for a script that spends by `inner`: wsh(multi(...)) where possible.
std::string InferWitnessScriptDescriptor(ByteSpan script, ByteSpan inner,
                                         const AddressPrefixes& prefixes);

struct DescriptorScript {
  Bytes script;
  std::string descriptor;  // of this script alone, its keys with their origins; with checksum
};

/// All scripts of a descriptor: four of a combo() of a compressed key, two of another combo(), one
/// of pk, pkh, wpkh, multi, sortedmulti, sh, wsh, addr, raw, rawtr and tr without scripts. The
/// checksum may be left out. Errors are in the words of Bitcoin Core.
Result<std::vector<DescriptorScript>> ExpandDescriptor(std::string_view descriptor,
                                                       const AddressPrefixes& prefixes);

/// The one script that coins are best sent to: of a combo() the witness program, if it has one.
Result<Bytes> ScriptFromDescriptor(std::string_view descriptor, const AddressPrefixes& prefixes);

}  // namespace cairn
