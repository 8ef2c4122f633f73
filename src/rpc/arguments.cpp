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

/// Puts named values where they belong.
class NamedValues {
 public:
  NamedValues(const Method& method, std::vector<json::Value> positional)
      : method_(method), positional_(positional.size()), values_(std::move(positional)) {
    given_.resize(method.params.size());
  }

  void Add(const std::string& name, const json::Value& value) {
    const NamedParam found = FindParam(method_.params, name);
    if (found.param == nullptr) {
      throw RpcError(kInvalidParameter, "Unknown named parameter " + name);
    }
    const auto index = static_cast<size_t>(found.param - method_.params.data());
    if (index < positional_) {
      throw RpcError(
          kInvalidParameter,
          "Parameter " + name + " specified twice both as positional and named argument");
    }
    Given& given = given_[index];
    const bool conflicts = found.member != nullptr ? given.whole : !given.members.empty();
    if (conflicts) {
      const std::string& member = found.member != nullptr ? name : given.members.front().first;
      throw RpcError(kInvalidParameter, "Parameter " + std::string(found.param->MainName()) +
                                            " conflicts with parameter " + member);
    }
    if (given.whole) {
      throw RpcError(kInvalidParameter, "Parameter " + name + " specified multiple times");
    }
    if (values_.size() <= index) values_.resize(index + 1);
    if (found.member == nullptr) {
      given.whole = true;
      values_[index] = value;
    } else {
      given.members.emplace_back(name, value);
      values_[index] = json::Value::Object(given.members);
    }
  }

  std::vector<json::Value> Take() { return std::move(values_); }

 private:
  struct Given {
    bool whole = false;
    std::vector<json::Value::Member> members;
  };

  const Method& method_;
  const size_t positional_;
  std::vector<json::Value> values_;
  std::vector<Given> given_;  // per parameter
};

std::vector<json::Value> FromNames(const Method& method, const json::Value& named) {
  const json::Value* args = named.Find("args");
  const bool mixed = args != nullptr && args->IsArray();
  NamedValues values(method, mixed ? args->Items() : std::vector<json::Value>());
  for (const auto& [name, value] : named.Members()) {
    if (name != "args") values.Add(name, value);
  }
  return values.Take();
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
