// How cairn-cli shows replies.
#pragma once

#include <string>

#include "cairn/base/json.h"

namespace cairn::node {

/// Strings as they are, nothing for null, anything else as JSON over several lines.
std::string ShowResult(const json::Value& result);

/// JSON over several lines, indented by two spaces per level, as Bitcoin's command-line tools print
/// it: the brackets of what is empty stand on lines of their own.
std::string PrettyJson(const json::Value& value);

/// The summary of -getinfo, from the results of getblockchaininfo and, where the server has it,
/// getnetworkinfo (else null).
std::string ShowSummary(const json::Value& chain, const json::Value& network, bool colours);

}  // namespace cairn::node
