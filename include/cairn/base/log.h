// The logging front. Layers say what happened and in which category; the node decides where it goes
// (src/node sets the sinks through `ConfigureLog`). Safe from any thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace cairn::log {

/// Bitcoin Core's category names (`-debug=net`), as a bit set.
enum Category : uint32_t {
  kNone = 0,
  kNet = 1u << 0,
  kTor = 1u << 1,
  kMempool = 1u << 2,
  kHttp = 1u << 3,
  kBench = 1u << 4,
  kZmq = 1u << 5,
  kWalletDb = 1u << 6,
  kRpc = 1u << 7,
  kEstimateFee = 1u << 8,
  kAddrman = 1u << 9,
  kSelectCoins = 1u << 10,
  kReindex = 1u << 11,
  kCmpctBlock = 1u << 12,
  kRand = 1u << 13,
  kPrune = 1u << 14,
  kProxy = 1u << 15,
  kMempoolRej = 1u << 16,
  kLibevent = 1u << 17,
  kCoinDb = 1u << 18,
  kQt = 1u << 19,
  kLevelDb = 1u << 20,
  kValidation = 1u << 21,
  kI2p = 1u << 22,
  kIpc = 1u << 23,
  kLock = 1u << 24,
  kBlockStorage = 1u << 25,
  kTxReconciliation = 1u << 26,
  kScan = 1u << 27,
  kTxPackages = 1u << 28,
  kStratum = 1u << 29,
  kAll = 0xffffffff,
};

enum class Level { kTrace, kDebug, kInfo, kWarning, kError };

struct CategoryName {
  std::string_view name;
  Category bit;
};

/// All categories in alphabetical order.
const std::vector<CategoryName>& Categories();

/// The bits that a `-debug` value means (``, `1`, `all`, `none`, `0`, `net`, ...). False for an
/// unknown name.
bool ParseCategory(std::string_view name, uint32_t* bits);

struct Config {
  std::string file;  // empty: no debug.log
  bool console = false;
  bool json = false;
  bool time_micros = false;
  bool timestamps = true;
  bool thread_names = false;
  bool source_locations = false;
  bool level_always = false;                  // category and level in every line
  Level level = Level::kDebug;                // threshold for messages of enabled categories
  std::map<Category, Level> category_levels;  // thresholds of single categories, instead of `level`
};

/// Opens the sinks; every line is written through at once. Lines logged earlier were kept (up to a
/// bound) and come first. A later call reopens the file and replaces the settings. Throws
/// std::runtime_error when the file cannot be opened.
void ConfigureLog(const Config& config);

uint32_t EnabledCategories();
void SetEnabledCategories(uint32_t bits);
inline bool IsEnabled(Category category) { return (EnabledCategories() & category) != 0; }

/// Names the calling thread, for `-logthreadnames` and the debugger. At most 15 characters.
void SetThreadName(std::string_view name);

/// Where a line was logged; filled in by the macros below.
struct Site {
  const char* file;
  int line;
  const char* function;
};

void Write(Level level, Category category, Site site, std::string_view message);

/// Replaces each `{}` of `format` by the next argument. Enough for log lines; numbers as decimals.
std::string Format(std::string_view format, const std::vector<std::string>& arguments);

inline std::string ToArgument(std::string_view text) { return std::string(text); }
inline std::string ToArgument(const char* text) { return text; }
inline std::string ToArgument(const std::string& text) { return text; }
inline std::string ToArgument(bool value) { return value ? "true" : "false"; }
std::string ToArgument(double value);
template <typename T>
std::string ToArgument(const T& value) {
  if constexpr (requires { value.ToString(); }) {
    return value.ToString();
  } else {
    return std::to_string(value);
  }
}

template <typename... Args>
std::string FormatAll(std::string_view format, const Args&... args) {
  return Format(format, {ToArgument(args)...});
}

}  // namespace cairn::log

#define CAIRN_LOG_AT(level, category, ...)                                               \
  ::cairn::log::Write(level, category, ::cairn::log::Site{__FILE__, __LINE__, __func__}, \
                      ::cairn::log::FormatAll(__VA_ARGS__))

/// Always written.
#define LOG_INFO(...) CAIRN_LOG_AT(::cairn::log::Level::kInfo, ::cairn::log::kNone, __VA_ARGS__)
#define LOG_WARNING(...) \
  CAIRN_LOG_AT(::cairn::log::Level::kWarning, ::cairn::log::kNone, __VA_ARGS__)
#define LOG_ERROR(...) CAIRN_LOG_AT(::cairn::log::Level::kError, ::cairn::log::kNone, __VA_ARGS__)

/// Written when the category is on; the arguments are not evaluated otherwise.
#define LOG_DEBUG(category, ...)                                        \
  do {                                                                  \
    if (::cairn::log::IsEnabled(category)) {                            \
      CAIRN_LOG_AT(::cairn::log::Level::kDebug, category, __VA_ARGS__); \
    }                                                                   \
  } while (false)
