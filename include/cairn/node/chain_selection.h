// Which chain the options choose, and what they change in its parameters.
#pragma once

#include <string>

#include "cairn/base/result.h"
#include "cairn/node/options.h"
#include "consensus/params.h"

namespace cairn::node {

/// The chain as -chain names it (main, test, testnet4, signet, regtest), or the path of a chain
/// file.
Result<std::string> ChooseChain(const Options& options);

/// The parameters of that chain, unchanged.
Result<consensus::Params> LoadChain(const std::string& choice);

/// Puts -signetchallenge, -signetseednode, -testactivationheight, -vbparams, -minimumchainwork,
/// -assumevalid and -acceptnonstdtxn into the parameters. The test aids of regtest are passed over
/// on other chains, as in Bitcoin Core.
Status ApplyOverrides(const Options& options, consensus::Params& params);

}  // namespace cairn::node
