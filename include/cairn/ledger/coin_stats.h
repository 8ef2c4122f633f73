// Statistics of the set of unspent coins, counted coin by coin or kept up block by block, with the
// hashes, counters and names of Bitcoin Core's gettxoutsetinfo.
//
// Pure functions and values. The genesis block's outputs do not exist, and outputs that nobody can
// spend are no coins.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "cairn/crypto/muhash.h"
#include "cairn/primitives/block.h"
#include "cairn/primitives/coin.h"

namespace cairn::ledger {

/// What hashes of coins take in: outpoint, 2 × height + 1 for a coinbase's, value, script.
void AppendHashedCoin(Bytes& out, const OutPoint& outpoint, const Coin& coin);

/// The size of a coin in no format in particular, so that it means the same for ever.
constexpr uint64_t BogoSize(ByteSpan script) { return 32 + 4 + 4 + 8 + 2 + script.size(); }

// ---- A whole set ----

enum class CoinSetHash {
  kNone,
  kSerialized,  // hash_serialized_3: double SHA-256 of all coins in order
  kMuHash,
};

struct CoinSetStats {
  uint64_t transactions = 0;  // with at least one coin
  uint64_t txouts = 0;
  uint64_t bogosize = 0;
  Amount total_amount = 0;
  std::optional<crypto::Digest> hash;  // in internal order

  friend bool operator==(const CoinSetStats&, const CoinSetStats&) = default;
};

/// Takes all coins of a set in the order of the database: by txid, then by index.
class CoinSetCounter {
 public:
  explicit CoinSetCounter(CoinSetHash hash) : hash_(hash) {}

  void Add(const OutPoint& outpoint, const Coin& coin);
  CoinSetStats Finish();

 private:
  const CoinSetHash hash_;
  CoinSetStats stats_;
  std::optional<Txid> last_txid_;
  crypto::Sha256 serialized_;
  crypto::MuHash muhash_;
  Bytes scratch_;
};

// ---- One block ----

/// Money that was created, or could have been, and that nobody can spend.
struct UnspendableAmounts {
  Amount genesis_block = 0;      // the output that does not exist
  Amount bip30 = 0;              // of coinbases that a later one with the same txid replaced
  Amount scripts = 0;            // outputs that begin with OP_RETURN or are too long
  Amount unclaimed_rewards = 0;  // what coinbases left of subsidy and fees

  Amount Total() const { return genesis_block + bip30 + scripts + unclaimed_rewards; }
  friend bool operator==(const UnspendableAmounts&, const UnspendableAmounts&) = default;
};

/// What one block does to the set, and moves through it.
struct BlockCoinStats {
  int64_t txouts = 0;    // created less spent
  int64_t bogosize = 0;  // likewise
  Amount total_amount = 0;
  Amount prevout_spent = 0;
  Amount coinbase = 0;
  Amount new_outputs_ex_coinbase = 0;
  UnspendableAmounts unspendable;

  friend bool operator==(const BlockCoinStats&, const BlockCoinStats&) = default;
};

/// `spent` has the coins of the block's inputs behind the coinbase, in order; `subsidy` is that of
/// its height.
BlockCoinStats CountBlock(const Block& block, std::span<const Coin* const> spent, int height,
                          Amount subsidy);

/// What the block inserts and removes. Costs most of all here, and may be done on any thread.
crypto::MuHash HashBlockCoins(const Block& block, std::span<const Coin* const> spent, int height);

/// The state of a chain from its genesis up to some block.
struct CoinTotals {
  uint64_t txouts = 0;
  uint64_t bogosize = 0;
  Amount total_amount = 0;
  Amount total_unspendable_amount = 0;

  void Connect(const BlockCoinStats& block);
  void Disconnect(const BlockCoinStats& block);

  friend bool operator==(const CoinTotals&, const CoinTotals&) = default;
};

}  // namespace cairn::ledger
