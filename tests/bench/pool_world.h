// A chain and a pool to measure with: coins of one key, and transactions that spend them in chains
// and fans.
#pragma once

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cairn/crypto/hash.h"
#include "cairn/mempool/mempool.h"
#include "cairn/primitives/output_scripts.h"
#include "tests/support/block_maker.h"
#include "tests/support/chain_world.h"
#include "tests/support/input_signer.h"

namespace cairn::bench {

using mempool::Mempool;
using test::TestKey;

inline constexpr Amount kLeastFee = 2000;
inline constexpr size_t kCoinsOfFan = 2500;  // of one transaction in the chain

[[noreturn]] inline void Die(const std::string& what) {
  std::fprintf(stderr, "%s\n", what.c_str());
  std::exit(1);
}

struct Output {
  OutPoint outpoint;
  Amount value = 0;
};

/// One key, and P2WPKH outputs that it signs for.
class Wallet {
 public:
  Wallet() {
    const auto hash = crypto::Hash160Of(key_.Compressed());
    script_ = ScriptBuilder().Op(OP_0).Push(hash).Take();
    code_ = PayToKeyHash(hash);
  }

  const Bytes& script() const { return script_; }

  TransactionPtr Spend(const Output& from, size_t outputs, Amount fee = kLeastFee) const {
    TransactionDraft draft;
    draft.inputs.emplace_back().prevout = from.outpoint;
    for (size_t i = 0; i < outputs; ++i) {
      draft.outputs.push_back({(from.value - fee) / static_cast<Amount>(outputs), script_});
    }
    const test::InputSigner signer(draft, {{from.value, script_}});
    draft.inputs[0].witness = {signer.Segwit(0, key_, code_, consensus::kSighashAll),
                               key_.Compressed()};
    return draft.Finish();
  }

 private:
  TestKey key_{7};
  Bytes script_;
  Bytes code_;
};

inline Output OutputOf(const TransactionPtr& tx, uint32_t index = 0) {
  return {test::OutputOf(*tx, index), tx->outputs[index].value};
}

class World {
 public:
  World() { chain_.options.proof_cache_bytes = 32 << 20; }

  /// Puts so many coins of the wallet into the chain.
  std::vector<Output> MakeCoins(size_t count) {
    chain_.Reopen();
    std::vector<Output> coins;
    std::vector<TransactionPtr> rewards;
    for (size_t i = 0; i < (count + kCoinsOfFan - 1) / kCoinsOfFan + 3; ++i) {
      test::BlockPlan plan;
      plan.payout = wallet_.script();
      if (rewards.size() > 2) {  // mature
        const TransactionPtr& reward = rewards[rewards.size() - 3];
        const TransactionPtr fan = wallet_.Spend(OutputOf(reward), kCoinsOfFan);
        plan.transactions = {fan};
        for (uint32_t n = 0; n < kCoinsOfFan; ++n) coins.push_back(OutputOf(fan, n));
      }
      rewards.push_back(Extend(plan));
    }
    coins.resize(std::min(coins.size(), count));
    return coins;
  }

  /// The coinbase.
  TransactionPtr Extend(const test::BlockPlan& plan) {
    const BlockPtr block = test::MakeBlock(chain_.params, chain_.TipPlace(), plan).block;
    chain_.Connect(block);
    return ParseTransaction(
               Bytes(block->transactions()[0].bytes.begin(), block->transactions()[0].bytes.end()))
        .value();
  }

  void OpenPool(int64_t max_bytes) {
    mempool::PolicyOptions policy;
    policy.max_bytes = max_bytes;
    pool_ = Mempool::Open(policy, *chain_.ledger, chain_.clock);
  }
  void ClosePool() { pool_.reset(); }

  Mempool& pool() { return *pool_; }
  test::ChainWorld& chain() { return chain_; }
  const Wallet& wallet() const { return wallet_; }

 private:
  Wallet wallet_;
  test::ChainWorld chain_;
  std::unique_ptr<Mempool> pool_;
};

/// Fees that differ, so that there is something to choose.
inline Amount FeeOfNumber(size_t number) {
  constexpr Amount kSpread = 3000;
  return kLeastFee + static_cast<Amount>(number) * 7919 % kSpread;
}

/// Of six in ten coins a single spend, of three a chain of five, of one a fan of ten children.
inline std::vector<TransactionPtr> MakeTransactions(const Wallet& wallet, std::vector<Output> coins,
                                                    size_t count) {
  std::vector<TransactionPtr> all;
  for (size_t i = 0; all.size() < count; ++i) {
    if (i == coins.size()) Die("too few coins");
    if (i % 10 < 6) {
      all.push_back(wallet.Spend(coins[i], 2, FeeOfNumber(all.size())));
    } else if (i % 10 < 9) {
      Output from = coins[i];
      for (int n = 0; n < 5; ++n) {
        all.push_back(wallet.Spend(from, 2, FeeOfNumber(all.size())));
        from = OutputOf(all.back());
      }
    } else {
      const TransactionPtr parent = wallet.Spend(coins[i], 10, FeeOfNumber(all.size()));
      all.push_back(parent);
      for (uint32_t n = 0; n < 10; ++n) {
        all.push_back(wallet.Spend(OutputOf(parent, n), 1, FeeOfNumber(all.size())));
      }
    }
  }
  all.resize(count);
  return all;
}

}  // namespace cairn::bench
