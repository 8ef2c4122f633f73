#include "src/mempool/spent_coins.h"

#include <utility>

namespace cairn::mempool {

CoinSearch SpentCoins::Find(const Transaction& tx, const Graph& graph, ledger::Ledger& ledger,
                            int tip_height) {
  for (const TxIn& input : tx.inputs) {
    if (const Node* parent = graph.Find(input.prevout.txid); parent != nullptr) {
      if (input.prevout.index >= parent->tx->outputs.size()) return CoinSearch::kMissing;
      const TxOut& output = parent->tx->outputs[input.prevout.index];
      parents_.push_back(parent->tx);
      coins_.push_back({output.value, tip_height + 1, false, output.script});
    } else {
      auto found = ledger.FindCoin(input.prevout);
      if (!found) {
        error_ = found.error().message;
        return CoinSearch::kFailed;
      }
      if (!*found) return CoinSearch::kMissing;
      ledger::FoundCoin& coin = **found;
      scripts_.push_back(std::move(coin.script));
      coins_.push_back({coin.value, coin.height, coin.coinbase, scripts_.back()});
    }
    pointers_.push_back(&coins_.back());
  }
  return CoinSearch::kFound;
}

}  // namespace cairn::mempool
