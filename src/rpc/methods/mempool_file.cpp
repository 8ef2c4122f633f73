// Methods that save the mempool and load it.
#include "cairn/base/log.h"
#include "cairn/mempool/pool_file.h"
#include "cairn/rpc/context.h"
#include "cairn/rpc/error.h"
#include "src/rpc/fields.h"
#include "src/rpc/methods/common.h"
#include "src/rpc/methods/methods.h"

namespace cairn::rpc {

namespace {

Method SaveMempool() {
  return {
      .name = "savemempool",
      .group = "blockchain",
      .description = "Writes the mempool to disk. It fails until what was saved is loaded.",
      .results = {Obj("", "", {Str("filename", "The file")})},
      .examples = {"[]"},
      .handler = [](const Request& request, json::Writer& out) {
        const RpcContext& node = request.node();
        if (!node.mempool->Loaded()) {
          throw RpcError(kMiscError, "The mempool was not loaded yet");
        }
        const Status saved = mempool::SavePool(*node.mempool, node.pool_file, node.params.magic);
        if (!saved) {
          throw RpcError(kMiscError, "Unable to dump mempool to disk: " + saved.error().message);
        }
        out.BeginObject();
        out.Key("filename").String(node.pool_file.string());
        out.EndObject();
      }};
}

bool Option(const Request& request, std::string_view name, bool otherwise) {
  const json::Value* value = request.Get("options").Find(name);
  return value == nullptr ? otherwise : value->AsBool();
}

Method ImportMempool() {
  Param options =
      Optional("options", ParamType::kObject, "", "What of the file is taken",
               {Optional("use_current_time", ParamType::kBool, "true",
                         "Whether transactions enter as of now, rather than of when they did"),
                Optional("apply_fee_delta_priority", ParamType::kBool, "false",
                         "Whether to take over what prioritisetransaction had added"),
                Optional("apply_unbroadcast_set", ParamType::kBool, "false",
                         "Whether to bring among the peers what had not been there yet")});
  options.named_members = true;
  return {.name = "importmempool",
          .group = "blockchain",
          .description =
              "Submits the transactions of a saved mempool, on top of those that are "
              "there. The file must be one that you trust.",
          .params = {Required("filepath", ParamType::kString, "The file"), std::move(options)},
          .results = {Obj("", "", {})},
          .examples = {R"(["/path/to/mempool.dat"])"},
          .handler = [](const Request& request, json::Writer& out) {
            const RpcContext& node = request.node();
            if (node.ledger->IsInitialBlockDownload()) {
              throw RpcError(kClientInInitialDownload,
                             "Can only import the mempool after the block download and sync is "
                             "done.");
            }
            mempool::LoadOptions load;
            load.times = !Option(request, "use_current_time", true);
            load.priorities = Option(request, "apply_fee_delta_priority", false);
            load.unbroadcast = Option(request, "apply_unbroadcast_set", false);
            const auto report = mempool::LoadPool(
                *node.mempool, request.Get("filepath").Text(), node.params.magic, load, node.clock,
                [&node] { return node.stopping != nullptr && *node.stopping; });
            if (!report) {
              throw RpcError(kMiscError,
                             "Unable to import mempool file: " + report.error().message);
            }
            LOG_INFO(
                "Imported mempool transactions from file: {} accepted, {} refused, {} expired, "
                "{} already there",
                report->accepted, report->refused, report->expired, report->known);
            out.BeginObject().EndObject();
          }};
}

}  // namespace

std::vector<Method> MempoolFileMethods() { return {SaveMempool(), ImportMempool()}; }

}  // namespace cairn::rpc
