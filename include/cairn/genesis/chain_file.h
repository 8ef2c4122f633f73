// Chain files: JSON texts that say everything in which one chain differs from another.
//
// The files of genesis/ are embedded in the binary. docs/formats/chain-file.md describes the keys.
// A failure's message names the file, the line and the reason, as in
// `genesis/foo.json:12: "p2p_port" must be a number from 1 to 65535`.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "cairn/base/bytes.h"
#include "cairn/base/result.h"
#include "consensus/params.h"

namespace cairn::genesis {

/// Reads a chain file. `source_name` is the path that messages show; the chain takes its names, the
/// data folder's among them, from the file name in it.
Result<consensus::Params> LoadChainText(std::string_view text, const std::string& source_name);

/// Reads a chain file from disk. A file that has the name of a built-in chain must be that chain's
/// file unchanged, since the two would share a data folder.
Result<consensus::Params> LoadChainFile(const std::filesystem::path& path);

/// The built-in chain of that name, either its file's (mainnet, testnet3) or Bitcoin Core's (main,
/// test).
Result<consensus::Params> BuiltInChain(std::string_view name);

/// The file names of the built-in chains: mainnet, testnet3, testnet4, signet, regtest.
std::vector<std::string> BuiltInChainNames();

/// Turns signet into the network whose blocks are signed for `challenge` (BIP325): another magic,
/// and nothing that is known of the default network's history and nodes.
void ApplySignetChallenge(consensus::Params& params, ByteSpan challenge);

}  // namespace cairn::genesis
