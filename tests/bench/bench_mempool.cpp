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

#include "cairn/mempool/mempool.h"
#include "consensus/rules/scripts.h"
#include "consensus/script/checker.h"
#include "tests/bench/measure.h"
#include "tests/bench/pool_world.h"
#include "tests/support/block_maker.h"

namespace {

using namespace cairn;
using namespace cairn::bench;

/// Bytes that the process has in memory.
uint64_t ResidentBytes() {
  std::ifstream file("/proc/self/statm");
  uint64_t all = 0, resident = 0;
  file >> all >> resident;
  return resident * 4096;
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
