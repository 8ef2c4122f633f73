// One call as its handler sees it: parameters that were already checked against the method's entry.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cairn/base/json.h"
#include "cairn/rpc/method.h"

namespace cairn::rpc {

class Dispatcher;
struct RpcContext;

/// Lives for the duration of one handler call. Parameters are asked for by the name that the
/// method's entry gives them; a name that is not in the entry is a bug and ends the program.
class Request {
 public:
  Request(const Method& method, std::vector<json::Value> params, const RpcContext& node,
          const Dispatcher& dispatcher, std::string_view user);

  const RpcContext& node() const { return node_; }
  const Dispatcher& dispatcher() const { return dispatcher_; }
  std::string_view user() const { return user_; }

  /// The parameter, or a null value if it was not given.
  const json::Value& Get(std::string_view name) const;
  bool Has(std::string_view name) const { return !Get(name).IsNull(); }
  /// All parameters in the order of the entry; trailing ones may be absent.
  const std::vector<json::Value>& params() const { return params_; }

  const std::string& String(std::string_view name) const { return Get(name).Text(); }
  std::string StringOr(std::string_view name, std::string_view fallback) const;
  /// Throws `RpcError` if the number is no integer or does not fit.
  int64_t Int(std::string_view name) const;
  int64_t IntOr(std::string_view name, int64_t fallback) const;
  /// The same, within the range of an `int`.
  int SmallInt(std::string_view name) const;
  int SmallIntOr(std::string_view name, int fallback) const;
  bool BoolOr(std::string_view name, bool fallback) const;

 private:
  const Method& method_;
  const std::vector<json::Value> params_;
  const RpcContext& node_;
  const Dispatcher& dispatcher_;
  const std::string_view user_;
};

/// The value as an integer of 64 or 32 bits. Throws `RpcError`.
int64_t ToInt(const json::Value& value);
int ToSmallInt(const json::Value& value);
/// The value as a string. Throws `RpcError` if it is none.
const std::string& ToText(const json::Value& value);
/// The value as a boolean. Throws `RpcError` if it is none.
bool ToBool(const json::Value& value);

}  // namespace cairn::rpc
