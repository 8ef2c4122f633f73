// Blocks that were found and that the ledger cannot store.
#pragma once

#include <filesystem>
#include <string>

#include "cairn/base/bytes.h"
#include "cairn/primitives/hash.h"

namespace cairn::mining {

/// Keeps a block that breaks no rule but could not be stored, for `reason`: in hex in the folder,
/// as submitblock takes it later, or in the log where that cannot be.
void KeepFoundBlock(const std::filesystem::path& folder, const BlockHash& hash, ByteSpan block,
                    const std::string& reason);

}  // namespace cairn::mining
