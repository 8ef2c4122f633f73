// What the indexes cost for each input of real blocks: the part that can be done on any thread, and
// the part of the thread that follows the chain. Needs the conformance vectors; prints nothing else
// where they are absent.
//
// CPU time of the thread, medians over rounds, in microseconds per input behind the coinbase.
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "cairn/genesis/chain_file.h"
#include "src/ledger/index/coin_stats_index.h"
#include "src/ledger/index/filter_index.h"
#include "src/ledger/index/index.h"
#include "src/ledger/index/tx_index.h"
#include "tests/bench/measure.h"
#include "tests/support/prevouts.h"
#include "tests/support/temp_dir.h"

namespace {

using namespace cairn;
using namespace cairn::ledger;
using bench::Median;
using bench::ThreadCpuSeconds;

struct RealBlock {
  int height = 0;
  BlockPtr block;
  std::unique_ptr<test::OwnedCoins> spent;
};

std::vector<RealBlock> ReadBlocks() {
  std::vector<RealBlock> blocks;
  const auto index = json::Parse(test::ReadText(test::VectorPath("blocks/index.json")));
  for (const json::Value& entry : index->Items()) {
    if (entry.Find("prevouts")->IsNull() || entry.Find("network")->Text() != "mainnet") continue;
    RealBlock real;
    real.height = static_cast<int>(*entry.Find("height")->AsInt());
    real.block =
        Block::Parse(test::ReadBinary(test::VectorPath("blocks/" + entry.Find("file")->Text())))
            .value();
    real.spent = std::make_unique<test::OwnedCoins>();
    test::ReadPrevouts(test::VectorPath("blocks/" + entry.Find("prevouts")->Text()), *real.spent);
    real.spent->pointers();
    blocks.push_back(std::move(real));
  }
  return blocks;
}

struct Cost {
  double digest = 0, append = 0, publish = 0;
};

/// One pass over all blocks as if they followed each other, into a new index.
Cost Measure(std::vector<RealBlock>& blocks, std::unique_ptr<const IndexKind> kind) {
  const test::TempDir folder;
  const auto index = Index::Open(folder.path(), {}, std::move(kind)).value();
  Cost cost;
  BlockPlace place = {-1, {}, {}};
  for (RealBlock& real : blocks) {
    const double start = ThreadCpuSeconds();
    const Bytes digest = index->kind().Digest(*real.block, real.height, real.spent->pointers());
    const double digested = ThreadCpuSeconds();
    place = {place.height + 1, real.block->hash(), place.hash};
    if (index->Append(place, digest).value() != Followed::kDone) std::abort();
    const double appended = ThreadCpuSeconds();
    index->Publish();
    cost.digest += digested - start;
    cost.append += appended - digested;
    cost.publish += ThreadCpuSeconds() - appended;
  }
  return cost;
}

}  // namespace

int main(int argc, char** argv) {
  const bool quick = argc > 1 && std::strcmp(argv[1], "--quick") == 0;
  if (argc > 1 && !quick) {
    std::fprintf(stderr, "usage: bench_indexes [--quick]\n");
    return 1;
  }
  if (!test::HaveVectors()) {
    std::printf("no conformance vectors\n");
    return 0;
  }
  const auto params = genesis::BuiltInChain("mainnet");
  std::vector<RealBlock> blocks = ReadBlocks();
  double inputs = 0;
  for (const RealBlock& real : blocks) inputs += static_cast<double>(real.spent->size());
  std::printf("%zu blocks, %.0f inputs; microseconds per input\n", blocks.size(), inputs);
  std::printf("%-26s %8s %8s %8s\n", "", "digest", "append", "publish");
  Cost total;
  for (const char* name : {"tx", "filter", "coinstats"}) {
    std::vector<double> digest, append, publish;
    std::string full_name;
    for (int round = 0; round < (quick ? 1 : 11); ++round) {
      auto kind = name == std::string("tx")       ? MakeTxIndexKind()
                  : name == std::string("filter") ? MakeFilterIndexKind()
                                                  : MakeCoinStatsIndexKind(*params);
      full_name = kind->name();
      const Cost cost = Measure(blocks, std::move(kind));
      digest.push_back(cost.digest / inputs * 1e6);
      append.push_back(cost.append / inputs * 1e6);
      publish.push_back(cost.publish / inputs * 1e6);
    }
    std::printf("%-26s %8.3f %8.3f %8.3f\n", full_name.c_str(), Median(digest), Median(append),
                Median(publish));
    total.digest += Median(digest);
    total.append += Median(append);
    total.publish += Median(publish);
  }
  std::printf("%-26s %8.3f %8.3f %8.3f\n", "all", total.digest, total.append, total.publish);
  return 0;
}
