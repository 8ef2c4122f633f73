#include "cairn/base/json.h"

#include <charconv>

namespace cairn::json {

namespace {

/// The number that the whole of `text` spells; nothing if it is another kind of number or too
/// large.
template <typename Number>
std::optional<Number> NumberFrom(std::string_view text) {
  Number number{};
  const char* end = text.data() + text.size();
  const auto [stopped, problem] = std::from_chars(text.data(), end, number);
  if (problem != std::errc() || stopped != end) return std::nullopt;
  return number;
}

}  // namespace

Value Value::Bool(bool value) {
  Value made;
  made.kind_ = Kind::kBool;
  made.bool_ = value;
  return made;
}

Value Value::Number(std::string text) {
  Value made;
  made.kind_ = Kind::kNumber;
  made.text_ = std::move(text);
  return made;
}

Value Value::Integer(int64_t value) { return Number(std::to_string(value)); }

Value Value::String(std::string text) {
  Value made;
  made.kind_ = Kind::kString;
  made.text_ = std::move(text);
  return made;
}

Value Value::Array(std::vector<Value> items) {
  Value made;
  made.kind_ = Kind::kArray;
  made.items_ = std::move(items);
  return made;
}

Value Value::Object(std::vector<Member> members) {
  Value made;
  made.kind_ = Kind::kObject;
  made.members_ = std::move(members);
  return made;
}

std::optional<int64_t> Value::AsInt() const {
  if (!IsNumber()) return std::nullopt;
  return NumberFrom<int64_t>(text_);
}

std::optional<double> Value::AsDouble() const {
  if (!IsNumber()) return std::nullopt;
  return NumberFrom<double>(text_);
}

const Value* Value::Find(std::string_view name) const {
  for (const Member& member : members_) {
    if (member.first == name) return &member.second;
  }
  return nullptr;
}

std::string Value::ToString() const { return Writer().Any(*this).Take(); }

std::string_view KindName(Value::Kind kind) {
  switch (kind) {
    case Value::Kind::kNull: return "null";
    case Value::Kind::kBool: return "bool";
    case Value::Kind::kNumber: return "number";
    case Value::Kind::kString: return "string";
    case Value::Kind::kArray: return "array";
    case Value::Kind::kObject: return "object";
  }
  return "unknown";
}

}  // namespace cairn::json
