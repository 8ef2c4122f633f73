// The table of options, the help that is made of it, and the page docs/operating.md that lists it.
#include "cairn/node/option_table.h"

#include <cstdlib>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cairn/node/option_help.h"
#include "tests/unit/node/support.h"

namespace cairn::node {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(OptionTable, NamesEachOptionOnce) {
  std::set<std::string_view> names;
  for (const OptionInfo& option : AllOptions()) {
    EXPECT_TRUE(names.insert(option.name).second) << option.name;
    EXPECT_FALSE(option.name.starts_with("no")) << option.name << " would read as a negation";
  }
}

TEST(OptionTable, SaysWhatEachOptionIsFor) {
  for (const OptionInfo& option : AllOptions()) {
    if (option.effect == Effect::kSilent || option.Has(kHidden)) continue;
    EXPECT_TRUE(option.help.ends_with('.')) << option.name;
    EXPECT_EQ(option.argument.empty(), option.kind == Kind::kFlag || option.name == "netinfo")
        << option.name;
  }
}

TEST(OptionTable, FindsByNameAndProgram) {
  ASSERT_NE(FindOption("dbcache", Program::kDaemon), nullptr);
  EXPECT_EQ(FindOption("dbcache", Program::kDaemon)->kind, Kind::kInt);
  EXPECT_EQ(FindOption("dbcache", Program::kClient), nullptr);
  EXPECT_EQ(FindOption("named", Program::kDaemon), nullptr);
  EXPECT_EQ(FindOption("", Program::kBoth), nullptr);
}

TEST(OptionTable, KnowsBitcoinCoresNetworkOnlyOptions) {
  std::set<std::string_view> names;
  for (const OptionInfo& option : AllOptions()) {
    if (option.Has(kNetworkOnly)) names.insert(option.name);
  }
  EXPECT_EQ(names, (std::set<std::string_view>{"addnode", "bind", "connect", "port", "rpcbind",
                                               "rpcport", "wallet"}));
}

TEST(HelpTextTest, ListsTheOptionsOfAProgramByGroup) {
  const std::string text = HelpText(Given({"-help"}));
  EXPECT_THAT(text, HasSubstr("Usage:  cairnd [options]"));
  EXPECT_THAT(text, HasSubstr("\nRPC server:\n"));
  EXPECT_THAT(
      text,
      HasSubstr("\n  -datadir=<dir>\n       Data directory. It must exist. (default: ~/.cairn)\n"));
  EXPECT_THAT(text, HasSubstr("Without effect yet."));
  EXPECT_THAT(text, Not(HasSubstr("-stopatheight")));
  EXPECT_THAT(text, Not(HasSubstr("-rpcwait")));
  EXPECT_THAT(text, Not(HasSubstr("-keypool")));
}

TEST(HelpTextTest, ShowsTheOptionsForTestingOnDemand) {
  const std::string text = HelpText(Given({"-help-debug"}));
  EXPECT_THAT(text, HasSubstr("-stopatheight=<n>"));
  EXPECT_THAT(text, HasSubstr("-keypool,"));
}

TEST(HelpTextTest, OfTheClientSaysHowToCall) {
  const std::string text = HelpText(Given({"-?"}, Program::kClient));
  EXPECT_THAT(text, HasSubstr("cairn-cli [options] <method>"));
  EXPECT_THAT(text, HasSubstr("-rpcwait"));
  EXPECT_THAT(text, Not(HasSubstr("-dbcache")));
}

TEST(HelpTextTest, HasNoLineTooLongForATerminal) {
  std::istringstream text(HelpText(Given({"-help-debug"})));
  for (std::string line; std::getline(text, line);) EXPECT_LE(line.size(), 79u) << line;
}

TEST(HelpTextTest, IsWantedByFourNames) {
  for (const char* name : {"-help", "-h", "-?", "-help-debug"})
    EXPECT_TRUE(WantsHelp(Given({name})));
  EXPECT_FALSE(WantsHelp(Given({"-server"})));
}

TEST(VersionTextTest, NamesTheProgram) {
  EXPECT_THAT(VersionText(Program::kDaemon), HasSubstr("Cairn daemon version v"));
}

/// The list of all options as docs/operating.md shows it.
std::string OptionsAsMarkdown() {
  std::string out;
  std::string silent;
  const OptionInfo* previous = nullptr;
  for (const OptionInfo& option : AllOptions()) {
    if (option.Has(kHidden)) continue;
    const std::string name = "`-" + std::string(option.name);
    if (option.effect == Effect::kSilent) {
      silent += (silent.empty() ? "" : ", ") + name + "`";
      continue;
    }
    if (previous == nullptr || previous->group != option.group) {
      out += (out.empty() ? "### " : "\n### ") + std::string(GroupTitle(option.group)) + "\n\n";
      out += "| option | default | meaning |\n|---|---|---|\n";
    }
    std::string argument(option.argument);
    for (size_t at = 0; (at = argument.find('|', at)) != std::string::npos; at += 2)
      argument.replace(at, 1, "\\|");
    out += "| " + name + (argument.empty() ? "" : "=" + argument) + "` | " +
           std::string(option.fallback) + " | " + std::string(option.help);
    if (option.Has(kNetworkOnly)) out += " Per section.";
    if (option.effect == Effect::kNotYet) out += " *Without effect yet.*";
    out += " |\n";
    previous = &option;
  }
  return out +
         "\n### Accepted without a word\n\nThis build has no wallet and lacks the transport or "
         "interface that "
         "these belong to. They change nothing.\n\n" +
         silent + "\n";
}

TEST(OperatingPage, ListsTheTable) {
  static constexpr std::string_view kBegin =
      "<!-- options: made from the table by the unit tests of node -->\n";
  static constexpr std::string_view kEnd = "<!-- end of options -->\n";
  const std::string path = CAIRN_SOURCE_DIR "/docs/operating.md";
  std::ifstream file(path);
  const std::string page(std::istreambuf_iterator<char>(file), {});
  const size_t begin = page.find(kBegin);
  const size_t end = page.find(kEnd);
  ASSERT_NE(begin, std::string::npos);
  ASSERT_NE(end, std::string::npos);
  const std::string wanted =
      page.substr(0, begin + kBegin.size()) + "\n" + OptionsAsMarkdown() + "\n" + page.substr(end);
  if (std::getenv("CAIRN_UPDATE_DOCS") != nullptr) std::ofstream(path) << wanted;
  EXPECT_TRUE(page == wanted)
      << "docs/operating.md differs from the table; run unit_node with CAIRN_UPDATE_DOCS=1";
}

}  // namespace
}  // namespace cairn::node
