// Witness programs (BIP141), taproot outputs and their scripts (BIP341, BIP342).
#pragma once

#include <span>

#include "cairn/primitives/script.h"
#include "consensus/script/checker.h"
#include "consensus/script/flags.h"

namespace cairn::consensus {

/// Runs what `program` and `witness` say. `in_p2sh`: the program is a P2SH output's redeem script,
/// in which only version 0 means anything.
ScriptError VerifyWitnessProgram(const WitnessProgram& program, std::span<const ByteSpan> witness,
                                 bool in_p2sh, ScriptFlags flags, const SignatureChecker& checker);

/// BIP341: the hash of a script as a leaf.
crypto::Digest TapleafHash(uint8_t leaf_version, ByteSpan script);

/// BIP342: opcodes that make a tapscript succeed at once, whatever stands beside them.
bool IsOpSuccess(uint8_t opcode);

}  // namespace cairn::consensus
