#include "cairn/node/options.h"

#include <utility>

#include "cairn/base/assert.h"
#include "src/node/option_words.h"
#include "src/node/settings.h"

namespace cairn::node {
namespace {

constexpr std::string_view kMainSection = "main";

Scope ScopeOf(const OptionInfo& option, std::string_view section) {
  const bool elsewhere = !section.empty() && section != kMainSection;
  return {section, option.Has(kNetworkOnly) && elsewhere};
}

/// `rpcport="1234"`, or `rpcpassword=****`.
std::string Shown(std::string_view name, const Setting& setting, Program program) {
  const OptionInfo* option = FindOption(name, program);
  const bool secret = option != nullptr && option->Has(kSecret);
  return std::string(name) + "=" +
         (secret            ? "****"
          : setting.negated ? "false"
                            : "\"" + setting.text + "\"");
}

}  // namespace

Options::Options(Program program) : program_(program), settings_(std::make_unique<Settings>()) {}
Options::~Options() = default;
Options::Options(Options&&) noexcept = default;

Options::Options(const Options& other)
    : program_(other.program_),
      settings_(std::make_unique<Settings>(*other.settings_)),
      section_(other.section_),
      words_(other.words_),
      warnings_(other.warnings_) {}

Options& Options::operator=(Options other) noexcept {
  program_ = other.program_;
  settings_ = std::move(other.settings_);
  section_ = std::move(other.section_);
  words_ = std::move(other.words_);
  warnings_ = std::move(other.warnings_);
  return *this;
}

Result<Options> Options::FromCommandLine(const std::vector<std::string>& arguments,
                                         Program program) {
  Result<CommandLine> line = ParseCommandLine(arguments, program);
  if (!line) return Invalid("Error parsing command line arguments: " + line.error().message);
  if (program == Program::kDaemon && !line->words.empty()) {
    return Invalid("Command line contains unexpected token '" + line->words.front() +
                   "', see cairnd -h for a list of options.");
  }
  Options options(program);
  options.settings_->command_line = std::move(line->options);
  options.words_ = std::move(line->words);
  options.warnings_ = std::move(line->warnings);
  return options;
}

const OptionInfo& Options::Info(std::string_view name) const {
  const OptionInfo* option = FindOption(name, program_);
  CAIRN_ASSERT(option != nullptr);
  return *option;
}

bool Options::IsSet(std::string_view name) const {
  return FindSetting(*settings_, name, ScopeOf(Info(name), section_)).has_value();
}

bool Options::IsNegated(std::string_view name) const {
  const auto setting = FindSetting(*settings_, name, ScopeOf(Info(name), section_));
  return setting && setting->negated;
}

bool Options::GetBool(std::string_view name, bool fallback) const {
  const auto setting = FindSetting(*settings_, name, ScopeOf(Info(name), section_));
  return setting ? ParseFlag(setting->text).value_or(fallback) : fallback;
}

int64_t Options::GetInt(std::string_view name, int64_t fallback) const {
  const auto setting = FindSetting(*settings_, name, ScopeOf(Info(name), section_));
  if (!setting) return fallback;
  if (setting->text.empty()) return 1;  // the flag form of Kind::kIntOrFlag
  return ParseInteger(setting->text).value_or(fallback);
}

std::string Options::GetString(std::string_view name, std::string_view fallback) const {
  const auto setting = FindSetting(*settings_, name, ScopeOf(Info(name), section_));
  return setting ? setting->text : std::string(fallback);
}

std::vector<std::string> Options::GetList(std::string_view name) const {
  return ListSettings(*settings_, name, ScopeOf(Info(name), section_));
}

std::filesystem::path Options::GetPath(std::string_view name, const std::filesystem::path& folder,
                                       const std::filesystem::path& fallback) const {
  if (IsNegated(name)) return {};
  const std::string given = GetString(name);
  if (given.empty() && fallback.empty()) return {};
  return (folder / (given.empty() ? fallback : std::filesystem::path(given))).lexically_normal();
}

bool Options::GetChainFlag(std::string_view name) const {
  const auto setting = FindChainSetting(*settings_, Info(name).name);
  return setting && ParseFlag(setting->text).value_or(false);
}

std::string Options::GetChainName() const {
  const auto setting = FindChainSetting(*settings_, "chain");
  return setting && !setting->negated ? setting->text : "";
}

Status Options::AddConfig(const std::vector<ConfigEntry>& entries) {
  for (const ConfigEntry& entry : entries) {
    if (Status added = AddConfigEntry(entry, program_, *settings_, warnings_); !added) return added;
  }
  return {};
}

std::vector<std::string> Options::IgnoredOutsideSection() const {
  std::vector<std::string> names;
  if (section_.empty() || section_ == kMainSection) return names;
  for (const OptionInfo& option : AllOptions()) {
    if (!option.Has(kNetworkOnly) || !Covers(option.program, program_)) continue;
    if (IsOnlyInDefaultSection(*settings_, option.name, section_)) names.emplace_back(option.name);
  }
  return names;
}

std::vector<std::string> Options::WithoutEffect() const {
  std::vector<std::string> names;
  for (const OptionInfo& option : AllOptions()) {
    if (option.effect != Effect::kNotYet || !Covers(option.program, program_)) continue;
    if (IsSet(option.name)) names.emplace_back(option.name);
  }
  return names;
}

std::vector<std::string> Options::Describe() const {
  std::vector<std::string> lines;
  const auto add = [&](const std::string& origin, const SettingMap& map) {
    for (const auto& [name, values] : map) {
      for (const Setting& value : values) lines.push_back(origin + Shown(name, value, program_));
    }
  };
  for (const auto& [section, map] : settings_->config) {
    if (!section.empty() && section != section_) continue;
    add("Config file arg: " + (section.empty() ? "" : "[" + section + "] "), map);
  }
  add("Command-line arg: ", settings_->command_line);
  return lines;
}

}  // namespace cairn::node
