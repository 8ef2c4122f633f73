#include "src/node/stratum_setup.h"

#include <charconv>
#include <cmath>
#include <string>
#include <utility>

#include "cairn/base/log.h"
#include "cairn/rpc/http_server.h"
#include "src/node/mining_options.h"

namespace cairn::node {
namespace {

constexpr uint16_t kDefaultPort = 3333;
constexpr uint64_t kFilesOfShares = 80;  // its database, and the socket that listens
constexpr uint64_t kLeastConnections = 16;
constexpr double kMostDifficulty = 2147483648.0;

Result<double> DifficultyFrom(const std::string& text) {
  double difficulty = 0;
  const char* end = text.data() + text.size();
  const auto [stopped, problem] = std::from_chars(text.data(), end, difficulty);
  const bool is_number = problem == std::errc() && stopped == end;
  if (!is_number || !(difficulty > 0) || difficulty > kMostDifficulty) {
    return Invalid("Invalid -stratumdifficulty=" + text +
                   "; must be a number above 0, and at most 2147483648.");
  }
  return difficulty;
}

}  // namespace

Result<std::optional<mining::StratumOptions>> StratumOptionsFrom(
    const Options& options, const consensus::Params& params,
    const std::filesystem::path& indexes_folder) {
  const std::string where = options.GetString("stratum");
  if (where.empty() || options.IsNegated("stratum")) return std::nullopt;
  const auto endpoint = rpc::ParseEndpoint(where, kDefaultPort);
  if (!endpoint || endpoint->host.empty()) {
    return Invalid("Invalid -stratum=" + where + "; must be HOST:PORT.");
  }
  if (Status checked = CheckUnsigned("stratum", params); !checked) {
    return tl::unexpected(checked.error());
  }
  mining::StratumOptions result;
  result.host = endpoint->host;
  result.port = endpoint->port;
  result.folder = indexes_folder / "stratum";
  result.prefixes = params.prefixes;
  const std::string payout = options.GetString("stratumpayout", "solo");
  if (payout != "solo" && payout != "pplns") {
    return Invalid("Invalid -stratumpayout=" + payout + "; must be 'solo' or 'pplns'.");
  }
  result.pplns = payout == "pplns";
  if (options.IsSet("stratumdifficulty")) {
    const auto difficulty = DifficultyFrom(options.GetString("stratumdifficulty"));
    if (!difficulty) return tl::unexpected(difficulty.error());
    result.difficulty = *difficulty;
  }
  return result;
}

uint64_t FilesOfStratum(const mining::StratumOptions& options) {
  return options.most_connections + kFilesOfShares;
}

Status LimitFiles(uint64_t files, mining::StratumOptions& options) {
  if (files >= FilesOfStratum(options)) return {};
  if (files < kLeastConnections + kFilesOfShares) {
    return Invalid("Not enough file descriptors available for -stratum.");
  }
  options.most_connections = static_cast<size_t>(files - kFilesOfShares);
  LOG_WARNING("The Stratum server takes {} connections only, because of system limitations.",
              options.most_connections);
  return {};
}

mining::StratumNeeds StratumNeedsOf(const Clock& clock, ledger::Ledger& ledger,
                                    const mining::JobBoard& board) {
  const auto next_job =
      [&board](uint64_t number,
               std::chrono::milliseconds patience) -> std::optional<mining::StratumJob> {
    const mining::JobPtr job = board.WaitBeyond(number, patience);
    if (job == nullptr) return std::nullopt;
    return mining::StratumJob{.number = job->number,
                              .block = {job, &job->block},
                              .earliest_time = mining::EarliestTime(*job->view),
                              .header_at = [job](UnixSeconds now) { return job->HeaderAt(now); }};
  };
  return {.clock = clock, .next_job = next_job, .submit_block = [&ledger](Bytes block) {
            return ledger.SubmitRawBlock(std::move(block));
          }};
}

}  // namespace cairn::node
