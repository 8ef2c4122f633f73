#include <optional>

#include "cairn/base/hex.h"
#include "cairn/crypto/secp256k1.h"
#include "cairn/primitives/descriptor.h"
#include "cairn/primitives/script.h"

namespace cairn {

namespace {

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

}  // namespace

std::string InferDescriptor(ByteSpan script, const AddressPrefixes& prefixes) {
  return WithChecksum(InferBody(script, prefixes));
}

std::string InferWitnessScriptDescriptor(ByteSpan script, ByteSpan inner,
                                         const AddressPrefixes& prefixes) {
  const auto multi = InferMulti(ClassifyOutput(inner), true);
  return multi ? WithChecksum("wsh(" + *multi + ")") : InferDescriptor(script, prefixes);
}

}  // namespace cairn
