#include "cairn/rpc/command_line.h"

#include <algorithm>
#include <utility>

namespace cairn::rpc {

namespace {

bool IsText(ParamType type) { return type == ParamType::kString || type == ParamType::kHex; }

/// `param` is null where the table says nothing.
Result<json::Value> Convert(const Param* param, const std::string& word) {
  if (param == nullptr || IsText(param->type)) return json::Value::String(word);
  Result<json::Value> value = json::Parse(word);
  if (value) return value;
  if (param->type == ParamType::kHeightOrHash) return json::Value::String(word);
  return Invalid("Error parsing JSON: " + word);
}

const Param* ParamAt(const Method* method, size_t position) {
  if (method == nullptr || position >= method->params.size()) return nullptr;
  return &method->params[position];
}

const Param* ParamNamed(const Method* method, std::string_view name) {
  if (method == nullptr) return nullptr;
  const NamedParam found = FindParam(method->params, name);
  return found.member != nullptr ? found.member : found.param;
}

}  // namespace

Result<json::Value> PositionalParams(const MethodTable& table, std::string_view method,
                                     const std::vector<std::string>& words) {
  const Method* entry = table.Find(method);
  std::vector<json::Value> values;
  for (const std::string& word : words) {
    Result<json::Value> value = Convert(ParamAt(entry, values.size()), word);
    if (!value) return value;
    values.push_back(*std::move(value));
  }
  return json::Value::Array(std::move(values));
}

Result<json::Value> NamedParams(const MethodTable& table, std::string_view method,
                                const std::vector<std::string>& words) {
  const Method* entry = table.Find(method);
  std::vector<json::Value> positional;
  std::vector<json::Value::Member> named;
  for (const std::string& word : words) {
    const size_t equals = word.find('=');
    const std::string name = word.substr(0, equals);
    const bool has_name = equals != std::string::npos;
    const Param* param = has_name ? ParamNamed(entry, name) : ParamAt(entry, positional.size());
    Result<json::Value> value = Convert(param, has_name ? word.substr(equals + 1) : word);
    if (!value) return value;
    if (has_name) {
      // A later value takes the place of an earlier one, so that scripts can add to what they have.
      const auto earlier = std::find_if(named.begin(), named.end(),
                                        [&](const auto& member) { return member.first == name; });
      if (earlier != named.end()) {
        earlier->second = *std::move(value);
      } else {
        named.emplace_back(name, *std::move(value));
      }
    } else {
      positional.push_back(*std::move(value));
    }
  }
  // Beside an `args` that was named there are two then, and the call is refused for that.
  if (!positional.empty()) named.emplace_back("args", json::Value::Array(std::move(positional)));
  return json::Value::Object(std::move(named));
}

}  // namespace cairn::rpc
