// The one table of all options that cairnd and cairn-cli understand. Parsing, help, documentation
// and the start-up notice about options without effect all come from it.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace cairn::node {

/// Headings of the help text, in the order in which they are printed.
enum class Group {
  kGeneral,
  kChain,
  kConnection,
  kRelay,
  kMining,
  kRpc,
  kClient,
  kZmq,
  kDebug,
  kWallet,
  kInterface,
};

std::string_view GroupTitle(Group group);

/// What a value must look like.
enum class Kind {
  kFlag,       // nothing, or a number: zero is false
  kInt,        // a decimal number
  kIntOrFlag,  // a decimal number; nothing means 1
  kText,       // anything; the last one given counts
  kList,       // anything; all that are given count
};

/// What Cairn does about an option that is given.
enum class Effect {
  kActedOn,
  kNotYet,  // accepted, named in the log as without effect
  kSilent,  // accepted without a word: this build has no wallet and no such transport or interface
};

enum class Program : uint8_t { kDaemon = 1, kClient = 2, kBoth = 3 };

constexpr bool Covers(Program entry, Program program) {
  return (static_cast<uint8_t>(entry) & static_cast<uint8_t>(program)) != 0;
}

/// Properties that few options have.
enum OptionTrait : uint8_t {
  kPlain = 0,
  kNetworkOnly = 1,  // outside of a section of the configuration file it holds for mainnet only
  kDebugOnly = 2,    // shown by -help-debug
  kHidden = 4,       // not shown: another name, or of no use here
  kSecret = 8,       // the value must not reach the log
  kNoNegation = 16,  // -noNAME makes no sense
};

struct OptionInfo {
  std::string_view name;      // without the dash
  std::string_view argument;  // "<n>"; empty for flags
  Group group;
  Kind kind;
  Effect effect;
  Program program;
  uint8_t traits;
  std::string_view fallback;  // the default as people read it; empty for none worth a word
  std::string_view help;

  bool Has(OptionTrait trait) const { return (traits & trait) != 0; }
};

/// Every option, by group and then by name.
const std::vector<OptionInfo>& AllOptions();

/// The option called `name` (without dash) of `program`, or null.
const OptionInfo* FindOption(std::string_view name, Program program);

}  // namespace cairn::node
