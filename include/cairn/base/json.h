// JSON values as read from outside, and a streaming writer.
//
// Numbers are kept as the text they were written as, so that amounts and 64-bit integers lose
// nothing. Parsing is iterative (no stack to exhaust), bounded in depth, and refuses duplicate
// keys.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cairn/base/result.h"

namespace cairn::json {

class Value {
 public:
  enum class Kind { kNull, kBool, kNumber, kString, kArray, kObject };
  using Member = std::pair<std::string, Value>;

  Value() = default;
  static Value Bool(bool value);
  static Value Number(std::string text);
  static Value Integer(int64_t value);
  static Value String(std::string text);
  static Value Array(std::vector<Value> items = {});
  static Value Object(std::vector<Member> members = {});

  Kind kind() const { return kind_; }
  bool IsNull() const { return kind_ == Kind::kNull; }
  bool IsBool() const { return kind_ == Kind::kBool; }
  bool IsNumber() const { return kind_ == Kind::kNumber; }
  bool IsString() const { return kind_ == Kind::kString; }
  bool IsArray() const { return kind_ == Kind::kArray; }
  bool IsObject() const { return kind_ == Kind::kObject; }

  bool AsBool() const { return bool_; }
  /// The string, or the digits of the number.
  const std::string& Text() const { return text_; }
  /// The number if it is an integer that fits.
  std::optional<int64_t> AsInt() const;
  std::optional<double> AsDouble() const;

  const std::vector<Value>& Items() const { return items_; }
  std::vector<Value>& Items() { return items_; }
  const std::vector<Member>& Members() const { return members_; }
  std::vector<Member>& Members() { return members_; }
  /// The member of that name, or null.
  const Value* Find(std::string_view name) const;

  /// The line of the source, from 1, where the value begins; 0 for values made by code.
  int line() const { return line_; }
  void set_line(int line) { line_ = line; }

  /// Compact JSON text.
  std::string ToString() const;

 private:
  Kind kind_ = Kind::kNull;
  bool bool_ = false;
  int line_ = 0;
  std::string text_;
  std::vector<Value> items_;
  std::vector<Member> members_;
};

/// The name that Bitcoin Core's messages use: null, bool, number, string, array, object.
std::string_view KindName(Value::Kind kind);

/// Reads one JSON text. The message of a failure is "line N: REASON", or "SOURCE:N: REASON" if the
/// text has a name. `max_depth` bounds nesting; texts above 128 MiB are refused.
Result<Value> Parse(std::string_view text, int max_depth = 512, std::string_view source = {});

/// Writes JSON piece by piece into a string. Calls must be balanced; names before values in
/// objects.
class Writer {
 public:
  /// `indent` of zero writes compact text, else so many spaces per level.
  explicit Writer(int indent = 0);
  ~Writer();
  Writer(Writer&&) noexcept;
  Writer& operator=(Writer&&) noexcept;

  Writer& BeginObject();
  Writer& EndObject();
  Writer& BeginArray();
  Writer& EndArray();
  Writer& Key(std::string_view name);
  Writer& Null();
  Writer& Bool(bool value);
  Writer& Int(int64_t value);
  Writer& Uint(uint64_t value);
  /// As Bitcoin Core prints doubles: at most 16 significant digits. What is not finite becomes
  /// null.
  Writer& Double(double value);
  /// Bytes that are not UTF-8 become U+FFFD, so that the output is always valid JSON.
  Writer& String(std::string_view text);
  /// Digits that are already valid JSON.
  Writer& RawNumber(std::string_view digits);
  /// Satoshis as a number of bitcoins with exactly eight decimals.
  Writer& Amount(int64_t satoshis);
  /// A whole JSON value that was formatted before.
  Writer& RawValue(std::string_view json);
  Writer& Any(const Value& value);

  /// The text so far; leaves the writer empty.
  std::string Take();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace cairn::json
