// Methods that answer when the best chain has moved.
#include "src/rpc/methods/waiting.h"

#include <algorithm>
#include <atomic>

#include "cairn/rpc/error.h"
#include "src/rpc/fields.h"
#include "src/rpc/methods/common.h"
#include "src/rpc/methods/methods.h"

namespace cairn::rpc {

using SteadyClock = std::chrono::steady_clock;
using std::chrono::milliseconds;

const ledger::HeaderEntry& WaitForTip(
    const Request& request, std::optional<SteadyClock::time_point> deadline,
    const std::function<bool(const ledger::HeaderEntry&)>& wanted) {
  // The ledger knows nothing of the node's end, so it is asked in between.
  constexpr milliseconds kLongestNap{100};
  const ledger::Ledger& ledger = LedgerOf(request);
  const ledger::HeaderEntry* tip = ledger.View()->tip;
  while (!wanted(*tip) && !*request.node().stopping) {
    milliseconds nap = kLongestNap;
    if (deadline) {
      const auto left = std::chrono::ceil<milliseconds>(*deadline - SteadyClock::now());
      if (left <= left.zero()) break;
      nap = std::min(nap, left);
    }
    ledger.WaitForTip(tip->hash, nap);
    tip = ledger.View()->tip;
  }
  return *tip;
}

namespace {

/// The time in milliseconds that the caller would wait at most; none for zero.
std::optional<SteadyClock::time_point> Deadline(const Request& request) {
  const int timeout_ms = request.SmallIntOr("timeout", 0);
  if (timeout_ms < 0) throw RpcError(kMiscError, "Negative timeout");
  if (timeout_ms == 0) return std::nullopt;
  return SteadyClock::now() + milliseconds(timeout_ms);
}

void WriteTip(json::Writer& out, const ledger::HeaderEntry& tip) {
  out.BeginObject();
  out.Key("hash").String(tip.hash.ToString());
  out.Key("height").Int(tip.height);
  out.EndObject();
}

Param TimeoutParam() {
  return Optional("timeout", ParamType::kNumber, "0",
                  "Milliseconds to wait at most; 0 for as long as it takes");
}

Field TipResult() {
  return Obj("", "", {Hex("hash", "Hash of the tip"), Num("height", "Its height")});
}

constexpr const char* kAtTheEnd =
    " When the time is over, or the node stops, the answer is the tip as it is. Clients need a "
    "timeout of their own that is long enough (cairn-cli -rpcclienttimeout=0).";

Method WaitForNewBlock() {
  return {.name = "waitfornewblock",
          .group = "hidden",
          .description = std::string("Waits until the tip is another than now.") + kAtTheEnd,
          .params = {TimeoutParam()},
          .results = {TipResult()},
          .examples = {"[1000]"},
          .handler = [](const Request& request, json::Writer& out) {
            const ledger::HeaderEntry* before = LedgerOf(request).View()->tip;
            WriteTip(out, WaitForTip(
                              request, Deadline(request),
                              [before](const ledger::HeaderEntry& tip) { return &tip != before; }));
          }};
}

Method WaitForBlock() {
  return {
      .name = "waitforblock",
      .group = "hidden",
      .description = std::string("Waits until a certain block is the tip.") + kAtTheEnd,
      .params = {Required("blockhash", ParamType::kHex, "The block's hash"), TimeoutParam()},
      .results = {TipResult()},
      .examples = {R"(["0000000000079f8ef3d2c688c244eb7a4570b24c9ed7b4a8c619eb02596f8862", 1000])"},
      .handler = [](const Request& request, json::Writer& out) {
        const auto hash = ParseHash<BlockHash>(request, "blockhash", "blockhash");
        WriteTip(out,
                 WaitForTip(request, Deadline(request),
                            [&hash](const ledger::HeaderEntry& tip) { return tip.hash == hash; }));
      }};
}

Method WaitForBlockHeight() {
  return {
      .name = "waitforblockheight",
      .group = "hidden",
      .description = std::string("Waits until the tip has a height, or a greater one.") + kAtTheEnd,
      .params = {Required("height", ParamType::kNumber, "The height"), TimeoutParam()},
      .results = {TipResult()},
      .examples = {"[100, 1000]"},
      .handler = [](const Request& request, json::Writer& out) {
        const int height = request.SmallInt("height");
        WriteTip(out,
                 WaitForTip(request, Deadline(request), [height](const ledger::HeaderEntry& tip) {
                   return tip.height >= height;
                 }));
      }};
}

}  // namespace

std::vector<Method> WaitingMethods() {
  return {WaitForNewBlock(), WaitForBlock(), WaitForBlockHeight()};
}

}  // namespace cairn::rpc
