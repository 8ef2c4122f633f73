#include "cairn/primitives/descriptor.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "cairn/base/hex.h"
#include "cairn/crypto/hash.h"
#include "cairn/crypto/secp256k1.h"
#include "cairn/crypto/sha256.h"
#include "cairn/primitives/script.h"
#include "src/primitives/descriptor_keys.h"

namespace cairn {

namespace {

constexpr size_t kMostKeys = 20;
constexpr size_t kMostBareKeys = 3;        // more would not be relayed
constexpr size_t kMostScriptHashed = 520;  // what a script may push
constexpr size_t kCompressedSize = 33;

enum class Context { kTop, kScriptHash, kWitnessScriptHash };

using Scripts = std::vector<DescriptorScript>;

/// FUNCTION(ARGUMENT)
struct Expression {
  std::string_view whole;
  std::string_view function;
  std::string_view argument;
};

std::optional<Expression> ParseExpression(std::string_view text) {
  const size_t open = text.find('(');
  if (open == text.npos || !text.ends_with(')')) return std::nullopt;
  return Expression{text, text.substr(0, open), text.substr(open + 1, text.size() - open - 2)};
}

tl::unexpected<Error> Misplaced(const std::string& what) {
  return Invalid("Can only have " + what);
}

// --- scripts

Bytes PayToKey(ByteSpan key) { return ScriptBuilder().Push(key).Op(OP_CHECKSIG).Take(); }

Bytes PayToKeyHash(ByteSpan key) {
  return ScriptBuilder()
      .Op(OP_DUP)
      .Op(OP_HASH160)
      .Push(crypto::Hash160Of(key))
      .Op(OP_EQUALVERIFY)
      .Op(OP_CHECKSIG)
      .Take();
}

Bytes PayToWitnessKeyHash(ByteSpan key) {
  return ScriptBuilder().Op(OP_0).Push(crypto::Hash160Of(key)).Take();
}

Bytes PayToScriptHash(ByteSpan script) {
  return ScriptBuilder().Op(OP_HASH160).Push(crypto::Hash160Of(script)).Op(OP_EQUAL).Take();
}

Bytes PayToWitnessScriptHash(ByteSpan script) {
  return ScriptBuilder().Op(OP_0).Push(crypto::Sha256Of(script)).Take();
}

Bytes PayToTaproot(ByteSpan output_key) { return ScriptBuilder().Op(OP_1).Push(output_key).Take(); }

/// The output key that can be spent by the internal key alone (BIP86).
std::optional<Bytes> TweakWithoutScripts(ByteSpan internal_key) {
  const crypto::Digest tag = crypto::Sha256Of(AsBytes("TapTweak"));
  const crypto::Digest tweak =
      crypto::Sha256().Update(tag).Update(tag).Update(internal_key).Finish();
  Bytes output_key(internal_key.size());
  bool odd = false;
  if (!crypto::TweakKey(internal_key, tweak, output_key.data(), &odd)) return std::nullopt;
  return output_key;
}

// --- functions

Result<DescriptorKey> KeyOf(const Expression& expression, KeyPlace place) {
  Result<DescriptorKey> key = ParseDescriptorKey(expression.argument, place);
  if (!key) return Invalid(std::string(expression.function) + "(): " + key.error().message);
  return key;
}

KeyPlace PlaceIn(Context context) {
  return context == Context::kWitnessScriptHash ? KeyPlace::kWitness : KeyPlace::kAnywhere;
}

Scripts One(Bytes script, std::string descriptor) {
  Scripts scripts;
  scripts.push_back({std::move(script), std::move(descriptor)});
  return scripts;
}

Result<Scripts> ExpandCombo(const Expression& expression, Context context) {
  if (context != Context::kTop) return Misplaced("combo() at top level");
  const Result<DescriptorKey> key = KeyOf(expression, KeyPlace::kAnywhere);
  if (!key) return tl::unexpected(key.error());
  const std::string text = key->ToString();
  Scripts scripts = One(PayToKey(key->bytes), "pk(" + text + ")");
  scripts.push_back({PayToKeyHash(key->bytes), "pkh(" + text + ")"});
  if (key->bytes.size() != kCompressedSize) return scripts;
  const Bytes witness = PayToWitnessKeyHash(key->bytes);
  scripts.push_back({witness, "wpkh(" + text + ")"});
  scripts.push_back({PayToScriptHash(witness), "sh(wpkh(" + text + "))"});
  return scripts;
}

Result<Scripts> ExpandKey(const Expression& expression, Context context) {
  const bool witness = expression.function == "wpkh";
  if (witness && context == Context::kWitnessScriptHash) {
    return Misplaced("wpkh() at top level or inside sh()");
  }
  const Result<DescriptorKey> key =
      KeyOf(expression, witness ? KeyPlace::kWitness : PlaceIn(context));
  if (!key) return tl::unexpected(key.error());
  Bytes script = witness                        ? PayToWitnessKeyHash(key->bytes)
                 : expression.function == "pkh" ? PayToKeyHash(key->bytes)
                                                : PayToKey(key->bytes);
  return One(std::move(script), std::string(expression.function) + "(" + key->ToString() + ")");
}

Result<Scripts> ExpandTaproot(const Expression& expression, Context context) {
  const bool raw = expression.function == "rawtr";
  if (context != Context::kTop) return Misplaced(raw ? "rawtr at top level" : "tr at top level");
  if (expression.argument.find(',') != std::string_view::npos) {
    return Invalid(raw ? "rawtr(): only one key expected."
                       : "tr(): script trees are beyond this build");
  }
  const Result<DescriptorKey> key = KeyOf(expression, KeyPlace::kTaproot);
  if (!key) return tl::unexpected(key.error());
  const std::optional<Bytes> output_key = raw ? key->bytes : TweakWithoutScripts(key->bytes);
  if (!output_key) return Invalid("tr(): the key cannot be tweaked");
  return One(PayToTaproot(*output_key),
             std::string(expression.function) + "(" + key->ToString() + ")");
}

Result<size_t> ParseThreshold(std::string_view text) {
  size_t threshold = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), threshold);
  if (text.empty() || problem != std::errc() || end != text.data() + text.size()) {
    return Invalid("Multi threshold '" + std::string(text) + "' is not valid");
  }
  if (threshold == 0) return Invalid("Multisig threshold cannot be 0, must be at least 1");
  return threshold;
}

Status CheckMultiSize(size_t threshold, size_t keys, Context context) {
  const std::string count = std::to_string(keys);
  if (keys == 0 || keys > kMostKeys) {
    return Invalid("Cannot have " + count + " keys in multisig; must have between 1 and " +
                   std::to_string(kMostKeys) + " keys, inclusive");
  }
  if (threshold > keys) {
    return Invalid("Multisig threshold cannot be larger than the number of keys; threshold is " +
                   std::to_string(threshold) + " but only " + count + " keys specified");
  }
  if (context == Context::kTop && keys > kMostBareKeys) {
    return Invalid("Cannot have " + count + " pubkeys in bare multisig; only at most 3 pubkeys");
  }
  return {};
}

/// multi(K,KEY,...) and sortedmulti, whose keys are put in order (BIP67).
Result<Scripts> ExpandMulti(const Expression& expression, Context context) {
  std::string_view rest = expression.argument;
  const std::string_view first = rest.substr(0, rest.find(','));
  const Result<size_t> threshold = ParseThreshold(first);
  if (!threshold) return tl::unexpected(threshold.error());
  rest.remove_prefix(first.size());
  std::vector<DescriptorKey> keys;
  while (!rest.empty()) {
    rest.remove_prefix(1);  // the comma
    const std::string_view text = rest.substr(0, rest.find(','));
    Result<DescriptorKey> key = ParseDescriptorKey(text, PlaceIn(context));
    if (!key) return Invalid("Multi: " + key.error().message);
    keys.push_back(*std::move(key));
    rest.remove_prefix(text.size());
  }
  if (Status fits = CheckMultiSize(*threshold, keys.size(), context); !fits) {
    return tl::unexpected(fits.error());
  }
  if (expression.function == "sortedmulti") {
    std::stable_sort(keys.begin(), keys.end(),
                     [](const auto& a, const auto& b) { return a.bytes < b.bytes; });
  }
  ScriptBuilder script;
  script.Number(static_cast<int64_t>(*threshold));
  std::string text = "multi(" + std::to_string(*threshold);
  for (const DescriptorKey& key : keys) {
    script.Push(key.bytes);
    text += "," + key.ToString();
  }
  script.Number(static_cast<int64_t>(keys.size())).Op(OP_CHECKMULTISIG);
  return One(script.Take(), text + ")");
}

Result<Scripts> Expand(std::string_view text, Context context, const AddressPrefixes& prefixes);

/// sh(SCRIPT) and wsh(SCRIPT).
Result<Scripts> ExpandNested(const Expression& expression, Context context,
                             const AddressPrefixes& prefixes) {
  const bool witness = expression.function == "wsh";
  if (witness && context == Context::kWitnessScriptHash) {
    return Misplaced("wsh() at top level or inside sh()");
  }
  if (!witness && context != Context::kTop) return Misplaced("sh() at top level");
  Result<Scripts> inner = Expand(
      expression.argument, witness ? Context::kWitnessScriptHash : Context::kScriptHash, prefixes);
  if (!inner) return inner;
  const DescriptorScript& script = inner->front();
  if (!witness && script.script.size() > kMostScriptHashed) {
    return Invalid("P2SH script is too large, " + std::to_string(script.script.size()) +
                   " bytes is larger than 520 bytes");
  }
  return One(witness ? PayToWitnessScriptHash(script.script) : PayToScriptHash(script.script),
             std::string(expression.function) + "(" + script.descriptor + ")");
}

/// addr(ADDRESS) and raw(HEX). What they stand for is told as of any script.
Result<Scripts> ExpandOpaque(const Expression& expression, Context context,
                             const AddressPrefixes& prefixes) {
  const bool raw = expression.function == "raw";
  if (context != Context::kTop)
    return Misplaced(raw ? "raw() at top level" : "addr() at top level");
  Bytes script;
  if (raw) {
    std::optional<Bytes> bytes = FromHex(expression.argument);
    if (!bytes) return Invalid("Raw script is not hex");
    script = *std::move(bytes);
  } else {
    Result<Bytes> decoded = DecodeAddress(expression.argument, prefixes);
    if (!decoded) return Invalid("Address is not valid");
    script = *std::move(decoded);
  }
  const std::string inferred = InferDescriptor(script, prefixes);
  return One(std::move(script), inferred.substr(0, inferred.find('#')));
}

Result<Scripts> Expand(std::string_view text, Context context, const AddressPrefixes& prefixes) {
  const std::optional<Expression> expression = ParseExpression(text);
  const std::string_view function = expression ? expression->function : std::string_view();
  if (function == "combo") return ExpandCombo(*expression, context);
  if (function == "pk" || function == "pkh" || function == "wpkh") {
    return ExpandKey(*expression, context);
  }
  if (function == "multi" || function == "sortedmulti") return ExpandMulti(*expression, context);
  if (function == "sh" || function == "wsh") return ExpandNested(*expression, context, prefixes);
  if (function == "tr" || function == "rawtr") return ExpandTaproot(*expression, context);
  if (function == "addr" || function == "raw") return ExpandOpaque(*expression, context, prefixes);
  if (context == Context::kScriptHash) return Invalid("A function is needed within P2SH");
  if (context == Context::kWitnessScriptHash) return Invalid("A function is needed within P2WSH");
  return Invalid("'" + std::string(text) + "' is not a valid descriptor function");
}

/// The text before the '#', once the checksum behind it, if any, is found right.
Result<std::string_view> CheckedBody(std::string_view descriptor) {
  constexpr size_t kChecksumSize = 8;
  const size_t hash = descriptor.find('#');
  const std::string_view body = descriptor.substr(0, hash);
  const std::string_view given =
      hash == descriptor.npos ? std::string_view() : descriptor.substr(hash + 1);
  if (given.find('#') != given.npos) return Invalid("Multiple '#' symbols");
  if (hash != descriptor.npos && given.size() != kChecksumSize) {
    return Invalid("Expected 8 character checksum, not " + std::to_string(given.size()) +
                   " characters");
  }
  const std::string computed = DescriptorChecksum(body);
  if (computed.empty()) return Invalid("Invalid characters in payload");
  if (hash != descriptor.npos && given != computed) {
    return Invalid("Provided checksum '" + std::string(given) +
                   "' does not match computed checksum '" + computed + "'");
  }
  return body;
}

}  // namespace

Result<std::vector<DescriptorScript>> ExpandDescriptor(std::string_view descriptor,
                                                       const AddressPrefixes& prefixes) {
  const Result<std::string_view> body = CheckedBody(descriptor);
  if (!body) return tl::unexpected(body.error());
  Result<Scripts> scripts = Expand(*body, Context::kTop, prefixes);
  if (!scripts) return scripts;
  for (DescriptorScript& script : *scripts) script.descriptor = WithChecksum(script.descriptor);
  return scripts;
}

Result<Bytes> ScriptFromDescriptor(std::string_view descriptor, const AddressPrefixes& prefixes) {
  Result<Scripts> scripts = ExpandDescriptor(descriptor, prefixes);
  if (!scripts) return tl::unexpected(scripts.error());
  // The order of combo() is pk, pkh, wpkh, sh(wpkh); the last two only of a compressed key.
  const size_t best = scripts->size() / 2;
  return std::move((*scripts)[best].script);
}

}  // namespace cairn
