#include "cairn/primitives/amount.h"

#include <charconv>

namespace cairn {
namespace {

constexpr int kDecimals = 8;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

/// Takes the digits at the front of `text`.
std::string_view TakeDigits(std::string_view& text) {
  size_t count = 0;
  while (count < text.size() && IsDigit(text[count])) ++count;
  const std::string_view digits = text.substr(0, count);
  text.remove_prefix(count);
  return digits;
}

/// Takes "e-8", "E+2" and the like; nothing if malformed, 0 if absent.
std::optional<int> TakeExponent(std::string_view& text) {
  if (text.empty() || (text[0] != 'e' && text[0] != 'E')) return 0;
  text.remove_prefix(1);
  bool negative = false;
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
    negative = text[0] == '-';
    text.remove_prefix(1);
  }
  const std::string_view digits = TakeDigits(text);
  if (digits.empty() || digits.size() > 3) return std::nullopt;
  int exponent = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), exponent);
  return negative ? -exponent : exponent;
}

}  // namespace

std::string FormatAmount(Amount satoshis) {
  const bool negative = satoshis < 0;
  const uint64_t magnitude = negative ? 0 - static_cast<uint64_t>(satoshis) : satoshis;
  std::string fraction = std::to_string(magnitude % kCoin);
  fraction.insert(0, kDecimals - fraction.size(), '0');
  return (negative ? "-" : "") + std::to_string(magnitude / kCoin) + "." + fraction;
}

std::string ShortAmount(Amount satoshis) {
  std::string text = FormatAmount(satoshis);
  const size_t shortest = text.find('.') + 3;
  while (text.size() > shortest && text.back() == '0') text.pop_back();
  return text;
}

std::optional<Amount> ParseAmount(std::string_view text) {
  const bool negative = !text.empty() && text[0] == '-';
  if (negative) text.remove_prefix(1);
  const std::string_view whole = TakeDigits(text);
  if (whole.empty() || (whole.size() > 1 && whole[0] == '0')) return std::nullopt;
  std::string_view fraction;
  if (!text.empty() && text[0] == '.') {
    text.remove_prefix(1);
    fraction = TakeDigits(text);
    if (fraction.empty()) return std::nullopt;
  }
  const std::optional<int> exponent = TakeExponent(text);
  if (!exponent || !text.empty()) return std::nullopt;

  // value = digits * 10^(shift): bring it to satoshis digit by digit, refusing what does not fit.
  std::string digits = std::string(whole) + std::string(fraction);
  int shift = *exponent - static_cast<int>(fraction.size()) + kDecimals;
  while (shift < 0 && digits.size() > 1 && digits.back() == '0') {
    digits.pop_back();
    ++shift;
  }
  digits.erase(0, digits.find_first_not_of('0'));  // all zeroes: npos erases everything
  if (digits.empty()) return 0;
  if (shift < 0 || digits.size() + static_cast<size_t>(shift) > 18) return std::nullopt;
  digits.append(static_cast<size_t>(shift), '0');
  Amount value = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return negative ? -value : value;
}

}  // namespace cairn
