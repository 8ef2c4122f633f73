#include "cairn/ledger/coin_stats.h"

#include <algorithm>
#include <vector>

#include "cairn/base/assert.h"
#include "cairn/base/writer.h"
#include "cairn/primitives/script.h"

namespace cairn::ledger {
namespace {

/// Two coinbases of mainnet were repeated, at heights 91,842 and 91,880, before BIP30 forbade it. A
/// set has room for one coin of a name, so those of the first occurrences are lost.
bool IsReplacedLater(const Block& block, int height) {
  static const BlockHash kFirst =
      *BlockHash::FromText("00000000000af0aed4792b1acee3d966af36cf5def14935db8de83d6f9306f2f");
  static const BlockHash kSecond =
      *BlockHash::FromText("00000000000271a2dc26e7667f8419f2e15416dc6955e5a6c6cdf3f2574dd08e");
  if (height == 91'812) return block.hash() == kFirst;
  return height == 91'722 && block.hash() == kSecond;
}

/// Adds without overflow being undefined: a coin that passes through a whole block counts with
/// every transaction, which on a chain with few holders can be more than the type can say.
void Sum(Amount& sum, Amount value) {
  sum = static_cast<Amount>(static_cast<uint64_t>(sum) + static_cast<uint64_t>(value));
}
void Subtract(Amount& sum, Amount value) {
  sum = static_cast<Amount>(static_cast<uint64_t>(sum) - static_cast<uint64_t>(value));
}

/// Calls `created` with each coin that the block adds to the set, and `lost` with the value of each
/// output that is none.
template <typename Created, typename Lost>
void ForEachOutput(const Block& block, int height, Created created, Lost lost) {
  if (height == 0) return;
  const bool replaced = IsReplacedLater(block, height);
  for (const Transaction& tx : block.transactions()) {
    const bool coinbase = &tx == &block.transactions()[0];
    if (coinbase && replaced) continue;
    for (uint32_t i = 0; i < tx.outputs.size(); ++i) {
      const TxOut& output = tx.outputs[i];
      if (IsUnspendable(output.script)) {
        lost(output.value);
      } else {
        created(OutPoint{tx.txid, i}, Coin{output.value, height, coinbase, output.script});
      }
    }
  }
}

template <typename Spent>
void ForEachSpent(const Block& block, std::span<const Coin* const> coins, Spent spent) {
  CAIRN_ASSERT(coins.size() == block.SpendCount());
  auto coin = coins.begin();
  for (const Transaction& tx : block.transactions()) {
    if (&tx == &block.transactions()[0]) continue;
    for (const TxIn& input : tx.inputs) spent(input.prevout, **coin++);
  }
}

}  // namespace

void AppendHashedCoin(Bytes& out, const OutPoint& outpoint, const Coin& coin) {
  Writer(out)
      .Raw(outpoint.txid.span())
      .U32(outpoint.index)
      .U32(static_cast<uint32_t>(coin.height) << 1 | (coin.coinbase ? 1 : 0))
      .I64(coin.value)
      .VarBytes(coin.script);
}

void CoinSetCounter::Add(const OutPoint& outpoint, const Coin& coin) {
  if (last_txid_ != outpoint.txid) ++stats_.transactions;
  last_txid_ = outpoint.txid;
  ++stats_.txouts;
  stats_.bogosize += BogoSize(coin.script);
  stats_.total_amount += coin.value;
  if (hash_ == CoinSetHash::kNone) return;
  scratch_.clear();
  AppendHashedCoin(scratch_, outpoint, coin);
  if (hash_ == CoinSetHash::kSerialized) {
    serialized_.Update(scratch_);
  } else {
    muhash_.Insert(scratch_);
  }
}

CoinSetStats CoinSetCounter::Finish() {
  if (hash_ == CoinSetHash::kSerialized) stats_.hash = crypto::Sha256Of(serialized_.Finish());
  if (hash_ == CoinSetHash::kMuHash) stats_.hash = muhash_.Finalize();
  return stats_;
}

BlockCoinStats CountBlock(const Block& block, std::span<const Coin* const> spent, int height,
                          Amount subsidy) {
  BlockCoinStats stats;
  ForEachOutput(
      block, height,
      [&stats](const OutPoint&, const Coin& coin) {
        ++stats.txouts;
        stats.bogosize += static_cast<int64_t>(BogoSize(coin.script));
        Sum(coin.coinbase ? stats.coinbase : stats.new_outputs_ex_coinbase, coin.value);
      },
      [&stats](Amount value) { Sum(stats.unspendable.scripts, value); });
  ForEachSpent(block, spent, [&stats](const OutPoint&, const Coin& coin) {
    --stats.txouts;
    stats.bogosize -= static_cast<int64_t>(BogoSize(coin.script));
    Sum(stats.prevout_spent, coin.value);
  });
  Sum(stats.total_amount, stats.coinbase);
  Sum(stats.total_amount, stats.new_outputs_ex_coinbase);
  Subtract(stats.total_amount, stats.prevout_spent);
  if (height == 0) stats.unspendable.genesis_block = subsidy;
  if (IsReplacedLater(block, height)) stats.unspendable.bip30 = subsidy;
  // What came in and did not go out.
  Amount unclaimed = subsidy;
  Subtract(unclaimed, stats.total_amount);
  Subtract(unclaimed, stats.unspendable.Total());
  stats.unspendable.unclaimed_rewards = unclaimed;
  return stats;
}

crypto::MuHash HashBlockCoins(const Block& block, std::span<const Coin* const> spent, int height) {
  // Coins that the block both makes and spends cancel out; each is a multiplication saved twice.
  std::vector<OutPoint> passing;
  ForEachSpent(block, spent, [&](const OutPoint& outpoint, const Coin& coin) {
    if (coin.height == height) passing.push_back(outpoint);
  });
  std::sort(passing.begin(), passing.end());
  crypto::MuHash hash;
  Bytes scratch;
  const auto hashed = [&scratch](const OutPoint& outpoint, const Coin& coin) -> const Bytes& {
    scratch.clear();
    AppendHashedCoin(scratch, outpoint, coin);
    return scratch;
  };
  ForEachOutput(
      block, height,
      [&](const OutPoint& outpoint, const Coin& coin) {
        const bool passes = std::binary_search(passing.begin(), passing.end(), outpoint);
        if (!passes) hash.Insert(hashed(outpoint, coin));
      },
      [](Amount) {});
  ForEachSpent(block, spent, [&](const OutPoint& outpoint, const Coin& coin) {
    if (coin.height != height) hash.Remove(hashed(outpoint, coin));
  });
  return hash;
}

void CoinTotals::Connect(const BlockCoinStats& block) {
  txouts += static_cast<uint64_t>(block.txouts);
  bogosize += static_cast<uint64_t>(block.bogosize);
  Sum(total_amount, block.total_amount);
  Sum(total_unspendable_amount, block.unspendable.Total());
}

void CoinTotals::Disconnect(const BlockCoinStats& block) {
  txouts -= static_cast<uint64_t>(block.txouts);
  bogosize -= static_cast<uint64_t>(block.bogosize);
  Subtract(total_amount, block.total_amount);
  Subtract(total_unspendable_amount, block.unspendable.Total());
}

}  // namespace cairn::ledger
