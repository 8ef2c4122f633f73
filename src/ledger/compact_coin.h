// A coin as the table in memory holds it: 48 bytes, with the scripts of the usual kinds inside.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <utility>

#include "cairn/primitives/coin.h"

namespace cairn::ledger {

/// Owns its script. Scripts of up to 34 bytes (all standard kinds but bare keys and multisig) need
/// no memory of their own.
class CompactCoin {
 public:
  CompactCoin() = default;
  explicit CompactCoin(const Coin& coin)
      : value_(coin.value),
        code_(static_cast<uint32_t>(coin.height) << 1 | (coin.coinbase ? 1 : 0)) {
    if (coin.script.size() <= kInside) {
      size_ = static_cast<uint8_t>(coin.script.size());
      std::copy(coin.script.begin(), coin.script.end(), inside_.begin());
    } else {
      size_ = kOutside;
      const Outside outside{new uint8_t[coin.script.size()], coin.script.size()};
      std::copy(coin.script.begin(), coin.script.end(), outside.script);
      std::memcpy(inside_.data(), &outside, sizeof outside);
    }
  }
  CompactCoin(CompactCoin&& other) noexcept { *this = std::move(other); }
  CompactCoin& operator=(CompactCoin&& other) noexcept {
    if (this == &other) return *this;
    Free();
    value_ = other.value_;
    code_ = other.code_;
    size_ = std::exchange(other.size_, uint8_t{0});
    flags_ = other.flags_;
    inside_ = other.inside_;
    return *this;
  }
  ~CompactCoin() { Free(); }

  /// The script's bytes are this object's.
  Coin View() const {
    const ByteSpan script = size_ == kOutside ? ByteSpan(Loaded().script, Loaded().size)
                                              : ByteSpan(inside_.data(), size_);
    return {value_, static_cast<int>(code_ >> 1), (code_ & 1) != 0, script};
  }

  /// Bytes beyond the object itself.
  size_t OutsideBytes() const { return size_ == kOutside ? Loaded().size : 0; }

  /// The holder's marks; not part of the coin.
  uint8_t flags() const { return flags_; }
  void set_flags(uint8_t flags) { flags_ = flags; }

 private:
  static constexpr size_t kInside = 34;
  static constexpr uint8_t kOutside = 0xff;
  struct Outside {
    uint8_t* script;
    size_t size;
  };
  static_assert(sizeof(Outside) <= kInside);

  Outside Loaded() const {
    Outside outside;
    std::memcpy(&outside, inside_.data(), sizeof outside);
    return outside;
  }
  void Free() {
    if (size_ == kOutside) delete[] Loaded().script;
  }

  Amount value_ = 0;
  uint32_t code_ = 0;  // height and coinbase bit
  uint8_t size_ = 0;   // of the script, or kOutside
  std::array<uint8_t, kInside> inside_{};
  uint8_t flags_ = 0;
};
static_assert(sizeof(CompactCoin) == 48);

}  // namespace cairn::ledger
