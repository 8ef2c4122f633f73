// Scripts, transactions and headers as JSON, with the members that users of Bitcoin nodes know.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "cairn/base/json.h"
#include "cairn/ledger/chain_view.h"
#include "cairn/ledger/ledger.h"
#include "cairn/primitives/address.h"
#include "cairn/primitives/transaction.h"
#include "cairn/rpc/method.h"

namespace cairn::rpc {

/// The object {asm, desc, hex, address, type} of an output script.
void WriteScriptPubKey(json::Writer& out, ByteSpan script, const AddressPrefixes& prefixes);

/// What is known of a transaction besides itself.
struct TransactionContext {
  std::span<const ledger::FoundCoin> spent{};  // one per input, or empty if unknown: gives the fee
  bool show_spent = false;                     // as `prevout` of each input
  bool show_hex = true;
};

/// The object of a transaction: txid, hash, version, ... vin, vout, fee, hex.
void WriteTransaction(json::Writer& out, const Transaction& transaction,
                      const AddressPrefixes& prefixes, const TransactionContext& context);
/// The same into an object that the caller has begun.
void WriteTransactionMembers(json::Writer& out, const Transaction& transaction,
                             const AddressPrefixes& prefixes, const TransactionContext& context);

/// The members of a header, into an object that the caller has begun.
void WriteHeaderMembers(json::Writer& out, const ledger::HeaderEntry& entry,
                        const ledger::ChainView& view);

/// "1d00ffff"
std::string HexOf32(uint32_t value);

// The same as entries of the method table.
Field ScriptPubKeyField(std::string name);
std::vector<Field> TransactionFields();
std::vector<Field> HeaderFields();

}  // namespace cairn::rpc
