// From a descriptor back to text.
#include <functional>

#include "cairn/base/hex.h"
#include "src/primitives/descriptor_tree.h"

namespace cairn {

namespace {

using enum DescriptorFunction;

using KeyWriter = std::function<std::optional<std::string>(const DescriptorKey&)>;

/// Writes a descriptor; nothing comes of it if a key cannot be written.
class TextWriter {
 public:
  TextWriter(KeyWriter write_key, const AddressPrefixes& prefixes)
      : write_key_(std::move(write_key)), prefixes_(prefixes) {}

  std::optional<std::string> Write(const DescriptorNode& node) {
    WriteNode(node);
    if (failed_) return std::nullopt;
    return std::move(text_);
  }

 private:
  void WriteNode(const DescriptorNode& node) {
    text_ += FunctionName(node.function);
    text_ += '(';
    switch (node.function) {
      case kPk:
      case kPkh:
      case kWpkh:
      case kCombo:
      case kRawTr: WriteKey(node.keys[0]); break;
      case kMulti:
      case kSortedMulti:
      case kMultiA:
      case kSortedMultiA:
        text_ += std::to_string(node.threshold);
        for (const DescriptorKey& key : node.keys) {
          text_ += ',';
          WriteKey(key);
        }
        break;
      case kSh:
      case kWsh: WriteNode(node.scripts[0]); break;
      case kTr:
        WriteKey(node.keys[0]);
        if (!node.scripts.empty()) WriteTree(node);
        break;
      case kAddr: text_ += EncodeAddress(node.opaque, prefixes_).value_or(""); break;
      case kRaw: text_ += ToHex(node.opaque); break;
    }
    text_ += ')';
  }

  void WriteKey(const DescriptorKey& key) {
    const std::optional<std::string> text = write_key_(key);
    failed_ = failed_ || !text;
    if (text) text_ += *text;
  }

  /// Braces open on the way down to each leaf, and close where it ends the right half of a branch.
  void WriteTree(const DescriptorNode& node) {
    std::vector<bool> rights;
    for (size_t i = 0; i < node.scripts.size(); ++i) {
      text_ += ',';
      for (; rights.size() < node.depths[i]; rights.push_back(false)) text_ += '{';
      WriteNode(node.scripts[i]);
      for (; !rights.empty() && rights.back(); rights.pop_back()) text_ += '}';
      if (!rights.empty()) rights.back() = true;
    }
  }

  const KeyWriter write_key_;
  const AddressPrefixes& prefixes_;
  std::string text_;
  bool failed_ = false;
};

}  // namespace

std::string_view FunctionName(DescriptorFunction function) {
  switch (function) {
    case kPk: return "pk";
    case kPkh: return "pkh";
    case kWpkh: return "wpkh";
    case kCombo: return "combo";
    case kMulti: return "multi";
    case kSortedMulti: return "sortedmulti";
    case kMultiA: return "multi_a";
    case kSortedMultiA: return "sortedmulti_a";
    case kSh: return "sh";
    case kWsh: return "wsh";
    case kTr: return "tr";
    case kRawTr: return "rawtr";
    case kAddr: return "addr";
    case kRaw: return "raw";
  }
  return "";
}

std::string PublicText(const DescriptorNode& node, size_t way, const AddressPrefixes& prefixes) {
  const auto write_key = [&](const DescriptorKey& key) { return key.ToString(way, prefixes); };
  return TextWriter(write_key, prefixes).Write(node).value_or("");
}

std::optional<std::string> SecretText(const DescriptorNode& node, size_t way,
                                      const AddressPrefixes& prefixes) {
  const auto write_key = [&](const DescriptorKey& key) {
    return key.ToSecretString(way, prefixes);
  };
  return TextWriter(write_key, prefixes).Write(node);
}

}  // namespace cairn
