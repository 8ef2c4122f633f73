// The folders of a node, its lock and its pid file.
#include "cairn/node/data_dir.h"

#include <optional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/node/support.h"

namespace cairn::node {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

std::string ReadText(const fs::path& path) {
  std::ifstream file(path);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

TEST(DataDir, MakesItsFolders) {
  TempFolder folder;
  const Result<DataDir> dir = DataDir::Open(folder.path(), "regtest");
  ASSERT_TRUE(dir) << dir.error().message;
  EXPECT_EQ(dir->network(), folder.path() / "regtest");
  EXPECT_EQ(dir->blocks(), folder.path() / "regtest/blocks");
  for (const fs::path& made :
       {dir->blocks(), dir->chainstate(), dir->indexes(), dir->network() / "wallets"}) {
    EXPECT_TRUE(fs::is_directory(made)) << made;
  }
  EXPECT_TRUE(fs::exists(dir->network() / ".lock"));
}

TEST(DataDir, OfMainnetIsTheRoot) {
  TempFolder folder;
  const Result<DataDir> dir = DataDir::Open(folder.path(), "");
  ASSERT_TRUE(dir);
  EXPECT_TRUE(fs::exists(folder.path() / ".lock"));
  EXPECT_EQ(fs::path(dir->chainstate()), folder.path() / "chainstate");
}

TEST(DataDir, OpensAgainOnceClosed) {
  TempFolder folder;
  for (int i = 0; i < 2; ++i) {
    const Result<DataDir> dir = DataDir::Open(folder.path(), "x");
    EXPECT_TRUE(dir) << dir.error().message;
  }
}

TEST(DataDir, KeepsASecondNodeOut) {
  TempFolder folder;
  const Result<DataDir> first = DataDir::Open(folder.path(), "regtest");
  ASSERT_TRUE(first);
  const Result<DataDir> second = DataDir::Open(folder.path(), "regtest");
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().message, "Cannot obtain a lock on directory " +
                                        (folder.path() / "regtest").string() +
                                        ". Cairn is probably already running.");
  EXPECT_TRUE(DataDir::Open(folder.path(), "signet")) << "other networks are free";
}

TEST(DataDir, KeepsTheLockWhenMoved) {
  TempFolder folder;
  std::optional<DataDir> holder;
  {
    Result<DataDir> first = DataDir::Open(folder.path(), "");
    ASSERT_TRUE(first);
    holder = std::move(*first);
  }
  EXPECT_FALSE(DataDir::Open(folder.path(), ""));
  holder.reset();
  EXPECT_TRUE(DataDir::Open(folder.path(), ""));
}

TEST(DataDir, LockIsNotInheritedByCommands) {
  TempFolder folder;
  Result<DataDir> first = DataDir::Open(folder.path(), "");
  ASSERT_TRUE(first);
  const pid_t child = fork();
  if (child == 0) {
    execl("/bin/sleep", "sleep", "30", static_cast<char*>(nullptr));
    _exit(127);
  }
  ASSERT_GT(child, 0);
  const fs::path running = "/proc/" + std::to_string(child) + "/comm";
  for (int i = 0; i < 500 && ReadText(running) != "sleep\n"; ++i) usleep(10'000);
  first = Invalid("closed");
  EXPECT_TRUE(DataDir::Open(folder.path(), "")) << "held by a child";
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
}

TEST(DataDir, KeepsBlocksElsewhere) {
  TempFolder folder;
  TempFolder other;
  const Result<DataDir> dir = DataDir::Open(folder.path(), "regtest", other.path());
  ASSERT_TRUE(dir);
  EXPECT_EQ(dir->blocks(), other.path() / "regtest/blocks");
  EXPECT_TRUE(fs::is_directory(dir->blocks()));
  EXPECT_FALSE(fs::exists(dir->network() / "blocks"));
  const fs::path absent = other.path() / "absent";
  const Result<DataDir> bad = DataDir::Open(folder.path(), "signet", absent);
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().message,
            "Specified blocks directory \"" + absent.string() + "\" does not exist.");
}

TEST(DataDir, SaysWhenAFileStandsInTheWay) {
  TempFolder folder;
  folder.Write("regtest", "a file");
  const Result<DataDir> dir = DataDir::Open(folder.path(), "regtest");
  ASSERT_FALSE(dir);
  EXPECT_THAT(dir.error().message, HasSubstr((folder.path() / "regtest").string()));
  folder.Write("signet/chainstate", "a file");
  EXPECT_FALSE(DataDir::Open(folder.path(), "signet"));
}

TEST(DataDir, SaysWhenTheLockCannotBeWritten) {
  TempFolder folder;
  fs::create_directories(folder.path() / ".lock");
  const Result<DataDir> dir = DataDir::Open(folder.path(), "");
  ASSERT_FALSE(dir);
  EXPECT_THAT(dir.error().message, HasSubstr("Cannot write to directory"));
}

TEST(PidFile, HoldsTheProcessNumberWhileItLives) {
  TempFolder folder;
  const fs::path path = folder.path() / "cairnd.pid";
  {
    Result<PidFile> first = PidFile::Create(path);
    ASSERT_TRUE(first) << first.error().message;
    EXPECT_EQ(ReadText(path), std::to_string(getpid()) + "\n");
    const PidFile moved = std::move(*first);
    EXPECT_TRUE(fs::exists(path));
  }
  EXPECT_FALSE(fs::exists(path));
}

TEST(PidFile, ReplacesAStaleOne) {
  TempFolder folder;
  const fs::path path = folder.Write("cairnd.pid", "123456789 and more\n");
  const Result<PidFile> file = PidFile::Create(path);
  ASSERT_TRUE(file);
  EXPECT_EQ(ReadText(path), std::to_string(getpid()) + "\n");
}

TEST(PidFile, IsNoneForTheEmptyPath) { EXPECT_TRUE(PidFile::Create("")); }

TEST(PidFile, SaysWhyItCannotBeWritten) {
  TempFolder folder;
  const Result<PidFile> file = PidFile::Create(folder.path() / "absent/cairnd.pid");
  ASSERT_FALSE(file);
  EXPECT_THAT(file.error().message, HasSubstr("Unable to create the PID file"));
  EXPECT_THAT(file.error().message, HasSubstr("No such file"));
}

}  // namespace
}  // namespace cairn::node
