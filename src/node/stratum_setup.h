// What the options say about the Stratum server, and what the server is given of the node.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include "cairn/base/clock.h"
#include "cairn/base/result.h"
#include "cairn/ledger/ledger.h"
#include "cairn/mining/job_board.h"
#include "cairn/mining/stratum_server.h"
#include "cairn/node/options.h"
#include "consensus/params.h"

namespace cairn::node {

/// Of the server that -stratum asks for; nothing without it. The text of an error is fit to be
/// shown after "Error: ".
Result<std::optional<mining::StratumOptions>> StratumOptionsFrom(
    const Options& options, const consensus::Params& params,
    const std::filesystem::path& indexes_folder);

/// How many files and sockets the server may have open.
uint64_t FilesOfStratum(const mining::StratumOptions& options);
/// Has the server make do with so many. An error if it can do nothing with them.
Status LimitFiles(uint64_t files, mining::StratumOptions& options);

/// All three must outlive the server.
mining::StratumNeeds StratumNeedsOf(const Clock& clock, ledger::Ledger& ledger,
                                    const mining::JobBoard& board);

}  // namespace cairn::node
