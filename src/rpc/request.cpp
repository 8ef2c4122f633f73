#include "cairn/rpc/request.h"

#include <limits>
#include <utility>

#include "cairn/base/assert.h"
#include "cairn/rpc/error.h"

namespace cairn::rpc {

namespace {

void ExpectKind(const json::Value& value, json::Value::Kind expected) {
  if (value.kind() == expected) return;
  throw RpcError(kTypeError, "JSON value of type " + std::string(json::KindName(value.kind())) +
                                 " is not of expected type " +
                                 std::string(json::KindName(expected)));
}

}  // namespace

Request::Request(const Method& method, std::vector<json::Value> params, const RpcContext& node,
                 const Dispatcher& dispatcher, std::string_view user)
    : method_(method),
      params_(std::move(params)),
      node_(node),
      dispatcher_(dispatcher),
      user_(user) {}

const json::Value& Request::Get(std::string_view name) const {
  static const json::Value null;
  size_t index = 0;
  while (index < method_.params.size() && method_.params[index].MainName() != name) ++index;
  CAIRN_ASSERT(index < method_.params.size());
  return index < params_.size() ? params_[index] : null;
}

std::string Request::StringOr(std::string_view name, std::string_view fallback) const {
  return Has(name) ? String(name) : std::string(fallback);
}

int64_t Request::Int(std::string_view name) const { return ToInt(Get(name)); }

int64_t Request::IntOr(std::string_view name, int64_t fallback) const {
  return Has(name) ? Int(name) : fallback;
}

int Request::SmallInt(std::string_view name) const { return ToSmallInt(Get(name)); }

int Request::SmallIntOr(std::string_view name, int fallback) const {
  return Has(name) ? SmallInt(name) : fallback;
}

bool Request::BoolOr(std::string_view name, bool fallback) const {
  return Has(name) ? Get(name).AsBool() : fallback;
}

int64_t ToInt(const json::Value& value) {
  ExpectKind(value, json::Value::Kind::kNumber);
  const std::optional<int64_t> integer = value.AsInt();
  if (!integer) throw RpcError(kMiscError, "JSON integer out of range");
  return *integer;
}

int ToSmallInt(const json::Value& value) {
  const int64_t integer = ToInt(value);
  if (integer < std::numeric_limits<int>::min() || integer > std::numeric_limits<int>::max()) {
    throw RpcError(kMiscError, "JSON integer out of range");
  }
  return static_cast<int>(integer);
}

bool ToBool(const json::Value& value) {
  ExpectKind(value, json::Value::Kind::kBool);
  return value.AsBool();
}

const std::string& ToText(const json::Value& value) {
  ExpectKind(value, json::Value::Kind::kString);
  return value.Text();
}

}  // namespace cairn::rpc
