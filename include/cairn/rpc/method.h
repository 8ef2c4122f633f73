// What an RPC method is: one entry in one table. Argument checks, help text, docs/rpc.md, the
// OpenRPC document and the conversion of command-line arguments are all generated from these
// entries.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "cairn/base/json.h"

namespace cairn::rpc {

class Request;

enum class ParamType {
  kString,
  kHex,  // a string of hex digits
  kNumber,
  kBool,
  kAmount,  // bitcoins, as number or string
  kObject,
  kArray,
  kRange,  // a number or [begin, end]
  kHeightOrHash,
};

struct Param {
  std::string name;  // with aliases: "verbosity|verbose"
  ParamType type = ParamType::kString;
  std::string description;
  bool required = false;
  std::string default_text;    // JSON or words, for people; empty if there is none
  std::vector<Param> inner{};  // members of an object, element of an array
  bool unchecked = false;      // any JSON type is accepted; the type still guides the command line
  bool hidden = false;         // left out of help
  bool named_members = false;  // its members may be named as if they were parameters themselves

  /// The first of the names.
  std::string_view MainName() const;
  bool HasName(std::string_view wanted) const;
};

/// Of these parameters the one that a call names: a parameter, or a member of one whose members may
/// be named. Null if there is none.
struct NamedParam {
  const Param* param = nullptr;
  const Param* member = nullptr;  // of `param`, if that is what is named
};
NamedParam FindParam(const std::vector<Param>& params, std::string_view name);

inline Param Required(std::string name, ParamType type, std::string description,
                      std::vector<Param> inner = {}) {
  return {std::move(name), type, std::move(description), true, "", std::move(inner)};
}
inline Param Optional(std::string name, ParamType type, std::string default_text,
                      std::string description, std::vector<Param> inner = {}) {
  return {std::move(name), type, std::move(description), false, std::move(default_text),
          std::move(inner)};
}

enum class ResultType {
  kNone,  // null
  kString,
  kHex,
  kNumber,
  kTime,  // seconds since 1970
  kAmount,
  kBool,
  kObject,
  kMap,  // an object with names that vary: `inner` has the one pattern
  kArray,
  kAny,
};

/// One value of a result, with its parts.
struct Field {
  ResultType type = ResultType::kNone;
  std::string name{};  // inside objects
  std::string description{};
  std::vector<Field> inner{};
  bool optional = false;
  std::string condition{};  // of a whole result: "verbosity = 0"

  Field Maybe() && {
    optional = true;
    return std::move(*this);
  }
  Field When(std::string text) && {
    condition = std::move(text);
    return std::move(*this);
  }
};

/// Handlers write the result and may throw `RpcError`; what they wrote is then discarded. They run
/// on any worker thread, several at once.
using Handler = std::function<void(const Request&, json::Writer&)>;

struct Method {
  std::string name;
  std::string group;  // "blockchain"; methods in "hidden" are not listed by help
  std::string description;
  std::vector<Param> params{};
  std::vector<Field> results{};         // alternatives
  std::vector<std::string> examples{};  // arguments as typed after `cairn-cli NAME`
  Handler handler{};
};

/// All methods of the node, ordered by group and name.
class MethodTable {
 public:
  explicit MethodTable(std::vector<Method> methods);

  const std::vector<Method>& methods() const { return methods_; }
  const Method* Find(std::string_view name) const;

 private:
  std::vector<Method> methods_;
};

/// Every method that this build knows.
const MethodTable& AllMethods();

}  // namespace cairn::rpc
