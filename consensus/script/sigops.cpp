#include "consensus/script/sigops.h"

#include "cairn/primitives/script.h"

namespace cairn::consensus {
namespace {

/// The data that the last push of a push-only script leaves on top; nothing if it is not push-only.
std::optional<ByteSpan> LastPush(ByteSpan script_sig) {
  ScriptCursor cursor(script_sig);
  ScriptElement element;
  ByteSpan last;
  while (!cursor.AtEnd()) {
    if (!cursor.Next(element) || element.opcode > OP_16) return std::nullopt;
    last = element.IsPush() ? element.data : ByteSpan();
  }
  return last;
}

uint64_t CountInProgram(const WitnessProgram& program, std::span<const ByteSpan> witness) {
  constexpr size_t kKeyHashSize = 20;
  constexpr size_t kScriptHashSize = 32;
  if (program.version != 0) return 0;  // taproot has its own budget (BIP342)
  if (program.program.size() == kKeyHashSize) return 1;
  if (program.program.size() == kScriptHashSize && !witness.empty()) {
    return CountSigops(witness.back(), true);
  }
  return 0;
}

/// What the script of an output in P2SH costs, once an input reveals it: itself, or the witness
/// program that it is.
uint64_t CostInP2sh(const TxIn& input, ScriptFlags flags) {
  const auto redeem_script = LastPush(input.script_sig);
  if (!redeem_script) return 0;
  uint64_t cost = 0;
  if (flags.Has(ScriptFlags::kP2sh)) {
    cost += CountSigops(*redeem_script, true) * kWitnessScaleFactor;
  }
  if (flags.Has(ScriptFlags::kWitness)) {
    const auto program = ParseWitnessProgram(*redeem_script);
    if (program) cost += CountInProgram(*program, input.witness);
  }
  return cost;
}

uint64_t CostOfSpend(const TxIn& input, ByteSpan script_pubkey, ScriptFlags flags) {
  if (IsPayToScriptHash(script_pubkey)) return CostInP2sh(input, flags);
  if (!flags.Has(ScriptFlags::kWitness)) return 0;
  const auto program = ParseWitnessProgram(script_pubkey);
  return program ? CountInProgram(*program, input.witness) : 0;
}

}  // namespace

uint64_t SigopsCost(const Transaction& tx, std::span<const Coin* const> coins, ScriptFlags flags) {
  uint64_t old_ones = 0;
  for (const TxIn& input : tx.inputs) old_ones += CountSigops(input.script_sig, false);
  for (const TxOut& output : tx.outputs) old_ones += CountSigops(output.script, false);
  uint64_t cost = old_ones * kWitnessScaleFactor;
  if (tx.IsCoinbase()) return cost;
  for (size_t i = 0; i < tx.inputs.size(); ++i) {
    cost += CostOfSpend(tx.inputs[i], coins[i]->script, flags);
  }
  return cost;
}

}  // namespace cairn::consensus
