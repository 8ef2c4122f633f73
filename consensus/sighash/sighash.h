// The messages that signatures sign: of old (with its quirks), BIP143 for witness version 0, BIP341
// for taproot.
#pragma once

#include <cstdint>
#include <optional>

#include "cairn/base/bytes.h"
#include "cairn/crypto/sha256.h"
#include "cairn/primitives/transaction.h"
#include "consensus/script/execution.h"
#include "consensus/sighash/midstates.h"

namespace cairn::consensus {

/// Hash types. The old algorithms look only at these bits of the byte; taproot defines seven
/// values.
inline constexpr uint8_t kSighashDefault = 0x00;
inline constexpr uint8_t kSighashAll = 0x01;
inline constexpr uint8_t kSighashNone = 0x02;
inline constexpr uint8_t kSighashSingle = 0x03;
inline constexpr uint8_t kSighashAnyoneCanPay = 0x80;
inline constexpr uint8_t kSighashOutputMask = 0x1f;

/// The hash before segwit. `script_code` is the running script behind the last executed
/// OP_CODESEPARATOR with the signature already deleted; further OP_CODESEPARATORs are left out
/// here. `hash_type` has 32 bits since they are hashed as such. Where SINGLE names no output the
/// hash is the number one, as it always was.
crypto::Digest LegacySighash(const Transaction& tx, size_t input, ByteSpan script_code,
                             int32_t hash_type);

/// BIP143. The midstates must serve version 0.
crypto::Digest SegwitSighash(const TransactionMidstates& midstates, size_t input,
                             ByteSpan script_code, Amount amount, int32_t hash_type);

/// BIP341 and, where `execution` is of a tapscript, BIP342. Nothing if the hash type is undefined
/// or names an output that does not exist. The midstates must serve taproot.
std::optional<crypto::Digest> TaprootSighash(const TransactionMidstates& midstates, size_t input,
                                             const ExecutionData& execution, uint8_t hash_type);

}  // namespace cairn::consensus
