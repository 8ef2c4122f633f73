#include "cairn/base/log.h"

#include <filesystem>
#include <fstream>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "src/base/log_line.h"

namespace cairn::log {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::MatchesRegex;

const auto kTime =
    std::chrono::system_clock::time_point(std::chrono::microseconds(1769862896'000123));

Record MakeRecord(Level level, Category category, std::string message) {
  return Record{kTime,    level,
                category, Site{"/home/me/src/net/peer.cpp", 7, "Greet"},
                "p2p",    std::move(message)};
}

TEST(LogLine, HasTheTimeFirst) {
  EXPECT_EQ(FormatRecord(MakeRecord(Level::kInfo, kNone, "hello"), Config{}),
            "2026-01-31T12:34:56Z hello");
}

TEST(LogLine, NamesCategoryAndLevelAsBitcoinCoreDoes) {
  Config config;
  config.timestamps = false;
  const auto line = [&](Level level, Category category) {
    return FormatRecord(MakeRecord(level, category, "x"), config);
  };
  EXPECT_EQ(line(Level::kInfo, kNone), "x");
  EXPECT_EQ(line(Level::kWarning, kNone), "[warning] x");
  EXPECT_EQ(line(Level::kError, kNone), "[error] x");
  EXPECT_EQ(line(Level::kDebug, kNet), "[net] x");
  EXPECT_EQ(line(Level::kTrace, kNet), "[net:trace] x");
  EXPECT_EQ(line(Level::kWarning, kNet), "[net:warning] x");
  config.level_always = true;
  EXPECT_EQ(line(Level::kInfo, kNone), "[all:info] x");
  EXPECT_EQ(line(Level::kError, kNone), "[all:error] x");
  EXPECT_EQ(line(Level::kDebug, kNet), "[net:debug] x");
}

TEST(LogLine, ShowsWhatTheOptionsAskFor) {
  Config config;
  config.time_micros = true;
  config.thread_names = true;
  config.source_locations = true;
  EXPECT_EQ(FormatRecord(MakeRecord(Level::kDebug, kHttp, "x"), config),
            "2026-01-31T12:34:56.000123Z [p2p] [src/net/peer.cpp:7] [Greet] [http] x");
}

TEST(LogLine, CallsAThreadWithoutNameUnknown) {
  Config config;
  config.timestamps = false;
  config.thread_names = true;
  Record record = MakeRecord(Level::kInfo, kNone, "x");
  record.thread.clear();
  EXPECT_EQ(FormatRecord(record, config), "[unknown] x");
}

TEST(LogLine, TimeBefore1970HasAPositiveFraction) {
  const auto time = std::chrono::system_clock::time_point(std::chrono::microseconds(-1));
  EXPECT_EQ(FormatTime(time, true), "1969-12-31T23:59:59.999999Z");
}

TEST(LogLine, WritesJson) {
  Config config;
  config.json = true;
  EXPECT_EQ(
      FormatRecord(MakeRecord(Level::kDebug, kNet, "say \"a\\b\"\n"), config),
      R"({"time":"2026-01-31T12:34:56Z","level":"debug","category":"net","message":"say \"a\\b\"\\x0a"})");
  config.thread_names = true;
  config.source_locations = true;
  config.timestamps = false;
  EXPECT_EQ(
      FormatRecord(MakeRecord(Level::kInfo, kNone, "x"), config),
      R"({"level":"info","thread":"p2p","source":"src/net/peer.cpp:7","function":"Greet","message":"x"})");
}

TEST(Printable, EscapesWhatAPeerCouldForgeOrSteerWith) {
  EXPECT_EQ(Printable("a\nb\r\tc"), "a\\x0ab\\x0d\\x09c");
  EXPECT_EQ(Printable(std::string_view("\0\x1b[2J\x7f", 6)), "\\x00\\x1b[2J\\x7f");
  EXPECT_EQ(Printable("\xc2\x9b"), "\\xc2\\x9b");  // U+009B, the one-character form of ESC [
}

TEST(Printable, KeepsUtf8AndEscapesWhatIsNot) {
  const std::string good = "\xc3\xa9 \xe2\x82\xbf \xf0\x9f\x9a\x80";
  EXPECT_EQ(Printable(good), good);
  EXPECT_EQ(Printable("\xc3"), "\\xc3");                             // cut short
  EXPECT_EQ(Printable("\xc3("), "\\xc3(");                           // no continuation
  EXPECT_EQ(Printable("\xc0\x8a"), "\\xc0\\x8a");                    // overlong line feed
  EXPECT_EQ(Printable("\xe0\x80\x8a"), "\\xe0\\x80\\x8a");           // the same in three bytes
  EXPECT_EQ(Printable("\xed\xa0\x80"), "\\xed\\xa0\\x80");           // surrogate
  EXPECT_EQ(Printable("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80");  // above U+10FFFF
  EXPECT_EQ(Printable("\xff\x80"), "\\xff\\x80");
}

TEST(LogFormat, FillsHolesInOrder) {
  EXPECT_EQ(FormatAll("{} of {}: {}", 1, size_t{2}, "three"), "1 of 2: three");
  EXPECT_EQ(FormatAll("{}", true), "true");
  EXPECT_EQ(FormatAll("{} {}", 0.5, std::string("s")), "0.5 s");
  EXPECT_EQ(FormatAll("none"), "none");
}

TEST(LogFormat, DoesNotReadHolesInArguments) { EXPECT_EQ(FormatAll("{} {}", "{}", "b"), "{} b"); }

TEST(LogFormat, SurvivesTheWrongNumberOfArguments) {
  EXPECT_EQ(FormatAll("{} {}", "a"), "a {}");
  EXPECT_EQ(FormatAll("a", "b"), "a");
}

TEST(LogCategories, AreFoundByName) {
  uint32_t bits = 0;
  EXPECT_TRUE(ParseCategory("net", &bits));
  EXPECT_EQ(bits, kNet);
  for (const char* all : {"", "1", "all"}) {
    EXPECT_TRUE(ParseCategory(all, &bits));
    EXPECT_EQ(bits, kAll);
  }
  for (const char* none : {"0", "none"}) {
    EXPECT_TRUE(ParseCategory(none, &bits));
    EXPECT_EQ(bits, 0u);
  }
  EXPECT_FALSE(ParseCategory("nett", &bits));
}

TEST(LogCategories, AreInAlphabeticalOrderWithABitEach) {
  uint32_t seen = 0;
  std::string_view previous;
  for (const CategoryName& category : Categories()) {
    EXPECT_LT(previous, category.name);
    EXPECT_EQ(seen & category.bit, 0u) << category.name;
    seen |= category.bit;
    previous = category.name;
  }
}

/// A log in a folder of its own. ConfigureLog is for the whole process; each test replaces the
/// settings.
class LogFile : public testing::Test {
 protected:
  LogFile() : folder_(fs::temp_directory_path() / ("cairn_log_" + std::to_string(getpid()))) {
    fs::create_directories(folder_);
    config_.file = (folder_ / "debug.log").string();
    config_.timestamps = false;
  }
  ~LogFile() override {
    SetEnabledCategories(0);
    ConfigureLog(Config{});
    fs::remove_all(folder_);
  }

  std::vector<std::string> Lines() const {
    std::ifstream file(config_.file);
    std::vector<std::string> lines;
    for (std::string line; std::getline(file, line);) lines.push_back(line);
    return lines;
  }

  fs::path folder_;
  Config config_;
};

TEST_F(LogFile, HasEachLineAtOnceAndIsAppendedTo) {
  ConfigureLog(config_);
  LOG_INFO("first {}", 1);
  EXPECT_THAT(Lines(), ElementsAre("first 1"));
  ConfigureLog(config_);
  LOG_WARNING("second");
  EXPECT_THAT(Lines(), ElementsAre("first 1", "[warning] second"));
}

TEST_F(LogFile, KeepsAMessageWithLineBreaksInOneRecord) {
  ConfigureLog(config_);
  LOG_INFO("a\n2026-01-31T12:34:56Z forged");
  LOG_INFO("habit\n");
  EXPECT_THAT(Lines(), ElementsAre("a\\x0a2026-01-31T12:34:56Z forged", "habit"));
}

TEST_F(LogFile, WritesDebugLinesOfEnabledCategoriesOnly) {
  ConfigureLog(config_);
  int evaluated = 0;
  LOG_DEBUG(kNet, "no {}", ++evaluated);
  SetEnabledCategories(kNet);
  LOG_DEBUG(kNet, "yes {}", ++evaluated);
  LOG_DEBUG(kRpc, "no {}", ++evaluated);
  EXPECT_EQ(evaluated, 1);
  EXPECT_THAT(Lines(), ElementsAre("[net] yes 1"));
}

TEST_F(LogFile, HasThresholdsForAllAndForSingleCategories) {
  SetEnabledCategories(kAll);
  config_.level = Level::kInfo;
  config_.category_levels[kRpc] = Level::kTrace;
  ConfigureLog(config_);
  LOG_DEBUG(kNet, "below");
  LOG_DEBUG(kRpc, "above");
  LOG_INFO("always");
  EXPECT_THAT(Lines(), ElementsAre("[rpc] above", "always"));
}

TEST_F(LogFile, TakesLinesFromManyThreadsWhole) {
  ConfigureLog(config_);
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([] {
        for (int i = 0; i < 100; ++i) LOG_INFO("a line of words");
      });
    }
  }
  EXPECT_THAT(Lines(), testing::AllOf(testing::SizeIs(400), testing::Each("a line of words")));
}

TEST_F(LogFile, NamesThreads) {
  config_.thread_names = true;
  ConfigureLog(config_);
  std::jthread([] {
    SetThreadName("a name too long for Linux");
    LOG_INFO("x");
  }).join();
  EXPECT_THAT(Lines(), ElementsAre("[a name too long] x"));
}

TEST_F(LogFile, SaysWhenItCannotBeOpened) {
  config_.file = folder_.string();  // a folder
  try {
    ConfigureLog(config_);
    FAIL() << "no exception";
  } catch (const std::runtime_error& failure) {
    EXPECT_THAT(failure.what(), HasSubstr(folder_.string()));
  }
}

TEST_F(LogFile, GoesToTheConsoleToo) {
  config_.console = true;
  testing::internal::CaptureStdout();
  ConfigureLog(config_);
  LOG_INFO("seen");
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "seen\n");
  EXPECT_THAT(Lines(), ElementsAre("seen"));
}

TEST_F(LogFile, HasTimesOfTheWallClock) {
  config_.timestamps = true;
  config_.time_micros = true;
  ConfigureLog(config_);
  LOG_ERROR("x");
  ASSERT_EQ(Lines().size(), 1u);
  EXPECT_THAT(
      Lines()[0],
      MatchesRegex(
          "20[0-9][0-9]-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{6}Z \\[error\\] x"));
}

/// Logs before and after opening the log in `folder`, and ends the process with 0 if the file is as
/// it should be.
[[noreturn]] void LogEarlyAndLate(const fs::path& folder) {
  LOG_INFO("early");
  const std::string big(100'000, 'x');
  for (int i = 0; i < 30; ++i) LOG_INFO(big);
  Config config;
  config.file = (folder / "debug.log").string();
  ConfigureLog(config);
  LOG_INFO("late");
  std::vector<std::string> lines;
  std::ifstream file(config.file);
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  const size_t count = lines.size();
  const bool good = count > 5 && count < 30 && lines[0].ends_with("Z early") &&
                    lines[count - 1].ends_with("Z late") &&
                    lines[count - 2].ends_with("messages from before the log opened are lost");
  fs::remove_all(folder);
  std::_Exit(good ? 0 : 1);
}

TEST(EarlyLogDeathTest, IsWrittenOnceTheFileOpensAndIsBounded) {
  testing::GTEST_FLAG(death_test_style) =
      "threadsafe";  // a fresh process, where nothing has configured the log
  const fs::path folder = fs::temp_directory_path() / ("cairn_early_" + std::to_string(getpid()));
  EXPECT_EXIT(LogEarlyAndLate(folder), testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace cairn::log
