#include "src/primitives/bech32.h"

#include <algorithm>
#include <array>

namespace cairn {

namespace {

constexpr std::string_view kAlphabet = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
constexpr char kSeparator = '1';
constexpr size_t kChecksumSize = 6;
constexpr size_t kMaxLength = 90;

constexpr auto kGroupOf = [] {
  std::array<int8_t, 256> table{};
  table.fill(-1);
  for (size_t i = 0; i < kAlphabet.size(); ++i) {
    table[static_cast<uint8_t>(kAlphabet[i])] = static_cast<int8_t>(i);
  }
  return table;
}();

bool IsLower(char c) { return c >= 'a' && c <= 'z'; }
bool IsUpper(char c) { return c >= 'A' && c <= 'Z'; }
char Lower(char c) { return IsUpper(c) ? static_cast<char>(c - 'A' + 'a') : c; }

std::string LowerAll(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), Lower);
  return lower;
}

/// What the checksum of a valid text comes out as.
uint32_t FinalConstant(Bech32Encoding encoding) {
  return encoding == Bech32Encoding::kBech32 ? 1 : 0x2bc830a3;
}

/// The remainder, of 30 bits, of a polynomial over GF(32) modulo the code's generator, after one
/// more coefficient.
uint32_t NextRemainder(uint32_t remainder, uint32_t coefficient) {
  constexpr std::array<uint32_t, 5> kGenerator = {0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd,
                                                  0x2a1462b3};
  const uint32_t top = remainder >> 25;
  remainder = ((remainder & 0x1ffffff) << 5) ^ coefficient;
  for (size_t i = 0; i < kGenerator.size(); ++i) {
    if ((top >> i) & 1) remainder ^= kGenerator[i];
  }
  return remainder;
}

/// The remainder of prefix and groups. The prefix enters as the high bits of its letters, a zero,
/// and the low bits.
uint32_t RemainderOf(std::string_view prefix, ByteSpan groups) {
  uint32_t remainder = 1;
  for (const char c : prefix) remainder = NextRemainder(remainder, static_cast<uint8_t>(c) >> 5);
  remainder = NextRemainder(remainder, 0);
  for (const char c : prefix) remainder = NextRemainder(remainder, static_cast<uint8_t>(c) & 31);
  for (const uint8_t group : groups) remainder = NextRemainder(remainder, group);
  return remainder;
}

/// Positions of characters that are not printable, or of another case than the first letter.
std::vector<int> ForeignPositions(std::string_view text) {
  std::vector<int> positions;
  bool lower_seen = false;
  bool upper_seen = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool mixed = (IsLower(c) && upper_seen) || (IsUpper(c) && lower_seen);
    if (c < '!' || c > '~' || mixed) {
      positions.push_back(static_cast<int>(i));
    } else {
      lower_seen = lower_seen || IsLower(c);
      upper_seen = upper_seen || IsUpper(c);
    }
  }
  return positions;
}

/// A text taken apart, checksum not yet looked at; or what is wrong with its form.
struct Parts {
  std::string prefix;
  Bytes groups;  // with the checksum
  std::optional<Bech32Fault> fault;
};

Parts TakeApart(std::string_view text) {
  const auto fault = [](std::string message, std::vector<int> positions) {
    return Parts{{}, {}, Bech32Fault{std::move(message), std::move(positions)}};
  };
  if (text.size() > kMaxLength) {
    std::vector<int> beyond;
    for (size_t i = kMaxLength; i < text.size(); ++i) beyond.push_back(static_cast<int>(i));
    return fault("Bech32 string too long", std::move(beyond));
  }
  std::vector<int> foreign = ForeignPositions(text);
  if (!foreign.empty()) return fault("Invalid character or mixed case", std::move(foreign));

  const size_t separator = text.rfind(kSeparator);
  if (separator == std::string_view::npos) return fault("Missing separator", {});
  if (separator == 0 || separator + kChecksumSize >= text.size()) {
    return fault("Invalid separator position", {static_cast<int>(separator)});
  }
  Parts parts;
  parts.prefix = LowerAll(text.substr(0, separator));
  for (size_t i = separator + 1; i < text.size(); ++i) {
    const int8_t group = kGroupOf[static_cast<uint8_t>(Lower(text[i]))];
    if (group < 0) return fault("Invalid Base 32 character", {static_cast<int>(i)});
    parts.groups.push_back(static_cast<uint8_t>(group));
  }
  return parts;
}

/// Which one or two of the `length` last coefficients, if changed, alter the remainder by
/// `difference`; counted from the last, ascending. Empty if it takes more than two. The code has a
/// distance of five, so there is at most one answer.
std::vector<size_t> FindErrors(uint32_t difference, size_t length) {
  struct Change {
    uint32_t effect;
    size_t place;
    bool operator<(const Change& other) const { return effect < other.effect; }
  };
  std::vector<Change> changes;
  for (uint32_t group = 1; group < 32; ++group) {
    uint32_t effect = group;
    for (size_t place = 0; place < length; ++place, effect = NextRemainder(effect, 0)) {
      if (effect == difference) return {place};
      changes.push_back({effect, place});
    }
  }
  std::sort(changes.begin(), changes.end());
  for (const Change& one : changes) {
    const uint32_t rest = difference ^ one.effect;
    const auto other = std::lower_bound(changes.begin(), changes.end(), Change{rest, 0});
    if (other != changes.end() && other->effect == rest && other->place != one.place) {
      return {std::min(one.place, other->place), std::max(one.place, other->place)};
    }
  }
  return {};
}

}  // namespace

std::string EncodeBech32(const Bech32Text& text) {
  Bytes groups = text.groups;
  groups.resize(groups.size() + kChecksumSize);
  const uint32_t checksum = RemainderOf(text.prefix, groups) ^ FinalConstant(text.encoding);
  for (size_t i = 0; i < kChecksumSize; ++i) {
    groups[text.groups.size() + i] = (checksum >> (5 * (kChecksumSize - 1 - i))) & 31;
  }
  std::string encoded = text.prefix + kSeparator;
  for (const uint8_t group : groups) encoded += kAlphabet[group];
  return encoded;
}

std::optional<Bech32Text> DecodeBech32(std::string_view text) {
  Parts parts = TakeApart(text);
  if (parts.fault) return std::nullopt;

  const uint32_t remainder = RemainderOf(parts.prefix, parts.groups);
  for (const Bech32Encoding encoding : {Bech32Encoding::kBech32, Bech32Encoding::kBech32m}) {
    if (remainder != FinalConstant(encoding)) continue;
    parts.groups.resize(parts.groups.size() - kChecksumSize);
    return Bech32Text{encoding, std::move(parts.prefix), std::move(parts.groups)};
  }
  return std::nullopt;
}

Bech32Fault FindBech32Fault(std::string_view text) {
  Parts parts = TakeApart(text);
  if (parts.fault) return *std::move(parts.fault);

  // Which encoding was meant cannot be read from the text, since the version letter may be the
  // wrong one: the encoding that fewer errors explain is taken.
  const uint32_t remainder = RemainderOf(parts.prefix, parts.groups);
  const auto errors_in = [&](Bech32Encoding encoding) {
    return FindErrors(remainder ^ FinalConstant(encoding), parts.groups.size());
  };
  const std::vector<size_t> plain = errors_in(Bech32Encoding::kBech32);
  const std::vector<size_t> modified = errors_in(Bech32Encoding::kBech32m);
  if (plain.empty() && modified.empty()) return {"Invalid checksum", {}};

  const bool is_modified = plain.empty() || (!modified.empty() && modified.size() < plain.size());
  Bech32Fault fault{is_modified ? "Invalid Bech32m checksum" : "Invalid Bech32 checksum", {}};
  for (const size_t from_end : is_modified ? modified : plain) {
    fault.positions.insert(fault.positions.begin(), static_cast<int>(text.size() - 1 - from_end));
  }
  return fault;
}

Bytes GroupsFromBytes(ByteSpan bytes) {
  Bytes groups;
  uint32_t pending = 0;
  int pending_bits = 0;
  for (const uint8_t byte : bytes) {
    pending = (pending << 8 | byte) & 0xfff;
    for (pending_bits += 8; pending_bits >= 5; pending_bits -= 5) {
      groups.push_back((pending >> (pending_bits - 5)) & 31);
    }
  }
  if (pending_bits > 0) groups.push_back((pending << (5 - pending_bits)) & 31);
  return groups;
}

std::optional<Bytes> BytesFromGroups(ByteSpan groups) {
  Bytes bytes;
  uint32_t pending = 0;
  int pending_bits = 0;
  for (const uint8_t group : groups) {
    pending = (pending << 5 | group) & 0xfff;
    pending_bits += 5;
    if (pending_bits >= 8) {
      pending_bits -= 8;
      bytes.push_back(static_cast<uint8_t>(pending >> pending_bits));
    }
  }
  const uint32_t padding = pending & ((1u << pending_bits) - 1);
  if (pending_bits >= 5 || padding != 0) return std::nullopt;
  return bytes;
}

}  // namespace cairn
