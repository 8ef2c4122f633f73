#include "consensus/rules/scripts.h"

#include "consensus/script/verify.h"

namespace cairn::consensus {
namespace {

bool IsAgreement(const ScriptError& outcome) { return outcome == ScriptError::kOk; }

constexpr Rule<ScriptError> kRules[] = {
    {Reject::kScript, "16, 65, 66, 112, 141, 143, 147, 341, 342",
     "The scripts of every input MUST agree to the spend.", IsAgreement},
};

}  // namespace

std::span<const Rule<ScriptError>> ScriptRules() { return kRules; }

std::vector<TxOut> OutputsOf(std::span<const Coin* const> coins) {
  std::vector<TxOut> outputs;
  outputs.reserve(coins.size());
  for (const Coin* coin : coins) outputs.push_back({coin->value, coin->script});
  return outputs;
}

Verdict CheckInputScripts(const TransactionMidstates& midstates, uint32_t first, uint32_t count,
                          ScriptFlags flags, SignatureVerifier& verifier) {
  for (uint32_t i = first; i < first + count; ++i) {
    const ScriptError error = VerifyInput(midstates, i, midstates.spent()[i], flags, verifier);
    if (Verdict verdict = Judge(ScriptRules(), error); !verdict) {
      verdict.error().input = i;
      verdict.error().script_error = error;
      return verdict;
    }
  }
  return {};
}

Verdict CheckAllInputScripts(const TransactionMidstates& midstates, ScriptFlags flags,
                             SignatureVerifier& verifier) {
  const auto count = static_cast<uint32_t>(midstates.spent().size());
  return CheckInputScripts(midstates, 0, count, flags, verifier);
}

Verdict CheckScripts(const Transaction& tx, std::span<const Coin* const> coins, ScriptFlags flags,
                     SignatureVerifier& verifier) {
  const std::vector<TxOut> spent = OutputsOf(coins);
  const TransactionMidstates midstates(tx, spent);
  return CheckAllInputScripts(midstates, flags, verifier);
}

}  // namespace cairn::consensus
