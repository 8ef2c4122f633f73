#include "src/node/option_words.h"

#include <charconv>

namespace cairn::node {
namespace {

constexpr std::string_view kBlanks = " \t\r\n\v\f";

std::string_view Trim(std::string_view text) {
  const size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

/// A name taken apart: `nofoo` is foo, negated.
struct Key {
  std::string_view name;
  bool negated = false;
};

Key ParseKey(std::string_view word) {
  if (word.starts_with("no")) return {word.substr(2), true};
  return {word};
}

std::string Quoted(std::string_view name, std::optional<std::string_view> value) {
  std::string text = "-" + std::string(name);
  if (value) text += "=" + std::string(*value);
  return text;
}

/// What keeps `value` from being one of `option`; nothing if it is good.
std::string_view Objection(const OptionInfo& option, std::string_view value) {
  switch (option.kind) {
    case Kind::kFlag: return ParseFlag(value) ? "" : "must be 0 or 1";
    case Kind::kInt: return ParseInteger(value) ? "" : "must be a whole number";
    case Kind::kIntOrFlag:
      return value.empty() || ParseInteger(value) ? "" : "must be a whole number";
    case Kind::kText:
    case Kind::kList: return "";
  }
  return "";
}

/// The setting that `key` with `value` makes of `option`. `word` is how it was written, for
/// messages.
Result<Setting> MakeSetting(const OptionInfo& option, Key key,
                            std::optional<std::string_view> value, const std::string& word,
                            std::vector<std::string>& warnings) {
  const std::string shown = option.Has(kSecret) ? "of -" + std::string(option.name) : word;
  if (key.negated) {
    if (option.Has(kNoNegation)) {
      return Invalid("Negating of -" + std::string(key.name) +
                     " is meaningless and therefore forbidden");
    }
    const std::optional<bool> truth = ParseFlag(value.value_or(""));
    if (!truth) return Invalid("Invalid value " + shown + ": must be 0 or 1");
    if (*truth) return Setting{"0", true};
    warnings.push_back("Parsed potentially confusing double-negative " + shown);
    return Setting{"1", false};
  }
  const std::string_view text = value.value_or("");
  if (const std::string_view objection = Objection(option, text); !objection.empty()) {
    return Invalid("Invalid value " + shown + ": " + std::string(objection));
  }
  return Setting{std::string(text), false};
}

bool IsOptionWord(std::string_view word) { return word.size() > 1 && word.front() == '-'; }

Status AddOptionWord(const std::string& word, Program program, CommandLine& line) {
  std::string_view rest = word;
  rest.remove_prefix(rest.starts_with("--") ? 2 : 1);
  std::optional<std::string_view> value;
  if (const size_t equals = rest.find('='); equals != std::string_view::npos) {
    value = rest.substr(equals + 1);
    rest = rest.substr(0, equals);
  }
  const Key key = ParseKey(rest);
  const OptionInfo* option = FindOption(key.name, program);
  if (option == nullptr) return Invalid("Invalid parameter " + word);
  if (option->name == "includeconf" && !key.negated) {
    return Invalid("-includeconf cannot be used from commandline; -includeconf=\"" +
                   std::string(value.value_or("")) + "\"");
  }
  Result<Setting> setting = MakeSetting(*option, key, value, Quoted(rest, value), line.warnings);
  if (!setting) return tl::unexpected(setting.error());
  line.options[std::string(key.name)].push_back(*setting);
  return {};
}

/// The line up to a comment. A `#` inside a word is part of it, as in `rpcpassword=a#b`.
std::string_view WithoutComment(std::string_view line) {
  for (size_t at = line.find('#'); at != std::string_view::npos; at = line.find('#', at + 1)) {
    if (at == 0 || kBlanks.find(line[at - 1]) != std::string_view::npos) return line.substr(0, at);
  }
  return line;
}

std::string AtLine(int line) { return "parse error on line " + std::to_string(line); }

Status AddConfigLine(std::string_view raw, int number, std::string& section, ConfigText& out) {
  const std::string_view uncommented = WithoutComment(raw);
  const std::string_view line = Trim(uncommented);
  if (line.empty()) return {};
  if (line.front() == '[' && line.back() == ']') {
    section = line.substr(1, line.size() - 2);
    out.sections.push_back({section, number});
    return {};
  }
  if (line.front() == '-') {
    return Invalid(AtLine(number) + ": " + std::string(line) +
                   ", options in configuration file must be specified without leading -");
  }
  const size_t equals = line.find('=');
  if (equals == std::string_view::npos) {
    std::string message = AtLine(number) + ": " + std::string(line);
    if (line.starts_with("no")) {
      message +=
          ", if you intended to specify a negated option, use " + std::string(line) + "=1 instead";
    }
    return Invalid(message);
  }
  ConfigEntry entry{section, std::string(Trim(line.substr(0, equals))),
                    std::string(Trim(line.substr(equals + 1))), number};
  if (entry.key.find("rpcpassword") != std::string::npos && uncommented.size() != raw.size()) {
    return Invalid(AtLine(number) +
                   ", using # in rpcpassword can be ambiguous and should be avoided");
  }
  if (const size_t dot = entry.key.find('.'); section.empty() && dot != std::string::npos) {
    entry.section = entry.key.substr(0, dot);
    entry.key.erase(0, dot + 1);
    out.sections.push_back({entry.section, number});
  }
  out.entries.push_back(std::move(entry));
  return {};
}

}  // namespace

std::optional<int64_t> ParseInteger(std::string_view text) {
  text = Trim(text);
  if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
  int64_t number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<bool> ParseFlag(std::string_view text) {
  if (text.empty()) return true;
  const std::optional<int64_t> number = ParseInteger(text);
  if (!number) return std::nullopt;
  return *number != 0;
}

std::vector<std::string> Split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (true) {
    const size_t end = text.find(separator);
    parts.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

Result<CommandLine> ParseCommandLine(const std::vector<std::string>& arguments, Program program) {
  CommandLine line;
  size_t at = 0;
  for (; at < arguments.size() && IsOptionWord(arguments[at]); ++at) {
    if (Status added = AddOptionWord(arguments[at], program, line); !added) {
      return tl::unexpected(added.error());
    }
  }
  line.words.assign(arguments.begin() + static_cast<ptrdiff_t>(at), arguments.end());
  return line;
}

Result<ConfigText> ParseConfigText(std::string_view text) {
  ConfigText out;
  std::string section;
  for (int number = 1; !text.empty(); ++number) {
    const size_t end = text.find('\n');
    if (Status added = AddConfigLine(text.substr(0, end), number, section, out); !added) {
      return tl::unexpected(added.error());
    }
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return out;
}

Status AddConfigEntry(const ConfigEntry& entry, Program program, Settings& settings,
                      std::vector<std::string>& warnings) {
  const Key key = ParseKey(entry.key);
  const std::string full = entry.section.empty() ? entry.key : entry.section + "." + entry.key;
  const OptionInfo* option = FindOption(key.name, Program::kBoth);
  if (option == nullptr) {
    if (program == Program::kClient) return {};
    return Invalid("Invalid configuration value " + full);
  }
  // A key of the other program is no mistake: both read the same file.
  if (!Covers(option->program, program)) return {};
  if (option->name == "conf") {
    return Invalid(
        "conf cannot be set in the configuration file; use includeconf= if you want to include "
        "additional config files");
  }
  const std::string word = full + "=" + entry.value;
  Result<Setting> setting = MakeSetting(*option, key, entry.value, word, warnings);
  if (!setting) {
    return Invalid(setting.error().message + " (line " + std::to_string(entry.line) + ")");
  }
  settings.config[entry.section][std::string(key.name)].push_back(*setting);
  return {};
}

}  // namespace cairn::node
