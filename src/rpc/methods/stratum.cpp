// Methods that tell about the miners of the Stratum server.
#include "cairn/mining/stratum_server.h"
#include "cairn/rpc/context.h"
#include "cairn/rpc/error.h"
#include "cairn/rpc/request.h"
#include "src/rpc/fields.h"
#include "src/rpc/methods/methods.h"

namespace cairn::rpc {
namespace {

const mining::StratumServer& ServerOf(const Request& request) {
  const mining::StratumServer* server = request.node().stratum;
  if (server == nullptr) throw RpcError(kMiscError, "The Stratum server is off (see -stratum)");
  return *server;
}

Method GetWorkers() {
  return {.name = "getworkers",
          .group = "mining",
          .description = "Lists the workers of the Stratum server that ever had an accepted share.",
          .results = {Arr(
              "", "In the order of their first share",
              Obj("", "",
                  {Str("worker", "Its name: ADDRESS or ADDRESS.WORKER"),
                   Num("accepted", "Shares that were accepted"),
                   Num("stale", "Shares of jobs that were no longer wanted"),
                   Num("rejected", "Shares that were refused for other reasons"),
                   Num("difficulty", "Of all accepted shares together"),
                   Num("bestshare", "The difficulty that the hash of the best one would have met"),
                   Time("lastshare", "When the last one was accepted"),
                   Num("connections", "On which it is logged in now"),
                   Num("sharedifficulty", "That shares must have now, where it is logged in")
                       .Maybe()}))},
          .examples = {"[]"},
          .handler = [](const Request& request, json::Writer& out) {
            out.BeginArray();
            for (const mining::StratumServer::Worker& worker : ServerOf(request).Workers()) {
              out.BeginObject();
              out.Key("worker").String(worker.totals.name);
              out.Key("accepted").Uint(worker.totals.accepted);
              out.Key("stale").Uint(worker.totals.stale);
              out.Key("rejected").Uint(worker.totals.rejected);
              out.Key("difficulty").Double(worker.totals.difficulty);
              out.Key("bestshare").Double(worker.totals.best);
              out.Key("lastshare").Int(worker.totals.last_share);
              out.Key("connections").Uint(worker.connections);
              if (worker.connections > 0)
                out.Key("sharedifficulty").Double(worker.share_difficulty);
              out.EndObject();
            }
            out.EndArray();
          }};
}

Method GetShares() {
  return {.name = "getshares",
          .group = "mining",
          .description =
              "Tells of the last shares that the Stratum server accepted: as many as are "
              "worth two blocks, which are those that share in a block by -stratumpayout=pplns.",
          .results = {Obj(
              "", "",
              {Str("payout", "Who is paid: solo or pplns"), Num("connections", "To the server"),
               Num("miners", "Of these, that are logged in"),
               Num("blocks", "Found since the start of the node"),
               Num("stored", "Shares that are stored"),
               Num("shares", "Of these, that count at present"),
               Num("difficulty", "That they count together"),
               Num("windowdifficulty", "That would count at most, without a job 0"),
               Arr("payees", "Whose they are, who did most first",
                   Obj("", "",
                       {Str("address", "An address"), Num("difficulty", "Of its shares that count"),
                        Num("part", "Of all of them, from 0 to 1")}))})},
          .examples = {"[]"},
          .handler = [](const Request& request, json::Writer& out) {
            const mining::StratumServer& server = ServerOf(request);
            const mining::StratumServer::Counts counts = server.Count();
            const mining::StratumServer::Window window = server.LastShares();
            out.BeginObject();
            out.Key("payout").String(window.pplns ? "pplns" : "solo");
            out.Key("connections").Uint(counts.connections);
            out.Key("miners").Uint(counts.miners);
            out.Key("blocks").Uint(counts.blocks);
            out.Key("stored").Uint(window.stored);
            out.Key("shares").Uint(window.shares);
            out.Key("difficulty").Double(window.difficulty);
            out.Key("windowdifficulty").Double(window.wanted);
            out.Key("payees").BeginArray();
            for (const mining::StratumServer::Payee& payee : window.payees) {
              out.BeginObject();
              out.Key("address").String(payee.address);
              out.Key("difficulty").Double(payee.difficulty);
              out.Key("part").Double(payee.difficulty / window.difficulty);
              out.EndObject();
            }
            out.EndArray();
            out.EndObject();
          }};
}

}  // namespace

std::vector<Method> StratumMethods() { return {GetWorkers(), GetShares()}; }

}  // namespace cairn::rpc
