// A regtest ledger to which made blocks are submitted one by one, and whose coins can be read.
#pragma once

#include <map>
#include <utility>
#include <vector>

#include "cairn/storage/coin_store.h"
#include "tests/support/ledger_world.h"
#include "tests/support/model_chain.h"

namespace cairn::test {

/// Regtest with a short maturity, so that chains need not be long before they spend.
inline consensus::Params QuickRegtest() {
  consensus::Params params = ChainNamed("regtest");
  params.coinbase_maturity = 2;
  return params;
}

class ChainWorld : public LedgerWorld {
 public:
  explicit ChainWorld(consensus::Params chain = QuickRegtest()) : LedgerWorld(std::move(chain)) {}

  ledger::SubmitResult Submit(const BlockPtr& block) { return ledger->SubmitBlock(block).get(); }

  /// Submits a block that must become part of the best chain.
  void Connect(const BlockPtr& block) {
    const ledger::SubmitResult result = Submit(block);
    ASSERT_EQ(result.outcome, ledger::BlockOutcome::kConnected) << result.reason;
  }

  /// Adds valid blocks to the tip; the last one's place.
  Place Extend(int count, uint32_t tag = 0) {
    Place place = TipPlace();
    for (const MadeBlock& made : MakeChain(params, place, count, tag)) {
      Connect(made.block);
      place = made.place;
    }
    return place;
  }

  Place TipPlace() const { return Place::Of(ledger->View()->tip); }

  /// Closes the ledger and reads the coins that it left. `Open` opens it again.
  std::map<OutPoint, ModelCoin> CloseAndReadCoins() {
    ledger.reset();
    return CoinsIn(options.coins_folder);
  }

  static std::map<OutPoint, ModelCoin> CoinsIn(const std::filesystem::path& coins_folder) {
    std::map<OutPoint, ModelCoin> coins;
    const auto store = storage::CoinStore::Open(coins_folder, 1 << 20);
    EXPECT_TRUE(store.has_value());
    if (!store) return coins;
    const Status scanned =
        (*store)->ForEachCoin([&](const OutPoint& outpoint, const storage::StoredCoin& coin) {
          coins[outpoint] = {coin.value, coin.height, coin.coinbase, coin.script};
        });
    EXPECT_TRUE(scanned.has_value());
    return coins;
  }
};

}  // namespace cairn::test
