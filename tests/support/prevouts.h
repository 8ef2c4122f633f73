// The coins that a real block of the vectors spends.
#pragma once

#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "cairn/base/hex.h"
#include "cairn/base/json.h"
#include "cairn/primitives/coin.h"
#include "tests/support/vectors.h"

namespace cairn::test {

/// Coins with their scripts, and the pointers to them that functions ask for.
class OwnedCoins {
 public:
  OwnedCoins() = default;
  OwnedCoins(const OwnedCoins&) = delete;
  OwnedCoins& operator=(const OwnedCoins&) = delete;

  void Add(Amount value, int height, bool coinbase, Bytes script) {
    scripts_.push_back(std::move(script));
    coins_.push_back({value, height, coinbase, scripts_.back()});
    pointers_.clear();
  }

  size_t size() const { return coins_.size(); }
  const Coin& operator[](size_t i) const { return coins_[i]; }

  /// Good until the next coin comes.
  std::span<const Coin* const> pointers() {
    if (pointers_.empty()) {
      for (const Coin& coin : coins_) pointers_.push_back(&coin);
    }
    return pointers_;
  }

 private:
  std::vector<Bytes> scripts_;  // moving a vector leaves its bytes where they are
  std::vector<Coin> coins_;
  std::vector<const Coin*> pointers_;
};

/// Reads a file of blocks/*.prevouts.jsonl: the coins in the order of the block's inputs. Heights
/// that the file does not know are 0.
inline void ReadPrevouts(const std::filesystem::path& file, OwnedCoins& coins) {
  std::istringstream lines(ReadText(file));
  for (std::string line; std::getline(lines, line);) {
    const auto row = json::Parse(line);
    ASSERT_TRUE(row.has_value()) << row.error().message;
    const json::Value& height = *row->Find("height");
    const json::Value& coinbase = *row->Find("coinbase");
    coins.Add(*row->Find("value_sat")->AsInt(), height.IsNull() ? 0 : int(*height.AsInt()),
              coinbase.IsBool() && coinbase.AsBool(),
              *FromHex(row->Find("scriptpubkey_hex")->Text()));
  }
}

}  // namespace cairn::test
