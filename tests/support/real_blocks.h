// The real blocks of the vectors whose spent outputs are known, with all that judging them needs.
#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "cairn/base/hex.h"
#include "cairn/base/json.h"
#include "cairn/genesis/chain_file.h"
#include "cairn/primitives/block.h"
#include "cairn/primitives/coin.h"
#include "consensus/rules/spending.h"
#include "consensus/script/flags.h"
#include "consensus/views.h"
#include "tests/support/vectors.h"

namespace cairn::test {

/// A chain of which nothing is known but some median times: its timestamps are such that those come
/// out, and rise from one to the next.
class KnownMedianTimes final : public consensus::Ancestors {
 public:
  explicit KnownMedianTimes(int height) : height_(height) {}

  void Set(int height, uint32_t median_time) { medians_[height] = median_time; }

  int Height() const override { return height_; }
  consensus::AncestorFacts At(int height) const override {
    // Times that never fall have as their median the one five blocks before the last. Near genesis,
    // where there are fewer, nobody asks.
    constexpr int kToTheMiddle = 5;
    const auto next = medians_.upper_bound(height + kToTheMiddle);
    const uint32_t time = next == medians_.begin() ? 0 : std::prev(next)->second;
    return {4, time, 0};
  }

 private:
  int height_;
  std::map<int, uint32_t> medians_;
};

struct RealBlock {
  std::string name;
  consensus::Params params;
  int height = 0;
  Amount fees = 0;
  BlockPtr block;
  std::vector<Bytes> scripts;  // that the coins look into
  std::vector<Coin> coins;     // of all inputs behind the coinbase
  std::optional<KnownMedianTimes> ancestors;

  consensus::ScriptFlags Flags() const {
    return consensus::ScriptFlagsAt(height, block->hash(), params);
  }
};

inline std::vector<const Coin*> PointersTo(const std::vector<Coin>& coins) {
  std::vector<const Coin*> pointers;
  for (const Coin& coin : coins) pointers.push_back(&coin);
  return pointers;
}

inline RealBlock LoadRealBlock(const json::Value& entry) {
  RealBlock real;
  real.name = entry.Find("file")->Text();
  real.params = *genesis::BuiltInChain(entry.Find("network")->Text());
  real.height = static_cast<int>(*entry.Find("height")->AsInt());
  real.fees = *entry.Find("fees_sat")->AsInt();
  real.block = *Block::Parse(ReadBinary(VectorPath("blocks/" + real.name)));
  KnownMedianTimes& ancestors = real.ancestors.emplace(real.height - 1);
  // Where the parent's median time is not known, it is below the block's own time.
  ancestors.Set(real.height - 1, real.block->header().time - 1);
  if (const json::Value& context = *entry.Find("context"); !context.IsNull()) {
    std::vector<uint32_t> times;
    for (const json::Value& time : context.Find("prev_11_timestamps")->Items()) {
      times.push_back(static_cast<uint32_t>(*time.AsInt()));
    }
    std::nth_element(times.begin(), times.begin() + 5, times.end());
    ancestors.Set(real.height - 1, times[5]);
  }
  std::istringstream lines(ReadText(VectorPath("blocks/" + entry.Find("prevouts")->Text())));
  for (std::string line; std::getline(lines, line);) {
    const auto prevout = *json::Parse(line);
    Coin coin;
    coin.value = *prevout.Find("value_sat")->AsInt();
    coin.height = static_cast<int>(prevout.Find("height")->AsInt().value_or(0));
    coin.coinbase = prevout.Find("coinbase")->AsBool();
    if (const json::Value* time = prevout.Find("mtp"); time != nullptr && !time->IsNull()) {
      ancestors.Set(coin.height - 1, static_cast<uint32_t>(*time->AsInt()));
    }
    real.scripts.push_back(FromHex(prevout.Find("scriptpubkey_hex")->Text()).value());
    real.coins.push_back(coin);
  }
  for (size_t i = 0; i < real.coins.size(); ++i) real.coins[i].script = real.scripts[i];
  return real;
}

/// All of them, read once.
inline const std::vector<RealBlock>& RealBlocks() {
  static const std::vector<RealBlock> blocks = [] {
    std::vector<RealBlock> result;
    const auto index = json::Parse(ReadText(VectorPath("blocks/index.json")));
    for (const json::Value& entry : index->Items()) {
      if (!entry.Find("prevouts")->IsNull()) result.push_back(LoadRealBlock(entry));
    }
    return result;
  }();
  return blocks;
}

inline const RealBlock& RealBlockNamed(const std::string& name) {
  return *std::find_if(RealBlocks().begin(), RealBlocks().end(),
                       [&](const RealBlock& real) { return real.name == name; });
}

/// One input behind the coinbase, and where its coin is in the list.
struct InputPlace {
  uint32_t transaction = 0;
  uint32_t input = 0;
  size_t coin = 0;
};

inline InputPlace PlaceOfCoin(const Block& block, size_t coin) {
  InputPlace place{1, 0, coin};
  for (size_t left = coin;; ++place.transaction) {
    const size_t inputs = block.transactions()[place.transaction].inputs.size();
    if (left < inputs) {
      place.input = static_cast<uint32_t>(left);
      return place;
    }
    left -= inputs;
  }
}

}  // namespace cairn::test
