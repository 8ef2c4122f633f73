#include "tests/bench/chain_maker/utxo_summary.h"

#include <algorithm>

#include "cairn/base/writer.h"
#include "cairn/crypto/muhash.h"

namespace cairn::bench {
namespace {

/// The form in which Bitcoin Core hashes a coin.
Bytes SerializeCoin(const MadeCoin& coin, const KeyRing& keys) {
  Bytes bytes;
  Writer(bytes)
      .Raw(coin.outpoint.txid.span())
      .U32(coin.outpoint.index)
      .U32(static_cast<uint32_t>(coin.height) * 2 + (coin.coinbase ? 1 : 0))
      .I64(coin.value)
      .VarBytes(keys.OutputScript(coin.payee));
  return bytes;
}

}  // namespace

UtxoSummary SummariseUtxos(const MadeChain& chain) {
  UtxoSummary summary;
  std::vector<const MadeCoin*> unspent;
  for (const MadeCoin& coin : chain.coins().coins()) {
    if (coin.spent) continue;
    unspent.push_back(&coin);
    ++summary.count;
    summary.total += coin.value;
  }
  std::sort(unspent.begin(), unspent.end(),
            [](const MadeCoin* a, const MadeCoin* b) { return a->outpoint < b->outpoint; });
  crypto::Sha256 hasher;
  crypto::MuHash set;
  for (const MadeCoin* coin : unspent) {
    const Bytes bytes = SerializeCoin(*coin, chain.keys());
    hasher.Update(bytes);
    set.Insert(bytes);
  }
  summary.serialized_hash = crypto::Sha256Of(hasher.Finish());
  summary.muhash = set.Finalize();
  return summary;
}

}  // namespace cairn::bench
