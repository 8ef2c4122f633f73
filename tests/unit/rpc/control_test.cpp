#include <gmock/gmock.h>

#include "cairn/base/log.h"
#include "tests/unit/rpc/support.h"

namespace cairn::rpc {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class ControlTest : public testing::Test {
 protected:
  ControlTest() { dispatcher_.SetReady(node_.context); }

  std::string Call(const std::string& method, const std::string& params = "[]") {
    return rpc::Call(dispatcher_, method, params);
  }

  FakeNode node_;
  Dispatcher dispatcher_{AllMethods()};
};

TEST_F(ControlTest, HelpListsGroupsAndExplainsMethods) {
  const std::string overview = Call("help");
  EXPECT_THAT(overview, HasSubstr("== Control =="));
  EXPECT_THAT(overview, HasSubstr("\\nuptime"));
  EXPECT_THAT(overview, Not(HasSubstr("setmocktime")));
  EXPECT_THAT(Call("help", R"(["setmocktime"])"), StartsWith("\"setmocktime timestamp\\n"));
  EXPECT_EQ(Call("help", R"(["nonsense"])"), R"("help: unknown command: nonsense")");
}

TEST_F(ControlTest, UptimeFollowsTheMockedClock) {
  node_.clock.SetMock(1500);
  EXPECT_EQ(Call("uptime"), "500");
}

TEST_F(ControlTest, StopAsksTheNode) {
  EXPECT_EQ(Call("stop"), "\"Cairn stopping\"");
  EXPECT_EQ(Call("stop", "[1]"), "\"Cairn stopping\"");
  EXPECT_EQ(node_.stops, 2);
}

TEST_F(ControlTest, GetRpcInfoShowsItself) {
  const json::Value info = ParseOrFail(Call("getrpcinfo"));
  const auto& active = info.Find("active_commands")->Items();
  ASSERT_EQ(active.size(), 1u);
  EXPECT_EQ(active[0].Find("method")->Text(), "getrpcinfo");
  EXPECT_GE(active[0].Find("duration")->AsInt(), 0);
  EXPECT_EQ(info.Find("logpath")->Text(), "/somewhere/debug.log");
  EXPECT_TRUE(dispatcher_.ActiveCalls().empty());
}

TEST_F(ControlTest, GetMemoryInfoHasTwoModes) {
  EXPECT_THAT(Call("getmemoryinfo"), StartsWith(R"({"locked":{"used":0,)"));
  EXPECT_THAT(Call("getmemoryinfo", R"(["mallocinfo"])"), StartsWith(R"("<malloc version=)"));
  EXPECT_EQ(Call("getmemoryinfo", R"(["foobar"])"), "-8 unknown mode foobar");
}

TEST_F(ControlTest, LoggingSwitchesCategories) {
  const uint32_t before = log::EnabledCategories();
  json::Value state = ParseOrFail(Call("logging", R"([["all"],["net"]])"));
  EXPECT_FALSE(state.Find("net")->AsBool());
  EXPECT_TRUE(state.Find("rpc")->AsBool());
  EXPECT_FALSE(log::IsEnabled(log::kNet));
  state = ParseOrFail(Call("logging", R"({"exclude":["all"]})"));
  EXPECT_FALSE(state.Find("rpc")->AsBool());
  EXPECT_EQ(Call("logging", R"([["foobar"]])"), "-8 unknown logging category foobar");
  log::SetEnabledCategories(before);
}

TEST_F(ControlTest, SetMockTimeIsForRegtest) {
  EXPECT_EQ(Call("setmocktime", "[1234]"), "null");
  EXPECT_EQ(node_.clock.Now(), 1234);
  EXPECT_EQ(Call("setmocktime", "[-1]"),
            "-8 Mocktime must be in the range [0, 9223372036], not -1.");
  EXPECT_EQ(Call("setmocktime", "[9223372037]"),
            "-8 Mocktime must be in the range [0, 9223372036], not 9223372037.");
  EXPECT_EQ(Call("setmocktime", "[0]"), "null");
  EXPECT_GT(node_.clock.Now(), 1'600'000'000);
  node_.params.mine_on_demand = false;
  EXPECT_EQ(Call("setmocktime", "[1]"),
            "-1 setmocktime is for regression testing (-regtest mode) only");
}

TEST_F(ControlTest, MockSchedulerTakesUpToAnHour) {
  EXPECT_EQ(Call("mockscheduler", "[3600]"), "null");
  EXPECT_EQ(node_.advanced, 3600);
  EXPECT_EQ(Call("mockscheduler", "[0]"),
            "-1 delta_time must be between 1 and 3600 seconds (1 hr)");
  EXPECT_EQ(Call("mockscheduler", "[3601]"),
            "-1 delta_time must be between 1 and 3600 seconds (1 hr)");
}

TEST_F(ControlTest, SyncWaitsForTheNode) {
  EXPECT_EQ(Call("syncwithvalidationinterfacequeue"), "null");
  EXPECT_EQ(node_.synchronisations, 1);
}

TEST_F(ControlTest, EchoGivesBackWhatItGets) {
  EXPECT_EQ(Call("echo", R"(["0",1,{"a":null},[true]])"), R"(["0",1,{"a":null},[true]])");
  EXPECT_EQ(Call("echojson", R"({"arg1":"x","args":[0.10]})"), R"([0.10,"x"])");
  EXPECT_THAT(Call("echo", "[0,1,2,3,4,5,6,7,8,9,10]"), StartsWith("-1 echo"));
}

}  // namespace
}  // namespace cairn::rpc
