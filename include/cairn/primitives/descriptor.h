// Output descriptors (BIP380 to BIP387 and BIP389): the language in which people name output
// scripts, and the keys behind them.
#pragma once

#include <memory>
#include <optional>
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

/// What the keys and functions of a descriptor are, for those who read it.
struct DescriptorNode;

enum class ChecksumRule { kOptional, kRequired };

/// The functions are pk, pkh, wpkh, combo, multi, sortedmulti, sh, wsh, addr, raw, rawtr, and tr
/// with leaves of pk, pkh, multi_a and sortedmulti_a. Immutable, and cheap to copy.
class Descriptor {
 public:
  /// One descriptor, or as many as a multipath one (`/<0;1>`) stands for. Errors are in the words
  /// of Bitcoin Core. `prefixes` must outlive the descriptors.
  static Result<std::vector<Descriptor>> Parse(std::string_view text,
                                               const AddressPrefixes& prefixes,
                                               ChecksumRule rule = ChecksumRule::kOptional);

  /// Has keys that depend on an index.
  bool IsRange() const;
  /// Tells how to spend what it pays to: neither addr nor raw.
  bool IsSolvable() const;
  bool HasPrivateKeys() const;

  /// The canonical form without private keys, with its checksum.
  std::string ToString() const;
  /// The same with private keys; nothing unless all of them are here.
  std::optional<std::string> ToPrivateString() const;

  /// The scripts at an index below 2^31, which means nothing without a range: four of a combo() of
  /// a compressed key (pk, pkh, wpkh, sh), two of another combo(), one of all others. Nothing if
  /// that takes private keys that are not here.
  std::optional<std::vector<Bytes>> Scripts(uint32_t index) const;
  /// The descriptors of those scripts alone, in the same order: keys in hex with their origins.
  std::optional<std::vector<std::string>> ScriptDescriptors(uint32_t index) const;

 private:
  Descriptor(std::shared_ptr<const DescriptorNode> tree, size_t way,
             const AddressPrefixes& prefixes)
      : tree_(std::move(tree)), way_(way), prefixes_(&prefixes) {}

  std::shared_ptr<const DescriptorNode> tree_;
  size_t way_;
  const AddressPrefixes* prefixes_;
};

}  // namespace cairn
