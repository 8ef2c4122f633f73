// A ledger in a folder of its own, to import into, to look at, and to open again.
#pragma once

#include <cstring>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "cairn/base/writer.h"
#include "cairn/genesis/chain_file.h"
#include "cairn/ledger/import.h"
#include "cairn/ledger/ledger.h"
#include "tests/support/temp_dir.h"

namespace cairn::test {

inline consensus::Params ChainNamed(const std::string& name) {
  auto params = genesis::BuiltInChain(name);
  EXPECT_TRUE(params.has_value()) << (params ? "" : params.error().message);
  return *std::move(params);
}

class LedgerWorld {
 public:
  explicit LedgerWorld(consensus::Params chain) : params(std::move(chain)) { Open(); }

  void Open() {
    options.blocks_folder = folder / "blocks";
    options.coins_folder = folder / "chainstate";
    options.indexes_folder = folder / "indexes";
    auto opened = ledger::Ledger::Open(options, params, clock, workers);
    ASSERT_TRUE(opened.has_value()) << opened.error().message;
    ledger = *std::move(opened);
  }

  void Reopen() {
    ledger.reset();
    Open();
  }

  ledger::ImportReport Import(const std::filesystem::path& file) {
    const std::atomic<bool> stop{false};
    return ledger::ImportBlocks(file, *ledger, stop);
  }

  std::filesystem::path WriteFile(const Bytes& bytes) {
    const std::filesystem::path file = folder / "import.dat";
    std::ofstream(file, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()), static_cast<long>(bytes.size()));
    return file;
  }

  /// Imports bytes as if they were a file.
  ledger::ImportReport ImportBytes(const Bytes& bytes) { return Import(WriteFile(bytes)); }

  std::string Tip() const { return ledger->View()->tip->hash.ToString(); }
  int Height() const { return ledger->View()->Height(); }

  TempDir folder;
  consensus::Params params;
  Clock clock;
  WorkerPool workers{2};
  ledger::LedgerOptions options;
  std::unique_ptr<ledger::Ledger> ledger;
};

/// The raw blocks of a well-formed bootstrap file.
inline std::vector<Bytes> SplitFrames(ByteSpan file) {
  std::vector<Bytes> blocks;
  while (file.size() >= 8) {
    const auto length = LoadLittle<uint32_t>(&file[4]);
    const ByteSpan block = file.subspan(8, length);
    blocks.emplace_back(block.begin(), block.end());
    file = file.subspan(8 + size_t{length});
  }
  return blocks;
}

inline Bytes JoinFrames(const std::vector<Bytes>& blocks, const consensus::Params& params) {
  Bytes file;
  Writer writer(file);
  for (const Bytes& block : blocks) {
    writer.Raw(params.magic).U32(static_cast<uint32_t>(block.size())).Raw(block);
  }
  return file;
}

}  // namespace cairn::test
