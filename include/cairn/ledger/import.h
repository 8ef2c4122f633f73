// Import of blocks from a bootstrap file: magic, length, raw block, repeated (-loadblock).
//
// Headers are read first and submitted in chain order, so that blocks may lie in any order and the
// best chain is known before the first body is connected.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>

#include "cairn/ledger/ledger.h"

namespace cairn::ledger {

struct ImportReport {
  uint64_t blocks = 0;  // connected or stored by this import
  uint64_t known = 0;   // skipped, since they were stored before
  int height = 0;       // of the tip afterwards
  double seconds = 0;
  bool stopped = false;  // by request, before the end
  std::string error;     // why it ended early: names height, offset and reason; empty for none
};

/// Imports on the calling thread. From the first header on, a line in the log says how far it is,
/// once in every `progress_interval`. Ends early when `stop` becomes true. Never throws: whatever
/// is wrong with the file is in the report and the log.
ImportReport ImportBlocks(const std::filesystem::path& file, Ledger& ledger,
                          const std::atomic<bool>& stop,
                          std::chrono::milliseconds progress_interval = std::chrono::seconds(2));

}  // namespace cairn::ledger
