// getrawtransaction: a transaction by its id.
#include <algorithm>

#include "cairn/base/hex.h"
#include "cairn/rpc/error.h"
#include "src/rpc/fields.h"
#include "src/rpc/methods/common.h"
#include "src/rpc/methods/methods.h"
#include "src/rpc/render.h"

namespace cairn::rpc {

namespace {

enum Verbosity { kRaw = 0, kDecoded = 1 };  // 2 and more: with the fee and what is spent

/// A number, or the older boolean.
int64_t ParseVerbosity(const json::Value& value) {
  if (value.IsNull()) return kRaw;
  if (value.IsBool()) return value.AsBool() ? kDecoded : kRaw;
  return ToSmallInt(value);
}

/// A block on any branch that is said to have the transaction; null if none was named.
const ledger::HeaderEntry* NamedBlock(const Request& request) {
  if (!request.Has("blockhash")) return nullptr;
  const auto hash = ParseHash<BlockHash>(request, "blockhash", "parameter 3");
  const ledger::HeaderEntry* entry = LedgerOf(request).Find(hash);
  if (entry == nullptr) throw RpcError(kInvalidAddressOrKey, "Block hash not found");
  return entry;
}

/// The transaction of that id in a block, sharing the block's memory; null if there is none.
TransactionPtr FindIn(const BlockPtr& block, const Txid& txid) {
  const auto all = block->transactions();
  const auto found = std::find_if(all.begin(), all.end(),
                                  [&](const Transaction& other) { return other.txid == txid; });
  return found == all.end() ? nullptr : TransactionPtr(block, &*found);
}

[[noreturn]] void ThrowNotFound(const std::string& where) {
  throw RpcError(kInvalidAddressOrKey, where + ". Use gettransaction for wallet transactions.");
}

FoundTransaction FindInBlock(const Request& request, const ledger::HeaderEntry& entry,
                             const Txid& txid) {
  if (!entry.HasBody()) throw RpcError(kMiscError, "Block not available");
  TransactionPtr transaction = FindIn(ReadBody(LedgerOf(request), entry), txid);
  if (transaction == nullptr) ThrowNotFound("No such transaction found in the provided block");
  FoundTransaction found;
  found.transaction = std::move(transaction);
  found.block = &entry;
  return found;
}

FoundTransaction FindAnywhere(const Request& request, const Txid& txid) {
  FoundTransaction found = FindTransaction(request, txid);
  if (found.transaction != nullptr) return found;
  switch (found.index) {
    case FoundTransaction::Index::kAbsent:
      ThrowNotFound(
          "No such mempool transaction. Use -txindex or provide a block hash to enable blockchain "
          "transaction queries");
    case FoundTransaction::Index::kBuilding:
      ThrowNotFound(
          "No such mempool transaction. Blockchain transactions are still in the process of being "
          "indexed");
    case FoundTransaction::Index::kComplete:
      ThrowNotFound("No such mempool or blockchain transaction");
  }
  return found;
}

/// The coins that the transaction spends; empty where they are not known.
std::vector<ledger::FoundCoin> SpentBy(ledger::Ledger& ledger, const FoundTransaction& found) {
  const Transaction& transaction = *found.transaction;
  if (transaction.IsCoinbase() || found.block == nullptr || found.block->undo_sequence == 0) {
    return {};
  }
  const BlockPtr block = ReadBody(ledger, *found.block);
  std::vector<ledger::FoundCoin> coins = ReadSpent(ledger, *found.block, *block);
  auto first = coins.begin();
  for (const Transaction& other : block->transactions().subspan(1)) {
    const auto last = first + static_cast<std::ptrdiff_t>(other.inputs.size());
    if (other.txid == transaction.txid) {
      return {std::make_move_iterator(first), std::make_move_iterator(last)};
    }
    first = last;
  }
  return {};
}

void WritePlace(json::Writer& out, const ledger::HeaderEntry& block,
                const ledger::ChainView& view) {
  out.Key("blockhash").String(block.hash.ToString());
  if (!view.Contains(&block)) {
    out.Key("confirmations").Int(0);
    return;
  }
  out.Key("confirmations").Int(view.Height() - block.height + 1);
  out.Key("time").Uint(block.header.time);
  out.Key("blocktime").Uint(block.header.time);
}

Field RawTransactionResult() {
  std::vector<Field> members = TransactionFields();
  members.insert(
      members.begin(),
      Bool("in_active_chain", "Whether the block is on the best chain; where `blockhash` is given")
          .Maybe());
  members.push_back(Hex("blockhash", "Of the block that has it").Maybe());
  members.push_back(
      Num("confirmations", "Blocks from that one to the tip; 0 if it is on a side branch").Maybe());
  members.push_back(Time("time", "The same as blocktime").Maybe());
  members.push_back(Time("blocktime", "When that block says it was made").Maybe());
  return Obj("", "", std::move(members)).When("for verbosity = 1 and 2");
}

void Answer(const Request& request, json::Writer& out) {
  ledger::Ledger& ledger = LedgerOf(request);
  const auto txid = ParseHash<Txid>(request, "txid", "parameter 1");
  const ledger::ChainViewPtr view = ledger.View();
  // Its one transaction's id is the merkle root.
  if (txid.bytes == view->At(0)->header.merkle_root.bytes) {
    throw RpcError(kInvalidAddressOrKey,
                   "The genesis block coinbase is not considered an ordinary transaction and "
                   "cannot be retrieved");
  }
  const int64_t verbosity = ParseVerbosity(request.Get("verbosity"));
  const ledger::HeaderEntry* named = NamedBlock(request);
  const FoundTransaction found =
      named != nullptr ? FindInBlock(request, *named, txid) : FindAnywhere(request, txid);
  if (verbosity <= kRaw) {
    out.String(ToHex(found.transaction->bytes));
    return;
  }
  std::vector<ledger::FoundCoin> spent;
  if (verbosity > kDecoded) spent = SpentBy(ledger, found);
  out.BeginObject();
  if (named != nullptr) out.Key("in_active_chain").Bool(view->Contains(named));
  WriteTransactionMembers(out, *found.transaction, request.node().params.prefixes,
                          {.spent = spent, .show_spent = true});
  if (found.block != nullptr) WritePlace(out, *found.block, *view);
  out.EndObject();
}

Method GetRawTransaction() {
  Param verbosity =
      Optional("verbosity|verbose", ParamType::kNumber, "0",
               "0 for the raw transaction, 1 for an object, 2 with the fee and the outputs that it "
               "spends");
  verbosity.unchecked = true;
  const std::string txid = R"("0e3e2357e806b6cdb1f70b54c3a3a17b6714ee1f0e68bebb44a74b1efd512098")";
  return {
      .name = "getrawtransaction",
      .group = "rawtransactions",
      .description =
          "Gives a transaction. It is found in the block that is named; without one in the "
          "mempool, and with -txindex in every block of the best chain.",
      .params = {Required("txid", ParamType::kHex, "The transaction's id"), std::move(verbosity),
                 Optional("blockhash", ParamType::kHex, "", "The block to look in")},
      .results = {Hex("", "The raw transaction").When("for verbosity = 0"), RawTransactionResult()},
      .examples = {"[" + txid + "]", "[" + txid + ", 2]"},
      .handler = &Answer};
}

}  // namespace

std::vector<Method> TransactionMethods() { return {GetRawTransaction()}; }

}  // namespace cairn::rpc
