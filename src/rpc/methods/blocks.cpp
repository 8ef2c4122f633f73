// Methods about what blocks contain and which coins they leave.
#include "cairn/base/hex.h"
#include "cairn/rpc/error.h"
#include "src/rpc/fields.h"
#include "src/rpc/methods/common.h"
#include "src/rpc/methods/methods.h"
#include "src/rpc/render.h"

namespace cairn::rpc {

namespace {

enum Verbosity { kRaw = 0, kIds = 1, kTransactions = 2 };  // 3 and more: with what is spent

/// A number, or the older boolean.
int64_t ParseVerbosity(const json::Value& value) {
  if (value.IsNull()) return kIds;
  if (value.IsBool()) return value.AsBool() ? kIds : kRaw;
  return ToInt(value);
}

/// The coins that the block's inputs spent, behind the coinbase; empty where that is not known.
std::vector<ledger::FoundCoin> SpentCoins(ledger::Ledger& ledger, const ledger::HeaderEntry& entry,
                                          const Block& block) {
  if (block.SpendCount() == 0) return {};
  Result<std::vector<ledger::FoundCoin>> coins = ledger.ReadSpentCoins(entry);
  if (!coins || coins->size() != block.SpendCount()) return {};
  return *std::move(coins);
}

void WriteTransactions(json::Writer& out, const Block& block,
                       std::span<const ledger::FoundCoin> spent, bool show_spent,
                       const AddressPrefixes& prefixes) {
  for (const Transaction& transaction : block.transactions()) {
    TransactionContext context{.spent = {}, .show_spent = show_spent};
    if (!transaction.IsCoinbase() && !spent.empty()) {
      context.spent = spent.first(transaction.inputs.size());
      spent = spent.subspan(transaction.inputs.size());
    }
    WriteTransaction(out, transaction, prefixes, context);
  }
}

void WriteBlock(json::Writer& out, ledger::Ledger& ledger, const ledger::HeaderEntry& entry,
                const Block& block, int64_t verbosity) {
  const ledger::ChainViewPtr view = ledger.View();
  out.BeginObject();
  WriteHeaderMembers(out, entry, *view);
  out.Key("strippedsize").Uint(block.stripped_size());
  out.Key("size").Uint(block.bytes().size());
  out.Key("weight").Uint(block.Weight());
  out.Key("tx").BeginArray();
  if (verbosity <= kIds) {
    for (const Transaction& transaction : block.transactions()) {
      out.String(transaction.txid.ToString());
    }
  } else {
    const std::vector<ledger::FoundCoin> spent = SpentCoins(ledger, entry, block);
    WriteTransactions(out, block, spent, verbosity > kTransactions, view->params->prefixes);
  }
  out.EndArray();
  out.EndObject();
}

Field BlockResult(Field transaction, std::string condition) {
  std::vector<Field> members = HeaderFields();
  members.push_back(Num("strippedsize", "Bytes without witness"));
  members.push_back(Num("size", "Bytes"));
  members.push_back(Num("weight", "The weight (BIP141)"));
  members.push_back(Arr("tx", "The transactions", std::move(transaction)));
  return Obj("", "", std::move(members)).When(std::move(condition));
}

Method GetBlock() {
  Param verbosity =
      Optional("verbosity|verbose", ParamType::kNumber, "1",
               "0 for the raw block, 1 for an object with the ids of the transactions, "
               "2 with the transactions, 3 with the outputs that they spend too");
  verbosity.unchecked = true;
  return {
      .name = "getblock",
      .group = "blockchain",
      .description = "Gives a block.",
      .params = {Required("blockhash", ParamType::kHex, "The block's hash"), std::move(verbosity)},
      .results = {Hex("", "The raw block").When("for verbosity = 0"),
                  BlockResult(Hex("", "Its id"), "for verbosity = 1"),
                  BlockResult(Obj("", "", TransactionFields()), "for verbosity = 2 and 3")},
      .examples = {R"(["00000000c937983704a73af28acdec37b049d214adbda81d7e2a3dd146f6ed09"])",
                   R"(["00000000c937983704a73af28acdec37b049d214adbda81d7e2a3dd146f6ed09", 2])"},
      .handler = [](const Request& request, json::Writer& out) {
        ledger::Ledger& ledger = LedgerOf(request);
        const int64_t wanted = ParseVerbosity(request.Get("verbosity"));
        const ledger::HeaderEntry& entry = FindBlock(request, "blockhash", "blockhash");
        if (wanted <= kRaw) {
          out.String(ToHex(ReadRawBody(ledger, entry)));
          return;
        }
        WriteBlock(out, ledger, entry, *ReadBody(ledger, entry), wanted);
      }};
}

/// The coin; with the mempool also one of a transaction there, above the tip, and none that is
/// spent there.
std::optional<ledger::FoundCoin> FindUnspent(const Request& request, const OutPoint& outpoint,
                                             bool with_mempool) {
  if (with_mempool) {
    const mempool::Mempool& pool = MempoolOf(request);
    if (pool.SpenderOf(outpoint) != nullptr) return std::nullopt;
    if (const TransactionPtr tx = pool.Find(outpoint.txid)) {
      if (outpoint.index >= tx->outputs.size()) return std::nullopt;
      const TxOut& output = tx->outputs[outpoint.index];
      const ledger::HeaderEntry* tip = LedgerOf(request).View()->tip;
      return ledger::FoundCoin{output.value, tip->height + 1, false,
                               Bytes(output.script.begin(), output.script.end()), tip};
    }
  }
  auto coin = LedgerOf(request).FindCoin(outpoint);
  if (!coin) throw RpcError(kDatabaseError, coin.error().message);
  return *std::move(coin);
}

Method GetTxOut() {
  return {
      .name = "gettxout",
      .group = "blockchain",
      .description = "Gives an unspent output, or null if there is none.",
      .params = {Required("txid", ParamType::kHex, "Id of the transaction that made it"),
                 Required("n", ParamType::kNumber, "Its number there"),
                 Optional("include_mempool", ParamType::kBool, "true",
                          "Whether transactions in the mempool count")},
      .results = {None().When("if there is no such unspent output"),
                  Obj("", "",
                      {Hex("bestblock", "The tip at which it is unspent"),
                       Num("confirmations", "Blocks from the one that made it to the tip"),
                       Money("value", "Bitcoins"), ScriptPubKeyField("scriptPubKey"),
                       Bool("coinbase", "Whether a coinbase made it")})
                      .When("otherwise")},
      .examples = {R"(["0e3e2357e806b6cdb1f70b54c3a3a17b6714ee1f0e68bebb44a74b1efd512098", 0])"},
      .handler = [](const Request& request, json::Writer& out) {
        const auto txid = ParseHash<Txid>(request, "txid", "txid");
        const int64_t index = request.Int("n");
        constexpr int64_t kMost = OutPoint::kNullIndex;
        if (index < 0 || index > kMost) throw RpcError(kMiscError, "JSON integer out of range");
        const OutPoint outpoint{txid, static_cast<uint32_t>(index)};
        const bool with_mempool = request.BoolOr("include_mempool", true);
        const auto coin = FindUnspent(request, outpoint, with_mempool);
        if (!coin) {
          out.Null();
          return;
        }
        const ledger::FoundCoin& found = *coin;
        out.BeginObject();
        out.Key("bestblock").String(found.tip->hash.ToString());
        out.Key("confirmations").Int(found.tip->height - found.height + 1);
        out.Key("value").Amount(found.value);
        out.Key("scriptPubKey");
        WriteScriptPubKey(out, found.script, request.node().params.prefixes);
        out.Key("coinbase").Bool(found.coinbase);
        out.EndObject();
      }};
}

}  // namespace

std::vector<Method> BlockMethods() { return {GetBlock(), GetTxOut()}; }

}  // namespace cairn::rpc
