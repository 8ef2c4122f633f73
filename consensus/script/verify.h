// Whether an input may spend its coin: scriptSig, witness and output script together (BIP16,
// BIP141, BIP341).
#pragma once

#include <span>

#include "consensus/script/checker.h"
#include "consensus/script/error.h"
#include "consensus/script/flags.h"

namespace cairn::consensus {

/// Runs all scripts of an input. All memory must outlive the call; nothing is kept.
ScriptError VerifyScripts(ByteSpan script_sig, ByteSpan script_pubkey,
                          std::span<const ByteSpan> witness, ScriptFlags flags,
                          const SignatureChecker& checker);

/// The same for input number `input` of the midstates' transaction, which spends `coin`.
ScriptError VerifyInput(const TransactionMidstates& midstates, size_t input, const TxOut& coin,
                        ScriptFlags flags, SignatureVerifier& verifier);

}  // namespace cairn::consensus
