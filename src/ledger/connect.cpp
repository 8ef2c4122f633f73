#include "src/ledger/connect.h"

#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>

#include "cairn/primitives/script.h"

namespace cairn::ledger {
namespace {

/// Txids cost a hash per try to steer, but a block is chosen by one miner: salt them all the same.
struct TxidHasher {
  size_t operator()(const Txid& txid) const { return outpoints({txid, 0}); }
  SaltedOutPointHasher outpoints;
};

}  // namespace

Result<ResolvedCoins> ResolvedCoins::Resolve(const Block& block, int height, CoinCache& cache) {
  ResolvedCoins resolved;
  const size_t spends = block.SpendCount();
  resolved.coins_.reserve(spends);  // pointers into it stay valid
  resolved.pointers_.reserve(spends);
  boost::unordered_flat_map<Txid, uint32_t, TxidHasher> earlier;
  boost::unordered_flat_set<OutPoint, SaltedOutPointHasher> spent;
  const auto transactions = block.transactions();
  earlier.reserve(transactions.size());
  spent.reserve(spends);

  for (uint32_t i = 0; i < transactions.size(); ++i) {
    for (const TxIn& input : transactions[i].inputs) {
      if (i == 0) break;  // the coinbase spends nothing
      const OutPoint& prevout = input.prevout;
      std::optional<Coin> coin;
      const auto creator = earlier.find(prevout.txid);
      if (!spent.insert(prevout).second) {
        // spent by this block before
      } else if (creator != earlier.end()) {
        const auto outputs = transactions[creator->second].outputs;
        if (prevout.index < outputs.size() && !IsUnspendable(outputs[prevout.index].script)) {
          const TxOut& output = outputs[prevout.index];
          coin = Coin{output.value, height, creator->second == 0, output.script};
        }
      } else {
        const auto found = cache.Find(prevout);
        if (!found) return tl::unexpected(found.error());
        coin = *found;
      }
      if (coin) resolved.coins_.push_back(*coin);
      resolved.pointers_.push_back(coin ? &resolved.coins_.back() : nullptr);
    }
    earlier.emplace(transactions[i].txid, i);
  }
  return resolved;
}

Result<bool> OverwritesCoin(const Block& block, CoinCache& cache) {
  for (const Transaction& tx : block.transactions()) {
    for (uint32_t i = 0; i < tx.outputs.size(); ++i) {
      const auto found = cache.Find({tx.txid, i});
      if (!found) return tl::unexpected(found.error());
      if (*found) return true;
    }
  }
  return false;
}

Status ApplyBlock(const Block& block, int height, CoinCache& cache) {
  bool coinbase = true;
  for (const Transaction& tx : block.transactions()) {
    if (!coinbase) {
      for (const TxIn& input : tx.inputs) {
        const auto spent = cache.Spend(input.prevout);
        if (!spent) return tl::unexpected(spent.error());
        if (!*spent)
          return Fail(ErrorCode::kCorruption, "coin vanished: " + input.prevout.ToString());
      }
    }
    const auto origin = coinbase ? CoinCache::Origin::kMayBeStored : CoinCache::Origin::kNew;
    for (uint32_t i = 0; i < tx.outputs.size(); ++i) {
      const TxOut& output = tx.outputs[i];
      if (IsUnspendable(output.script)) continue;
      cache.Add({tx.txid, i}, {output.value, height, coinbase, output.script}, origin);
    }
    coinbase = false;
  }
  return {};
}

Status UnapplyBlock(const Block& block, std::span<const storage::StoredCoin> spent,
                    CoinCache& cache) {
  if (spent.size() != block.SpendCount()) {
    return Fail(ErrorCode::kCorruption,
                "undo data of " + block.hash().ToString() + " does not fit");
  }
  const auto transactions = block.transactions();
  size_t coins_left = spent.size();
  for (size_t i = transactions.size(); i-- > 0;) {
    const Transaction& tx = transactions[i];
    for (uint32_t output = 0; output < tx.outputs.size(); ++output) {
      if (IsUnspendable(tx.outputs[output].script)) continue;
      const OutPoint outpoint{tx.txid, output};
      const auto removed = cache.Spend(outpoint);
      if (!removed) return tl::unexpected(removed.error());
      if (!*removed) {
        return Fail(ErrorCode::kCorruption, "coin to take back is missing: " + outpoint.ToString());
      }
    }
    if (i == 0) break;
    for (size_t input = tx.inputs.size(); input-- > 0;) {
      cache.Add(tx.inputs[input].prevout, spent[--coins_left].View(),
                CoinCache::Origin::kMayBeStored);
    }
  }
  return {};
}

}  // namespace cairn::ledger
