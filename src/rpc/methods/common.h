// What the methods of several topics share: reading parameters and looking things up.
#pragma once

#include <string>
#include <string_view>

#include "cairn/base/bytes.h"
#include "cairn/ledger/ledger.h"
#include "cairn/mempool/mempool.h"
#include "cairn/primitives/amount.h"
#include "cairn/primitives/hash.h"
#include "cairn/rpc/context.h"
#include "cairn/rpc/request.h"

namespace cairn::rpc {

ledger::Ledger& LedgerOf(const Request& request);
mempool::Mempool& MempoolOf(const Request& request);

/// Satoshis of a number or string of bitcoins. Throws `RpcError`.
Amount AmountOf(const json::Value& value);

/// The transaction that `text` is in hex. Throws -22 with `failure` as its message.
TransactionPtr TransactionOf(const std::string& text, const std::string& failure);

/// 64 hex digits. Throws `RpcError` with `label` as the name of the parameter.
std::string_view CheckHashText(const std::string& text, std::string_view label);

/// The bytes of a parameter in hex. Throws -8 if it is none.
Bytes HexParam(const Request& request, std::string_view param);

template <typename Hash>
Hash ParseHash(const Request& request, std::string_view param, std::string_view label) {
  return *Hash::FromText(CheckHashText(request.String(param), label));
}

/// What the node knows of a transaction by its id alone.
struct FoundTransaction {
  /// Of the index of all transactions in blocks (-txindex).
  enum class Index { kAbsent, kBuilding, kComplete };

  TransactionPtr transaction{};                // null if it was not found
  const ledger::HeaderEntry* block = nullptr;  // that has it; null for one in the mempool
  Index index = Index::kAbsent;
};

/// Looks in the mempool, then in the index, as far as the node has them.
FoundTransaction FindTransaction(const Request& request, const Txid& txid);

/// The block that a parameter names by hash. Throws -5 if it is unknown.
const ledger::HeaderEntry& FindBlock(const Request& request, std::string_view param,
                                     std::string_view label);

/// The block that a parameter names by its hash, or by its height on the best chain.
const ledger::HeaderEntry& FindBlockAt(const Request& request, std::string_view param);

/// The body of a block, as raw bytes or parsed. Throws if it is not stored.
Bytes ReadRawBody(ledger::Ledger& ledger, const ledger::HeaderEntry& entry);
BlockPtr ReadBody(ledger::Ledger& ledger, const ledger::HeaderEntry& entry);

/// The coins that the block's inputs spent, in their order behind the coinbase. Throws if they are
/// not known, as of blocks that were never connected.
std::vector<ledger::FoundCoin> ReadSpent(ledger::Ledger& ledger, const ledger::HeaderEntry& entry,
                                         const Block& block);

/// The array of `warnings` that several results have.
void WriteWarnings(json::Writer& out, const Request& request);

}  // namespace cairn::rpc
