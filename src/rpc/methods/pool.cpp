// What there is to tell about mining for a pool.
#include <chrono>

#include "cairn/mining/pool_client.h"
#include "cairn/rpc/error.h"
#include "src/rpc/fields.h"
#include "src/rpc/methods/common.h"
#include "src/rpc/methods/methods.h"

namespace cairn::rpc {

namespace {

void WritePool(json::Writer& out, const mining::PoolInfo& info, const Request& request) {
  out.BeginObject();
  out.Key("state").String(info.state);
  if (!info.url.empty()) {
    out.Key("url").String(info.url);
    out.Key("user").String(info.user);
    out.Key("job").String(info.job);
    out.Key("difficulty").Double(info.difficulty);
    out.Key("versionmask").String(info.version_mask);
  }
  out.Key("accepted").Uint(info.accepted);
  out.Key("rejected").Uint(info.rejected);
  out.Key("stale").Uint(info.stale);
  out.Key("accepteddifficulty").Double(info.accepted_difficulty);
  const auto now = std::chrono::steady_clock::now();
  out.Key("minerhashps").Double(request.node().hash_meter->Get(now).per_second);
  if (!info.last_error.empty()) out.Key("lasterror").String(info.last_error);
  out.EndObject();
}

Method GetPoolInfo() {
  return {
      .name = "getpoolinfo",
      .group = "mining",
      .description = "Tells about mining for a pool (-pool). An error without one.",
      .results = {Obj(
          "", "",
          {Str("state",
               "mining; connecting, while no pool is worked for; or waiting to connect again"),
           Str("url", "The pool that is worked for, if any").Maybe(),
           Str("user", "The user there").Maybe(),
           Str("job", "The pool's name of the present job").Maybe(),
           Num("difficulty", "Of a share of this job").Maybe(),
           Hex("versionmask", "The bits of the version that the pool lets us roll").Maybe(),
           Num("accepted", "Shares that were accepted, by all pools since the start"),
           Num("rejected", "Shares that were refused"), Num("stale", "Shares that came too late"),
           Num("accepteddifficulty", "The difficulties of the accepted shares, added up"),
           Num("minerhashps", "Hashes per second"),
           Str("lasterror", "What went wrong last, if anything did").Maybe()})},
      .examples = {"[]"},
      .handler = [](const Request& request, json::Writer& out) {
        const mining::PoolClient* client = request.node().pool_client;
        if (client == nullptr) throw RpcError(kMiscError, "No pool is mined for (-pool).");
        WritePool(out, client->Info(), request);
      }};
}

}  // namespace

std::vector<Method> PoolMethods() { return {GetPoolInfo()}; }

}  // namespace cairn::rpc
