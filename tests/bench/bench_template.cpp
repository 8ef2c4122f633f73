// What block templates cost with a mempool of 300 MB: how soon after a change of the tip a job is
// there, without transactions and with them, and the CPU time of making a full one beside that of
// connecting the same block when nothing of it is known.
//
// CPU time of the whole process, as each step has several threads.
#include <chrono>
#include <cstdio>
#include <thread>
#include <vector>

#include "cairn/mining/job_board.h"
#include "tests/bench/measure.h"
#include "tests/bench/pool_world.h"

namespace {

using namespace cairn;
using namespace cairn::bench;
using mining::Job;
using mining::JobBoard;
using mining::JobPtr;
using SteadyClock = std::chrono::steady_clock;

constexpr std::chrono::seconds kPatience{60};
// What a block leaves to be done later is done when the next one comes.
constexpr std::chrono::milliseconds kBetweenBlocks{1500};

void Fill(World& world, int64_t max_bytes) {
  const auto count = static_cast<size_t>(max_bytes / 1000);
  const auto all = MakeTransactions(world.wallet(), world.MakeCoins(count), count);
  world.OpenPool(max_bytes);
  for (const TransactionPtr& tx : all) {
    world.pool().Submit(tx, mempool::Origin::Peer(1), [](const mempool::AdmissionResult&) {});
  }
  world.pool().Synchronize();
  const mempool::PoolInfo info = world.pool().Info();
  std::printf("pool of %zu transactions, counted %.1f MB\n", info.count,
              static_cast<double>(info.usage) / 1e6);
}

mining::TemplateOptions Options(World& world) {
  return {.payout_script = {OP_1}, .version = {}, .pool = &world.pool()};
}

BlockPtr Solved(const Job& job, const consensus::Params& params) {
  Header header = job.block.header;
  test::SolveHeader(header, params);
  return job.block.Finish(header);
}

double Milliseconds(SteadyClock::duration duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}

JobPtr Need(JobPtr job) {
  if (job == nullptr) Die("no job came");
  return job;
}

/// Mines the board's own jobs, and sees how long the next ones take.
void MeasureTipChanges(World& world, int blocks) {
  JobBoard board(*world.chain().ledger, world.chain().clock, Options(world));
  board.Watch();
  JobPtr job = Need(board.WaitBeyond(0, kPatience));
  std::vector<double> first, full;
  size_t transactions = 0;
  for (int i = 0; i < blocks; ++i) {
    std::this_thread::sleep_for(kBetweenBlocks);
    const BlockPtr block = Solved(*job, world.chain().params);
    transactions += job->transactions.size();
    SteadyClock::time_point changed;
    std::thread watcher([&, seen = job->view->tip->hash] {
      world.chain().ledger->WaitForTip(seen, kPatience);
      changed = SteadyClock::now();
    });
    world.chain().Connect(block);
    job = Need(board.WaitOn(world.chain().ledger->View()->tip, kPatience));
    const auto came = SteadyClock::now();
    watcher.join();
    first.push_back(Milliseconds(came - changed));
    if (!job->full) job = Need(board.WaitBeyond(job->number, kPatience));
    full.push_back(Milliseconds(SteadyClock::now() - changed));
  }
  std::printf(
      "%d changes of the tip by blocks of %zu transactions: a job after %.2f ms (median; at most "
      "%.2f), a full one after %.1f ms (median)\n",
      blocks, transactions / static_cast<size_t>(blocks), Median(first),
      *std::max_element(first.begin(), first.end()), Median(full));
}

void MeasureCpu(World& world, int rounds) {
  world.pool().Synchronize();
  std::vector<double> making;
  JobPtr job;
  for (int i = 0; i < rounds; ++i) {
    JobBoard board(*world.chain().ledger, world.chain().clock, Options(world));
    const double start = ProcessCpuSeconds();
    job = board.Fresh().value();
    making.push_back(ProcessCpuSeconds() - start);
  }
  const BlockPtr block = Solved(*job, world.chain().params);
  const size_t transactions = job->transactions.size();
  job.reset();
  world.ClosePool();
  world.chain().Reopen();  // forgets what has proved true
  const double start = ProcessCpuSeconds();
  world.chain().Connect(block);
  const double connecting = ProcessCpuSeconds() - start;
  std::printf(
      "a full template of %zu transactions: %.1f ms of CPU (median of %d); connecting it cold: "
      "%.1f "
      "ms; %.3f\n",
      transactions, 1e3 * Median(making), rounds, 1e3 * connecting, Median(making) / connecting);
}

}  // namespace

int main(int argc, char** argv) {
  const bool quick = argc == 2 && std::string(argv[1]) == "--quick";
  if (argc > 1 && !quick) {
    std::fprintf(stderr, "usage: bench_template [--quick]\n");
    return 2;
  }
  World world;
  Fill(world, quick ? 5'000'000 : 300'000'000);
  MeasureTipChanges(world, quick ? 2 : 8);
  MeasureCpu(world, quick ? 1 : 5);
  return 0;
}
