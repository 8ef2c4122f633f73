#include "src/rpc/descriptor.h"

#include <array>
#include <cstdint>
#include <optional>

#include "cairn/base/hex.h"
#include "cairn/crypto/hash.h"
#include "cairn/crypto/secp256k1.h"
#include "cairn/primitives/script.h"

namespace cairn::rpc {

namespace {

constexpr size_t kChecksumSize = 8;

/// One step of the code of BIP380 over GF(32).
uint64_t PolyMod(uint64_t checksum, uint64_t value) {
  constexpr std::array<uint64_t, 5> kGenerator = {0xf5dee51989, 0xa9fdca3312, 0x1bab10e32d,
                                                  0x3706b1677a, 0x644d626ffd};
  const uint64_t top = checksum >> 35;
  checksum = (checksum & 0x7ffffffff) << 5 ^ value;
  for (size_t i = 0; i < kGenerator.size(); ++i) {
    if (top >> i & 1) checksum ^= kGenerator[i];
  }
  return checksum;
}

std::string WithChecksum(const std::string& descriptor) {
  return descriptor + "#" + DescriptorChecksum(descriptor);
}

/// 02 or 03 with 32 bytes, or 04 with 64. The hybrid form 06 or 07 is no key for descriptors.
bool IsPlainKey(ByteSpan key) {
  if (key.size() == 33) return key[0] == 2 || key[0] == 3;
  return key.size() == 65 && key[0] == 4;
}

/// multi(K,KEY,...), if the script is that and all keys are plain.
std::optional<std::string> InferMulti(const ClassifiedOutput& output, bool compressed_only) {
  if (output.type != OutputType::kMultisig) return std::nullopt;
  std::string text = "multi(" + std::to_string(output.required);
  for (const ByteSpan key : output.parts) {
    if (!IsPlainKey(key) || (compressed_only && key.size() != 33)) return std::nullopt;
    text += "," + ToHex(key);
  }
  return text + ")";
}

std::string InferBody(ByteSpan script, const AddressPrefixes& prefixes) {
  const ClassifiedOutput output = ClassifyOutput(script);
  if (output.type == OutputType::kPubKey && IsPlainKey(output.parts[0])) {
    return "pk(" + ToHex(output.parts[0]) + ")";
  }
  if (const auto multi = InferMulti(output, false)) return *multi;
  if (output.type == OutputType::kWitnessV1Taproot && crypto::IsXOnlyKey(output.parts[0])) {
    return "rawtr(" + ToHex(output.parts[0]) + ")";
  }
  if (const auto address = EncodeAddress(script, prefixes)) return "addr(" + *address + ")";
  return "raw(" + ToHex(script) + ")";
}

/// The text before the '#', once the checksum behind it, if any, is found right.
Result<std::string_view> CheckedBody(std::string_view descriptor) {
  const size_t hash = descriptor.find('#');
  const std::string_view body = descriptor.substr(0, hash);
  const std::string computed = DescriptorChecksum(body);
  if (computed.empty()) return Invalid("Invalid characters in payload");
  if (hash == descriptor.npos) return body;
  const std::string_view given = descriptor.substr(hash + 1);
  if (given.find('#') != given.npos) return Invalid("Multiple '#' symbols");
  if (given.size() != kChecksumSize) {
    return Invalid("Expected 8 character checksum, not " + std::to_string(given.size()) +
                   " characters");
  }
  if (given != computed) {
    return Invalid("Provided checksum '" + std::string(given) +
                   "' does not match computed checksum '" + computed + "'");
  }
  return body;
}

Bytes KeyHashScript(ByteSpan key) {
  return ScriptBuilder()
      .Op(OP_DUP)
      .Op(OP_HASH160)
      .Push(crypto::Hash160Of(key))
      .Op(OP_EQUALVERIFY)
      .Op(OP_CHECKSIG)
      .Take();
}

Result<Bytes> KeyScript(std::string_view function, ByteSpan key) {
  if (function == "rawtr") {
    if (!crypto::IsXOnlyKey(key)) return Invalid("rawtr(): key is not valid");
    return ScriptBuilder().Op(OP_1).Push(key).Take();
  }
  if (!IsPlainKey(key) || !crypto::IsPublicKey(key)) {
    return Invalid(std::string(function) + "(): key '" + ToHex(key) + "' is not valid");
  }
  if (function == "pk") return ScriptBuilder().Push(key).Op(OP_CHECKSIG).Take();
  if (function == "pkh") return KeyHashScript(key);
  if (key.size() != 33) return Invalid("wpkh(): Uncompressed keys are not allowed");
  return ScriptBuilder().Op(OP_0).Push(crypto::Hash160Of(key)).Take();
}

}  // namespace

std::string DescriptorChecksum(std::string_view descriptor) {
  constexpr std::string_view kInput =
      "0123456789()[],'/*abcdefgh@:$%{}"
      "IJKLMNOPQRSTUVWXYZ&+-.;<=>?!^_|~"
      "ijklmnopqrstuvwxyzABCDEFGH`#\"\\ ";
  constexpr std::string_view kOutput = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
  uint64_t checksum = 1;
  uint64_t group = 0;  // the high bits of up to three characters, as digits to the base 3
  int in_group = 0;
  for (const char c : descriptor) {
    const size_t position = kInput.find(c);
    if (position == kInput.npos) return "";
    checksum = PolyMod(checksum, position & 31);
    group = group * 3 + (position >> 5);
    if (++in_group == 3) {
      checksum = PolyMod(checksum, group);
      group = 0;
      in_group = 0;
    }
  }
  if (in_group > 0) checksum = PolyMod(checksum, group);
  for (size_t i = 0; i < kChecksumSize; ++i) checksum = PolyMod(checksum, 0);
  checksum ^= 1;
  std::string text;
  for (size_t i = 0; i < kChecksumSize; ++i) {
    text += kOutput[checksum >> 5 * (kChecksumSize - 1 - i) & 31];
  }
  return text;
}

std::string InferDescriptor(ByteSpan script, const AddressPrefixes& prefixes) {
  return WithChecksum(InferBody(script, prefixes));
}

std::string InferWitnessScriptDescriptor(ByteSpan script, ByteSpan inner,
                                         const AddressPrefixes& prefixes) {
  const auto multi = InferMulti(ClassifyOutput(inner), true);
  return multi ? WithChecksum("wsh(" + *multi + ")") : InferDescriptor(script, prefixes);
}

Result<Bytes> ScriptFromDescriptor(std::string_view descriptor, const AddressPrefixes& prefixes) {
  const Result<std::string_view> body = CheckedBody(descriptor);
  if (!body) return tl::unexpected(body.error());
  const size_t open = body->find('(');
  if (open == body->npos || !body->ends_with(')')) {
    return Invalid("'" + std::string(*body) + "' is not a valid descriptor function");
  }
  const std::string_view function = body->substr(0, open);
  const std::string_view argument = body->substr(open + 1, body->size() - open - 2);
  if (function == "addr") {
    Result<Bytes> script = DecodeAddress(argument, prefixes);
    if (!script) return Invalid("Address is not valid");
    return script;
  }
  const std::optional<Bytes> bytes = FromHex(argument);
  if (function == "raw") {
    if (!bytes) return Invalid("Raw script is not hex");
    return *bytes;
  }
  for (const std::string_view known : {"pk", "pkh", "wpkh", "rawtr"}) {
    if (function != known) continue;
    if (!bytes) return Invalid(std::string(function) + "(): key must be given in hex");
    return KeyScript(function, *bytes);
  }
  return Invalid("'" + std::string(function) +
                 "' is not a descriptor function that this build knows");
}

}  // namespace cairn::rpc
