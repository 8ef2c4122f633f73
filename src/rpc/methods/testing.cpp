// Aids for tests: echo, mock time, waiting for subscribers.
#include <limits>

#include "cairn/p2p/network.h"
#include "cairn/rpc/context.h"
#include "cairn/rpc/error.h"
#include "cairn/rpc/request.h"
#include "src/rpc/fields.h"
#include "src/rpc/methods/methods.h"

namespace cairn::rpc {

namespace {

void RequireRegtest(const Request& request, std::string_view method) {
  if (request.node().params.mine_on_demand) return;
  throw RpcError(kMiscError,
                 std::string(method) + " is for regression testing (-regtest mode) only");
}

Method SetMockTime() {
  return {.name = "setmocktime",
          .group = "hidden",
          .description = "Stops the node's clock at a time. Regtest only.",
          .params = {Required("timestamp", ParamType::kNumber,
                              "Seconds since 1970; 0 goes back to the system's clock")},
          .results = {None()},
          .handler = [](const Request& request, json::Writer& out) {
            RequireRegtest(request, "setmocktime");
            // Times are kept in nanoseconds by much software that talks to nodes.
            constexpr int64_t kLatest = std::numeric_limits<int64_t>::max() / 1'000'000'000;
            const int64_t time = request.Int("timestamp");
            if (time < 0 || time > kLatest) {
              throw RpcError(kInvalidParameter, "Mocktime must be in the range [0, " +
                                                    std::to_string(kLatest) + "], not " +
                                                    std::to_string(time) + ".");
            }
            request.node().clock.SetMock(time);
            if (request.node().network != nullptr) request.node().network->ClockChanged();
            out.Null();
          }};
}

Method MockScheduler() {
  return {.name = "mockscheduler",
          .group = "hidden",
          .description = "Moves scheduled jobs forward in time. Regtest only.",
          .params = {Required("delta_time", ParamType::kNumber, "By how many seconds, 1 to 3600")},
          .results = {None()},
          .handler = [](const Request& request, json::Writer& out) {
            RequireRegtest(request, "mockscheduler");
            const int64_t seconds = request.Int("delta_time");
            if (seconds <= 0 || seconds > 3600) {
              throw RpcError(kMiscError, "delta_time must be between 1 and 3600 seconds (1 hr)");
            }
            request.node().advance_scheduler(seconds);
            out.Null();
          }};
}

Method SyncWithValidationInterfaceQueue() {
  return {.name = "syncwithvalidationinterfacequeue",
          .group = "hidden",
          .description = "Waits until every part of the node has seen the present tip.",
          .results = {None()},
          .examples = {"[]"},
          .handler = [](const Request& request, json::Writer& out) {
            request.node().wait_for_subscribers();
            out.Null();
          }};
}

/// `cli_type` is what the command line makes of the arguments: text or JSON.
Method Echo(std::string name, ParamType cli_type, std::string description) {
  std::vector<Param> params;
  for (int i = 0; i < 10; ++i) {
    Param param = Optional("arg" + std::to_string(i), cli_type, "", "");
    param.unchecked = true;
    params.push_back(std::move(param));
  }
  return {.name = std::move(name),
          .group = "hidden",
          .description = std::move(description),
          .params = std::move(params),
          .results = {Arr("", "The arguments", Any("", "An argument"))},
          .handler = [](const Request& request, json::Writer& out) {
            out.BeginArray();
            for (const json::Value& value : request.params()) out.Any(value);
            out.EndArray();
          }};
}

}  // namespace

std::vector<Method> TestingMethods() {
  return {SetMockTime(), MockScheduler(), SyncWithValidationInterfaceQueue(),
          Echo("echo", ParamType::kString,
               "Gives back its arguments. The command line passes them as strings."),
          Echo("echojson", ParamType::kObject,
               "Gives back its arguments. The command line passes them as JSON.")};
}

}  // namespace cairn::rpc
