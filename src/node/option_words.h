// Options as words: `-name=value` on the command line, `name=value` lines in a configuration file.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cairn/base/result.h"
#include "cairn/node/option_table.h"
#include "src/node/settings.h"

namespace cairn::node {

/// A decimal number, perhaps with a sign and blanks around it; nothing for anything else.
std::optional<int64_t> ParseInteger(std::string_view text);

/// What a flag's value means: nothing is true, a number is true unless zero.
std::optional<bool> ParseFlag(std::string_view text);

/// One more than there are separators; each may be empty.
std::vector<std::string> Split(std::string_view text, char separator);

struct CommandLine {
  SettingMap options;
  std::vector<std::string> words;  // from the first word that is no option on
  std::vector<std::string> warnings;
};

/// Takes the words after the program's name apart.
Result<CommandLine> ParseCommandLine(const std::vector<std::string>& arguments, Program program);

/// A line of a configuration file that gives an option.
struct ConfigEntry {
  std::string section;  // "" before any section
  std::string key;      // with its "no" if negated
  std::string value;
  int line = 0;
};

struct ConfigSection {
  std::string name;
  int line = 0;
};

struct ConfigText {
  std::vector<ConfigEntry> entries;
  std::vector<ConfigSection> sections;  // each where it is named
};

/// Splits a configuration file into lines without asking what the keys mean.
Result<ConfigText> ParseConfigText(std::string_view text);

/// Puts an entry among the settings. Unknown keys are an error for the daemon; the client, which
/// reads the daemon's file, passes over them. Warnings are appended to `warnings`.
Status AddConfigEntry(const ConfigEntry& entry, Program program, Settings& settings,
                      std::vector<std::string>& warnings);

}  // namespace cairn::node
