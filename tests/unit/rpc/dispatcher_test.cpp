#include "cairn/rpc/dispatcher.h"

#include <gmock/gmock.h>

#include "cairn/rpc/error.h"
#include "cairn/rpc/request.h"
#include "tests/unit/rpc/support.h"

namespace cairn::rpc {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

Method Sum() {
  return {.name = "sum",
          .group = "test",
          .description = "Adds.",
          .params = {Required("first|one", ParamType::kNumber, "A number"),
                     Optional("second|two", ParamType::kNumber, "0", "Another"),
                     Optional("note", ParamType::kString, "", "Ignored")},
          .results = {{ResultType::kNumber, "", "The sum"}},
          .handler = [](const Request& request, json::Writer& out) {
            out.Int(request.Int("first") + request.IntOr("second", 0));
          }};
}

Method Failing(std::string name, std::function<void()> fail) {
  return {.name = std::move(name),
          .group = "test",
          .description = "Fails.",
          .results = {{ResultType::kNone}},
          .handler = [fail](const Request&, json::Writer& out) {
            out.BeginObject().Key("half");
            fail();
          }};
}

class DispatcherTest : public testing::Test {
 protected:
  DispatcherTest() { dispatcher_.SetReady(node_.context); }

  Reply Handle(const std::string& body, const std::string& user = "user") {
    return dispatcher_.Handle(body, user);
  }

  MethodTable table_{{Sum(), Failing("refuse", [] { throw RpcError(kInvalidParameter, "no"); }),
                      Failing("malformed", [] { throw RpcError(kInvalidRequest, "bad"); }),
                      Failing("crash", [] { throw std::runtime_error("oops"); })}};
  FakeNode node_;
  Dispatcher dispatcher_{table_};
};

TEST_F(DispatcherTest, Version1HasBothMembers) {
  const Reply good = Handle(R"({"method":"sum","params":[1,2],"id":"x"})");
  EXPECT_EQ(good.status, 200);
  EXPECT_EQ(good.body, R"({"result":3,"error":null,"id":"x"})"
                       "\n");
  const Reply bad = Handle(R"({"jsonrpc":"1.0","method":"refuse","id":7})");
  EXPECT_EQ(bad.status, 500);
  EXPECT_EQ(bad.body, R"({"result":null,"error":{"code":-8,"message":"no"},"id":7})"
                      "\n");
}

TEST_F(DispatcherTest, Version1UsesTheStatusForErrors) {
  EXPECT_EQ(Handle(R"({"method":"absent","id":1})").status, 404);
  EXPECT_EQ(Handle(R"({"method":"malformed","id":1})").status, 400);
  EXPECT_EQ(Handle(R"({"method":"crash","id":1})").status, 500);
  EXPECT_EQ(Handle(R"({"version":"1.1","method":"absent","id":1})").status, 404);
}

TEST_F(DispatcherTest, Version1WithoutIdIsAnsweredWithoutId) {
  EXPECT_EQ(Handle(R"({"method":"sum","params":[1]})").body, R"({"result":1,"error":null})"
                                                             "\n");
}

TEST_F(DispatcherTest, Version2HasOneMemberAndStatus200) {
  const Reply good = Handle(R"({"jsonrpc":"2.0","method":"sum","params":[1,2],"id":null})");
  EXPECT_EQ(good.status, 200);
  EXPECT_EQ(good.body, R"({"jsonrpc":"2.0","result":3,"id":null})"
                       "\n");
  const Reply bad = Handle(R"({"jsonrpc":"2.0","method":"absent","id":1})");
  EXPECT_EQ(bad.status, 200);
  EXPECT_EQ(bad.body,
            R"({"jsonrpc":"2.0","error":{"code":-32601,"message":"Method not found"},"id":1})"
            "\n");
}

TEST_F(DispatcherTest, NotificationsAreCarriedOutButNotAnswered) {
  for (const char* body : {R"({"jsonrpc":"2.0","method":"sum","params":[1]})",
                           R"({"jsonrpc":"2.0","method":"absent"})"}) {
    const Reply reply = Handle(body);
    EXPECT_EQ(reply.status, 204);
    EXPECT_EQ(reply.body, "");
  }
}

TEST_F(DispatcherTest, RefusesWhatIsNoRequest) {
  const auto refusal = [this](const std::string& body) {
    const Reply reply = Handle(body);
    return std::to_string(reply.status) + " " + reply.body;
  };
  const std::string parse_error =
      R"(500 {"result":null,"error":{"code":-32700,"message":"Parse error"},"id":null})"
      "\n";
  EXPECT_EQ(refusal(""), parse_error);
  EXPECT_EQ(refusal("this is bad"), parse_error);
  EXPECT_EQ(refusal(std::string(1000, '[')), parse_error);
  EXPECT_THAT(refusal("3"), HasSubstr("Top-level object parse error"));
  EXPECT_EQ(
      refusal(R"({"jsonrpc":2,"method":"sum"})"),
      R"(400 {"result":null,"error":{"code":-32600,"message":"jsonrpc field must be a string"}})"
      "\n");
  for (const char* version : {"3.0", "2.1", "1.1", "2", ""}) {
    EXPECT_THAT(refusal(R"({"jsonrpc":")" + std::string(version) + R"(","method":"sum"})"),
                AllOf(StartsWith("400 "), HasSubstr("JSON-RPC version not supported")));
  }
  EXPECT_THAT(refusal(R"({"id":1})"), HasSubstr("Missing method"));
  EXPECT_THAT(refusal(R"({"method":5})"), HasSubstr("Method must be a string"));
  EXPECT_THAT(refusal(R"({"method":"sum","params":5})"),
              HasSubstr("Params must be an array or object"));
  EXPECT_THAT(refusal(R"({"jsonrpc":"2.0"})"), StartsWith("400 "));
}

TEST_F(DispatcherTest, BatchesMixVersions) {
  const Reply reply = Handle(R"([{"method":"sum","params":[1],"id":1},
      {"jsonrpc":"2.0","method":"absent","id":2},
      {"jsonrpc":"2.0","method":"sum","params":[5]},
      {"pizza":"sausage","id":3}, 17])");
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(
      reply.body,
      R"([{"result":1,"error":null,"id":1},)"
      R"({"jsonrpc":"2.0","error":{"code":-32601,"message":"Method not found"},"id":2},)"
      R"({"result":null,"error":{"code":-32600,"message":"Missing method"},"id":3},)"
      R"({"result":null,"error":{"code":-32600,"message":"Invalid Request object"},"id":null}])"
      "\n");
}

TEST_F(DispatcherTest, AnEmptyBatchGivesAnEmptyArray) {
  const Reply reply = Handle("[]");
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.body, "[]\n");
}

TEST_F(DispatcherTest, ABatchOfNotificationsIsNotAnswered) {
  EXPECT_EQ(Handle(R"([{"jsonrpc":"2.0","method":"sum","params":[5]}])").status, 204);
}

TEST_F(DispatcherTest, BindsNames) {
  EXPECT_EQ(Call(dispatcher_, "sum", R"({"first":1,"second":2})"), "3");
  EXPECT_EQ(Call(dispatcher_, "sum", R"({"two":2,"one":1})"), "3");
  EXPECT_EQ(Call(dispatcher_, "sum", R"({"args":[1],"second":2})"), "3");
  EXPECT_EQ(Call(dispatcher_, "sum", R"({"args":[1]})"), "1");
  EXPECT_EQ(Call(dispatcher_, "sum", R"({"first":1,"note":"x"})"), "1");
  EXPECT_EQ(Call(dispatcher_, "sum", R"({"first":1,"third":2})"),
            "-8 Unknown named parameter third");
  EXPECT_EQ(Call(dispatcher_, "sum", R"({"first":1,"one":2})"),
            "-8 Parameter one specified multiple times");
  EXPECT_EQ(Call(dispatcher_, "sum", R"({"args":[1],"first":2})"),
            "-8 Parameter first specified twice both as positional and named argument");
}

TEST_F(DispatcherTest, ChecksTheNumberOfArguments) {
  EXPECT_THAT(Call(dispatcher_, "sum"), StartsWith("-1 sum first ( second \"note\" )\n\nAdds.\n"));
  EXPECT_THAT(Call(dispatcher_, "sum", R"([1,2,"",4])"), StartsWith("-1 sum first"));
}

TEST_F(DispatcherTest, ChecksTypes) {
  EXPECT_EQ(Call(dispatcher_, "sum", R"(["1",true,"x"])"),
            "-3 Wrong type passed:\n{\n"
            "    \"Position 1 (first|one)\": \"JSON value of type string is not of expected type "
            "number\",\n"
            "    \"Position 2 (second|two)\": \"JSON value of type bool is not of expected type "
            "number\"\n}");
  EXPECT_THAT(Call(dispatcher_, "sum", "[null]"),
              HasSubstr("JSON value of type null is not of expected type number"));
  EXPECT_EQ(Call(dispatcher_, "sum", "[1,null]"), "1");
  EXPECT_THAT(Call(dispatcher_, "sum", R"({"second":1})"), StartsWith("-3 Wrong type passed"));
  EXPECT_EQ(Call(dispatcher_, "sum", "[1.5]"), "-1 JSON integer out of range");
  EXPECT_EQ(Call(dispatcher_, "sum", "[9223372036854775808]"), "-1 JSON integer out of range");
}

TEST_F(DispatcherTest, OtherExceptionsAreMiscErrors) {
  EXPECT_EQ(Call(dispatcher_, "crash"), "-1 oops");
}

TEST_F(DispatcherTest, EveryCallFailsDuringWarmUp) {
  Dispatcher cold(table_);
  cold.SetWarmupStage("Loading block index…");
  EXPECT_EQ(Call(cold, "sum", "[1]"), "-28 Loading block index…");
  EXPECT_EQ(Call(cold, "absent"), "-28 Loading block index…");
  cold.SetReady(node_.context);
  EXPECT_EQ(Call(cold, "sum", "[1]"), "1");
}

TEST_F(DispatcherTest, TheWhitelistForbids) {
  Dispatcher strict(table_, Whitelist({"alice:sum"}, std::nullopt));
  strict.SetReady(node_.context);
  const std::string sum = R"({"method":"sum","params":[1],"id":1})";
  const std::string crash = R"({"method":"crash","id":1})";
  EXPECT_EQ(strict.Handle(sum, "alice").status, 200);
  EXPECT_EQ(strict.Handle(crash, "alice").status, 403);
  EXPECT_EQ(strict.Handle(sum, "bob").status, 403);
  EXPECT_EQ(strict.Handle("[" + sum + "," + sum + "]", "alice").status, 200);
  EXPECT_EQ(strict.Handle("[" + sum + "," + crash + "]", "alice").status, 403);
}

TEST(MethodTableTest, IsOrderedByGroupAndName) {
  const std::vector<Method>& methods = AllMethods().methods();
  for (size_t i = 1; i < methods.size(); ++i) {
    EXPECT_LT(std::tie(methods[i - 1].group, methods[i - 1].name),
              std::tie(methods[i].group, methods[i].name));
  }
}

}  // namespace
}  // namespace cairn::rpc
