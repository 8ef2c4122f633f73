// Methods that move transactions of the mempool forward or back by more than what they pay.
#include "cairn/rpc/error.h"
#include "src/rpc/fields.h"
#include "src/rpc/methods/common.h"
#include "src/rpc/methods/methods.h"

namespace cairn::rpc {

namespace {

Method PrioritiseTransaction() {
  return {
      .name = "prioritisetransaction",
      .group = "mining",
      .description =
          "Takes a transaction into blocks, and keeps it in the mempool, as if it paid "
          "more or less. It need not have come yet.",
      .params = {Required("txid", ParamType::kHex, "The transaction"),
                 Optional("dummy", ParamType::kNumber, "", "For older programs: 0 or null"),
                 Required("fee_delta", ParamType::kNumber,
                          "Satoshis to add to what it pays, on top of what was added before; may "
                          "be negative")},
      .results = {Bool("", "True")},
      .examples = {R"(["0e3e2357e806b6cdb1f70b54c3a3a17b6714ee1f0e68bebb44a74b1efd512098", 0, )"
                   "10000]"},
      .handler = [](const Request& request, json::Writer& out) {
        const Txid txid = ParseHash<Txid>(request, "txid", "txid");
        if (request.Has("dummy") && request.Get("dummy").AsDouble() != 0.0) {
          throw RpcError(kInvalidParameter,
                         "Priority is no longer supported, dummy argument to "
                         "prioritisetransaction must be 0.");
        }
        const auto delta = request.Get("fee_delta").AsInt();
        if (!delta) throw RpcError(kMiscError, "JSON integer out of range");
        MempoolOf(request).Prioritise(txid, *delta);
        out.Bool(true);
      }};
}

Method GetPrioritisedTransactions() {
  return {
      .name = "getprioritisedtransactions",
      .group = "mining",
      .description = "Lists what prioritisetransaction has added to fees.",
      .results = {Map(
          "", "",
          Obj("txid", "",
              {Num("fee_delta", "Satoshis"), Bool("in_mempool", "Whether the transaction is there"),
               Num("modified_fee", "Satoshis it pays and has been given, if it is").Maybe()}))},
      .examples = {"[]"},
      .handler = [](const Request& request, json::Writer& out) {
        out.BeginObject();
        for (const mempool::Priority& priority : MempoolOf(request).Priorities()) {
          out.Key(priority.txid.ToString()).BeginObject();
          out.Key("fee_delta").Int(priority.delta);
          out.Key("in_mempool").Bool(priority.modified_fee.has_value());
          if (priority.modified_fee) out.Key("modified_fee").Int(*priority.modified_fee);
          out.EndObject();
        }
        out.EndObject();
      }};
}

}  // namespace

std::vector<Method> PriorityMethods() {
  return {PrioritiseTransaction(), GetPrioritisedTransactions()};
}

}  // namespace cairn::rpc
