#include "cairn/primitives/descriptor.h"

#include <algorithm>
#include <utility>

#include "src/primitives/descriptor_tree.h"

namespace cairn {

namespace {

/// Much more than people write; keeps what one text can ask for within bounds.
constexpr size_t kMostText = 100'000;

/// The text before the '#', once the checksum behind it, if any, is found right.
Result<std::string_view> CheckedBody(std::string_view descriptor, ChecksumRule rule) {
  constexpr size_t kChecksumSize = 8;
  const size_t hash = descriptor.find('#');
  const bool has_checksum = hash != descriptor.npos;
  const std::string_view body = descriptor.substr(0, hash);
  const std::string_view given = has_checksum ? descriptor.substr(hash + 1) : std::string_view();
  if (given.find('#') != given.npos) return Invalid("Multiple '#' symbols");
  if (!has_checksum && rule == ChecksumRule::kRequired) return Invalid("Missing checksum");
  if (has_checksum && given.size() != kChecksumSize) {
    return Invalid("Expected 8 character checksum, not " + std::to_string(given.size()) +
                   " characters");
  }
  const std::string computed = DescriptorChecksum(body);
  if (computed.empty()) return Invalid("Invalid characters in payload");
  if (has_checksum && given != computed) {
    return Invalid("Provided checksum '" + std::string(given) +
                   "' does not match computed checksum '" + computed + "'");
  }
  return body;
}

/// Whether `test` is true of a key of the tree.
template <typename Test>
bool AnyKey(const DescriptorNode& node, const Test& test) {
  return std::any_of(node.keys.begin(), node.keys.end(), test) ||
         std::any_of(node.scripts.begin(), node.scripts.end(),
                     [&](const DescriptorNode& script) { return AnyKey(script, test); });
}

bool IsOpaque(const DescriptorNode& node) {
  return node.function == DescriptorFunction::kAddr || node.function == DescriptorFunction::kRaw;
}

}  // namespace

Result<std::vector<Descriptor>> Descriptor::Parse(std::string_view text,
                                                  const AddressPrefixes& prefixes,
                                                  ChecksumRule rule) {
  if (text.size() > kMostText) return Invalid("Descriptor is too long");
  const Result<std::string_view> body = CheckedBody(text, rule);
  if (!body) return tl::unexpected(body.error());
  Result<DescriptorNode> parsed = ParseDescriptorTree(*body, prefixes);
  if (!parsed) return tl::unexpected(parsed.error());
  const auto tree = std::make_shared<const DescriptorNode>(*std::move(parsed));
  std::vector<Descriptor> descriptors;
  const size_t ways = WaysOf(*tree);
  for (size_t way = 0; way < ways; ++way) descriptors.push_back({tree, way, prefixes});
  return descriptors;
}

bool Descriptor::IsRange() const {
  return AnyKey(*tree_, [](const DescriptorKey& key) { return key.IsRange(); });
}

bool Descriptor::IsSolvable() const { return !IsOpaque(*tree_); }

bool Descriptor::HasPrivateKeys() const {
  return AnyKey(*tree_, [](const DescriptorKey& key) { return key.IsSecret(); });
}

std::string Descriptor::ToString() const {
  return WithChecksum(PublicText(*tree_, way_, *prefixes_));
}

std::optional<std::string> Descriptor::ToPrivateString() const {
  const std::optional<std::string> text = SecretText(*tree_, way_, *prefixes_);
  if (!text) return std::nullopt;
  return WithChecksum(*text);
}

std::optional<std::vector<Bytes>> Descriptor::Scripts(uint32_t index) const {
  const auto nodes = Specialise(*tree_, {way_, index});
  if (!nodes) return std::nullopt;
  std::vector<Bytes> scripts;
  for (const DescriptorNode& node : *nodes) {
    std::optional<Bytes> script = ScriptOf(node);
    if (!script) return std::nullopt;
    scripts.push_back(*std::move(script));
  }
  return scripts;
}

std::optional<std::vector<std::string>> Descriptor::ScriptDescriptors(uint32_t index) const {
  const auto nodes = Specialise(*tree_, {way_, index});
  if (!nodes) return std::nullopt;
  std::vector<std::string> texts;
  for (const DescriptorNode& node : *nodes) {
    texts.push_back(IsOpaque(node) ? InferDescriptor(node.opaque, *prefixes_)
                                   : WithChecksum(PublicText(node, 0, *prefixes_)));
  }
  return texts;
}

}  // namespace cairn
