#include "src/primitives/descriptor_keys.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "cairn/base/hex.h"
#include "cairn/crypto/secp256k1.h"

namespace cairn {

namespace {

constexpr size_t kXOnlySize = 32;
constexpr size_t kCompressedSize = 33;
constexpr size_t kMostWays = 256;

std::vector<std::string_view> Split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (size_t at = text.find(separator); at != text.npos; at = text.find(separator)) {
    parts.push_back(text.substr(0, at));
    text.remove_prefix(at + 1);
  }
  parts.push_back(text);
  return parts;
}

/// Like the hybrid encoding of SEC 1, whether or not it is a point.
bool LooksHybrid(ByteSpan key) { return key.size() == 65 && (key[0] == 6 || key[0] == 7); }

}  // namespace

/// Reads one key expression.
class DescriptorKey::Parser {
 public:
  Parser(KeyPlace place, const AddressPrefixes& prefixes) : prefixes_(prefixes) {
    key_.place_ = place;
  }

  Result<DescriptorKey> Parse(std::string_view text) {
    const std::vector<std::string_view> parts = Split(text, ']');
    if (parts.size() > 2) return Invalid("Multiple ']' characters found for a single pubkey");
    if (parts.size() == 2) {
      if (Status origin = ParseOrigin(parts[0]); !origin) return tl::unexpected(origin.error());
    }
    if (Status key = ParseKey(parts.back()); !key) return tl::unexpected(key.error());
    return std::move(key_);
  }

 private:
  /// What stands before the closing bracket: a fingerprint of four bytes, and a path.
  Status ParseOrigin(std::string_view text) {
    if (!text.starts_with('[')) {
      return Invalid(std::string("Key origin start '[ character expected but not found, got '") +
                     (text.empty() ? ']' : text[0]) + "' instead");
    }
    const std::vector<std::string_view> parts = Split(text.substr(1), '/');
    if (parts[0].size() != 2 * KeyFingerprint().size()) {
      return Invalid("Fingerprint is not 4 bytes (" + std::to_string(parts[0].size()) +
                     " characters instead of 8 characters)");
    }
    const std::optional<Bytes> bytes = FromHex(parts[0]);
    if (!bytes) return Invalid("Fingerprint '" + std::string(parts[0]) + "' is not hex");
    key_.origin_ = DescriptorKey::Origin{};
    std::copy(bytes->begin(), bytes->end(), key_.origin_->fingerprint.begin());
    for (size_t i = 1; i < parts.size(); ++i) {
      if (IsChoice(parts[i])) {
        return Invalid("Key path value '" + std::string(parts[i]) +
                       "' specifies multipath in a section where multipath is not allowed");
      }
      const Result<uint32_t> number = ParseNumber(parts[i]);
      if (!number) return tl::unexpected(number.error());
      key_.origin_->path.push_back(*number);
    }
    return {};
  }

  Status ParseKey(std::string_view text) {
    std::vector<std::string_view> parts = Split(text, '/');
    const std::string_view key = parts[0];
    if (key.empty()) return Invalid("No key provided");
    if (parts.size() == 1) {
      if (const std::optional<Bytes> bytes = FromHex(key)) return TakePublic(key, *bytes);
      if (const auto secret = DecodeSecret(key, prefixes_)) return TakeSecret(*secret);
    }
    Extended extended;
    extended.secret = DecodeExtendedSecretKey(key, prefixes_);
    const auto open =
        extended.secret ? extended.secret->Public() : DecodeExtendedPublicKey(key, prefixes_);
    if (!open) return Invalid("key '" + std::string(key) + "' is not valid");
    extended.key = *open;
    if (parts.back() == "*") {
      extended.range = Range::kChildren;
    } else if (parts.back() == "*'" || parts.back() == "*h") {
      extended.range = Range::kHardenedChildren;
      key_.mark_ = parts.back()[1];
    }
    if (extended.range != Range::kNone) parts.pop_back();
    if (Status path = ParsePath(parts, extended); !path) return path;
    key_.extended_ = std::move(extended);
    return {};
  }

  Status TakePublic(std::string_view text, const Bytes& bytes) {
    if (LooksHybrid(bytes)) return Invalid("Hybrid public keys are not allowed");
    if (crypto::IsPublicKey(bytes)) {
      key_.single_.bytes = bytes;
      return CheckSize();
    }
    if (key_.place_ == KeyPlace::kTaproot && bytes.size() == kXOnlySize &&
        crypto::IsXOnlyKey(bytes)) {
      key_.single_.bytes = {2};
      Append(key_.single_.bytes, bytes);
      key_.single_.x_only = true;
      return {};
    }
    return Invalid("Pubkey '" + std::string(text) + "' is invalid");
  }

  Status TakeSecret(const DecodedSecret& secret) {
    key_.single_.bytes = crypto::PublicKeyOf(secret.key, secret.compressed);
    key_.single_.x_only = key_.place_ == KeyPlace::kTaproot;
    key_.single_.secret = secret;
    return CheckSize();
  }

  Status CheckSize() const {
    if (key_.single_.bytes.size() == kCompressedSize || key_.place_ == KeyPlace::kAnywhere) {
      return {};
    }
    return Invalid("Uncompressed keys are not allowed");
  }

  static bool IsChoice(std::string_view step) {
    return step.starts_with('<') && step.ends_with('>');
  }

  /// `parts` from the second on.
  Status ParsePath(const std::vector<std::string_view>& parts, Extended& extended) {
    for (size_t i = 1; i < parts.size(); ++i) {
      if (IsChoice(parts[i])) {
        if (Status choices = ParseChoices(parts[i], extended); !choices) return choices;
        continue;
      }
      const Result<uint32_t> number = ParseNumber(parts[i]);
      if (!number) return tl::unexpected(number.error());
      extended.path.push_back(*number);
    }
    return {};
  }

  /// "<0;1>"
  Status ParseChoices(std::string_view step, Extended& extended) {
    if (!extended.choices.empty()) return Invalid("Multiple multipath key path specifiers found");
    const auto texts = Split(step.substr(1, step.size() - 2), ';');
    if (texts.size() < 2) {
      return Invalid("Multipath key path specifiers must have at least two items");
    }
    if (texts.size() > kMostWays) {
      return Invalid("Multipath key path specifiers can have at most " + std::to_string(kMostWays) +
                     " items");
    }
    for (const std::string_view text : texts) {
      const Result<uint32_t> number = ParseNumber(text);
      if (!number) return tl::unexpected(number.error());
      if (std::ranges::find(extended.choices, *number) != extended.choices.end()) {
        return Invalid("Duplicated key path value " + std::to_string(*number) +
                       " in multipath specifier");
      }
      extended.choices.push_back(*number);
    }
    extended.choice_at = extended.path.size();
    extended.path.push_back(0);
    return {};
  }

  /// "7", "7'" and "7h". The last mark in an expression is the one that it is written with.
  Result<uint32_t> ParseNumber(std::string_view text) {
    const bool hardened = text.ends_with('\'') || text.ends_with('h');
    if (hardened) {
      key_.mark_ = text.back();
      text.remove_suffix(1);
    }
    uint32_t number = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (text.empty() || problem != std::errc() || end != text.data() + text.size()) {
      return Invalid("Key path value '" + std::string(text) + "' is not a valid uint32");
    }
    if (number >= kHardened) {
      return Invalid("Key path value " + std::to_string(number) + " is out of range");
    }
    return number | (hardened ? kHardened : 0);
  }

  const AddressPrefixes& prefixes_;
  DescriptorKey key_{};
};

Result<DescriptorKey> DescriptorKey::Parse(std::string_view text, KeyPlace place,
                                           const AddressPrefixes& prefixes) {
  return Parser(place, prefixes).Parse(text);
}

KeyPath DescriptorKey::Extended::PathOf(size_t way) const {
  KeyPath result = path;
  if (!choices.empty()) result[choice_at] = choices[way];
  return result;
}

bool DescriptorKey::IsSecret() const {
  return extended_ ? extended_->secret.has_value() : single_.secret.has_value();
}

size_t DescriptorKey::Ways() const {
  return extended_ ? std::max<size_t>(extended_->choices.size(), 1) : 1;
}

/// Hardened numbers take the private key; what follows the last of them does not.
std::optional<ExtendedPublicKey> DescriptorKey::Derive(KeyPath path) const {
  const auto is_hardened = [](uint32_t number) { return (number & kHardened) != 0; };
  const auto last_hardened = std::find_if(path.rbegin(), path.rend(), is_hardened).base();
  std::optional<ExtendedPublicKey> key = extended_->key;
  if (last_hardened != path.begin()) {
    std::optional<ExtendedSecretKey> secret = extended_->secret;
    for (auto number = path.begin(); number != last_hardened && secret; ++number) {
      secret = secret->Child(*number);
    }
    if (!secret) return std::nullopt;
    key = secret->Public();
  }
  for (auto number = last_hardened; number != path.end() && key; ++number) {
    key = key->Child(*number);
  }
  return key;
}

std::optional<DescriptorKey> DescriptorKey::At(KeyPosition position) const {
  DescriptorKey result;
  result.place_ = place_;
  result.single_.x_only = place_ == KeyPlace::kTaproot;
  KeyPath path;
  if (extended_) {
    path = extended_->PathOf(position.way);
    if (extended_->range == Range::kChildren) path.push_back(position.index);
    if (extended_->range == Range::kHardenedChildren) path.push_back(position.index | kHardened);
    const std::optional<ExtendedPublicKey> key = Derive(path);
    if (!key) return std::nullopt;
    result.single_.bytes.assign(key->key.begin(), key->key.end());
  } else {
    result.single_.bytes = single_.bytes;
  }
  if (origin_) {
    result.origin_ = origin_;
  } else {
    result.origin_ = Origin{};
    result.origin_->fingerprint =
        FingerprintOf(extended_ ? ByteSpan(extended_->key.key) : ByteSpan(single_.bytes));
  }
  result.origin_->path.insert(result.origin_->path.end(), path.begin(), path.end());
  return result;
}

ByteSpan DescriptorKey::bytes() const {
  return ByteSpan(single_.bytes).subspan(place_ == KeyPlace::kTaproot ? 1 : 0);
}

std::string DescriptorKey::OriginText() const {
  if (!origin_) return "";
  return "[" + ToHex(origin_->fingerprint) + PathToText(origin_->path, mark_) + "]";
}

std::string DescriptorKey::PathText(size_t way) const {
  std::string text = PathToText(extended_->PathOf(way), mark_);
  if (extended_->range != Range::kNone) text += "/*";
  if (extended_->range == Range::kHardenedChildren) text += mark_;
  return text;
}

std::string DescriptorKey::ToString(size_t way, const AddressPrefixes& prefixes) const {
  if (extended_) {
    return OriginText() + EncodeExtendedKey(extended_->key, prefixes) + PathText(way);
  }
  return OriginText() + ToHex(ByteSpan(single_.bytes).subspan(single_.x_only ? 1 : 0));
}

std::optional<std::string> DescriptorKey::ToSecretString(size_t way,
                                                         const AddressPrefixes& prefixes) const {
  if (!IsSecret()) return std::nullopt;
  if (extended_) {
    return OriginText() + EncodeExtendedKey(*extended_->secret, prefixes) + PathText(way);
  }
  return OriginText() + EncodeSecret(*single_.secret, prefixes);
}

}  // namespace cairn
