// What several tests of the RPC layer share: a node to talk about, and calls in one line.
#pragma once

#include <atomic>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "cairn/base/json.h"
#include "cairn/rpc/context.h"
#include "cairn/rpc/dispatcher.h"
#include "consensus/params.h"

namespace cairn::rpc {

/// A node that only counts what it is asked for.
struct FakeNode {
  FakeNode() { params.mine_on_demand = true; }

  Clock clock;
  consensus::Params params;
  std::atomic<int> stops{0};
  std::atomic<int> synchronisations{0};
  std::atomic<int64_t> advanced{0};
  RpcContext context{.clock = clock,
                     .params = params,
                     .started_at = 1000,
                     .log_path = "/somewhere/debug.log",
                     .request_stop = [this] { ++stops; },
                     .advance_scheduler = [this](int64_t seconds) { advanced += seconds; },
                     .wait_for_subscribers = [this] { ++synchronisations; },
                     .warnings = [] { return std::vector<std::string>{"beware"}; }};
};

inline json::Value ParseOrFail(std::string_view text) {
  Result<json::Value> value = json::Parse(text);
  EXPECT_TRUE(value) << text;
  return value ? *value : json::Value();
}

/// What a call of version 1 gave: the JSON text of the result, or "CODE MESSAGE".
inline std::string Call(Dispatcher& dispatcher, const std::string& method,
                        const std::string& params = "[]") {
  const Reply reply = dispatcher.Handle(
      R"({"method":")" + method + R"(","params":)" + params + R"(,"id":1})", "user");
  const json::Value body = ParseOrFail(reply.body);
  const json::Value* error = body.Find("error");
  if (error == nullptr) return "no JSON-RPC reply";
  if (error->IsNull()) return body.Find("result")->ToString();
  return error->Find("code")->Text() + " " + error->Find("message")->Text();
}

}  // namespace cairn::rpc
