#include "consensus/rules/scripts.h"

#include "consensus/script/verify.h"

namespace cairn::consensus {

Verdict CheckScripts(const Transaction& tx, std::span<const Coin* const> coins, ScriptFlags flags,
                     SignatureVerifier& verifier) {
  std::vector<TxOut> spent;
  spent.reserve(coins.size());
  for (const Coin* coin : coins) spent.push_back({coin->value, coin->script});
  const TransactionMidstates midstates(tx, spent);
  for (uint32_t i = 0; i < spent.size(); ++i) {
    const ScriptError error = VerifyInput(midstates, i, spent[i], flags, verifier);
    if (error == ScriptError::kOk) continue;
    Violation violation{Reject::kScript};
    violation.input = i;
    violation.script_error = error;
    return tl::unexpected(violation);
  }
  return {};
}

}  // namespace cairn::consensus
