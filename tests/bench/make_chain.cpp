// Makes a regtest chain of real signed transactions and writes it as a bootstrap file that any node
// can import (magic, length, raw block), with what a node must come to: tip, coins and their hash.
//
// The last line of the output is one JSON object; it is written to FILE.json too, where the replay
// bench looks for it. Branches go into files of their own, without the blocks below them.
#include <chrono>
#include <cstdio>
#include <fstream>
#include <optional>
#include <string>
#include <thread>

#include "cairn/base/json.h"
#include "cairn/base/writer.h"
#include "cairn/genesis/chain_file.h"
#include "tests/bench/bench_options.h"
#include "tests/bench/chain_maker/made_chain.h"
#include "tests/bench/chain_maker/utxo_summary.h"
#include "tests/support/temp_dir.h"

namespace {

using cairn::BlockPtr;
using cairn::Result;
using cairn::bench::ChainTotals;
using cairn::bench::MadeChain;
namespace bench = cairn::bench;
namespace consensus = cairn::consensus;

constexpr const char* kUsage =
    R"(usage: make_chain --output=FILE [options]
  --inputs=N             inputs of the traffic (400000)
  --blocks=N             blocks above genesis (as many as the inputs fill well)
  --seed=N               another number, another chain (1)
  --keys=N               how many keys own all coins (20000)
  --threads=N            that sign (one per processor)
  --fork-file=FILE       a branch that has one block more than the chain above where it leaves it
  --fork-depth=N         how many blocks below the tip it does so (100)
  --fork-transactions=N  in all its blocks together (10000)
  --return-file=FILE     two more blocks of the chain, so that it overtakes the branch again
  --tail-file=FILE       empty blocks on the chain's tip, so that it lies deep enough for
                         -assumevalid to hold
  --tail-blocks=N        (2100)
  --quick                a small chain with all branches, to see that everything works
)";

struct Options {
  uint64_t seed = 1;
  uint64_t inputs = 400'000;
  uint64_t blocks = 0;
  uint64_t keys = 20'000;
  uint64_t threads = std::max(1u, std::thread::hardware_concurrency());
  uint64_t fork_depth = 100;
  uint64_t fork_transactions = 10'000;
  uint64_t tail_blocks = 2100;
  std::string output, fork_file, return_file, tail_file;
};

bool ParseOptions(int argc, char** argv, Options& options) {
  return bench::ParseBenchOptions(argc, argv,
                                  {.numbers =
                                       {
                                           {"--seed", &options.seed},
                                           {"--inputs", &options.inputs},
                                           {"--blocks", &options.blocks},
                                           {"--keys", &options.keys},
                                           {"--threads", &options.threads},
                                           {"--fork-depth", &options.fork_depth},
                                           {"--fork-transactions", &options.fork_transactions},
                                           {"--tail-blocks", &options.tail_blocks},
                                       },
                                   .texts = {
                                       {"--output", &options.output},
                                       {"--fork-file", &options.fork_file},
                                       {"--return-file", &options.return_file},
                                       {"--tail-file", &options.tail_file},
                                   }});
}

void UseQuickOptions(const cairn::test::TempDir& folder, Options& options) {
  options.inputs = 300;
  options.keys = 60;
  options.fork_depth = 5;
  options.fork_transactions = 30;
  options.tail_blocks = 20;
  options.output = (folder / "chain.dat").string();
  options.fork_file = (folder / "fork.dat").string();
  options.return_file = (folder / "return.dat").string();
  options.tail_file = (folder / "tail.dat").string();
}

class FrameFile {
 public:
  FrameFile(const std::string& path, const consensus::Params& params)
      : path_(path), magic_(params.magic), file_(path, std::ios::binary) {}

  void Append(cairn::ByteSpan block) {
    cairn::Bytes prefix;
    cairn::Writer(prefix).Raw(magic_).U32(static_cast<uint32_t>(block.size()));
    Write(prefix);
    Write(block);
  }

  /// Ends the program if anything could not be written.
  void Close() {
    file_.close();
    if (!file_.fail()) return;
    std::fprintf(stderr, "make_chain: cannot write %s\n", path_.c_str());
    std::exit(1);
  }

 private:
  void Write(cairn::ByteSpan bytes) {
    file_.write(reinterpret_cast<const char*>(bytes.data()),
                static_cast<std::streamsize>(bytes.size()));
  }

  const std::string path_;
  const std::array<uint8_t, 4> magic_;
  std::ofstream file_;
};

void Describe(cairn::json::Writer& json, const std::string& file, const ChainTotals& totals,
              const MadeChain& chain) {
  const bench::UtxoSummary utxos = bench::SummariseUtxos(chain);
  json.Key("file").String(file);
  json.Key("height").Int(chain.tip().height);
  json.Key("blocks").Uint(totals.blocks);
  json.Key("transactions").Uint(totals.transactions);
  json.Key("inputs").Uint(totals.inputs);
  json.Key("signatures").Uint(totals.signatures);
  json.Key("bytes").Uint(totals.bytes);
  json.Key("tip").String(chain.tip().hash.ToString());
  json.Key("tip_time").Uint(chain.tip().time);
  json.Key("txouts").Uint(utxos.count);
  json.Key("total_amount").Amount(utxos.total);
  json.Key("hash_serialized_3").String(cairn::HashToText(utxos.serialized_hash));
  json.Key("muhash").String(cairn::HashToText(utxos.muhash));
}

/// Makes the chain and its branches, writes their files and describes them.
class Maker {
 public:
  Maker(const Options& options, const bench::ChainSetting& setting)
      : options_(options), setting_(setting), chain_(setting, options.seed) {}

  std::string Run() {
    json_.BeginObject();
    json_.Key("seed").Uint(options_.seed);
    MakeTrunk();
    Describe(json_, options_.output, chain_.totals(), chain_);
    if (fork_) {
      const uint64_t blocks = options_.fork_depth + 1;
      const uint64_t transactions = options_.fork_transactions;
      MakeBranch("fork", options_.fork_file, *fork_, blocks, [&](MadeChain& branch, uint64_t i) {
        return branch.GrowTransactions(transactions * (i + 1) / blocks - transactions * i / blocks);
      });
    }
    if (!options_.return_file.empty()) {
      MakeBranch("return", options_.return_file, chain_, 2,
                 [](MadeChain& branch, uint64_t) { return branch.GrowEmpty(); });
    }
    if (!options_.tail_file.empty()) {
      // A second apart, or the last ones would lie in the future.
      MakeBranch("tail", options_.tail_file, chain_, options_.tail_blocks,
                 [](MadeChain& branch, uint64_t) { return branch.GrowEmpty(1); });
    }
    json_.EndObject();
    return json_.Take();
  }

  const MadeChain& chain() const { return chain_; }

 private:
  void MakeTrunk() {
    FrameFile file(options_.output, setting_.params);
    file.Append(setting_.params.genesis_block);
    const auto blocks = static_cast<uint64_t>(setting_.schedule.blocks());
    for (uint64_t height = 0; height < blocks; ++height) {
      if (!options_.fork_file.empty() && height + options_.fork_depth == blocks) {
        fork_.emplace(chain_);
      }
      file.Append(chain_.Grow()->bytes());
    }
    file.Close();
  }

  template <typename Grow>
  void MakeBranch(const char* name, const std::string& path, const MadeChain& trunk,
                  uint64_t blocks, const Grow& grow) {
    MadeChain branch = trunk;
    branch.Reseed(options_.seed ^ cairn::bench::Random(blocks).Next());
    FrameFile file(path, setting_.params);
    for (uint64_t i = 0; i < blocks; ++i) file.Append(grow(branch, i)->bytes());
    file.Close();
    json_.Key(name).BeginObject();
    json_.Key("leaves_at").Int(trunk.tip().height);
    Describe(json_, path, branch.totals() - trunk.totals(), branch);
    json_.EndObject();
  }

  const Options& options_;
  const bench::ChainSetting setting_;
  MadeChain chain_;
  std::optional<MadeChain> fork_;
  cairn::json::Writer json_;
};

int Fail(const std::string& message) {
  std::fprintf(stderr, "make_chain: %s\n", message.c_str());
  return 1;
}

int Run(const Options& options) {
  const auto started = std::chrono::steady_clock::now();
  const auto params = cairn::genesis::BuiltInChain("regtest");
  if (!params) return Fail(params.error().message);
  const auto schedule = bench::Schedule::Make(
      options.seed, options.inputs, static_cast<int>(options.blocks), params->coinbase_maturity);
  if (!schedule) return Fail(schedule.error().message);
  const auto height = static_cast<uint64_t>(schedule->blocks());
  if (!options.fork_file.empty() && (options.fork_depth == 0 || options.fork_depth > height)) {
    return Fail("the fork must leave between genesis and the tip");
  }
  constexpr uint64_t kLeastKeys = 3;  // for the multisignatures
  if (options.keys < kLeastKeys) return Fail("at least 3 keys are needed");
  cairn::WorkerPool workers(options.threads > 0 ? options.threads - 1 : 0);
  const bench::KeyRing keys(options.seed, options.keys, workers);
  Maker maker(options, {*params, *schedule, keys, workers});
  const std::string line = maker.Run() + "\n";
  if (maker.chain().traffic_inputs() != options.inputs) {
    return Fail("only " + std::to_string(maker.chain().traffic_inputs()) +
                " inputs fit; allow more blocks");
  }
  std::ofstream description(options.output + ".json");
  description << line;
  description.close();
  if (description.fail()) return Fail("cannot write " + options.output + ".json");
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - started;
  std::fprintf(stderr, "made in %.1f s\n", seconds.count());
  std::fputs(line.c_str(), stdout);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  if (argc == 2 && std::string(argv[1]) == "--quick") {
    const cairn::test::TempDir folder;
    UseQuickOptions(folder, options);
    return Run(options);
  }
  if (!ParseOptions(argc, argv, options) || options.output.empty()) {
    std::fputs(kUsage, stderr);
    return 1;
  }
  return Run(options);
}
