// Command line, configuration files and chain put together: what both programs know before they
// start.
#pragma once

#include <filesystem>

#include "cairn/base/result.h"
#include "cairn/node/options.h"
#include "consensus/params.h"

namespace cairn::node {

struct Configuration {
  Options options;
  consensus::Params params;
  std::filesystem::path data_root;    // absolute; exists if it was given
  std::filesystem::path config_file;  // empty if none was read

  /// Where the chain's own files lie: `data_root`, or a folder in it.
  std::filesystem::path NetworkFolder() const { return data_root / params.folder; }
};

/// The default data directory's parent: $HOME, or the root of the file system.
std::filesystem::path HomeFolder();

/// Reads the configuration file (`-conf`, else cairn.conf, else bitcoin.conf in the data directory)
/// and what it includes, chooses the chain, and applies the options that change its parameters. The
/// text of an error is fit to be shown after "Error: ".
Result<Configuration> LoadConfiguration(Options command_line, const std::filesystem::path& home);

}  // namespace cairn::node
