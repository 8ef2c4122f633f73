#include "cairn/base/log.h"

#include <array>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <utility>

#include <pthread.h>
#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include "cairn/base/mutex.h"
#include "src/base/log_line.h"

namespace cairn::log {
namespace {

/// What was logged before the sinks opened, kept so that the file has it too.
struct EarlyRecords {
  static constexpr size_t kMaxBytes = 1 << 20;

  std::vector<Record> records;
  size_t bytes = 0;
  size_t dropped = 0;

  void Keep(Record record) {
    const size_t size = sizeof(Record) + record.message.size();
    if (bytes + size > kMaxBytes) {
      ++dropped;
      return;
    }
    bytes += size;
    records.push_back(std::move(record));
  }
};

class Output {
 public:
  void Configure(const Config& config) CAIRN_EXCLUDES(mutex_) {
    std::shared_ptr<spdlog::logger> logger = OpenSinks(config);
    base::MutexLock lock(mutex_);
    config_ = config;
    logger_ = std::move(logger);
    const EarlyRecords early = std::exchange(early_, {});
    for (const Record& record : early.records) Put(record);
    if (early.dropped == 0) return;
    Put(Record{std::chrono::system_clock::now(), Level::kWarning, kNone,
               Site{__FILE__, __LINE__, __func__}, "",
               std::to_string(early.dropped) + " messages from before the log opened are lost"});
  }

  void Write(Record record) CAIRN_EXCLUDES(mutex_) {
    base::MutexLock lock(mutex_);
    if (logger_ == nullptr) return early_.Keep(std::move(record));
    Put(record);
  }

 private:
  static std::shared_ptr<spdlog::logger> OpenSinks(const Config& config) {
    std::vector<spdlog::sink_ptr> sinks;
    try {
      if (!config.file.empty()) {
        sinks.push_back(std::make_shared<spdlog::sinks::basic_file_sink_st>(config.file));
      }
    } catch (const spdlog::spdlog_ex& failure) {
      throw std::runtime_error(failure.what());
    }
    if (config.console) sinks.push_back(std::make_shared<spdlog::sinks::stdout_sink_st>());
    auto logger = std::make_shared<spdlog::logger>("cairn", sinks.begin(), sinks.end());
    logger->set_level(spdlog::level::trace);
    logger->flush_on(spdlog::level::trace);
    logger->set_formatter(std::make_unique<spdlog::pattern_formatter>("%v"));
    // A full disk must not stop the node, and there is nowhere left to report it.
    logger->set_error_handler([](const std::string&) {});
    return logger;
  }

  bool PassesThreshold(const Record& record) const CAIRN_REQUIRES(mutex_) {
    if (record.level >= Level::kInfo) return true;
    const auto own = config_.category_levels.find(record.category);
    return record.level >= (own != config_.category_levels.end() ? own->second : config_.level);
  }

  void Put(const Record& record) CAIRN_REQUIRES(mutex_) {
    if (!PassesThreshold(record)) return;
    const std::string line = FormatRecord(record, config_);
    logger_->log(spdlog::level::info, spdlog::string_view_t(line.data(), line.size()));
  }

  base::Mutex mutex_;
  Config config_ CAIRN_GUARDED_BY(mutex_);
  std::shared_ptr<spdlog::logger> logger_ CAIRN_GUARDED_BY(mutex_);
  EarlyRecords early_ CAIRN_GUARDED_BY(mutex_);
};

/// Never destroyed: threads and static objects may log to the very end.
Output& TheOutput() {
  static Output& output = *new Output;
  return output;
}

std::string& ThisThreadName() {
  thread_local std::string name;
  return name;
}

}  // namespace

void ConfigureLog(const Config& config) { TheOutput().Configure(config); }

void SetThreadName(std::string_view name) {
  static constexpr size_t kKernelLimit = 15;
  ThisThreadName() = name.substr(0, kKernelLimit);
  pthread_setname_np(pthread_self(), ThisThreadName().c_str());
}

void Write(Level level, Category category, Site site, std::string_view message) {
  // One line end is a habit of callers; any other would split the record.
  if (message.ends_with('\n')) message.remove_suffix(1);
  TheOutput().Write(Record{std::chrono::system_clock::now(), level, category, site,
                           ThisThreadName(), std::string(message)});
}

std::string Format(std::string_view format, const std::vector<std::string>& arguments) {
  std::string text;
  for (const std::string& argument : arguments) {
    const size_t hole = format.find("{}");
    if (hole == std::string_view::npos) break;
    text += format.substr(0, hole);
    text += argument;
    format.remove_prefix(hole + 2);
  }
  return text.append(format);
}

std::string ToArgument(double value) {
  std::array<char, 32> text{};
  const int length = std::snprintf(text.data(), text.size(), "%.9g", value);
  return std::string(text.data(), static_cast<size_t>(length));
}

}  // namespace cairn::log
