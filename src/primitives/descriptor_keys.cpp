#include "src/primitives/descriptor_keys.h"

#include <charconv>
#include <cstdint>
#include <limits>
#include <optional>

#include "cairn/base/hex.h"
#include "cairn/crypto/hash.h"
#include "cairn/crypto/secp256k1.h"

namespace cairn {

namespace {

constexpr size_t kXOnlySize = 32;
constexpr size_t kCompressedSize = 33;

/// "7", "7'" and "7h" become "7", "7h" and "7h".
Result<std::string> ParseStep(std::string_view step) {
  const bool hardened = step.ends_with('\'') || step.ends_with('h');
  const std::string_view digits = hardened ? step.substr(0, step.size() - 1) : step;
  uint32_t number = 0;
  const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (digits.empty() || problem != std::errc() || end != digits.data() + digits.size()) {
    return Invalid("Key path value '" + std::string(digits) + "' is not a valid uint32");
  }
  if (number > uint32_t{std::numeric_limits<int32_t>::max()}) {
    return Invalid("Key path value " + std::to_string(number) + " is out of range");
  }
  return std::to_string(number) + (hardened ? "h" : "");
}

/// What stands between the brackets: a fingerprint of four bytes, and steps behind slashes.
Result<std::string> ParseOrigin(std::string_view text) {
  const std::string_view fingerprint = text.substr(0, text.find('/'));
  if (fingerprint.size() != 8) {
    return Invalid("Fingerprint is not 4 bytes (" + std::to_string(fingerprint.size()) +
                   " characters instead of 8 characters)");
  }
  const std::optional<Bytes> bytes = FromHex(fingerprint);
  if (!bytes) return Invalid("Fingerprint '" + std::string(fingerprint) + "' is not hex");
  std::string origin = "[" + ToHex(*bytes);
  std::string_view rest = text.substr(fingerprint.size());
  while (!rest.empty()) {
    rest.remove_prefix(1);  // the slash
    const std::string_view step = rest.substr(0, rest.find('/'));
    Result<std::string> parsed = ParseStep(step);
    if (!parsed) return parsed;
    origin += "/" + *parsed;
    rest.remove_prefix(step.size());
  }
  return origin + "]";
}

bool IsExtendedKey(std::string_view text) {
  for (const char* prefix : {"xpub", "xprv", "tpub", "tprv"}) {
    if (text.starts_with(prefix)) return true;
  }
  return false;
}

/// The key without its origin. An x-only one gets an even parity, which the caller takes off again.
Result<Bytes> ParsePlainKey(std::string_view text, KeyPlace place) {
  if (text.empty()) return Invalid("No key provided");
  const std::optional<Bytes> bytes = FromHex(text);
  if (!bytes && IsExtendedKey(text)) return Invalid("extended keys are beyond this build");
  if (!bytes) return Invalid("key '" + std::string(text) + "' is not valid");
  if (bytes->size() == kXOnlySize && place == KeyPlace::kTaproot && crypto::IsXOnlyKey(*bytes)) {
    Bytes even = {2};
    Append(even, *bytes);
    return even;
  }
  if (!crypto::IsPublicKey(*bytes)) return Invalid("Pubkey '" + std::string(text) + "' is invalid");
  if ((*bytes)[0] > 4) return Invalid("Hybrid public keys are not allowed");
  if (bytes->size() != kCompressedSize && place != KeyPlace::kAnywhere) {
    return Invalid("Uncompressed keys are not allowed");
  }
  return *bytes;
}

std::string OwnFingerprint(ByteSpan key) {
  return "[" + ToHex(ByteSpan(crypto::Hash160Of(key)).first(4)) + "]";
}

}  // namespace

std::string DescriptorKey::ToString() const { return origin + ToHex(bytes); }

Result<DescriptorKey> ParseDescriptorKey(std::string_view text, KeyPlace place) {
  const size_t bracket = text.find(']');
  std::string origin;
  if (bracket != text.npos) {
    if (text.find(']', bracket + 1) != text.npos) {
      return Invalid("Multiple ']' characters found for a single pubkey");
    }
    if (text[0] != '[') {
      return Invalid(std::string("Key origin start '[ character expected but not found, got '") +
                     text[0] + "' instead");
    }
    Result<std::string> parsed = ParseOrigin(text.substr(1, bracket - 1));
    if (!parsed) return tl::unexpected(parsed.error());
    origin = *std::move(parsed);
    text.remove_prefix(bracket + 1);
  }
  Result<Bytes> key = ParsePlainKey(text, place);
  if (!key) return tl::unexpected(key.error());
  if (origin.empty()) origin = OwnFingerprint(*key);
  if (place == KeyPlace::kTaproot) key->erase(key->begin());
  return DescriptorKey{*std::move(key), std::move(origin)};
}

}  // namespace cairn
