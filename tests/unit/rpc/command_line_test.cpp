#include "cairn/rpc/command_line.h"

#include <gtest/gtest.h>

namespace cairn::rpc {
namespace {

std::string Positional(std::string_view method, const std::vector<std::string>& words) {
  const auto params = PositionalParams(AllMethods(), method, words);
  return params ? params->ToString() : params.error().message;
}

std::string Named(std::string_view method, const std::vector<std::string>& words) {
  const auto params = NamedParams(AllMethods(), method, words);
  return params ? params->ToString() : params.error().message;
}

TEST(CommandLine, TheTableDecidesWhatIsJson) {
  EXPECT_EQ(Positional("getblockhash", {"7"}), "[7]");
  EXPECT_EQ(Positional("getblock", {"00ff", "2"}), R"(["00ff",2])");
  EXPECT_EQ(Positional("getblock", {"12", "false"}), R"(["12",false])");
  EXPECT_EQ(Positional("logging", {R"(["net"])", "[]"}), R"([["net"],[]])");
  EXPECT_EQ(Positional("echo", {"1", "true", ""}), R"(["1","true",""])");
  EXPECT_EQ(Positional("echojson", {"1", "true", "{}"}), "[1,true,{}]");
}

TEST(CommandLine, WhatIsNotInTheTableIsText) {
  EXPECT_EQ(Positional("nosuchmethod", {"1"}), R"(["1"])");
  EXPECT_EQ(Positional("uptime", {"1"}), R"(["1"])");
  EXPECT_EQ(Named("nosuchmethod", {"a=1"}), R"({"a":"1"})");
  EXPECT_EQ(Named("getblock", {"nosuchname=1"}), R"({"nosuchname":"1"})");
}

TEST(CommandLine, BadJsonIsAnError) {
  EXPECT_EQ(Positional("getblockhash", {"seven"}), "Error parsing JSON: seven");
  EXPECT_EQ(Positional("getblockhash", {""}), "Error parsing JSON: ");
  EXPECT_EQ(Named("getblockhash", {"height=[1"}), "Error parsing JSON: [1");
}

TEST(CommandLine, NamesAreConvertedByName) {
  EXPECT_EQ(Named("getblock", {"verbosity=0", "blockhash=00"}),
            R"({"verbosity":0,"blockhash":"00"})");
  EXPECT_EQ(Named("getblock", {"verbose=0"}), R"({"verbose":0})");
  EXPECT_EQ(Named("echo", {"arg0=a=b"}), R"({"arg0":"a=b"})");
}

TEST(CommandLine, WordsWithoutNameArePositional) {
  EXPECT_EQ(Named("getblock", {"00ff", "verbosity=0"}), R"({"verbosity":0,"args":["00ff"]})");
  EXPECT_EQ(Named("getblock", {"00ff", "2"}), R"({"args":["00ff",2]})");
  EXPECT_EQ(Named("uptime", {}), "{}");
}

TEST(CommandLine, TheLastValueOfANameCounts) {
  EXPECT_EQ(Named("getblock", {"verbosity=0", "blockhash=00", "verbosity=2", "verbosity=1"}),
            R"({"verbosity":1,"blockhash":"00"})");
  EXPECT_EQ(Named("echo", {"args=a", "args=b"}), R"({"args":"b"})");
  EXPECT_EQ(Named("echo", {"args=a", "b"}), R"({"args":"a","args":["b"]})");
}

}  // namespace
}  // namespace cairn::rpc
