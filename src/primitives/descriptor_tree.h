// A descriptor as it was read, and what is made of it: the descriptors of single scripts, the
// scripts, and text again.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cairn/base/bytes.h"
#include "cairn/base/result.h"
#include "cairn/primitives/address.h"
#include "src/primitives/descriptor_keys.h"

namespace cairn {

enum class DescriptorFunction {
  kPk,
  kPkh,
  kWpkh,
  kCombo,
  kMulti,
  kSortedMulti,
  kMultiA,
  kSortedMultiA,
  kSh,
  kWsh,
  kTr,
  kRawTr,
  kAddr,
  kRaw,
};

/// FUNCTION(ARGUMENTS)
struct DescriptorNode {
  DescriptorFunction function = DescriptorFunction::kRaw;
  std::vector<DescriptorKey> keys{};
  size_t threshold = 0;                   // of the multisig functions
  std::vector<DescriptorNode> scripts{};  // of sh and wsh the one inside; of tr the leaves
  std::vector<size_t> depths{};           // of tr: how deep each leaf is
  Bytes opaque{};                         // of addr and raw the script
};

/// The name of a function as it is written.
std::string_view FunctionName(DescriptorFunction function);

/// Reads a descriptor without its checksum. Errors are in the words of Bitcoin Core.
Result<DescriptorNode> ParseDescriptorTree(std::string_view text, const AddressPrefixes& prefixes);

/// How many descriptors a multipath one stands for, else 1.
size_t WaysOf(const DescriptorNode& node);

/// The descriptors of each single script: keys are derived and have their origins, combo() falls
/// apart, and sorted keys are in order. Nothing if it takes a private key that is not here.
std::optional<std::vector<DescriptorNode>> Specialise(const DescriptorNode& node,
                                                      KeyPosition position);

/// The script of a specialised descriptor. Nothing in the case, never met, that a key cannot be
/// tweaked.
std::optional<Bytes> ScriptOf(const DescriptorNode& specialised);

/// The canonical text, without private keys.
std::string PublicText(const DescriptorNode& node, size_t way, const AddressPrefixes& prefixes);
/// The same with private keys; nothing if one of them is not here.
std::optional<std::string> SecretText(const DescriptorNode& node, size_t way,
                                      const AddressPrefixes& prefixes);

}  // namespace cairn
