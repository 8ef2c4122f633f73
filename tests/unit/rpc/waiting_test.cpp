// Calls that wait for the tip.
#include <chrono>
#include <future>
#include <thread>

#include <gtest/gtest.h>

#include "tests/unit/rpc/ledger_fixture.h"

namespace cairn::rpc {
namespace {

using std::chrono::milliseconds;

class WaitingTest : public LedgerMethodsTest {
 protected:
  std::future<std::string> Start(const std::string& method, const std::string& params) {
    auto answer =
        std::async(std::launch::async, [this, method, params] { return Call(method, params); });
    while (dispatcher_.ActiveCalls().empty()) std::this_thread::yield();
    return answer;
  }

  static bool IsWaiting(const std::future<std::string>& answer) {
    return answer.wait_for(milliseconds(150)) == std::future_status::timeout;
  }

  std::string Tip() {
    return R"({"hash":")" + world_.Tip() + R"(","height":)" + std::to_string(world_.Height()) + "}";
  }

  void Grow(int count = 1) {
    const auto made =
        test::MakeChain(world_.params, test::Place::Of(world_.ledger->View()->tip), count);
    Submit(made);
  }
};

TEST_F(WaitingTest, ForAnyNewBlock) {
  std::future<std::string> answer = Start("waitfornewblock", "[]");
  EXPECT_TRUE(IsWaiting(answer));
  Grow();
  EXPECT_EQ(answer.get(), Tip());
}

TEST_F(WaitingTest, ForACertainBlock) {
  const auto made = test::MakeChain(world_.params, test::Place::Genesis(world_.params), 2);
  const std::string hash = made[1].block->hash().ToString();
  std::future<std::string> answer = Start("waitforblock", "[\"" + hash + "\"]");
  Submit(std::span(made).first(1));
  EXPECT_TRUE(IsWaiting(answer));
  Submit(std::span(made).subspan(1));
  EXPECT_EQ(answer.get(), Tip());
  EXPECT_EQ(Call("waitforblock", "[\"" + hash + "\",1]"), Tip());
}

TEST_F(WaitingTest, ForAHeight) {
  std::future<std::string> answer = Start("waitforblockheight", "[2,0]");
  Grow();
  EXPECT_TRUE(IsWaiting(answer));
  Grow();
  EXPECT_EQ(answer.get(), Tip());
  for (const char* params : {"[2]", "[0]", "[-1]", "[2,1]"}) {
    EXPECT_EQ(Call("waitforblockheight", params), Tip());
  }
}

TEST_F(WaitingTest, NoLongerThanAsked) {
  const auto before = std::chrono::steady_clock::now();
  EXPECT_EQ(Call("waitfornewblock", "[120]"), Tip());
  EXPECT_EQ(Call("waitforblockheight", "[1000,30]"), Tip());
  EXPECT_EQ(Call("waitforblock", "[\"" + std::string(64, '0') + "\",30]"), Tip());
  const auto waited = std::chrono::steady_clock::now() - before;
  EXPECT_GE(waited, milliseconds(180));
}

TEST_F(WaitingTest, EndsWhenTheNodeStops) {
  std::future<std::string> answer = Start("waitfornewblock", "[0]");
  EXPECT_TRUE(IsWaiting(answer));
  stopping_ = true;
  EXPECT_EQ(answer.get(), Tip());
  EXPECT_EQ(Call("waitforblockheight", "[1000]"), Tip());
}

TEST_F(WaitingTest, EndsSoonWhenTheLedgerHasStopped) {
  std::future<std::string> answer = Start("waitfornewblock", "[0]");
  world_.ledger->Stop();
  stopping_ = true;
  EXPECT_EQ(answer.get(), Tip());
}

TEST_F(WaitingTest, BadRequests) {
  EXPECT_EQ(Call("waitfornewblock", "[-1]"), "-1 Negative timeout");
  EXPECT_EQ(Call("waitforblockheight", "[0,-1]"), "-1 Negative timeout");
  EXPECT_EQ(Call("waitforblock", "[\"" + world_.Tip() + "\",-1]"), "-1 Negative timeout");
  EXPECT_EQ(Call("waitfornewblock", "[2147483648]"), "-1 JSON integer out of range");
  EXPECT_EQ(Call("waitforblock", R"(["00"])"),
            "-8 blockhash must be of length 64 (not 2, for '00')");
}

}  // namespace
}  // namespace cairn::rpc
