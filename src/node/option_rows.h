// The rows of the option table as they are written down: grouped, so that a row says only what is
// its own.
#pragma once

#include <span>
#include <string_view>

#include "cairn/node/option_table.h"

namespace cairn::node {

struct OptionRow {
  std::string_view name;
  std::string_view argument = "";
  Kind kind = Kind::kText;
  Effect effect = Effect::kSilent;
  int traits = kPlain;
  std::string_view fallback = "";
  std::string_view help = "";
};

struct OptionSection {
  Group group;
  Program program;
  std::span<const OptionRow> rows;
};

/// Data directory, chain, logging and tests.
std::span<const OptionSection> NodeSections();
/// Peers, relay, mining, RPC and its client.
std::span<const OptionSection> NetworkSections();
/// Options of parts that this build does not have.
std::span<const OptionSection> SilentSections();

}  // namespace cairn::node
