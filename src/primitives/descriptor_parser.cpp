#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "cairn/base/hex.h"
#include "src/primitives/descriptor_tree.h"

namespace cairn {

namespace {

using enum DescriptorFunction;

constexpr size_t kMostKeys = 20;
constexpr size_t kMostTaprootKeys = 999;   // more would not fit on the stack
constexpr size_t kMostBareKeys = 3;        // more would not be relayed
constexpr size_t kMostScriptHashed = 520;  // what a script may push
constexpr size_t kDeepestLeaf = 128;       // what a control block may prove (BIP341)

/// Inside of what an expression stands.
enum class Context { kTop, kScriptHash, kWitnessScriptHash, kTaproot };

KeyPlace PlaceIn(Context context) {
  switch (context) {
    case Context::kTop:
    case Context::kScriptHash: return KeyPlace::kAnywhere;
    case Context::kWitnessScriptHash: return KeyPlace::kWitness;
    case Context::kTaproot: return KeyPlace::kTaproot;
  }
  return KeyPlace::kAnywhere;
}

/// Takes text off from the front.
class Cursor {
 public:
  explicit Cursor(std::string_view rest) : rest_(rest) {}

  bool AtEnd() const { return rest_.empty(); }
  char Peek() const { return rest_[0]; }
  std::string_view rest() const { return rest_; }

  bool Take(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }

  /// Up to a comma or a closing bracket that belongs to what surrounds it.
  std::string_view TakeExpression() {
    size_t level = 0;
    size_t at = 0;
    for (; at < rest_.size(); ++at) {
      const char c = rest_[at];
      const bool closes = c == ')' || c == '}';
      if (level == 0 && (closes || c == ',')) break;
      if (c == '(' || c == '{') ++level;
      if (closes) --level;
    }
    const std::string_view expression = rest_.substr(0, at);
    rest_.remove_prefix(at);
    return expression;
  }

 private:
  std::string_view rest_;
};

tl::unexpected<Error> Misplaced(const std::string& what) {
  return Invalid("Can only have " + what);
}

/// What a function that stands alone at the top is called where it does not.
std::string MisplacedName(DescriptorFunction function) {
  const bool taproot = function == kTr || function == kRawTr;
  return std::string(FunctionName(function)) + (taproot ? "" : "()");
}

std::optional<DescriptorFunction> FunctionNamed(std::string_view name) {
  for (const DescriptorFunction function : {kPk, kPkh, kWpkh, kCombo, kMulti, kSortedMulti, kMultiA,
                                            kSortedMultiA, kSh, kWsh, kTr, kRawTr, kAddr, kRaw}) {
    if (FunctionName(function) == name) return function;
  }
  return std::nullopt;
}

/// Whether the function may stand there, or why not.
Status CheckPlace(DescriptorFunction function, Context context) {
  const bool top = context == Context::kTop;
  const bool outside_witness = top || context == Context::kScriptHash;
  switch (function) {
    case kPk:
    case kPkh: return {};
    case kWpkh:
      if (!outside_witness) return Misplaced("wpkh() at top level or inside sh()");
      return {};
    case kWsh:
      if (!outside_witness) return Misplaced("wsh() at top level or inside sh()");
      return {};
    case kMulti:
    case kSortedMulti:
      if (context != Context::kTaproot) return {};
      return Misplaced("multi/sortedmulti at top level, in sh(), or in wsh()");
    case kMultiA:
    case kSortedMultiA:
      if (context == Context::kTaproot) return {};
      return Misplaced("multi_a/sortedmulti_a inside tr()");
    case kCombo:
    case kSh:
    case kTr:
    case kRawTr:
    case kAddr:
    case kRaw:
      if (!top) return Misplaced(MisplacedName(function) + " at top level");
      return {};
  }
  return {};
}

/// Nested expressions are at most three deep: sh(wsh(...)), or a leaf in tr().
class TreeParser {
 public:
  explicit TreeParser(const AddressPrefixes& prefixes) : prefixes_(prefixes) {}

  Result<DescriptorNode> Parse(std::string_view text, Context context) const {
    const size_t open = text.find('(');
    const auto function = open != text.npos && text.ends_with(')')
                              ? FunctionNamed(text.substr(0, open))
                              : std::nullopt;
    if (!function) return NoFunction(text, context);
    if (Status place = CheckPlace(*function, context); !place) {
      return tl::unexpected(place.error());
    }
    DescriptorNode node;
    node.function = *function;
    const std::string_view arguments = text.substr(open + 1, text.size() - open - 2);
    const Status status = ParseArguments(node, arguments, context);
    if (!status) return tl::unexpected(status.error());
    return node;
  }

 private:
  static tl::unexpected<Error> NoFunction(std::string_view text, Context context) {
    if (context == Context::kScriptHash) return Invalid("A function is needed within P2SH");
    if (context == Context::kWitnessScriptHash) return Invalid("A function is needed within P2WSH");
    return Invalid("'" + std::string(text) + "' is not a valid descriptor function");
  }

  Status ParseArguments(DescriptorNode& node, std::string_view arguments, Context context) const {
    switch (node.function) {
      case kPk:
      case kPkh:
      case kCombo: return ParseKey(node, arguments, PlaceIn(context));
      case kWpkh: return ParseKey(node, arguments, KeyPlace::kWitness);
      case kMulti:
      case kSortedMulti:
      case kMultiA:
      case kSortedMultiA: return ParseMulti(node, arguments, context);
      case kSh: return ParseNested(node, arguments, Context::kScriptHash);
      case kWsh: return ParseNested(node, arguments, Context::kWitnessScriptHash);
      case kTr: return ParseTaproot(node, arguments);
      case kRawTr:
        if (Cursor rest(arguments); rest.TakeExpression() != arguments) {
          return Invalid("rawtr(): only one key expected.");
        }
        return ParseKey(node, arguments, KeyPlace::kTaproot);
      case kAddr:
      case kRaw: return ParseOpaque(node, arguments);
    }
    return {};
  }

  Status ParseKey(DescriptorNode& node, std::string_view text, KeyPlace place) const {
    Result<DescriptorKey> key = DescriptorKey::Parse(text, place, prefixes_);
    if (!key) {
      return Invalid(std::string(FunctionName(node.function)) + "(): " + key.error().message);
    }
    node.keys.push_back(*std::move(key));
    return {};
  }

  /// THRESHOLD,KEY,...
  Status ParseMulti(DescriptorNode& node, std::string_view arguments, Context context) const {
    Cursor rest(arguments);
    const std::string_view threshold = rest.TakeExpression();
    const auto [end, problem] =
        std::from_chars(threshold.data(), threshold.data() + threshold.size(), node.threshold);
    if (threshold.empty() || problem != std::errc() || end != threshold.data() + threshold.size()) {
      return Invalid("Multi threshold '" + std::string(threshold) + "' is not valid");
    }
    while (!rest.AtEnd()) {
      if (!rest.Take(',')) {
        return Invalid(std::string("Multi: expected ',', got '") + rest.Peek() + "'");
      }
      auto key = DescriptorKey::Parse(rest.TakeExpression(), PlaceIn(context), prefixes_);
      if (!key) return Invalid("Multi: " + key.error().message);
      node.keys.push_back(*std::move(key));
    }
    if (Status size = CheckMultiSize(node, context); !size) return size;
    if (!SameWays(node)) {
      return Invalid("multi(): Multipath derivation paths have mismatched lengths");
    }
    return {};
  }

  static Status CheckMultiSize(const DescriptorNode& node, Context context) {
    const size_t keys = node.keys.size();
    const std::string count = std::to_string(keys);
    const bool taproot = context == Context::kTaproot;
    const size_t most = taproot ? kMostTaprootKeys : kMostKeys;
    if (keys == 0 || keys > most) {
      return Invalid("Cannot have " + count + " keys in " + (taproot ? "multi_a" : "multisig") +
                     "; must have between 1 and " + std::to_string(most) + " keys, inclusive");
    }
    if (node.threshold == 0) {
      return Invalid("Multisig threshold cannot be 0, must be at least 1");
    }
    if (node.threshold > keys) {
      return Invalid("Multisig threshold cannot be larger than the number of keys; threshold is " +
                     std::to_string(node.threshold) + " but only " + count + " keys specified");
    }
    if (context == Context::kTop && keys > kMostBareKeys) {
      return Invalid("Cannot have " + count + " pubkeys in bare multisig; only at most 3 pubkeys");
    }
    if (context == Context::kScriptHash) {
      size_t size = 3;  // the threshold, the number of keys and the opcode
      for (const DescriptorKey& key : node.keys) size += 1 + key.Size();
      if (size > kMostScriptHashed) {
        return Invalid("P2SH script is too large, " + std::to_string(size) +
                       " bytes is larger than 520 bytes");
      }
    }
    return {};
  }

  Status ParseNested(DescriptorNode& node, std::string_view arguments, Context inside) const {
    Cursor rest(arguments);
    Result<DescriptorNode> script = Parse(rest.TakeExpression(), inside);
    if (!script) return tl::unexpected(script.error());
    if (!rest.AtEnd()) {
      return Invalid(std::string(FunctionName(node.function)) + "(): only one script expected");
    }
    node.scripts.push_back(*std::move(script));
    return {};
  }

  /// KEY or KEY,TREE
  Status ParseTaproot(DescriptorNode& node, std::string_view arguments) const {
    Cursor rest(arguments);
    if (Status key = ParseKey(node, rest.TakeExpression(), KeyPlace::kTaproot); !key) return key;
    if (rest.AtEnd()) return {};
    if (!rest.Take(',')) {
      return Invalid(std::string("tr: expected ',', got '") + rest.Peek() + "'");
    }
    if (Status tree = ParseTree(node, rest); !tree) return tree;
    if (!SameWays(node)) {
      return Invalid("tr(): Multipath internal key mismatches multipath subscripts lengths");
    }
    return {};
  }

  /// Any binary tree, written as {LEFT,RIGHT}, from left to right without recursion.
  Status ParseTree(DescriptorNode& node, Cursor& rest) const {
    std::vector<bool> rights;  // the way down to where we are: whether each branch is a right one
    do {
      while (rest.Take('{')) {
        rights.push_back(false);
        if (rights.size() > kDeepestLeaf) {
          return Invalid("tr() supports at most 128 nesting levels");
        }
      }
      Result<DescriptorNode> leaf = Parse(rest.TakeExpression(), Context::kTaproot);
      if (!leaf) return tl::unexpected(leaf.error());
      node.scripts.push_back(*std::move(leaf));
      node.depths.push_back(rights.size());
      while (!rights.empty() && rights.back()) {
        if (!rest.Take('}')) return Invalid("tr(): expected '}' after script expression");
        rights.pop_back();
      }
      if (!rights.empty()) {
        if (!rest.Take(',')) return Invalid("tr(): expected ',' after script expression");
        rights.back() = true;
      }
    } while (!rights.empty());
    if (!rest.AtEnd()) return Invalid("tr(): expected ')' after script expression");
    return {};
  }

  Status ParseOpaque(DescriptorNode& node, std::string_view argument) const {
    if (node.function == kRaw) {
      std::optional<Bytes> bytes = FromHex(argument);
      if (!bytes) return Invalid("Raw script is not hex");
      node.opaque = *std::move(bytes);
      return {};
    }
    Result<Bytes> script = DecodeAddress(argument, prefixes_);
    if (!script) return Invalid("Address is not valid");
    node.opaque = *std::move(script);
    return {};
  }

  /// All that have several ways have the same number of them.
  static bool SameWays(const DescriptorNode& node) {
    const size_t ways = WaysOf(node);
    const auto fits = [&](size_t count) { return count == 1 || count == ways; };
    return std::all_of(node.keys.begin(), node.keys.end(),
                       [&](const DescriptorKey& key) { return fits(key.Ways()); }) &&
           std::all_of(node.scripts.begin(), node.scripts.end(),
                       [&](const DescriptorNode& script) { return fits(WaysOf(script)); });
  }

  const AddressPrefixes& prefixes_;
};

}  // namespace

size_t WaysOf(const DescriptorNode& node) {
  size_t ways = 1;
  for (const DescriptorKey& key : node.keys) ways = std::max(ways, key.Ways());
  for (const DescriptorNode& script : node.scripts) ways = std::max(ways, WaysOf(script));
  return ways;
}

Result<DescriptorNode> ParseDescriptorTree(std::string_view text, const AddressPrefixes& prefixes) {
  Cursor rest(text);
  const std::string_view expression = rest.TakeExpression();
  Result<DescriptorNode> tree = TreeParser(prefixes).Parse(expression, Context::kTop);
  if (tree && !rest.AtEnd()) {
    return Invalid("Expected the end of the descriptor, got '" + std::string(rest.rest()) + "'");
  }
  return tree;
}

}  // namespace cairn
