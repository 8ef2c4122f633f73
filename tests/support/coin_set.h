// The unspent coins of a chain in a plain map, to which blocks are connected one after the other.
// Checks no rule: a block that spends what is not there fails the test.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include <gtest/gtest.h>

#include "cairn/primitives/block.h"
#include "cairn/primitives/script.h"
#include "tests/support/model_chain.h"
#include "tests/support/owned_coins.h"

namespace cairn::test {

class CoinSet {
 public:
  const std::map<OutPoint, ModelCoin>& coins() const { return coins_; }
  /// Of the last connected block; -1 before genesis.
  int height() const { return height_; }

  /// The coins that the block spends, in the order of its inputs.
  std::unique_ptr<OwnedCoins> Connect(const Block& block) {
    ++height_;
    auto spent = std::make_unique<OwnedCoins>();
    for (const Transaction& tx : block.transactions()) {
      const bool coinbase = &tx == &block.transactions()[0];
      for (const TxIn& input : tx.inputs) {
        if (coinbase) continue;
        const auto coin = coins_.find(input.prevout);
        if (coin == coins_.end()) {
          ADD_FAILURE() << "no coin " << input.prevout.ToString();
          spent->Add(0, 0, false, {});
          continue;
        }
        spent->Add(coin->second.value, coin->second.height, coin->second.coinbase,
                   coin->second.script);
        coins_.erase(coin);
      }
      for (uint32_t i = 0; i < tx.outputs.size() && height_ > 0; ++i) {
        const TxOut& output = tx.outputs[i];
        if (IsUnspendable(output.script)) continue;
        coins_[{tx.txid, i}] = {output.value, height_, coinbase,
                                Bytes(output.script.begin(), output.script.end())};
      }
    }
    return spent;
  }

 private:
  std::map<OutPoint, ModelCoin> coins_;
  int height_ = -1;
};

}  // namespace cairn::test
