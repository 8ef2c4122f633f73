// RapidJSON's iterative SAX reader with what it lacks: line numbers, a depth limit, refusal of
// duplicate names and of unpaired surrogates.
#include <algorithm>

#include <rapidjson/reader.h>

#include "cairn/base/json.h"

namespace cairn::json {

namespace {

// Keeps RapidJSON's 32-bit lengths and its integer arithmetic on exponents far from overflow.
constexpr size_t kMaxTextSize = size_t{128} << 20;

/// The input with a count of its lines. Reads zeroes past the end, as RapidJSON expects.
class LineStream {
 public:
  using Ch = char;

  explicit LineStream(std::string_view text)
      : at_(text.data()), begin_(at_), end_(at_ + text.size()) {}

  Ch Peek() const { return at_ == end_ ? '\0' : *at_; }
  Ch Take() {
    if (at_ == end_) return '\0';
    if (*at_ == '\n') ++line_;
    return *at_++;
  }
  size_t Tell() const { return static_cast<size_t>(at_ - begin_); }

  bool AtEnd() const { return at_ == end_; }
  int line() const { return line_; }

  // RapidJSON wants these to exist; they serve parsing in place, which is not asked for.
  Ch* PutBegin() { return nullptr; }
  void Put(Ch) {}
  size_t PutEnd(Ch*) { return 0; }

 private:
  const char* at_;
  const char* begin_;
  const char* end_;
  int line_ = 1;
};

/// Whether UTF-8 that is otherwise valid holds a surrogate: RapidJSON lets an escaped low surrogate
/// without its partner through.
bool HasSurrogate(std::string_view text) {
  for (size_t at = text.find('\xed'); at != std::string_view::npos;
       at = text.find('\xed', at + 1)) {
    if (at + 1 < text.size() && static_cast<unsigned char>(text[at + 1]) >= 0xa0) return true;
  }
  return false;
}

/// The later of two members with the same name, if there are any. Sorts, so that an object of a
/// million names costs no million squared.
const Value::Member* FindDuplicate(const std::vector<Value::Member>& members) {
  std::vector<const Value::Member*> sorted;
  sorted.reserve(members.size());
  for (const Value::Member& member : members) sorted.push_back(&member);
  std::sort(sorted.begin(), sorted.end(), [](const Value::Member* a, const Value::Member* b) {
    const int order = a->first.compare(b->first);
    return order != 0 ? order < 0 : a < b;
  });
  const auto twin = std::adjacent_find(
      sorted.begin(), sorted.end(),
      [](const Value::Member* a, const Value::Member* b) { return a->first == b->first; });
  return twin == sorted.end() ? nullptr : *(twin + 1);
}

/// Receives RapidJSON's events and builds the value. Returning false ends the parse with
/// `problem()`.
class Builder {
 public:
  Builder(const LineStream& stream, int max_depth) : stream_(stream), max_depth_(max_depth) {}

  bool Null() { return Add(Value()); }
  bool Bool(bool value) { return Add(Value::Bool(value)); }
  bool RawNumber(const char* text, unsigned length, bool) {
    return Add(Value::Number(std::string(text, length)));
  }
  bool String(const char* text, unsigned length, bool) {
    if (HasSurrogate({text, length})) return Refuse("a string holds half of a surrogate pair");
    return Add(Value::String(std::string(text, length)));
  }
  bool Key(const char* text, unsigned length, bool) {
    if (HasSurrogate({text, length})) return Refuse("a name holds half of a surrogate pair");
    open_.back().name.assign(text, length);
    return true;
  }
  bool StartObject() { return Open(Value::Object()); }
  bool StartArray() { return Open(Value::Array()); }
  bool EndObject(unsigned) {
    if (const Value::Member* twin = FindDuplicate(open_.back().value.Members())) {
      line_ = twin->second.line();
      problem_ = "the name \"" + twin->first + "\" occurs twice in one object";
      return false;
    }
    return Close();
  }
  bool EndArray(unsigned) { return Close(); }

  // Not called: numbers are kept as text.
  bool Int(int) { return false; }
  bool Uint(unsigned) { return false; }
  bool Int64(int64_t) { return false; }
  bool Uint64(uint64_t) { return false; }
  bool Double(double) { return false; }

  const std::string& problem() const { return problem_; }
  int line() const { return line_; }
  Value& root() { return root_; }

 private:
  /// An array or object whose end has not come yet, and the name of the member that comes next.
  struct Container {
    Value value;
    std::string name;
  };

  bool Refuse(std::string problem) {
    problem_ = std::move(problem);
    line_ = stream_.line();
    return false;
  }

  bool Open(Value container) {
    if (open_.size() >= static_cast<size_t>(max_depth_)) {
      return Refuse("nested deeper than " + std::to_string(max_depth_) + " levels");
    }
    container.set_line(stream_.line());
    open_.push_back({std::move(container), {}});
    return true;
  }

  bool Close() {
    Value closed = std::move(open_.back().value);
    open_.pop_back();
    Attach(std::move(closed));
    return true;
  }

  /// A value that lies within one line, which is the line where the reader stands.
  bool Add(Value value) {
    value.set_line(stream_.line());
    Attach(std::move(value));
    return true;
  }

  void Attach(Value value) {
    if (open_.empty()) {
      root_ = std::move(value);
    } else if (Container& parent = open_.back(); parent.value.IsArray()) {
      parent.value.Items().push_back(std::move(value));
    } else {
      parent.value.Members().emplace_back(std::move(parent.name), std::move(value));
    }
  }

  const LineStream& stream_;
  const int max_depth_;
  std::vector<Container> open_;
  Value root_;
  std::string problem_;
  int line_ = 0;
};

std::string_view Explain(rapidjson::ParseErrorCode code) {
  switch (code) {
    case rapidjson::kParseErrorDocumentEmpty: return "no value where one must begin";
    case rapidjson::kParseErrorDocumentRootNotSingular: return "something follows the value";
    case rapidjson::kParseErrorValueInvalid: return "not a JSON value";
    case rapidjson::kParseErrorObjectMissName: return "a name in quotes is missing";
    case rapidjson::kParseErrorObjectMissColon: return "a colon is missing after a name";
    case rapidjson::kParseErrorObjectMissCommaOrCurlyBracket: return "a comma or } is missing";
    case rapidjson::kParseErrorArrayMissCommaOrSquareBracket: return "a comma or ] is missing";
    case rapidjson::kParseErrorStringUnicodeEscapeInvalidHex: return "\\u needs four hex digits";
    case rapidjson::kParseErrorStringUnicodeSurrogateInvalid:
      return "a string holds half of a surrogate pair";
    case rapidjson::kParseErrorStringEscapeInvalid:
      return "a string holds an unknown escape or a bare control character";
    case rapidjson::kParseErrorStringMissQuotationMark: return "a string does not end";
    case rapidjson::kParseErrorStringInvalidEncoding: return "a string is not valid UTF-8";
    case rapidjson::kParseErrorNumberTooBig: return "a number is too large";
    case rapidjson::kParseErrorNumberMissFraction:
      return "a digit is missing after the decimal point";
    case rapidjson::kParseErrorNumberMissExponent: return "a digit is missing in the exponent";
    default: return "not valid JSON";
  }
}

tl::unexpected<Error> Problem(std::string_view source, int line, std::string_view reason) {
  std::string where = source.empty() ? "line " + std::to_string(line)
                                     : std::string(source) + ":" + std::to_string(line);
  return Invalid(where.append(": ").append(reason));
}

}  // namespace

Result<Value> Parse(std::string_view text, int max_depth, std::string_view source) {
  if (text.size() > kMaxTextSize) return Problem(source, 1, "larger than 128 MiB");

  LineStream stream(text);
  Builder builder(stream, max_depth);
  rapidjson::Reader reader;
  constexpr unsigned kFlags = rapidjson::kParseIterativeFlag |
                              rapidjson::kParseValidateEncodingFlag |
                              rapidjson::kParseNumbersAsStringsFlag;
  const rapidjson::ParseResult result = reader.Parse<kFlags>(stream, builder);

  if (!builder.problem().empty()) return Problem(source, builder.line(), builder.problem());
  if (result.IsError()) {
    const bool cut = stream.AtEnd() && result.Code() != rapidjson::kParseErrorNumberTooBig;
    return Problem(source, stream.line(), cut ? "the text ends too early" : Explain(result.Code()));
  }
  // RapidJSON takes a zero byte for the end.
  if (!stream.AtEnd()) return Problem(source, stream.line(), "a zero byte follows the value");
  return std::move(builder.root());
}

}  // namespace cairn::json
