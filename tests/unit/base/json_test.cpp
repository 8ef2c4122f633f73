#include "cairn/base/json.h"

#include <chrono>
#include <cmath>
#include <limits>

#include <gtest/gtest.h>

namespace cairn::json {
namespace {

using namespace std::string_literals;

std::string ProblemOf(std::string_view text, int max_depth = 512) {
  const Result<Value> parsed = Parse(text, max_depth);
  return parsed ? "accepted" : parsed.error().message;
}

Value MustParse(std::string_view text) {
  Result<Value> parsed = Parse(text);
  EXPECT_TRUE(parsed.has_value()) << text << ": " << parsed.error().message;
  return parsed ? *parsed : Value();
}

TEST(JsonParse, ReadsEveryKind) {
  const Value value = MustParse(
      R"( {"n":null,"t":true,"f":false,"i":-12,"s":"a\"b\u00e9\n","a":[1,[],{}],"o":{"x":1}} )");
  ASSERT_TRUE(value.IsObject());
  EXPECT_TRUE(value.Find("n")->IsNull());
  EXPECT_TRUE(value.Find("t")->AsBool());
  EXPECT_FALSE(value.Find("f")->AsBool());
  EXPECT_EQ(value.Find("i")->AsInt(), -12);
  EXPECT_EQ(value.Find("s")->Text(), "a\"b\xc3\xa9\n");
  ASSERT_EQ(value.Find("a")->Items().size(), 3u);
  EXPECT_TRUE(value.Find("a")->Items()[1].IsArray());
  EXPECT_TRUE(value.Find("a")->Items()[2].IsObject());
  EXPECT_EQ(value.Find("o")->Find("x")->Text(), "1");
  EXPECT_EQ(value.Find("absent"), nullptr);
}

TEST(JsonParse, KeepsNumbersAsWritten) {
  for (const std::string text :
       {"0", "-0", "1.10", "21000000.00000001", "18446744073709551615", "1e-8", "0.1E+2",
        "123456789012345678901234567890", "-9223372036854775808", "1e-999999999999"}) {
    const Value value = MustParse(text);
    EXPECT_TRUE(value.IsNumber());
    EXPECT_EQ(value.Text(), text);
  }
}

TEST(JsonParse, NumbersConvertOnlyWhenNothingIsLost) {
  EXPECT_EQ(MustParse("9223372036854775807").AsInt(), std::numeric_limits<int64_t>::max());
  EXPECT_EQ(MustParse("-9223372036854775808").AsInt(), std::numeric_limits<int64_t>::min());
  EXPECT_EQ(MustParse("9223372036854775808").AsInt(), std::nullopt);
  EXPECT_EQ(MustParse("1.0").AsInt(), std::nullopt);
  EXPECT_EQ(MustParse("1e3").AsInt(), std::nullopt);
  EXPECT_EQ(MustParse("\"1\"").AsInt(), std::nullopt);
  EXPECT_EQ(MustParse("1.5e3").AsDouble(), 1500.0);
  EXPECT_EQ(MustParse("\"1\"").AsDouble(), std::nullopt);
}

TEST(JsonParse, KnowsTheLineOfEachValue) {
  const Value value =
      MustParse("\n{\n  \"a\": 1,\n  \"b\": [\n    2,\r\n    \"x\"\n  ], \"c\":\n\n {}}\n");
  EXPECT_EQ(value.line(), 2);
  EXPECT_EQ(value.Find("a")->line(), 3);
  EXPECT_EQ(value.Find("b")->line(), 4);
  EXPECT_EQ(value.Find("b")->Items()[0].line(), 5);
  EXPECT_EQ(value.Find("b")->Items()[1].line(), 6);
  EXPECT_EQ(value.Find("c")->line(), 9);
}

TEST(JsonParse, SaysWhatIsWrongAndWhere) {
  EXPECT_EQ(ProblemOf(""), "line 1: the text ends too early");
  EXPECT_EQ(ProblemOf("\n\n x"), "line 3: not a JSON value");
  EXPECT_EQ(ProblemOf("[1,\n2"), "line 2: the text ends too early");
  EXPECT_EQ(ProblemOf("[1\n2]"), "line 2: a comma or ] is missing");
  EXPECT_EQ(ProblemOf("[1,]"), "line 1: not a JSON value");
  EXPECT_EQ(ProblemOf("{\"a\":1,}"), "line 1: a name in quotes is missing");
  EXPECT_EQ(ProblemOf("{a:1}"), "line 1: a name in quotes is missing");
  EXPECT_EQ(ProblemOf("{\"a\" 1}"), "line 1: a colon is missing after a name");
  EXPECT_EQ(ProblemOf("{\"a\":1\n\"b\":2}"), "line 2: a comma or } is missing");
  EXPECT_EQ(ProblemOf("[]\n[]"), "line 2: something follows the value");
  EXPECT_EQ(ProblemOf("[\"a\nb\"]"),
            "line 1: a string holds an unknown escape or a bare control character");
  EXPECT_EQ(ProblemOf("\"\\x\""),
            "line 1: a string holds an unknown escape or a bare control character");
  EXPECT_EQ(ProblemOf("\"\\u12g4\""), "line 1: \\u needs four hex digits");
  EXPECT_EQ(ProblemOf("[01]"), "line 1: a comma or ] is missing");
  EXPECT_EQ(ProblemOf("[1.]"), "line 1: a digit is missing after the decimal point");
  EXPECT_EQ(ProblemOf("[1e]"), "line 1: a digit is missing in the exponent");
  EXPECT_EQ(ProblemOf("[+1]"), "line 1: not a JSON value");
  EXPECT_EQ(ProblemOf("[NaN]"), "line 1: not a JSON value");
  EXPECT_EQ(ProblemOf("[1e999]"), "line 1: a number is too large");
  EXPECT_EQ(ProblemOf("// no comments\n1"), "line 1: not a JSON value");
}

TEST(JsonParse, NamesTheSourceWhenItHasOne) {
  const auto parsed = Parse("{\n]", 512, "genesis/foo.json");
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().message, "genesis/foo.json:2: a name in quotes is missing");
}

TEST(JsonParse, RefusesZeroBytes) {
  EXPECT_EQ(ProblemOf("1\0"s), "line 1: a zero byte follows the value");
  EXPECT_EQ(ProblemOf("{}\n\0{}"s), "line 2: a zero byte follows the value");
  EXPECT_NE(ProblemOf("\0"s), "accepted");
  EXPECT_NE(ProblemOf("[\0]"s), "accepted");
  EXPECT_NE(ProblemOf("\"a\0b\""s), "accepted");
  EXPECT_EQ(MustParse("\"a\\u0000b\"").Text(), "a\0b"s);
}

TEST(JsonParse, RefusesMalformedUtf8) {
  for (const std::string bad : {"\xff", "\xc0\x80", "\xc3", "\xe2\x82", "\xed\xa0\x80",
                                "\xf5\x80\x80\x80", "\xf0\x80\x80\x80", "\x80"}) {
    EXPECT_EQ(ProblemOf("[\"" + bad + " \"]"), "line 1: a string is not valid UTF-8");
    EXPECT_EQ(ProblemOf("{\"" + bad + " \":1}"), "line 1: a string is not valid UTF-8");
  }
  EXPECT_EQ(MustParse("\"\xe2\x82\xac\xf0\x9f\x98\x80\"").Text(), "\xe2\x82\xac\xf0\x9f\x98\x80");
}

TEST(JsonParse, EscapedSurrogatesMustPair) {
  EXPECT_EQ(MustParse(R"("\ud83d\ude00")").Text(), "\xf0\x9f\x98\x80");
  EXPECT_EQ(ProblemOf(R"("\ud83d")"), "line 1: a string holds half of a surrogate pair");
  EXPECT_EQ(ProblemOf(R"("\ude00")"), "line 1: a string holds half of a surrogate pair");
  EXPECT_EQ(ProblemOf(R"({"\ude00":1})"), "line 1: a name holds half of a surrogate pair");
  EXPECT_EQ(MustParse(R"("\ud7ff")").Text(), "\xed\x9f\xbf");
}

TEST(JsonParse, RefusesDuplicateNames) {
  EXPECT_EQ(ProblemOf("{\"a\":1,\n\"b\":{\"a\":2},\n\"a\":3}"),
            "line 3: the name \"a\" occurs twice in one object");
  EXPECT_EQ(ProblemOf("{\"a\":1,\"\\u0061\":2}"),
            "line 1: the name \"a\" occurs twice in one object");
  EXPECT_EQ(ProblemOf("{\"a\":1,\"A\":2}"), "accepted");
}

TEST(JsonParse, BoundsNesting) {
  EXPECT_EQ(ProblemOf("[[[1]]]", 3), "accepted");
  EXPECT_EQ(ProblemOf("[[\n[{}]]]", 3), "line 2: nested deeper than 3 levels");
  EXPECT_EQ(ProblemOf(std::string(512, '[') + std::string(512, ']')), "accepted");
  EXPECT_EQ(ProblemOf(std::string(513, '[') + std::string(513, ']')),
            "line 1: nested deeper than 512 levels");
}

double SecondsFor(const std::string& text) {
  const auto start = std::chrono::steady_clock::now();
  (void)Parse(text);
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// Generous limits: sanitizer builds on a loaded machine must pass too, but not a quadratic parser.
TEST(JsonParse, HostileTextsNeitherCrashNorStall) {
  EXPECT_LT(SecondsFor(std::string(2'000'000, '[')), 30);
  std::string objects;
  for (int i = 0; i < 500'000; ++i) objects += "{\"a\":";
  EXPECT_LT(SecondsFor(objects), 30);
  EXPECT_LT(SecondsFor("1" + std::string(2'000'000, '0')), 30);
  EXPECT_LT(SecondsFor("0." + std::string(2'000'000, '1') + "e-" + std::string(2'000'000, '9')),
            30);
  std::string names = "{\"name0\":0";
  for (int i = 1; i < 200'000; ++i) names += ",\"name" + std::to_string(i) + "\":0";
  EXPECT_LT(SecondsFor(names + "}"), 60);
  EXPECT_EQ(ProblemOf(names + "}"), "accepted");
  EXPECT_EQ(ProblemOf(names + ",\"name77\":1}"),
            "line 1: the name \"name77\" occurs twice in one object");
}

TEST(JsonParse, EveryTruncationIsRefused) {
  const std::string text = R"({"a":[1.5e3,true,null,"x\u00e9\ud83d\ude00"],"b":{"c":false}})";
  for (size_t length = 0; length < text.size(); ++length) {
    EXPECT_NE(ProblemOf(text.substr(0, length)), "accepted") << length;
  }
  EXPECT_EQ(ProblemOf(text), "accepted");
}

TEST(JsonWrite, CompactTextRoundTrips) {
  for (const std::string text :
       {R"({"a":[1,-2.50,"x",true,false,null,[],{}],"b":{"c":"d"}})", R"([])", R"("only")",
        R"(1.10)", R"({"":""})", R"(["\"\\\b\f\n\r\t"])"}) {
    EXPECT_EQ(MustParse(text).ToString(), text);
  }
}

TEST(JsonWrite, StreamsCompactText) {
  Writer writer;
  writer.BeginObject().Key("n").Null().Key("b").Bool(true).Key("i").Int(-5);
  writer.Key("u").Uint(18446744073709551615u).Key("r").RawNumber("1.10");
  writer.Key("v").RawValue("{\"x\":1}").Key("a").BeginArray().String("s").EndArray().EndObject();
  EXPECT_EQ(
      writer.Take(),
      R"({"n":null,"b":true,"i":-5,"u":18446744073709551615,"r":1.10,"v":{"x":1},"a":["s"]})");
  EXPECT_EQ(writer.Take(), "");
  EXPECT_EQ(writer.BeginArray().EndArray().Take(), "[]") << "a writer serves again after Take";
}

TEST(JsonWrite, IndentsAsBitcoinCliDoes) {
  Writer writer(2);
  writer.BeginObject().Key("a").Int(1).Key("b").BeginArray().String("x").Bool(false).EndArray();
  writer.Key("c").BeginObject().EndObject().EndObject();
  EXPECT_EQ(writer.Take(),
            "{\n  \"a\": 1,\n  \"b\": [\n    \"x\",\n    false\n  ],\n  \"c\": {}\n}");
}

TEST(JsonWrite, MovesWithItsContents) {
  Writer first;
  first.BeginArray().Int(1);
  Writer second = std::move(first);
  EXPECT_EQ(second.Int(2).EndArray().Take(), "[1,2]");
}

TEST(JsonWrite, AmountsHaveEightDecimals) {
  const auto amount = [](int64_t satoshis) { return Writer().Amount(satoshis).Take(); };
  EXPECT_EQ(amount(0), "0.00000000");
  EXPECT_EQ(amount(1), "0.00000001");
  EXPECT_EQ(amount(-1), "-0.00000001");
  EXPECT_EQ(amount(5'000'000'000), "50.00000000");
  EXPECT_EQ(amount(-123'456'789), "-1.23456789");
  EXPECT_EQ(amount(2'100'000'000'000'000), "21000000.00000000");
  EXPECT_EQ(amount(std::numeric_limits<int64_t>::min()), "-92233720368.54775808");
  EXPECT_EQ(amount(std::numeric_limits<int64_t>::max()), "92233720368.54775807");
}

TEST(JsonWrite, DoublesHaveSixteenDigits) {
  const auto number = [](double value) { return Writer().Double(value).Take(); };
  EXPECT_EQ(number(1), "1");
  EXPECT_EQ(number(0.1), "0.1");
  EXPECT_EQ(number(1.0 / 3), "0.3333333333333333");
  EXPECT_EQ(number(4.656542373906925e-10), "4.656542373906925e-10");
  EXPECT_EQ(number(1e20), "1e+20");
  EXPECT_EQ(number(123456789012.5), "123456789012.5");
  EXPECT_EQ(number(-0.5), "-0.5");
  EXPECT_EQ(number(std::numeric_limits<double>::infinity()), "null");
  EXPECT_EQ(number(std::nan("")), "null");
}

TEST(JsonWrite, StringsAreEscapedAndAlwaysUtf8) {
  const auto text = [](std::string_view from) { return Writer().String(from).Take(); };
  EXPECT_EQ(text("a\"b\\c/\n\x01"), "\"a\\\"b\\\\c/\\n\\u0001\"");
  EXPECT_EQ(text("a\0b"s), "\"a\\u0000b\"");
  EXPECT_EQ(text("\xe2\x82\xac \xf0\x9f\x98\x80"), "\"\xe2\x82\xac \xf0\x9f\x98\x80\"");
  const std::string replaced = "\xef\xbf\xbd";
  for (const std::string bad : {"\xff", "\xc3", "\x80", "\xc0"}) {
    EXPECT_EQ(text("x" + bad + "y"), "\"x" + replaced + "y\"");
  }
  for (int byte = 0; byte < 256; ++byte) {
    for (int next = 0; next < 256; ++next) {
      const std::string pair{static_cast<char>(byte), static_cast<char>(next)};
      ASSERT_TRUE(Parse(text(pair)).has_value()) << byte << " " << next;
    }
  }
}

TEST(JsonValue, NamesItsKinds) {
  EXPECT_EQ(KindName(Value().kind()), "null");
  EXPECT_EQ(KindName(Value::Bool(true).kind()), "bool");
  EXPECT_EQ(KindName(Value::Integer(1).kind()), "number");
  EXPECT_EQ(KindName(Value::String("").kind()), "string");
  EXPECT_EQ(KindName(Value::Array().kind()), "array");
  EXPECT_EQ(KindName(Value::Object().kind()), "object");
  EXPECT_EQ(Value::Integer(-7).ToString(), "-7");
}

}  // namespace
}  // namespace cairn::json
