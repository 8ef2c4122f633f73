// The coins that a real block of the vectors spends.
#pragma once

#include <sstream>
#include <string>

#include <gtest/gtest.h>

#include "cairn/base/hex.h"
#include "cairn/base/json.h"
#include "tests/support/owned_coins.h"
#include "tests/support/vectors.h"

namespace cairn::test {

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
