#include "cairn/node/configuration.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <optional>

#include "cairn/base/log.h"
#include "cairn/node/chain_selection.h"
#include "src/node/option_words.h"

namespace cairn::node {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 5> kKnownSections = {"main", "test", "testnet4", "signet",
                                                            "regtest"};

Result<fs::path> FindDataRoot(const Options& options, const fs::path& home) {
  const std::string given = options.GetString("datadir");
  if (given.empty()) return home / ".cairn";
  std::error_code failure;
  fs::path root = fs::absolute(given, failure).lexically_normal();
  if (failure || !fs::is_directory(root, failure)) {
    return Invalid("Specified data directory \"" + given + "\" does not exist.");
  }
  return root;
}

/// The file to read first; the empty path if there is none.
fs::path FindConfigFile(const Options& options, const fs::path& data_root) {
  if (options.IsSet("conf")) return options.GetPath("conf", data_root, "cairn.conf");
  std::error_code ignored;
  for (const char* name : {"cairn.conf", "bitcoin.conf"}) {
    if (fs::exists(data_root / name, ignored)) return data_root / name;
  }
  return {};
}

std::optional<std::string> ReadFile(const fs::path& path) {
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) return std::nullopt;
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  std::string text(std::istreambuf_iterator<char>(file), {});
  if (file.bad()) return std::nullopt;
  return text;
}

/// Reads the configuration file and the files that it includes into the options.
class ConfigReader {
 public:
  ConfigReader(Options& options, const fs::path& data_root)
      : options_(options), data_root_(data_root), may_include_(!options.IsNegated("includeconf")) {}

  Status Read(const fs::path& file) {
    std::optional<std::string> text = ReadFile(file);
    if (!text)
      return Invalid("specified config file \"" + file.string() + "\" could not be opened.");
    Status added = Add(file, *text);
    if (added && may_include_) added = Include("");
    return added;
  }

  /// Reads the files that `section` includes.
  Status Include(const std::string& section) {
    if (!may_include_) return {};
    for (const ConfigEntry& entry : std::exchange(includes_[section], {})) {
      const fs::path file = data_root_ / entry.value;
      std::optional<std::string> text = ReadFile(file);
      if (!text) return Invalid("Failed to include configuration file " + entry.value);
      nested_ = true;
      if (Status added = Add(file, *text); !added) return added;
    }
    return {};
  }

  /// Complains of sections that are neither known nor `section`.
  void WarnOfSections(std::string_view section) {
    for (const auto& [file, found] : sections_) {
      const bool known = std::find(kKnownSections.begin(), kKnownSections.end(), found.name) !=
                             kKnownSections.end() ||
                         found.name == section;
      if (known) continue;
      options_.AddWarning(file + ":" + std::to_string(found.line) + " Section [" + found.name +
                          "] is not recognized.");
    }
  }

 private:
  Status Add(const fs::path& file, std::string_view text) {
    Result<ConfigText> parsed = ParseConfigText(text);
    if (!parsed) return tl::unexpected(parsed.error());
    for (const ConfigSection& section : parsed->sections) {
      sections_.emplace_back(file.filename().string(), section);
    }
    for (const ConfigEntry& entry : parsed->entries) {
      if (entry.key != "includeconf") continue;
      if (nested_) {
        options_.AddWarning(
            "-includeconf cannot be used from included files; ignoring -includeconf=" +
            entry.value);
      } else {
        includes_[entry.section].push_back(entry);
      }
    }
    return options_.AddConfig(parsed->entries);
  }

  Options& options_;
  const fs::path data_root_;
  const bool may_include_;
  bool nested_ = false;
  std::map<std::string, std::vector<ConfigEntry>> includes_;
  std::vector<std::pair<std::string, ConfigSection>> sections_;
};

Result<consensus::Params> LoadChosenChain(const Options& options) {
  Result<std::string> choice = ChooseChain(options);
  if (!choice) return tl::unexpected(choice.error());
  return LoadChain(*choice);
}

tl::unexpected<Error> InFile(const Error& error) {
  return Invalid("Error reading configuration file: " + error.message);
}

/// Chooses the chain and brings in its section. An included file may yet change the choice.
Result<consensus::Params> SettleChain(Options& options, ConfigReader& reader) {
  Result<consensus::Params> params = LoadChosenChain(options);
  if (!params) return params;
  options.SelectSection(params->config_section);
  if (Status included = reader.Include(params->config_section); !included) {
    return InFile(included.error());
  }
  params = LoadChosenChain(options);
  if (params) options.SelectSection(params->config_section);
  return params;
}

/// A setting that is silently not used may open a node to the world or send it to other peers: the
/// daemon does not start on it. The client passes over what is not meant for it.
Status RefuseIgnored(const Options& options) {
  if (options.program() == Program::kClient) return {};
  const std::string& section = options.section();
  std::string complaints;
  for (const std::string& name : options.IgnoredOutsideSection()) {
    if (!complaints.empty()) complaints += ' ';
    complaints +=
        log::FormatAll("Config setting for -{} only applied on {} network when in [{}] section.",
                       name, section, section);
  }
  if (!complaints.empty()) return Invalid(std::move(complaints));
  return {};
}

}  // namespace

fs::path HomeFolder() {
  const char* home = std::getenv("HOME");
  return home == nullptr || *home == '\0' ? fs::path("/") : fs::path(home);
}

Result<Configuration> LoadConfiguration(Options command_line, const fs::path& home) {
  Options options = std::move(command_line);
  Result<fs::path> data_root = FindDataRoot(options, home);
  if (!data_root) return tl::unexpected(data_root.error());

  ConfigReader reader(options, *data_root);
  const fs::path file = FindConfigFile(options, *data_root);
  if (!file.empty()) {
    if (Status read = reader.Read(file); !read) return InFile(read.error());
  }
  Result<consensus::Params> params = SettleChain(options, reader);
  if (!params) return tl::unexpected(params.error());
  reader.WarnOfSections(params->config_section);
  if (Status checked = RefuseIgnored(options); !checked) return tl::unexpected(checked.error());

  data_root = FindDataRoot(options, home);  // the file may name another
  if (!data_root) return tl::unexpected(data_root.error());
  if (Status applied = ApplyOverrides(options, *params); !applied) {
    return tl::unexpected(applied.error());
  }
  return Configuration{std::move(options), std::move(*params), std::move(*data_root), file};
}

}  // namespace cairn::node
