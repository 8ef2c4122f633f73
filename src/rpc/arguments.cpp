#include "src/rpc/arguments.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "cairn/rpc/error.h"
#include "cairn/rpc/help.h"

namespace cairn::rpc {

namespace {

using Kind = json::Value::Kind;

/// The one JSON type that a parameter takes; nothing where there are several or any.
std::optional<Kind> ExpectedKind(const Param& param) {
  if (param.unchecked) return std::nullopt;
  switch (param.type) {
    case ParamType::kString:
    case ParamType::kHex: return Kind::kString;
    case ParamType::kNumber: return Kind::kNumber;
    case ParamType::kBool: return Kind::kBool;
    case ParamType::kObject: return Kind::kObject;
    case ParamType::kArray: return Kind::kArray;
    case ParamType::kAmount:
    case ParamType::kRange:
    case ParamType::kHeightOrHash: return std::nullopt;
  }
  return std::nullopt;
}

size_t IndexOf(const Method& method, std::string_view name) {
  const auto found = std::find_if(method.params.begin(), method.params.end(),
                                  [&](const Param& param) { return param.HasName(name); });
  if (found == method.params.end()) {
    throw RpcError(kInvalidParameter, "Unknown named parameter " + std::string(name));
  }
  return static_cast<size_t>(found - method.params.begin());
}

std::vector<json::Value> FromNames(const Method& method, const json::Value& named) {
  std::vector<json::Value> values;
  if (const json::Value* args = named.Find("args"); args != nullptr && args->IsArray()) {
    values = args->Items();
  }
  const size_t positional = values.size();
  std::vector<bool> seen(method.params.size(), false);
  for (const auto& [name, value] : named.Members()) {
    if (name == "args") continue;
    const size_t index = IndexOf(method, name);
    if (index < positional) {
      throw RpcError(
          kInvalidParameter,
          "Parameter " + name + " specified twice both as positional and named argument");
    }
    if (seen[index]) {
      throw RpcError(kInvalidParameter, "Parameter " + name + " specified multiple times");
    }
    seen[index] = true;
    if (values.size() <= index) values.resize(index + 1);
    values[index] = value;
  }
  return values;
}

void CheckCount(const Method& method, size_t given) {
  const auto last_required = std::find_if(method.params.rbegin(), method.params.rend(),
                                          [](const Param& param) { return param.required; });
  const auto least = static_cast<size_t>(method.params.rend() - last_required);
  if (given < least || given > method.params.size()) throw RpcError(kMiscError, HelpText(method));
}

void CheckTypes(const Method& method, const std::vector<json::Value>& values) {
  json::Writer mismatches(4);
  bool any = false;
  mismatches.BeginObject();
  for (size_t i = 0; i < values.size(); ++i) {
    const Param& param = method.params[i];
    if (!param.required && values[i].IsNull()) continue;
    const std::optional<Kind> expected = ExpectedKind(param);
    if (!expected || values[i].kind() == *expected) continue;
    any = true;
    mismatches.Key("Position " + std::to_string(i + 1) + " (" + param.name + ")")
        .String("JSON value of type " + std::string(json::KindName(values[i].kind())) +
                " is not of expected type " + std::string(json::KindName(*expected)));
  }
  mismatches.EndObject();
  if (any) throw RpcError(kTypeError, "Wrong type passed:\n" + mismatches.Take());
}

}  // namespace

std::vector<json::Value> BindArguments(const Method& method, const json::Value& params) {
  std::vector<json::Value> values = params.IsObject() ? FromNames(method, params) : params.Items();
  CheckCount(method, values.size());
  CheckTypes(method, values);
  return values;
}

}  // namespace cairn::rpc
