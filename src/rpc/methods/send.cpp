// Methods that hand transactions to the mempool, or ask whether it would take them.
#include <set>

#include "cairn/p2p/network.h"
#include "cairn/primitives/script.h"
#include "cairn/rpc/context.h"
#include "cairn/rpc/error.h"
#include "consensus/script/interpreter.h"
#include "src/rpc/fields.h"
#include "src/rpc/methods/common.h"
#include "src/rpc/methods/methods.h"

namespace cairn::rpc {

namespace {

using mempool::AdmissionResult;
using mempool::FeeRate;
using mempool::RejectKind;

// Protects those who send from a slip of the decimal point.
constexpr Amount kDefaultMaxFeeRate = kCoin / 10;
constexpr Amount kHighestMaxFeeRate = kCoin;
constexpr size_t kMostTested = 25;

Param MaxFeeRateParam() {
  return Optional("maxfeerate", ParamType::kAmount, FormatAmount(kDefaultMaxFeeRate),
                  "Refuse a higher fee rate than this, in bitcoins per kvB; 0 for any");
}

/// The highest fee rate that the sender wants to pay; zero if any will do.
FeeRate MaxFeeRate(const Request& request) {
  const Amount rate =
      request.Has("maxfeerate") ? AmountOf(request.Get("maxfeerate")) : kDefaultMaxFeeRate;
  if (rate >= kHighestMaxFeeRate) {
    throw RpcError(kInvalidParameter,
                   "Fee rates larger than or equal to 1BTC/kvB are not accepted");
  }
  return FeeRate(rate);
}

/// The highest fee; nothing if any will do.
std::optional<Amount> MaxFee(const Request& request, int64_t vsize) {
  const FeeRate rate = MaxFeeRate(request);
  if (rate == FeeRate()) return std::nullopt;
  return rate.For(vsize);
}

// --- sendrawtransaction

/// Scripts with opcodes that do not exist can never run.
bool HasOnlyKnownOpcodes(ByteSpan script) {
  ScriptCursor cursor(script);
  ScriptElement element;
  while (!cursor.AtEnd()) {
    if (!cursor.Next(element) || element.opcode > OP_NOP10) return false;
    if (element.IsPush() && element.data.size() > consensus::kMaxPushSize) return false;
  }
  return true;
}

Param MaxBurnParam() {
  return Optional("maxburnamount", ParamType::kAmount, FormatAmount(0),
                  "Refuse outputs that nobody can ever spend above this value");
}

void CheckBurn(const Request& request, const Transaction& tx) {
  const Amount most = request.Has("maxburnamount") ? AmountOf(request.Get("maxburnamount")) : 0;
  for (const TxOut& output : tx.outputs) {
    const bool lost = IsUnspendable(output.script) || !HasOnlyKnownOpcodes(output.script);
    if (lost && output.value > most) {
      throw RpcError(kVerifyError,
                     "Unspendable output exceeds maximum configured by user (maxburnamount)");
    }
  }
}

void CheckNotInTheChain(const Request& request, const Transaction& tx) {
  for (uint32_t i = 0; i < tx.outputs.size(); ++i) {
    const auto coin = LedgerOf(request).FindCoin({tx.txid, i});
    if (coin && *coin) {
      throw RpcError(kVerifyAlreadyInChain, "Transaction outputs already in utxo set");
    }
  }
}

[[noreturn]] void ThrowRefusal(const AdmissionResult& result) {
  throw RpcError(result.MissesInputs() ? kVerifyError : kVerifyRejected, result.ToString());
}

void Send(const Request& request, const TransactionPtr& tx) {
  mempool::Mempool& pool = MempoolOf(request);
  CheckNotInTheChain(request, *tx);
  // The pool's own: the witness may be another, and peers can be given only what is there.
  if (const TransactionPtr pooled = pool.Find(tx->txid)) {
    if (request.node().network != nullptr) request.node().network->Announce(pooled);
    return;
  }
  if (const auto most = MaxFee(request, tx->VirtualSize())) {
    const AdmissionResult tested = pool.Test(tx);
    if (!tested.Accepted()) ThrowRefusal(tested);
    if (tested.fee > *most) {
      throw RpcError(kVerifyError,
                     "Fee exceeds maximum configured by user (e.g. -maxtxfee, maxfeerate)");
    }
  }
  const AdmissionResult result = pool.Submit(tx, {});
  if (result.outcome == mempool::Admission::kRejected) ThrowRefusal(result);
}

Method SendRawTransaction() {
  return {.name = "sendrawtransaction",
          .group = "rawtransactions",
          .description =
              "Submits a transaction to the mempool, from where peers get it. One that is there "
              "already is announced again.",
          .params = {Required("hexstring", ParamType::kHex, "The raw transaction"),
                     MaxFeeRateParam(), MaxBurnParam()},
          .results = {Hex("", "The transaction's id")},
          .examples = {R"(["signedhex"])"},
          .handler = [](const Request& request, json::Writer& out) {
            const TransactionPtr tx =
                TransactionOf(request.String("hexstring"),
                              "TX decode failed. Make sure the tx has at least one input.");
            CheckBurn(request, *tx);
            Send(request, tx);
            out.String(tx->txid.ToString());
          }};
}

// --- testmempoolaccept

void BeginTested(json::Writer& out, const Transaction& tx) {
  out.BeginObject();
  out.Key("txid").String(tx.txid.ToString());
  out.Key("wtxid").String(tx.wtxid.ToString());
}

/// False if the fee is more than the sender wants to pay.
bool WriteVerdict(json::Writer& out, const Transaction& tx, const AdmissionResult& result,
                  const std::optional<Amount>& most) {
  const bool too_dear = result.Accepted() && most && result.fee > *most;
  out.Key("allowed").Bool(result.Accepted() && !too_dear);
  if (too_dear) {
    out.Key("reject-reason").String("max-fee-exceeded");
  } else if (result.Accepted()) {
    out.Key("vsize").Int(result.vsize);
    out.Key("fees").BeginObject();
    out.Key("base").Amount(result.fee);
    out.Key("effective-feerate").Amount(result.EffectiveRate().per_kvb());
    out.Key("effective-includes").BeginArray();
    out.String(tx.wtxid.ToString());
    out.EndArray();
    out.EndObject();
  } else {
    out.Key("reject-reason").String(result.MissesInputs() ? "missing-inputs" : result.reason);
  }
  return !too_dear;
}

std::vector<TransactionPtr> TransactionsOf(const Request& request, const std::string& parameter,
                                           size_t least, size_t most) {
  const auto& texts = request.Get(parameter).Items();
  if (texts.size() < least || texts.size() > most) {
    throw RpcError(kInvalidParameter, "Array must contain between " + std::to_string(least) +
                                          " and " + std::to_string(most) + " transactions.");
  }
  std::vector<TransactionPtr> all;
  for (const json::Value& text : texts) {
    all.push_back(TransactionOf(ToText(text), "TX decode failed: " + ToText(text) +
                                                  " Make sure the tx has at least one input."));
  }
  return all;
}

Method TestMempoolAccept() {
  return {
      .name = "testmempoolaccept",
      .group = "rawtransactions",
      .description =
          "Tells whether the mempool would take transactions, without taking them in. Several are "
          "judged together: parents come first, none may replace what is in the mempool, and the "
          "first that would be refused ends it.",
      .params = {Required("rawtxs", ParamType::kArray, "Up to 25 raw transactions",
                          {Required("rawtx", ParamType::kHex, "A raw transaction")}),
                 MaxFeeRateParam()},
      .results = {Arr("", "In the order of the transactions",
                      Obj("", "",
                          {Hex("txid", "The transaction's id"), Hex("wtxid", "Hash with witness"),
                           Str("package-error", "What is wrong with all of them").Maybe(),
                           Bool("allowed",
                                "Whether it would be taken; absent if the verdict on "
                                "another came first")
                               .Maybe(),
                           Num("vsize", "Virtual size, if it would").Maybe(),
                           Obj("fees", "In bitcoins, if it would",
                               {Money("base", "What it pays"),
                                Money("effective-feerate", "The rate that counts, per kvB"),
                                Arr("effective-includes", "Whose fees are in that rate",
                                    Hex("", "A hash with witness"))})
                               .Maybe(),
                           Str("reject-reason", "Why not").Maybe()}))},
      .examples = {R"([["signedhex"]])"},
      .handler = [](const Request& request, json::Writer& out) {
        out.BeginArray();
        const auto package = TransactionsOf(request, "rawtxs", 1, kMostTested);
        const mempool::PackageResult tested = MempoolOf(request).Test(package);
        bool ended = false;
        for (size_t i = 0; i < package.size(); ++i) {
          const Transaction& tx = *package[i];
          BeginTested(out, tx);
          if (tested.results.empty()) {
            out.Key("package-error").String(tested.message);
          } else if (const AdmissionResult& result = tested.results[i]; !ended && result.Judged()) {
            ended = !WriteVerdict(out, tx, result, MaxFee(request, result.vsize));
          }
          out.EndObject();
        }
        out.EndArray();
      }};
}

// --- submitpackage

void WritePackageEntry(json::Writer& out, const Transaction& tx, const AdmissionResult& result,
                       const mempool::Mempool& pool) {
  out.Key(tx.wtxid.ToString()).BeginObject();
  out.Key("txid").String(tx.txid.ToString());
  if (result.kind == RejectKind::kConflict) {
    out.Key("other-wtxid").String(result.other.ToString());
  } else if (result.outcome == mempool::Admission::kRejected) {
    out.Key("error").String(result.ToString());
  } else {
    // Of one that was there before, what the pool knows.
    const auto known = pool.Entry(tx.txid);
    const bool entered = result.Accepted();
    out.Key("vsize").Int(known && !entered ? known->vsize : result.vsize);
    out.Key("fees").BeginObject();
    out.Key("base").Amount(known && !entered ? known->fee : result.fee);
    if (entered) {
      out.Key("effective-feerate").Amount(result.EffectiveRate().per_kvb());
      out.Key("effective-includes").BeginArray();
      if (result.paid_with.empty()) out.String(tx.wtxid.ToString());
      for (const Wtxid& wtxid : result.paid_with) out.String(wtxid.ToString());
      out.EndArray();
    }
    out.EndObject();
  }
  out.EndObject();
}

Method SubmitPackage() {
  return {
      .name = "submitpackage",
      .group = "rawtransactions",
      .description =
          "Submits a transaction with its unconfirmed parents, for which it may pay. Parents come "
          "first and do not spend each other; the child comes last. With one parent it may also "
          "pay for what that replaces.",
      .params = {Required("package", ParamType::kArray, "Raw transactions, 2 to 25",
                          {Required("rawtx", ParamType::kHex, "A raw transaction")}),
                 MaxFeeRateParam(), MaxBurnParam()},
      .results = {Obj(
          "", "",
          {Str("package_msg", "\"success\" if all are in the mempool, else why not"),
           Map("tx-results", "",
               Obj("wtxid", "",
                   {Hex("txid", "The transaction's id"),
                    Hex("other-wtxid", "Of one with the same id that was there").Maybe(),
                    Num("vsize", "Virtual size, if it is in the mempool").Maybe(),
                    Obj("fees", "In bitcoins, if it is in the mempool",
                        {Money("base", "What it pays"),
                         Money("effective-feerate", "The rate that counted, per kvB").Maybe(),
                         Arr("effective-includes", "Whose fees are in that rate",
                             Hex("", "A hash with witness"))
                             .Maybe()})
                        .Maybe(),
                    Str("error", "Why it is not").Maybe()})),
           Arr("replaced-transactions", "Those that have left for it",
               Hex("", "A transaction's id"))})},
      .examples = {R"([["rawtx1", "rawtx2"]])"},
      .handler = [](const Request& request, json::Writer& out) {
        mempool::Mempool& pool = MempoolOf(request);
        const auto package = TransactionsOf(request, "package", 2, mempool::kMaxPackageCount);
        for (const TransactionPtr& tx : package) CheckBurn(request, *tx);
        if (!mempool::IsChildWithParents(package)) {
          throw RpcError(kVerifyError,
                         "package topology disallowed. not child-with-parents or parents depend on "
                         "each other.");
        }
        mempool::Origin origin;
        origin.most = MaxFeeRate(request);
        const mempool::PackageResult result = pool.SubmitPackage(package, origin);
        out.BeginObject();
        out.Key("package_msg").String(result.message);
        out.Key("tx-results").BeginObject();
        for (size_t i = 0; i < result.results.size(); ++i) {
          WritePackageEntry(out, *package[i], result.results[i], pool);
        }
        out.EndObject();
        out.Key("replaced-transactions").BeginArray();
        std::set<Txid> replaced;
        for (const AdmissionResult& single : result.results) {
          for (const TransactionPtr& gone : single.replaced) replaced.insert(gone->txid);
        }
        for (const Txid& txid : replaced) out.String(txid.ToString());
        out.EndArray();
        out.EndObject();
      }};
}

}  // namespace

std::vector<Method> SendMethods() {
  return {SendRawTransaction(), TestMempoolAccept(), SubmitPackage()};
}

}  // namespace cairn::rpc
