// The streaming writer: RapidJSON keeps commas, colons and indentation; values are formatted here.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <variant>

#include "cairn/base/assert.h"

#define RAPIDJSON_ASSERT(condition) CAIRN_ASSERT(condition)
#include <rapidjson/prettywriter.h>
#include <rapidjson/writer.h>

#include "cairn/base/json.h"

namespace cairn::json {

namespace {

/// Where RapidJSON writes: a string that is handed out without a copy.
struct Sink {
  using Ch = char;
  void Put(char c) { text.push_back(c); }
  void Flush() {}

  std::string text;
};

/// The length of the UTF-8 sequence that starts `text`, or 0 if it is malformed (RFC 3629: no
/// overlong forms, no surrogates, nothing above U+10FFFF).
size_t SequenceLength(std::string_view text) {
  const auto byte = [&](size_t i) -> unsigned {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0;
  };
  const auto follows = [&](size_t i, unsigned least = 0x80, unsigned most = 0xbf) {
    return byte(i) >= least && byte(i) <= most;
  };
  const unsigned lead = byte(0);
  if (lead < 0x80) return 1;
  if (lead >= 0xc2 && lead <= 0xdf) return follows(1) ? 2 : 0;
  if (lead >= 0xe0 && lead <= 0xef) {
    const bool second = follows(1, lead == 0xe0 ? 0xa0 : 0x80, lead == 0xed ? 0x9f : 0xbf);
    return second && follows(2) ? 3 : 0;
  }
  if (lead >= 0xf0 && lead <= 0xf4) {
    const bool second = follows(1, lead == 0xf0 ? 0x90 : 0x80, lead == 0xf4 ? 0x8f : 0xbf);
    return second && follows(2) && follows(3) ? 4 : 0;
  }
  return 0;
}

std::string ReplaceMalformed(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const size_t length = SequenceLength(text);
    if (length == 0) {
      out += "\xef\xbf\xbd";
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(std::max<size_t>(length, 1));
  }
  return out;
}

/// Printable ASCII without quote and backslash: goes out as it is. Nearly all strings are, hex
/// above all.
bool IsPlain(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return c >= ' ' && c < '\x7f' && c != '"' && c != '\\'; });
}

}  // namespace

class Writer::Impl {
 public:
  explicit Impl(int indent) {
    if (indent == 0) {
      writer_.emplace<Compact>(sink_);
    } else {
      writer_.emplace<Pretty>(sink_).SetIndent(' ', static_cast<unsigned>(indent));
    }
  }

  template <typename Action>
  void Do(Action action) {
    std::visit(
        [&](auto& writer) {
          if constexpr (!std::is_same_v<std::decay_t<decltype(writer)>, std::monostate>) {
            CAIRN_ASSERT(action(writer));
          }
        },
        writer_);
  }

  void Raw(std::string_view json, rapidjson::Type type) {
    // The empty raw value makes RapidJSON write what must precede a value; the rest needs no loop
    // over the characters.
    Do([&](auto& writer) { return writer.RawValue("", 0, type); });
    sink_.text += json;
  }

  void String(std::string_view text) {
    if (IsPlain(text)) {
      Raw("\"", rapidjson::kStringType);
      sink_.text.append(text).push_back('"');
      return;
    }
    const std::string valid = ReplaceMalformed(text);
    Do([&](auto& writer) {
      return writer.String(valid.data(), static_cast<rapidjson::SizeType>(valid.size()));
    });
  }

  std::string Take() {
    std::string text = std::move(sink_.text);
    sink_.text.clear();
    Do([&](auto& writer) { return writer.Reset(sink_), true; });
    return text;
  }

 private:
  using Compact = rapidjson::Writer<Sink>;
  using Pretty = rapidjson::PrettyWriter<Sink>;

  Sink sink_;
  std::variant<std::monostate, Compact, Pretty> writer_;
};

Writer::Writer(int indent) : impl_(std::make_unique<Impl>(indent)) {}
Writer::~Writer() = default;
Writer::Writer(Writer&&) noexcept = default;
Writer& Writer::operator=(Writer&&) noexcept = default;

Writer& Writer::BeginObject() {
  impl_->Do([](auto& writer) { return writer.StartObject(); });
  return *this;
}

Writer& Writer::EndObject() {
  impl_->Do([](auto& writer) { return writer.EndObject(); });
  return *this;
}

Writer& Writer::BeginArray() {
  impl_->Do([](auto& writer) { return writer.StartArray(); });
  return *this;
}

Writer& Writer::EndArray() {
  impl_->Do([](auto& writer) { return writer.EndArray(); });
  return *this;
}

Writer& Writer::Key(std::string_view name) { return String(name); }

Writer& Writer::Null() {
  impl_->Raw("null", rapidjson::kNullType);
  return *this;
}

Writer& Writer::Bool(bool value) {
  impl_->Raw(value ? "true" : "false", value ? rapidjson::kTrueType : rapidjson::kFalseType);
  return *this;
}

Writer& Writer::Int(int64_t value) { return RawNumber(std::to_string(value)); }
Writer& Writer::Uint(uint64_t value) { return RawNumber(std::to_string(value)); }

Writer& Writer::Double(double value) {
  if (!std::isfinite(value)) return Null();
  char digits[32];
  const auto [end, problem] =
      std::to_chars(digits, digits + sizeof digits, value, std::chars_format::general, 16);
  CAIRN_ASSERT(problem == std::errc());
  return RawNumber({digits, static_cast<size_t>(end - digits)});
}

Writer& Writer::String(std::string_view text) {
  impl_->String(text);
  return *this;
}

Writer& Writer::RawNumber(std::string_view digits) {
  impl_->Raw(digits, rapidjson::kNumberType);
  return *this;
}

Writer& Writer::Amount(int64_t satoshis) {
  constexpr uint64_t kCoin = 100'000'000;
  const bool negative = satoshis < 0;
  const uint64_t size =
      negative ? -static_cast<uint64_t>(satoshis) : static_cast<uint64_t>(satoshis);
  const std::string decimals = std::to_string(size % kCoin);
  return RawNumber((negative ? "-" : "") + std::to_string(size / kCoin) + "." +
                   std::string(8 - decimals.size(), '0') + decimals);
}

Writer& Writer::RawValue(std::string_view json) {
  impl_->Raw(json, rapidjson::kObjectType);
  return *this;
}

// Recursion is as deep as the value, which the parser bounds.
Writer& Writer::Any(const Value& value) {
  switch (value.kind()) {
    case Value::Kind::kNull: return Null();
    case Value::Kind::kBool: return Bool(value.AsBool());
    case Value::Kind::kNumber: return RawNumber(value.Text());
    case Value::Kind::kString: return String(value.Text());
    case Value::Kind::kArray:
      BeginArray();
      for (const Value& item : value.Items()) Any(item);
      return EndArray();
    case Value::Kind::kObject:
      BeginObject();
      for (const auto& [name, member] : value.Members()) Key(name).Any(member);
      return EndObject();
  }
  return *this;
}

std::string Writer::Take() { return impl_->Take(); }

}  // namespace cairn::json
