// What the mempool costs: admission in a pool of 100,000 transactions, chains and fans among them,
// and a block of transactions that are known, both beside the verification of the same signatures
// by themselves; and with --memory, how much memory a full pool takes.
//
// CPU time of the whole process, as each step has several threads; signatures are made before. The
// signatures are verified by themselves before and after, and the cheaper run counts.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <fstream>
#include <string>
#include <vector>

#include "cairn/crypto/hash.h"
#include "cairn/mempool/mempool.h"
#include "cairn/primitives/output_scripts.h"
#include "consensus/rules/scripts.h"
#include "consensus/script/checker.h"
#include "tests/bench/measure.h"
#include "tests/support/block_maker.h"
#include "tests/support/chain_world.h"
#include "tests/support/input_signer.h"

namespace {

using namespace cairn;
using bench::ProcessCpuSeconds;
using mempool::Mempool;
using test::TestKey;

constexpr Amount kFee = 2000;
constexpr size_t kCoinsOfFan = 2500;  // of one transaction in the chain

[[noreturn]] void Die(const std::string& what) {
  std::fprintf(stderr, "bench_mempool: %s\n", what.c_str());
  std::exit(1);
}

/// Bytes that the process has in memory.
uint64_t ResidentBytes() {
  std::ifstream file("/proc/self/statm");
  uint64_t all = 0, resident = 0;
  file >> all >> resident;
  return resident * 4096;
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

  TransactionPtr Spend(const Output& from, size_t outputs, Amount fee = kFee) const {
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

Output OutputOf(const TransactionPtr& tx, uint32_t index = 0) {
  return {test::OutputOf(*tx, index), tx->outputs[index].value};
}

/// Remembers what it verifies.
class RecordingVerifier final : public consensus::SignatureVerifier {
 public:
  bool Verify(const consensus::SignatureCheck& check) override {
    checks_.emplace_back(check);
    return true;
  }
  /// Seconds to verify it all by libsecp256k1 alone.
  double Measure() const {
    consensus::ExactVerifier exact;
    const double start = ProcessCpuSeconds();
    for (const Owned& one : checks_) {
      if (!exact.Verify({one.kind, one.key, one.signature, one.message})) Die("a signature fails");
    }
    return ProcessCpuSeconds() - start;
  }
  size_t size() const { return checks_.size(); }

 private:
  struct Owned {
    explicit Owned(const consensus::SignatureCheck& check)
        : kind(check.kind),
          key(check.key.begin(), check.key.end()),
          signature(check.signature.begin(), check.signature.end()),
          message(check.message) {}
    consensus::SignatureKind kind;
    Bytes key;
    Bytes signature;
    crypto::Digest message;
  };
  std::deque<Owned> checks_;
};

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

/// Of six in ten coins a single spend, of three a chain of five, of one a fan of ten children.
std::vector<TransactionPtr> MakeTransactions(const Wallet& wallet, std::vector<Output> coins,
                                             size_t count) {
  std::vector<TransactionPtr> all;
  for (size_t i = 0; all.size() < count; ++i) {
    if (i == coins.size()) Die("too few coins");
    if (i % 10 < 6) {
      all.push_back(wallet.Spend(coins[i], 2));
    } else if (i % 10 < 9) {
      Output from = coins[i];
      for (int n = 0; n < 5; ++n) {
        all.push_back(wallet.Spend(from, 2));
        from = OutputOf(all.back());
      }
    } else {
      const TransactionPtr parent = wallet.Spend(coins[i], 10);
      all.push_back(parent);
      for (uint32_t n = 0; n < 10; ++n) all.push_back(wallet.Spend(OutputOf(parent, n), 1));
    }
  }
  all.resize(count);
  return all;
}

void Record(const std::vector<TransactionPtr>& transactions, const Wallet& wallet,
            const std::map<OutPoint, Amount>& values, RecordingVerifier& verifier) {
  for (const TransactionPtr& tx : transactions) {
    const Coin coin{values.at(tx->inputs[0].prevout), 1, false, wallet.script()};
    const Coin* coins[] = {&coin};
    if (!consensus::CheckScripts(*tx, coins, mempool::kMandatoryScriptFlags, verifier)) {
      Die("a script fails");
    }
  }
}

void Submit(Mempool& pool, const std::vector<TransactionPtr>& transactions) {
  for (const TransactionPtr& tx : transactions) {
    pool.Submit(tx, mempool::Origin::Peer(1), [](const mempool::AdmissionResult& result) {
      if (!result.Accepted()) Die("refused: " + result.ToString());
    });
  }
  pool.Synchronize();
}

void MeasureAdmission(size_t in_pool, size_t measured, size_t in_block) {
  World world;
  const std::vector<Output> coins = world.MakeCoins(in_pool + measured);
  const auto all = MakeTransactions(world.wallet(), coins, in_pool + measured);
  std::map<OutPoint, Amount> values;
  for (const Output& coin : coins) values[coin.outpoint] = coin.value;
  for (const TransactionPtr& tx : all) {
    for (uint32_t i = 0; i < tx->outputs.size(); ++i) {
      values[test::OutputOf(*tx, i)] = tx->outputs[i].value;
    }
  }
  const std::vector<TransactionPtr> first(all.begin(), all.begin() + static_cast<long>(in_pool));
  const std::vector<TransactionPtr> last(all.begin() + static_cast<long>(in_pool), all.end());
  RecordingVerifier signatures;
  Record(last, world.wallet(), values, signatures);

  world.OpenPool(2'000'000'000);
  Submit(world.pool(), first);
  const double before = signatures.Measure();
  const double start = ProcessCpuSeconds();
  Submit(world.pool(), last);
  const double admission = ProcessCpuSeconds() - start;
  const double raw = std::min(before, signatures.Measure());
  std::printf(
      "admission of %zu transactions into a pool of %zu: %.1f us each, %.2f of their signatures "
      "(%.1f us each)\n",
      last.size(), first.size(), 1e6 * admission / static_cast<double>(last.size()),
      admission / raw, 1e6 * raw / static_cast<double>(signatures.size()));

  // A block of the first of them, which are parents before children.
  test::BlockPlan plan;
  plan.transactions.assign(all.begin(), all.begin() + static_cast<long>(in_block));
  RecordingVerifier of_block;
  Record(plan.transactions, world.wallet(), values, of_block);
  world.ClosePool();
  const BlockPtr block =
      test::MakeBlock(world.chain().params, world.chain().TipPlace(), plan).block;
  const double block_before = of_block.Measure();
  const double block_start = ProcessCpuSeconds();
  world.chain().Connect(block);
  const double connecting = ProcessCpuSeconds() - block_start;
  const double block_raw = std::min(block_before, of_block.Measure());
  std::printf(
      "block of %zu known transactions: %.2f us per input, %.3f of a verification (%.1f us)\n",
      in_block, 1e6 * connecting / static_cast<double>(of_block.size()), connecting / block_raw,
      1e6 * block_raw / static_cast<double>(of_block.size()));
}

void MeasureMemory(int64_t max_bytes) {
  World world;
  // A transaction takes somewhat more than a kilobyte with its place in all tables.
  const auto count = static_cast<size_t>(max_bytes / 1000);
  const std::vector<Output> coins = world.MakeCoins(count);
  std::vector<Bytes> raw;
  for (const TransactionPtr& tx : MakeTransactions(world.wallet(), coins, count)) {
    raw.emplace_back(tx->bytes.begin(), tx->bytes.end());
  }
  world.OpenPool(max_bytes);
  const uint64_t before = ResidentBytes();
  size_t submitted = 0;
  bool full = false;
  for (const Bytes& bytes : raw) {
    const auto result = world.pool().Submit(*ParseTransaction(Bytes(bytes)), {});
    ++submitted;
    full = full || !result.Accepted();
    if (full) break;
  }
  const mempool::PoolInfo info = world.pool().Info();
  const double limit = static_cast<double>(max_bytes);
  std::printf(
      "%zu of %zu transactions, %s: counted %.1f MB, in memory %.1f MB, %.3f of -maxmempool\n",
      info.count, submitted, full ? "full" : "NOT FULL", static_cast<double>(info.usage) / 1e6,
      static_cast<double>(ResidentBytes() - before) / 1e6,
      static_cast<double>(ResidentBytes() - before) / limit);
}

}  // namespace

int main(int argc, char** argv) {
  const std::string option = argc > 1 ? argv[1] : "";
  if (argc > 2 || (!option.empty() && option != "--quick" && option != "--memory")) {
    std::fprintf(stderr, "usage: bench_mempool [--quick | --memory]\n");
    return 2;
  }
  if (option == "--memory") {
    MeasureMemory(300'000'000);
  } else if (option == "--quick") {
    MeasureAdmission(1000, 500, 300);
  } else {
    MeasureAdmission(100'000, 10'000, 3000);
  }
  return 0;
}
