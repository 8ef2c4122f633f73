// Amounts of money, always in satoshis.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cairn {

/// Satoshis. Signed, since fees are differences and the wire format is signed.
using Amount = int64_t;

inline constexpr Amount kCoin = 100'000'000;

/// No sum of outputs may exceed this. Not the true supply (which is a bit less) but the consensus
/// bound.
inline constexpr Amount kMaxMoney = 21'000'000 * kCoin;

constexpr bool IsMoney(Amount value) { return value >= 0 && value <= kMaxMoney; }

/// "12.34500000": bitcoins with exactly eight decimals.
std::string FormatAmount(Amount satoshis);

/// "12.345", "1.00": two decimals, or as many as there are.
std::string ShortAmount(Amount satoshis);

/// Satoshis of a decimal number of bitcoins such as "0.5", "1e-8" or "21000000"; nothing if it has
/// more than eight decimals, is out of range or is no number.
std::optional<Amount> ParseAmount(std::string_view text);

}  // namespace cairn
