// Methods that show the mempool.
#include <algorithm>

#include "cairn/rpc/error.h"
#include "src/rpc/fields.h"
#include "src/rpc/methods/common.h"
#include "src/rpc/methods/methods.h"

namespace cairn::rpc {

namespace {

using mempool::PoolEntry;

constexpr const char* kExample =
    R"("0e3e2357e806b6cdb1f70b54c3a3a17b6714ee1f0e68bebb44a74b1efd512098")";

// --- entries

std::vector<Field> EntryFields() {
  return {
      Num("vsize", "Virtual size, adjusted for signature operations"),
      Num("weight", "Weight (BIP141)"),
      Time("time", "When it entered"),
      Num("height", "Of the tip when it entered"),
      Num("descendantcount", "Descendants in the mempool, with itself"),
      Num("descendantsize", "Their virtual size"),
      Num("ancestorcount", "Ancestors in the mempool, with itself"),
      Num("ancestorsize", "Their virtual size"),
      Hex("wtxid", "Hash with witness"),
      Obj("fees", "In bitcoins",
          {Money("base", "What it pays"), Money("modified", "With prioritisetransaction's part"),
           Money("ancestor", "Modified, with its ancestors"),
           Money("descendant", "Modified, with its descendants")}),
      Arr("depends", "Parents in the mempool", Hex("", "A transaction's id")),
      Arr("spentby", "Children in the mempool", Hex("", "A transaction's id")),
      Bool("bip125-replaceable", "Whether it or an ancestor signals replacement"),
      Bool("unbroadcast", "Whether it is ours and no peer has asked for it yet"),
  };
}

std::vector<std::string> SortedTexts(const std::vector<Txid>& txids) {
  std::vector<std::string> texts;
  for (const Txid& txid : txids) texts.push_back(txid.ToString());
  std::sort(texts.begin(), texts.end());
  return texts;
}

void WriteTexts(json::Writer& out, const std::vector<std::string>& texts) {
  out.BeginArray();
  for (const std::string& text : texts) out.String(text);
  out.EndArray();
}

void WriteEntry(json::Writer& out, const PoolEntry& entry) {
  out.BeginObject();
  out.Key("vsize").Int(entry.vsize);
  out.Key("weight").Uint(entry.tx->Weight());
  out.Key("time").Int(entry.time);
  out.Key("height").Int(entry.height);
  out.Key("descendantcount").Uint(entry.descendant_count);
  out.Key("descendantsize").Int(entry.descendant_vsize);
  out.Key("ancestorcount").Uint(entry.ancestor_count);
  out.Key("ancestorsize").Int(entry.ancestor_vsize);
  out.Key("wtxid").String(entry.tx->wtxid.ToString());
  out.Key("fees").BeginObject();
  out.Key("base").Amount(entry.fee);
  out.Key("modified").Amount(entry.modified_fee);
  out.Key("ancestor").Amount(entry.ancestor_fees);
  out.Key("descendant").Amount(entry.descendant_fees);
  out.EndObject();
  out.Key("depends");
  WriteTexts(out, SortedTexts(entry.parents));
  out.Key("spentby");
  WriteTexts(out, SortedTexts(entry.children));
  out.Key("bip125-replaceable").Bool(entry.replaceable);
  out.Key("unbroadcast").Bool(entry.unbroadcast);
  out.EndObject();
}

/// Ids, or with `verbose` an object of entries by id.
void WriteEntries(json::Writer& out, const std::vector<PoolEntry>& entries, bool verbose) {
  if (!verbose) {
    out.BeginArray();
    for (const PoolEntry& entry : entries) out.String(entry.tx->txid.ToString());
    out.EndArray();
    return;
  }
  out.BeginObject();
  for (const PoolEntry& entry : entries) {
    out.Key(entry.tx->txid.ToString());
    WriteEntry(out, entry);
  }
  out.EndObject();
}

void WriteTxids(json::Writer& out, const std::vector<TransactionPtr>& transactions) {
  out.BeginArray();
  for (const TransactionPtr& tx : transactions) out.String(tx->txid.ToString());
  out.EndArray();
}

std::vector<Field> EntryListResults() {
  return {Arr("", "", Hex("", "A transaction's id")).When("for verbose = false"),
          Map("", "", Obj("txid", "", EntryFields())).When("for verbose = true")};
}

[[noreturn]] void ThrowNotInMempool() {
  throw RpcError(kInvalidAddressOrKey, "Transaction not in mempool");
}

Txid TxidParam(const Request& request) { return ParseHash<Txid>(request, "txid", "txid"); }

// --- methods

Method GetMempoolInfo() {
  return {.name = "getmempoolinfo",
          .group = "blockchain",
          .description = "Tells what the mempool holds and asks for.",
          .results = {Obj(
              "", "",
              {Bool("loaded", "Whether what was saved is loaded"), Num("size", "Transactions"),
               Num("bytes", "Their virtual size"), Num("usage", "Bytes of memory"),
               Money("total_fee", "What they pay, in bitcoins"),
               Num("maxmempool", "Bytes of memory that may be used"),
               Money("mempoolminfee", "The least fee rate that is taken, per kvB"),
               Money("minrelaytxfee", "The least fee rate that is relayed, per kvB"),
               Money("incrementalrelayfee", "What a replacement pays on top, per kvB"),
               Num("unbroadcastcount", "Of our own, that no peer has asked for"),
               Bool("fullrbf", "Whether replacement needs no signal")})},
          .examples = {"[]"},
          .handler = [](const Request& request, json::Writer& out) {
            const mempool::Mempool& pool = MempoolOf(request);
            const mempool::PoolInfo info = pool.Info();
            const mempool::PolicyOptions& policy = pool.options();
            out.BeginObject();
            out.Key("loaded").Bool(pool.Loaded());
            out.Key("size").Uint(info.count);
            out.Key("bytes").Int(info.vsize);
            out.Key("usage").Uint(info.usage);
            out.Key("total_fee").Amount(info.fees);
            out.Key("maxmempool").Int(policy.max_bytes);
            out.Key("mempoolminfee").Amount(info.min_fee.per_kvb());
            out.Key("minrelaytxfee").Amount(policy.min_relay_fee.per_kvb());
            out.Key("incrementalrelayfee").Amount(policy.incremental_fee.per_kvb());
            out.Key("unbroadcastcount").Uint(info.unbroadcast);
            out.Key("fullrbf").Bool(policy.full_rbf);
            out.EndObject();
          }};
}

Method GetRawMempool() {
  std::vector<Field> results = EntryListResults();
  results.push_back(Obj("", "",
                        {Arr("txids", "", Hex("", "A transaction's id")),
                         Num("mempool_sequence", "Number of the next change")})
                        .When("for verbose = false and mempool_sequence = true"));
  return {.name = "getrawmempool",
          .group = "blockchain",
          .description = "Lists the transactions of the mempool.",
          .params = {Optional("verbose", ParamType::kBool, "false", "What is known of each"),
                     Optional("mempool_sequence", ParamType::kBool, "false",
                              "With the number that the next change will have")},
          .results = std::move(results),
          .examples = {"[true]"},
          .handler = [](const Request& request, json::Writer& out) {
            const bool verbose = request.BoolOr("verbose", false);
            const bool with_sequence = request.BoolOr("mempool_sequence", false);
            if (verbose && with_sequence) {
              throw RpcError(kInvalidParameter,
                             "Verbose results cannot contain mempool sequence values.");
            }
            if (verbose) return WriteEntries(out, MempoolOf(request).Entries(), true);
            uint64_t sequence = 0;
            const auto transactions = MempoolOf(request).Transactions(&sequence);
            if (!with_sequence) return WriteTxids(out, transactions);
            out.BeginObject();
            out.Key("txids");
            WriteTxids(out, transactions);
            out.Key("mempool_sequence").Uint(sequence);
            out.EndObject();
          }};
}

Method GetMempoolEntry() {
  return {.name = "getmempoolentry",
          .group = "blockchain",
          .description = "Tells what is known of a transaction in the mempool.",
          .params = {Required("txid", ParamType::kHex, "The transaction's id")},
          .results = {Obj("", "", EntryFields())},
          .examples = {"[" + std::string(kExample) + "]"},
          .handler = [](const Request& request, json::Writer& out) {
            const auto entry = MempoolOf(request).Entry(TxidParam(request));
            if (!entry) ThrowNotInMempool();
            WriteEntry(out, *entry);
          }};
}

Method GetRelatives(std::string name, const std::string& which,
                    std::optional<std::vector<PoolEntry>> (mempool::Mempool::*list)(const Txid&)
                        const) {
  return {.name = std::move(name),
          .group = "blockchain",
          .description = "Lists the " + which + " of a transaction that are in the mempool.",
          .params = {Required("txid", ParamType::kHex, "The transaction's id"),
                     Optional("verbose", ParamType::kBool, "false", "What is known of each")},
          .results = EntryListResults(),
          .examples = {"[" + std::string(kExample) + "]"},
          .handler = [list](const Request& request, json::Writer& out) {
            auto entries = (MempoolOf(request).*list)(TxidParam(request));
            if (!entries) ThrowNotInMempool();
            std::sort(entries->begin(), entries->end(), [](const PoolEntry& a, const PoolEntry& b) {
              return a.tx->txid < b.tx->txid;
            });
            WriteEntries(out, *entries, request.BoolOr("verbose", false));
          }};
}

void ExpectFieldKind(const std::string& name, const json::Value& value, json::Value::Kind kind) {
  if (value.kind() == kind) return;
  throw RpcError(kTypeError, "JSON value of type " + std::string(json::KindName(value.kind())) +
                                 " for field " + name + " is not of expected type " +
                                 std::string(json::KindName(kind)));
}

OutPoint OutPointOf(const json::Value& value) {
  const json::Value* txid = value.Find("txid");
  const json::Value* vout = value.Find("vout");
  if (txid == nullptr || txid->IsNull()) throw RpcError(kTypeError, "Missing txid");
  ExpectFieldKind("txid", *txid, json::Value::Kind::kString);
  if (vout == nullptr || vout->IsNull()) throw RpcError(kTypeError, "Missing vout");
  ExpectFieldKind("vout", *vout, json::Value::Kind::kNumber);
  for (const auto& [name, ignored] : value.Members()) {
    if (name != "txid" && name != "vout") throw RpcError(kTypeError, "Unexpected key " + name);
  }
  const int index = ToSmallInt(*vout);
  if (index < 0) throw RpcError(kInvalidParameter, "Invalid parameter, vout cannot be negative");
  return {*Txid::FromText(CheckHashText(ToText(*txid), "txid")), static_cast<uint32_t>(index)};
}

Method GetTxSpendingPrevout() {
  return {.name = "gettxspendingprevout",
          .group = "blockchain",
          .description = "Tells which transactions of the mempool spend the given outputs.",
          .params = {Required(
              "outputs", ParamType::kArray, "The outputs",
              {Required("", ParamType::kObject, "An output",
                        {Required("txid", ParamType::kHex, "The transaction that makes it"),
                         Required("vout", ParamType::kNumber, "Its number there")})})},
          .results = {Arr("", "",
                          Obj("", "",
                              {Hex("txid", "As given"), Num("vout", "As given"),
                               Hex("spendingtxid", "Who spends it, if somebody does").Maybe()}))},
          .examples = {R"([[{"txid": )" + std::string(kExample) + R"(, "vout": 3}]])"},
          .handler = [](const Request& request, json::Writer& out) {
            std::vector<OutPoint> outpoints;
            for (const json::Value& item : request.Get("outputs").Items()) {
              outpoints.push_back(OutPointOf(item));
            }
            if (outpoints.empty()) {
              throw RpcError(kInvalidParameter, "Invalid parameter, outputs are missing");
            }
            out.BeginArray();
            for (const OutPoint& outpoint : outpoints) {
              out.BeginObject();
              out.Key("txid").String(outpoint.txid.ToString());
              out.Key("vout").Uint(outpoint.index);
              if (const TransactionPtr spender = MempoolOf(request).SpenderOf(outpoint)) {
                out.Key("spendingtxid").String(spender->txid.ToString());
              }
              out.EndObject();
            }
            out.EndArray();
          }};
}

}  // namespace

std::vector<Method> MempoolMethods() {
  return {GetMempoolInfo(),
          GetRawMempool(),
          GetMempoolEntry(),
          GetRelatives("getmempoolancestors", "ancestors", &mempool::Mempool::Ancestors),
          GetRelatives("getmempooldescendants", "descendants", &mempool::Mempool::Descendants),
          GetTxSpendingPrevout()};
}

}  // namespace cairn::rpc
