// What an import says: in the log on its way, and of a block that was refused before.

#include <fstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cairn/base/log.h"
#include "tests/support/chain_world.h"

namespace cairn::test {
namespace {

using testing::ElementsAre;

constexpr int kHeight = 40;

/// Genesis and the blocks above it.
std::vector<Bytes> RawChain(const consensus::Params& params) {
  std::vector<Bytes> blocks = {params.genesis_block};
  for (const MadeBlock& made : MakeChain(params, Place::Genesis(params), kHeight)) {
    const ByteSpan bytes = made.block->bytes();
    blocks.emplace_back(bytes.begin(), bytes.end());
  }
  return blocks;
}

/// An import, and the lines that it writes on its way, without the file's name. Unless told
/// otherwise it writes one after every step.
class LoggedImport {
 public:
  LoggedImport(LedgerWorld& world, const Bytes& bytes,
               std::chrono::milliseconds interval = std::chrono::milliseconds(0)) {
    const std::filesystem::path log_file = world.folder / "debug.log";
    std::filesystem::remove(log_file);
    log::Config config;
    config.file = log_file.string();
    config.timestamps = false;
    log::ConfigureLog(config);
    const std::atomic<bool> stop{false};
    const std::filesystem::path file = world.WriteFile(bytes);
    report = ledger::ImportBlocks(file, *world.ledger, stop, interval);
    log::ConfigureLog({});
    std::ifstream log(log_file);
    for (std::string line; std::getline(log, line);) {
      const size_t name = line.find(file.string() + ": ");
      if (line.starts_with("Import") && name != std::string::npos) {
        lines.push_back(line.substr(name + file.string().size() + 2));
      }
    }
  }

  /// The percentages of all lines that match, each in a line's last part.
  std::vector<double> Percentages(const std::string& pattern) const {
    std::vector<double> result;
    for (const std::string& line : lines) {
      const auto whole = testing::MatchesRegex(pattern + "[0-9]+\\.[0-9] % of the file");
      if (testing::Matches(whole)(line)) {
        result.push_back(std::stod(line.substr(line.rfind(", ") + 2)));
      }
    }
    return result;
  }
  std::vector<double> OfScan() const {
    return Percentages("read [0-9]+ headers, [0-9]+\\.[0-9] MB/s, ");
  }
  std::vector<double> OfBodies() const {
    return Percentages("height [0-9]+, [0-9]+\\.[0-9] blocks/s, ");
  }

  ledger::ImportReport report;
  std::vector<std::string> lines;
};

TEST(ImportProgress, RisesToAllOfTheFile) {
  LedgerWorld world(ChainNamed("regtest"));
  const Bytes file = JoinFrames(RawChain(world.params), world.params);
  const LoggedImport import(world, file);
  EXPECT_EQ(import.report.error, "");

  const std::vector<double> scan = import.OfScan();
  EXPECT_EQ(scan.size(), kHeight + 1u);
  EXPECT_TRUE(std::is_sorted(scan.begin(), scan.end()));
  EXPECT_GT(scan.front(), 0);
  EXPECT_EQ(scan.back(), 100);

  EXPECT_THAT(import.lines, testing::Contains("accepted 40 headers of 40"));

  const std::vector<double> bodies = import.OfBodies();
  EXPECT_EQ(bodies.size(), kHeight + 1u);  // one at the end
  EXPECT_TRUE(std::is_sorted(bodies.begin(), bodies.end()));
  EXPECT_GT(bodies.front(), 0) << "genesis counts";
  EXPECT_LT(bodies.front(), 10);
  EXPECT_EQ(bodies.back(), 100);

  // What is known counts as well, in one line: nothing of it takes a step.
  const LoggedImport again(world, file);
  EXPECT_THAT(again.OfBodies(), ElementsAre(100));
}

TEST(ImportProgress, CountsPadding) {
  LedgerWorld world(ChainNamed("regtest"));
  Bytes file = JoinFrames(RawChain(world.params), world.params);
  file.resize(file.size() * 2);
  const LoggedImport import(world, file);
  EXPECT_EQ(import.OfScan().back(), 50);
  EXPECT_GT(import.OfBodies().front(), 50);
  EXPECT_EQ(import.OfBodies().back(), 100);
}

TEST(ImportProgress, LeavesOutWhatCannotBeImported) {
  LedgerWorld world(ChainNamed("regtest"));
  Bytes file = JoinFrames(RawChain(world.params), world.params);
  file.resize(file.size() * 2, 1);
  const LoggedImport import(world, file);
  EXPECT_THAT(import.report.error, testing::HasSubstr("magic"));
  EXPECT_EQ(import.OfBodies().back(), 50);
}

TEST(ImportProgress, AnEmptyFileIsDone) {
  LedgerWorld world(ChainNamed("regtest"));
  EXPECT_THAT(LoggedImport(world, {}).OfBodies(), ElementsAre(100));
}

TEST(ImportProgress, IsShownOnceInAnInterval) {
  LedgerWorld world(ChainNamed("regtest"));
  const Bytes file = JoinFrames(RawChain(world.params), world.params);
  const LoggedImport import(world, file, std::chrono::hours(1));
  EXPECT_THAT(import.OfBodies(), ElementsAre(100));
  EXPECT_THAT(import.lines, ElementsAre("reading headers", testing::StartsWith("height 40, ")));
}

TEST(ImportAgain, SaysThatABlockWasRefusedBefore) {
  ChainWorld world;
  const MadeBlock first = MakeBlock(world.params, Place::Genesis(world.params));
  BlockPlan greedy;
  greedy.fees = 1;
  const MadeBlock bad = MakeBlock(world.params, first.place, greedy);
  std::vector<Bytes> blocks = {world.params.genesis_block};
  for (const MadeBlock& made : {first, bad, MakeBlock(world.params, bad.place)}) {
    const ByteSpan bytes = made.block->bytes();
    blocks.emplace_back(bytes.begin(), bytes.end());
  }
  const Bytes file = JoinFrames(blocks, world.params);
  const size_t offset = 8 + blocks[0].size() + 8 + blocks[1].size() + 8;
  const std::string where = "height 2, offset " + std::to_string(offset) + ": block " +
                            bad.block->hash().ToString() + ": ";
  EXPECT_THAT(world.ImportBytes(file).error, testing::StartsWith(where + "bad-cb-amount"));
  EXPECT_EQ(world.ImportBytes(file).error, where + "was refused before (duplicate-invalid)");
  world.Reopen();
  EXPECT_EQ(world.ImportBytes(file).error, where + "was refused before (duplicate-invalid)");
  EXPECT_EQ(world.Height(), 1);
}

}  // namespace
}  // namespace cairn::test
