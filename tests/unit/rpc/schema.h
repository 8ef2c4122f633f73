// Whether results are what the method table says of them.
#pragma once

#include <algorithm>
#include <string>

#include "cairn/base/json.h"
#include "cairn/rpc/method.h"
#include "tests/unit/rpc/support.h"

namespace cairn::rpc {

/// Empty, or what is wrong with `value` as an instance of `field`.
inline std::string Mismatch(const Field& field, const json::Value& value) {
  const auto unless = [&](bool fits) {
    return fits ? "" : "'" + field.name + "' is " + value.ToString().substr(0, 100);
  };
  const auto is_hex = [](const std::string& text) {
    return text.size() % 2 == 0 && text.find_first_not_of("0123456789abcdef") == std::string::npos;
  };
  switch (field.type) {
    case ResultType::kAny: return "";
    case ResultType::kNone: return unless(value.IsNull());
    case ResultType::kString: return unless(value.IsString());
    case ResultType::kHex: return unless(value.IsString() && is_hex(value.Text()));
    case ResultType::kNumber: return unless(value.IsNumber());
    case ResultType::kTime: return unless(value.AsInt().has_value());
    case ResultType::kAmount:
      return unless(value.IsNumber() && value.Text().size() > 9 &&
                    value.Text()[value.Text().size() - 9] == '.');
    case ResultType::kBool: return unless(value.IsBool());
    case ResultType::kArray:
    case ResultType::kMap: {
      if (field.type == ResultType::kArray ? !value.IsArray() : !value.IsObject())
        return unless(false);
      for (const json::Value& item : value.Items()) {
        if (std::string wrong = Mismatch(field.inner.front(), item); !wrong.empty()) return wrong;
      }
      for (const auto& [name, item] : value.Members()) {
        if (std::string wrong = Mismatch(field.inner.front(), item); !wrong.empty()) return wrong;
      }
      return "";
    }
    case ResultType::kObject: {
      if (!value.IsObject()) return unless(false);
      for (const auto& [name, member] : value.Members()) {
        const auto known =
            std::find_if(field.inner.begin(), field.inner.end(),
                         [&wanted = name](const Field& part) { return part.name == wanted; });
        if (known == field.inner.end()) return "there is no word of '" + name + "'";
        if (std::string wrong = Mismatch(*known, member); !wrong.empty()) return wrong;
      }
      for (const Field& part : field.inner) {
        if (!part.optional && value.Find(part.name) == nullptr)
          return "'" + part.name + "' is missing";
      }
      return "";
    }
  }
  return "";
}

/// Empty if `value` fits one of the method's results.
inline std::string Mismatch(const Method& method, const json::Value& value) {
  std::string wrong;
  for (const Field& result : method.results) {
    const std::string why = Mismatch(result, value);
    if (why.empty()) return "";
    wrong += method.name + ": " + why + "; ";
  }
  return wrong;
}

/// As `Call`; a result is held against the method table.
inline std::string CallByTable(Dispatcher& dispatcher, const std::string& method,
                               const std::string& params) {
  std::string text = Call(dispatcher, method, params);
  if (const Result<json::Value> value = json::Parse(text)) {
    EXPECT_EQ(Mismatch(*AllMethods().Find(method), *value), "");
  }
  return text;
}

}  // namespace cairn::rpc
