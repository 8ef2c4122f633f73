#include "src/rpc/methods/common.h"

#include <utility>

#include "cairn/base/assert.h"
#include "cairn/base/hex.h"
#include "cairn/rpc/error.h"

namespace cairn::rpc {

namespace {

/// The transaction that the index says is there. Nothing where it is not: the chain has moved
/// between the two looks.
std::optional<FoundTransaction> ReadIndexed(ledger::Ledger& ledger, const Txid& txid,
                                            const ledger::TxLocation& location) {
  const ledger::HeaderEntry* entry = ledger.View()->At(location.height);
  if (entry == nullptr) return std::nullopt;
  const Result<Bytes> block = ledger.ReadBlock(*entry);
  if (!block) throw RpcError(kMiscError, block.error().message);
  if (uint64_t{location.offset} + location.size > block->size()) return std::nullopt;
  const auto first = block->begin() + location.offset;
  Result<TransactionPtr> transaction = ParseTransaction(Bytes(first, first + location.size));
  if (!transaction || (*transaction)->txid != txid) return std::nullopt;
  FoundTransaction found;
  found.transaction = *std::move(transaction);
  found.block = entry;
  return found;
}

FoundTransaction FindIndexed(ledger::Ledger& ledger, const Txid& txid) {
  const ledger::IndexReader* index = ledger.FindIndex(ledger::kTransactionIndex);
  if (index == nullptr) return {};
  constexpr int kMostTries = 5;
  for (int tries = 0; tries < kMostTries; ++tries) {
    const auto location = ledger::FindTransaction(*index, txid);
    if (!location) throw RpcError(kDatabaseError, location.error().message);
    if (!*location) break;
    if (auto found = ReadIndexed(ledger, txid, **location)) return *std::move(found);
  }
  FoundTransaction none;
  none.index =
      index->synced() ? FoundTransaction::Index::kComplete : FoundTransaction::Index::kBuilding;
  return none;
}

}  // namespace

ledger::Ledger& LedgerOf(const Request& request) {
  CAIRN_ASSERT(request.node().ledger != nullptr);
  return *request.node().ledger;
}

mempool::Mempool& MempoolOf(const Request& request) {
  mempool::Mempool* pool = request.node().mempool;
  if (pool == nullptr)
    throw RpcError(kClientMempoolDisabled, "Mempool disabled or instance not found");
  return *pool;
}

Amount AmountOf(const json::Value& value) {
  if (!value.IsNumber() && !value.IsString()) {
    throw RpcError(kTypeError, "Amount is not a number or string");
  }
  const auto amount = ParseAmount(value.Text());
  if (!amount) throw RpcError(kTypeError, "Invalid amount");
  if (!IsMoney(*amount)) throw RpcError(kTypeError, "Amount out of range");
  return *amount;
}

TransactionPtr TransactionOf(const std::string& text, const std::string& failure) {
  auto bytes = FromHex(text);
  auto tx = bytes ? ParseTransaction(*std::move(bytes)) : Invalid("no hex");
  if (!tx) throw RpcError(kDeserializationError, failure);
  return *std::move(tx);
}

std::string_view CheckHashText(const std::string& text, std::string_view label) {
  constexpr size_t kDigits = 64;
  if (text.size() != kDigits) {
    throw RpcError(kInvalidParameter, std::string(label) + " must be of length 64 (not " +
                                          std::to_string(text.size()) + ", for '" + text + "')");
  }
  if (!FromHex(text)) {
    throw RpcError(kInvalidParameter,
                   std::string(label) + " must be hexadecimal string (not '" + text + "')");
  }
  return text;
}

Bytes HexParam(const Request& request, std::string_view param) {
  const std::string& text = request.String(param);
  std::optional<Bytes> bytes = FromHex(text);
  if (!bytes) {
    throw RpcError(kInvalidParameter,
                   std::string(param) + " must be hexadecimal string (not '" + text + "')");
  }
  return *std::move(bytes);
}

FoundTransaction FindTransaction(const Request& request, const Txid& txid) {
  const mempool::Mempool* pool = request.node().mempool;
  if (TransactionPtr waiting = pool != nullptr ? pool->Find(txid) : nullptr) {
    FoundTransaction found;
    found.transaction = std::move(waiting);
    return found;
  }
  return FindIndexed(LedgerOf(request), txid);
}

const ledger::HeaderEntry& FindBlock(const Request& request, std::string_view param,
                                     std::string_view label) {
  const auto hash = ParseHash<BlockHash>(request, param, label);
  const ledger::HeaderEntry* entry = LedgerOf(request).Find(hash);
  if (entry == nullptr) throw RpcError(kInvalidAddressOrKey, "Block not found");
  return *entry;
}

const ledger::HeaderEntry& FindBlockAt(const Request& request, std::string_view param) {
  const json::Value& value = request.Get(param);
  if (!value.IsNumber()) {
    const auto hash = *BlockHash::FromText(CheckHashText(ToText(value), param));
    const ledger::HeaderEntry* entry = LedgerOf(request).Find(hash);
    if (entry == nullptr) throw RpcError(kInvalidAddressOrKey, "Block not found");
    return *entry;
  }
  const int height = ToSmallInt(value);
  const ledger::ChainViewPtr view = LedgerOf(request).View();
  const std::string start = "Target block height " + std::to_string(height);
  if (height < 0) throw RpcError(kInvalidParameter, start + " is negative");
  const ledger::HeaderEntry* entry = view->At(height);
  if (entry == nullptr) {
    throw RpcError(kInvalidParameter,
                   start + " after current tip " + std::to_string(view->Height()));
  }
  return *entry;
}

Bytes ReadRawBody(ledger::Ledger& ledger, const ledger::HeaderEntry& entry) {
  Result<Bytes> bytes = ledger.ReadBlock(entry);
  if (!bytes && bytes.error().code == ErrorCode::kNotFound) {
    throw RpcError(kMiscError, bytes.error().message);
  }
  if (!bytes) throw RpcError(kMiscError, "Block not found on disk: " + bytes.error().message);
  return *std::move(bytes);
}

BlockPtr ReadBody(ledger::Ledger& ledger, const ledger::HeaderEntry& entry) {
  Result<BlockPtr> block = Block::Parse(ReadRawBody(ledger, entry));
  if (!block) throw RpcError(kDatabaseError, "Can't read block from disk");
  return *std::move(block);
}

std::vector<ledger::FoundCoin> ReadSpent(ledger::Ledger& ledger, const ledger::HeaderEntry& entry,
                                         const Block& block) {
  if (block.SpendCount() == 0) return {};
  Result<std::vector<ledger::FoundCoin>> coins = ledger.ReadSpentCoins(entry);
  if (!coins && coins.error().code == ErrorCode::kNotFound) {
    throw RpcError(kMiscError, coins.error().message);
  }
  if (!coins || coins->size() != block.SpendCount()) {
    throw RpcError(kMiscError, "Can't read undo data from disk");
  }
  return *std::move(coins);
}

void WriteWarnings(json::Writer& out, const Request& request) {
  out.Key("warnings").BeginArray();
  for (const std::string& warning : request.node().warnings()) out.String(warning);
  out.EndArray();
}

}  // namespace cairn::rpc
