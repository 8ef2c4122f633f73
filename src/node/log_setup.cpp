#include "cairn/node/log_setup.h"

#include <optional>

namespace cairn::node {
namespace {

Result<uint32_t> CategoriesOf(const Options& options) {
  const auto unsupported = [](const char* option, const std::string& name) {
    return Invalid("Unsupported logging category -" + std::string(option) + "=" + name + ".");
  };
  uint32_t enabled = 0;
  for (const std::string& name : options.GetList("debug")) {
    uint32_t bits = 0;
    if (!log::ParseCategory(name, &bits)) return unsupported("debug", name);
    enabled = bits == 0 ? 0 : enabled | bits;  // "none" forgets those before it
  }
  for (const std::string& name : options.GetList("debugexclude")) {
    uint32_t bits = 0;
    if (!log::ParseCategory(name, &bits)) return unsupported("debugexclude", name);
    enabled &= ~bits;
  }
  return enabled;
}

std::optional<log::Level> ParseLevel(std::string_view name) {
  if (name == "trace") return log::Level::kTrace;
  if (name == "debug") return log::Level::kDebug;
  if (name == "info") return log::Level::kInfo;
  return std::nullopt;
}

Status AddLevel(const std::string& text, log::Config& config) {
  static constexpr char kLevels[] = "info, debug, trace";
  const size_t colon = text.find(':');
  if (colon == std::string::npos) {
    const auto level = ParseLevel(text);
    if (!level) {
      return Invalid("Unsupported global logging level -loglevel=" + text +
                     ". Valid values: " + kLevels + ".");
    }
    config.level = *level;
    return {};
  }
  const auto level = ParseLevel(std::string_view(text).substr(colon + 1));
  std::string names;
  for (const log::CategoryName& category : log::Categories()) {
    if (level && category.name == std::string_view(text).substr(0, colon)) {
      config.category_levels[static_cast<log::Category>(category.bit)] = *level;
      return {};
    }
    names += (names.empty() ? "" : ", ") + std::string(category.name);
  }
  return Invalid("Unsupported category-specific logging level -loglevel=" + text +
                 ". Expected -loglevel=<category>:<loglevel>. Valid categories: " + names +
                 ". Valid loglevels: " + kLevels + ".");
}

}  // namespace

Result<LogSetup> LogSetupFrom(const Options& options, const std::filesystem::path& network_folder) {
  LogSetup setup;
  const Result<uint32_t> categories = CategoriesOf(options);
  if (!categories) return tl::unexpected(categories.error());
  setup.categories = *categories;
  for (const std::string& text : options.GetList("loglevel")) {
    if (Status added = AddLevel(text, setup.config); !added) return tl::unexpected(added.error());
  }
  log::Config& config = setup.config;
  config.file = options.GetPath("debuglogfile", network_folder, "debug.log").string();
  const bool background = options.GetBool("daemon", false) || options.GetBool("daemonwait", false);
  config.console = options.GetBool("printtoconsole", !background);
  config.json = options.GetString("logformat", "text") == "json";
  config.time_micros = options.GetBool("logtimemicros", false);
  config.timestamps = options.GetBool("logtimestamps", true);
  config.thread_names = options.GetBool("logthreadnames", false);
  config.source_locations = options.GetBool("logsourcelocations", false);
  config.level_always = options.GetBool("loglevelalways", false);
  return setup;
}

}  // namespace cairn::node
