#include "cairn/node/chain_selection.h"

#include "cairn/genesis/chain_file.h"

namespace cairn::node {
namespace {

bool IsPath(std::string_view choice) {
  return choice.find('/') != std::string_view::npos || choice.ends_with(".json");
}

}  // namespace

Result<std::string> ChooseChain(const Options& options) {
  std::vector<std::string> chosen;
  for (const char* flag : {"regtest", "signet", "testnet", "testnet4"}) {
    if (options.GetChainFlag(flag))
      chosen.emplace_back(flag == std::string_view("testnet") ? "test" : flag);
  }
  if (const std::string name = options.GetChainName(); !name.empty()) chosen.push_back(name);
  if (chosen.size() > 1) {
    return Invalid(
        "Invalid combination of -regtest, -signet, -testnet, -testnet4 and -chain. Can use at most "
        "one.");
  }
  return chosen.empty() ? "main" : chosen.front();
}

Result<consensus::Params> LoadChain(const std::string& choice) {
  if (IsPath(choice)) return genesis::LoadChainFile(choice);
  return genesis::BuiltInChain(choice);
}

}  // namespace cairn::node
