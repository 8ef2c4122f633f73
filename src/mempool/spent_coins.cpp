#include "src/mempool/spent_coins.h"

#include <algorithm>
#include <utility>

namespace cairn::mempool {

bool SpentCoins::AddOutput(const TransactionPtr& parent, uint32_t index, int height) {
  if (index >= parent->outputs.size()) return false;
  const TxOut& output = parent->outputs[index];
  parents_.push_back(parent);
  coins_.push_back({output.value, height, false, output.script});
  return true;
}

CoinSearch SpentCoins::Find(const Transaction& tx, const Graph& graph, ledger::Ledger& ledger,
                            int tip_height, std::span<const TransactionPtr> package) {
  for (const TxIn& input : tx.inputs) {
    const Txid& txid = input.prevout.txid;
    const auto among =
        std::find_if(package.begin(), package.end(),
                     [&txid](const TransactionPtr& other) { return other->txid == txid; });
    const Node* node = graph.Find(txid);
    if (among != package.end() || node != nullptr) {
      const TransactionPtr& parent = among != package.end() ? *among : node->tx;
      if (!AddOutput(parent, input.prevout.index, tip_height + 1)) return CoinSearch::kMissing;
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
