// Option values as they were written, by source, and the rules by which one source outdoes another.
//
// The order of strength is Bitcoin Core's: command line, the chain's section of the configuration
// file, the part of the file before any section. On the command line the last value counts; in the
// file the first does, except when the chain is chosen.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cairn::node {

/// One value. A negated option (`-nofoo`) is the value "0" that also wipes what came before it.
struct Setting {
  std::string text;
  bool negated = false;
};

/// Name to values, in the order in which they were given.
using SettingMap = std::map<std::string, std::vector<Setting>, std::less<>>;

struct Settings {
  SettingMap command_line;
  std::map<std::string, SettingMap, std::less<>> config;  // by section; "" is the part before any
};

/// The section that applies besides the one before any, and how strictly.
struct Scope {
  std::string_view section;
  bool skip_default = false;  // a network-only option on a network other than main
};

/// The value that counts; nothing if the option is not given.
std::optional<Setting> FindSetting(const Settings& settings, std::string_view name, Scope scope);

/// The value that counts for an option that chooses the chain: no section is known yet, the last
/// value in the file counts, and a negation on the command line is passed over.
std::optional<Setting> FindChainSetting(const Settings& settings, std::string_view name);

/// All values that count, strongest source first.
std::vector<std::string> ListSettings(const Settings& settings, std::string_view name, Scope scope);

/// Whether the part before any section is the only place that gives the option a value.
bool IsOnlyInDefaultSection(const Settings& settings, std::string_view name,
                            std::string_view section);

}  // namespace cairn::node
