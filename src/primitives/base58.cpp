#include "src/primitives/base58.h"

#include <algorithm>
#include <array>

#include "cairn/crypto/sha256.h"

namespace cairn {

namespace {

constexpr std::string_view kAlphabet = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
constexpr std::string_view kWhiteSpace = " \t\n\v\f\r";
constexpr size_t kChecksumSize = 4;

constexpr auto kDigitOf = [] {
  std::array<int8_t, 256> table{};
  table.fill(-1);
  for (size_t i = 0; i < kAlphabet.size(); ++i) {
    table[static_cast<uint8_t>(kAlphabet[i])] = static_cast<int8_t>(i);
  }
  return table;
}();

std::string_view Trim(std::string_view text) {
  const size_t first = text.find_first_not_of(kWhiteSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kWhiteSpace) - first + 1);
}

/// `digits`, a number in base `base` with the least significant digit first, becomes
/// `digits * factor + carry`.
void MultiplyAdd(Bytes& digits, uint32_t base, uint32_t factor, uint32_t carry) {
  for (uint8_t& digit : digits) {
    carry += digit * factor;
    digit = static_cast<uint8_t>(carry % base);
    carry /= base;
  }
  for (; carry > 0; carry /= base) digits.push_back(static_cast<uint8_t>(carry % base));
}

ByteSpan ChecksumOf(const crypto::Digest& digest) { return ByteSpan(digest).first(kChecksumSize); }

}  // namespace

std::string EncodeBase58(ByteSpan bytes) {
  const auto first =
      std::find_if(bytes.begin(), bytes.end(), [](uint8_t byte) { return byte != 0; });
  Bytes digits;
  for (auto byte = first; byte != bytes.end(); ++byte) MultiplyAdd(digits, 58, 256, *byte);

  std::string text(static_cast<size_t>(first - bytes.begin()), kAlphabet[0]);
  for (auto digit = digits.rbegin(); digit != digits.rend(); ++digit) text += kAlphabet[*digit];
  return text;
}

std::optional<Bytes> DecodeBase58(std::string_view text, size_t max_bytes) {
  text = Trim(text);
  // A byte takes at most log(256) / log(58) = 1.366 letters.
  if (text.size() > max_bytes * 1366 / 1000 + 1) return std::nullopt;

  const size_t zeroes = std::min(text.find_first_not_of(kAlphabet[0]), text.size());
  Bytes number;
  for (const char letter : text.substr(zeroes)) {
    const int8_t digit = kDigitOf[static_cast<uint8_t>(letter)];
    if (digit < 0) return std::nullopt;
    MultiplyAdd(number, 256, 58, static_cast<uint32_t>(digit));
  }
  if (zeroes + number.size() > max_bytes) return std::nullopt;

  Bytes bytes(zeroes);
  bytes.insert(bytes.end(), number.rbegin(), number.rend());
  return bytes;
}

std::string EncodeBase58Check(ByteSpan payload) {
  Bytes bytes(payload.begin(), payload.end());
  Append(bytes, ChecksumOf(crypto::Sha256dOf(payload)));
  return EncodeBase58(bytes);
}

std::optional<Bytes> DecodeBase58Check(std::string_view text, size_t max_payload) {
  std::optional<Bytes> bytes = DecodeBase58(text, max_payload + kChecksumSize);
  if (!bytes || bytes->size() < kChecksumSize) return std::nullopt;

  const ByteSpan payload = ByteSpan(*bytes).first(bytes->size() - kChecksumSize);
  if (!Equal(ByteSpan(*bytes).last(kChecksumSize), ChecksumOf(crypto::Sha256dOf(payload)))) {
    return std::nullopt;
  }
  bytes->resize(payload.size());
  return bytes;
}

}  // namespace cairn
