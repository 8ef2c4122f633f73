// The lines of a configuration file, before anyone asks what the keys mean.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "src/node/option_words.h"

namespace cairn::node {
namespace {

using testing::HasSubstr;

std::vector<std::string> Lines(std::string_view text) {
  std::vector<std::string> lines;
  const Result<ConfigText> parsed = ParseConfigText(text);
  if (!parsed) return {"error: " + parsed.error().message};
  for (const ConfigEntry& entry : parsed->entries) {
    lines.push_back(std::to_string(entry.line) + " [" + entry.section + "] " + entry.key + "=" +
                    entry.value);
  }
  return lines;
}

using Strings = std::vector<std::string>;

TEST(ConfigText, HasEntriesWithSectionAndLine) {
  EXPECT_EQ(Lines("a=1\n\n[test]\nb = 2 \r\n\tc=\n[main]\nd=x=y"),
            (Strings{"1 [] a=1", "4 [test] b=2", "5 [test] c=", "7 [main] d=x=y"}));
  EXPECT_EQ(Lines(""), Strings{});
  EXPECT_EQ(Lines("\n\n"), Strings{});
}

TEST(ConfigText, SkipsComments) {
  EXPECT_EQ(Lines("# a=1\n  # b\nc=1 # d\ne=1\t#f\n#"), (Strings{"3 [] c=1", "4 [] e=1"}));
}

TEST(ConfigText, KeepsASharpInsideAWord) {
  EXPECT_EQ(Lines("rpcpassword=a#b"), (Strings{"1 [] rpcpassword=a#b"}));
  EXPECT_EQ(Lines("uacomment=a#b # c"), (Strings{"1 [] uacomment=a#b"}));
}

TEST(ConfigText, RefusesAPasswordThatACommentMayHaveCut) {
  EXPECT_EQ(Lines("x=1\nrpcpassword=a #b"),
            (Strings{"error: parse error on line 2, using # in rpcpassword can be ambiguous and "
                     "should be avoided"}));
}

TEST(ConfigText, TakesTheSectionOfADottedKey) {
  EXPECT_EQ(Lines("regtest.a=1\n[test]\nmain.b=2"),
            (Strings{"1 [regtest] a=1", "3 [test] main.b=2"}));
}

TEST(ConfigText, RefusesLinesThatGiveNothing) {
  EXPECT_EQ(Lines("a=1\nserver"), (Strings{"error: parse error on line 2: server"}));
  EXPECT_EQ(Lines("[test"), (Strings{"error: parse error on line 1: [test"}));
  EXPECT_EQ(Lines("nono"),
            (Strings{"error: parse error on line 1: nono, if you intended to specify a negated "
                     "option, use nono=1 instead"}));
  EXPECT_EQ(Lines("-server=1"),
            (Strings{"error: parse error on line 1: -server=1, options in configuration file "
                     "must be specified without leading -"}));
}

TEST(ConfigText, NamesTheSections) {
  const Result<ConfigText> text = ParseConfigText("[a]\n\n[b]\nx=1\n[a]\n");
  ASSERT_TRUE(text);
  ASSERT_EQ(text->sections.size(), 3u);
  EXPECT_EQ(text->sections[1].name, "b");
  EXPECT_EQ(text->sections[1].line, 3);
}

TEST(ConfigText, SurvivesAnyBytes) {
  std::string text;
  for (int i = 0; i < 256; ++i) text += static_cast<char>(i);
  for (size_t i = 0; i < text.size(); ++i) {
    EXPECT_FALSE(Lines(text.substr(i) + "\nx").empty());
  }
}

TEST(Integers, AreWholeNumbersAndNothingElse) {
  EXPECT_EQ(ParseInteger("12"), 12);
  EXPECT_EQ(ParseInteger("-12"), -12);
  EXPECT_EQ(ParseInteger("007"), 7);
  for (const char* bad : {"", " ", "+", "-", "1 2", "1e3", "++1", "１"}) {
    EXPECT_EQ(ParseInteger(bad), std::nullopt) << bad;
  }
}

}  // namespace
}  // namespace cairn::node
