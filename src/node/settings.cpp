#include "src/node/settings.h"

#include <span>

namespace cairn::node {
namespace {

using Values = std::span<const Setting>;

Values ValuesIn(const SettingMap& map, std::string_view name) {
  const auto found = map.find(name);
  return found == map.end() ? Values{} : Values(found->second);
}

Values ValuesIn(const Settings& settings, std::string_view section, std::string_view name) {
  const auto found = settings.config.find(section);
  return found == settings.config.end() ? Values{} : ValuesIn(found->second, name);
}

bool EndsNegated(Values values) { return !values.empty() && values.back().negated; }

/// The values after the last negation.
Values Standing(Values values) {
  size_t from = values.size();
  while (from > 0 && !values[from - 1].negated) --from;
  return values.subspan(from);
}

enum class Precedence { kFirst, kLast };

std::optional<Setting> Pick(Values values, Precedence precedence) {
  if (values.empty()) return std::nullopt;
  const Values standing = Standing(values);
  if (standing.empty()) return values.back();
  return precedence == Precedence::kFirst ? standing.front() : standing.back();
}

}  // namespace

std::optional<Setting> FindSetting(const Settings& settings, std::string_view name, Scope scope) {
  if (auto found = Pick(ValuesIn(settings.command_line, name), Precedence::kLast)) return found;
  if (!scope.section.empty()) {
    const Values own = ValuesIn(settings, scope.section, name);
    if (auto found = Pick(own, Precedence::kFirst)) return found;
  }
  const Values common = ValuesIn(settings, "", name);
  if (scope.skip_default && !EndsNegated(common)) return std::nullopt;
  return Pick(common, Precedence::kFirst);
}

std::optional<Setting> FindChainSetting(const Settings& settings, std::string_view name) {
  const Values given = ValuesIn(settings.command_line, name);
  if (!given.empty() && !EndsNegated(given)) return Pick(given, Precedence::kLast);
  return Pick(ValuesIn(settings, "", name), Precedence::kLast);
}

std::vector<std::string> ListSettings(const Settings& settings, std::string_view name,
                                      Scope scope) {
  std::vector<std::string> all;
  const Values sources[] = {
      ValuesIn(settings.command_line, name),
      scope.section.empty() ? Values{} : ValuesIn(settings, scope.section, name),
      scope.skip_default ? Values{} : ValuesIn(settings, "", name),
  };
  for (const Values source : sources) {
    for (const Setting& value : Standing(source)) all.push_back(value.text);
    // A negation silences weaker sources only while nothing is left standing: odd, but as Bitcoin
    // Core does.
    if (EndsNegated(source) && all.empty()) break;
  }
  return all;
}

bool IsOnlyInDefaultSection(const Settings& settings, std::string_view name,
                            std::string_view section) {
  const auto given = [](Values values) { return !Standing(values).empty(); };
  return given(ValuesIn(settings, "", name)) && !given(ValuesIn(settings.command_line, name)) &&
         !given(ValuesIn(settings, section, name));
}

}  // namespace cairn::node
