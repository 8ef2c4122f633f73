#include "cairn/node/option_table.h"

#include <algorithm>

#include "src/node/option_rows.h"

namespace cairn::node {
namespace {

void Append(std::vector<OptionInfo>& all, std::span<const OptionSection> sections) {
  for (const OptionSection& section : sections) {
    for (const OptionRow& row : section.rows) {
      all.push_back(OptionInfo{row.name, row.argument, section.group, row.kind, row.effect,
                               section.program, static_cast<uint8_t>(row.traits), row.fallback,
                               row.help});
    }
  }
}

std::vector<OptionInfo> Collect() {
  std::vector<OptionInfo> all;
  Append(all, NodeSections());
  Append(all, NetworkSections());
  Append(all, SilentSections());
  std::sort(all.begin(), all.end(), [](const OptionInfo& a, const OptionInfo& b) {
    return a.group != b.group ? a.group < b.group : a.name < b.name;
  });
  return all;
}

}  // namespace

std::string_view GroupTitle(Group group) {
  switch (group) {
    case Group::kGeneral: return "General";
    case Group::kChain: return "Chain selection";
    case Group::kConnection: return "Peer connections";
    case Group::kRelay: return "Relay policy";
    case Group::kMining: return "Mining";
    case Group::kRpc: return "RPC server";
    case Group::kClient: return "RPC client";
    case Group::kZmq: return "ZeroMQ notifications";
    case Group::kDebug: return "Logging and testing";
    case Group::kWallet: return "Wallet";
    case Group::kInterface: return "Other interfaces";
  }
  return "";
}

const std::vector<OptionInfo>& AllOptions() {
  static const std::vector<OptionInfo> all = Collect();
  return all;
}

const OptionInfo* FindOption(std::string_view name, Program program) {
  for (const OptionInfo& option : AllOptions()) {
    if (option.name == name && Covers(option.program, program)) return &option;
  }
  return nullptr;
}

}  // namespace cairn::node
