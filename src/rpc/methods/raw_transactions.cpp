// Methods that make raw transactions, put the signatures of several copies together, and sign with
// keys that come with the call.
#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "cairn/base/hex.h"
#include "cairn/crypto/hash.h"
#include "cairn/crypto/sha256.h"
#include "cairn/primitives/output_scripts.h"
#include "cairn/primitives/script.h"
#include "cairn/rpc/error.h"
#include "consensus/sighash/sighash.h"
#include "src/rpc/fields.h"
#include "src/rpc/methods/common.h"
#include "src/rpc/methods/methods.h"
#include "src/rpc/transaction_signer.h"

namespace cairn::rpc {

namespace {

using Coin = TransactionSigner::Coin;

constexpr uint32_t kReplaceable = TxIn::kFinalSequence - 2;  // BIP125
constexpr uint32_t kNotFinal = TxIn::kFinalSequence - 1;     // lock times count

/// The member of an object. Throws -3 as for any value of a wrong type if it is absent.
const json::Value& MemberOf(const json::Value& object, std::string_view name) {
  static const json::Value kNull;
  if (!object.IsObject()) {
    throw RpcError(kTypeError, "JSON value of type " + std::string(json::KindName(object.kind())) +
                                   " is not of expected type object");
  }
  const json::Value* member = object.Find(name);
  return member != nullptr ? *member : kNull;
}

Bytes HexOf(const json::Value& value, const std::string& name) {
  const std::string& text = ToText(value);
  std::optional<Bytes> bytes = FromHex(text);
  if (!bytes) {
    throw RpcError(kInvalidParameter, name + " must be hexadecimal string (not '" + text + "')");
  }
  return *std::move(bytes);
}

Txid TxidOf(const json::Value& object) {
  return *Txid::FromText(CheckHashText(ToText(MemberOf(object, "txid")), "txid"));
}

// --- createrawtransaction

TransactionDraft::Input InputFrom(const json::Value& object, uint32_t sequence) {
  TransactionDraft::Input input;
  input.prevout.txid = TxidOf(object);
  const json::Value& index = MemberOf(object, "vout");
  if (!index.IsNumber()) {
    throw RpcError(kInvalidParameter, "Invalid parameter, missing vout key");
  }
  const int number = ToSmallInt(index);
  if (number < 0) {
    throw RpcError(kInvalidParameter, "Invalid parameter, vout cannot be negative");
  }
  input.prevout.index = static_cast<uint32_t>(number);
  input.sequence = sequence;
  if (const json::Value& given = MemberOf(object, "sequence"); given.IsNumber()) {
    const int64_t wanted = ToInt(given);
    if (wanted < 0 || wanted > int64_t{TxIn::kFinalSequence}) {
      throw RpcError(kInvalidParameter, "Invalid parameter, sequence number is out of range");
    }
    input.sequence = static_cast<uint32_t>(wanted);
  }
  return input;
}

/// Addresses with amounts, or "data" with bytes, in their order.
std::vector<std::pair<std::string, json::Value>> OutputPairs(const json::Value& outputs) {
  std::vector<std::pair<std::string, json::Value>> pairs;
  const auto add_all = [&](const json::Value& object) {
    for (const auto& [name, value] : object.Members()) pairs.emplace_back(name, value);
  };
  if (outputs.IsObject()) {
    add_all(outputs);
    return pairs;
  }
  for (const json::Value& item : outputs.Items()) {
    if (!item.IsObject()) {
      throw RpcError(kInvalidParameter,
                     "Invalid parameter, key-value pair not an object as expected");
    }
    if (item.Members().size() != 1) {
      throw RpcError(kInvalidParameter,
                     "Invalid parameter, key-value pair must contain exactly one key");
    }
    add_all(item);
  }
  return pairs;
}

std::vector<TransactionDraft::Output> OutputsFrom(const Request& request) {
  const json::Value& given = request.Get("outputs");
  if (!given.IsObject() && !given.IsArray()) {
    throw RpcError(kInvalidParameter, "Invalid parameter, output argument must be non-null");
  }
  std::vector<TransactionDraft::Output> outputs;
  std::set<Bytes> paid;
  bool has_data = false;
  for (const auto& [name, value] : OutputPairs(given)) {
    if (name == "data") {
      if (has_data) throw RpcError(kInvalidParameter, "Invalid parameter, duplicate key: data");
      has_data = true;
      const Bytes data = HexOf(value, "Data");
      outputs.push_back({0, ScriptBuilder().Op(OP_RETURN).Push(data).Take()});
      continue;
    }
    const Result<Bytes> script = DecodeAddress(name, request.node().params.prefixes);
    const Amount amount = AmountOf(value);
    if (!script) throw RpcError(kInvalidAddressOrKey, "Invalid Bitcoin address: " + name);
    if (!paid.insert(*script).second) {
      throw RpcError(kInvalidParameter, "Invalid parameter, duplicated address: " + name);
    }
    outputs.push_back({amount, *script});
  }
  return outputs;
}

TransactionDraft DraftFrom(const Request& request) {
  TransactionDraft draft;
  const int64_t lock_time = request.IntOr("locktime", 0);
  if (lock_time < 0 || lock_time > int64_t{0xffff'ffff}) {
    throw RpcError(kInvalidParameter, "Invalid parameter, locktime out of range");
  }
  draft.lock_time = static_cast<uint32_t>(lock_time);
  const uint32_t sequence = request.BoolOr("replaceable", true) ? kReplaceable
                            : lock_time != 0                    ? kNotFinal
                                                                : TxIn::kFinalSequence;
  for (const json::Value& object : request.Get("inputs").Items()) {
    draft.inputs.push_back(InputFrom(object, sequence));
  }
  draft.outputs = OutputsFrom(request);
  const bool replaceable =
      draft.inputs.empty() || std::any_of(draft.inputs.begin(), draft.inputs.end(),
                                          [](const TransactionDraft::Input& input) {
                                            return input.sequence <= kReplaceable;
                                          });
  if (request.BoolOr("replaceable", false) && !replaceable) {
    throw RpcError(kInvalidParameter,
                   "Invalid parameter combination: Sequence number(s) contradict replaceable "
                   "option");
  }
  return draft;
}

Method CreateRawTransaction() {
  Param outputs = Required(
      "outputs", ParamType::kArray, "What it pays, each address once",
      {Optional("", ParamType::kObject, "", "An address with its amount",
                {Required("address", ParamType::kAmount, "The amount; the name is the address")}),
       Optional("", ParamType::kObject, "", "Data in an output that nobody can spend",
                {Required("data", ParamType::kHex, "The data")})});
  outputs.unchecked = true;  // an object with all of them will do
  return {.name = "createrawtransaction",
          .group = "rawtransactions",
          .description =
              "Makes a transaction without signatures. Nothing is looked up, sent or remembered.",
          .params = {Required("inputs", ParamType::kArray, "What it spends",
                              {Required("", ParamType::kObject, "An output",
                                        {Required("txid", ParamType::kHex, "Its transaction"),
                                         Required("vout", ParamType::kNumber, "Its number"),
                                         Optional("sequence", ParamType::kNumber,
                                                  "as replaceable and locktime want it",
                                                  "The input's sequence number")})}),
                     outputs,
                     Optional("locktime", ParamType::kNumber, "0",
                              "Lock time; if it is not 0, the inputs let it count"),
                     Optional("replaceable", ParamType::kBool, "true",
                              "Whether it may be replaced in mempools (BIP125)")},
          .results = {Hex("", "The raw transaction")},
          .examples = {R"([[{"txid":"myid","vout":0}], [{"address":0.01}]])",
                       R"([[{"txid":"myid","vout":0}], [{"data":"00010203"}]])"},
          .handler = [](const Request& request, json::Writer& out) {
            out.String(ToHex(DraftFrom(request).Serialize()));
          }};
}

// --- coins

/// Of the mempool or the chain; nothing if it is unknown or spent in the chain.
std::optional<Coin> FindCoin(const Request& request, const OutPoint& outpoint) {
  const RpcContext& node = request.node();
  if (node.mempool != nullptr) {
    const TransactionPtr parent = node.mempool->Find(outpoint.txid);
    if (parent != nullptr && outpoint.index < parent->outputs.size()) {
      const TxOut& output = parent->outputs[outpoint.index];
      return Coin{output.value, {output.script.begin(), output.script.end()}};
    }
  }
  if (node.ledger == nullptr) return std::nullopt;
  const auto found = LedgerOf(request).FindCoin(outpoint);
  if (!found) throw RpcError(kDatabaseError, found.error().message);
  if (!*found) return std::nullopt;
  return Coin{(*found)->value, (*found)->script};
}

using Coins = std::map<OutPoint, Coin>;

Coins FindCoins(const Request& request, const TransactionDraft& draft) {
  Coins coins;
  for (const TransactionDraft::Input& input : draft.inputs) {
    if (auto coin = FindCoin(request, input.prevout)) coins[input.prevout] = *std::move(coin);
  }
  return coins;
}

std::vector<std::optional<Coin>> InOrder(const Coins& coins, const TransactionDraft& draft) {
  std::vector<std::optional<Coin>> ordered;
  for (const TransactionDraft::Input& input : draft.inputs) {
    const auto found = coins.find(input.prevout);
    ordered.push_back(found == coins.end() ? std::nullopt : std::optional(found->second));
  }
  return ordered;
}

// --- combinerawtransaction

Method CombineRawTransaction() {
  return {
      .name = "combinerawtransaction",
      .group = "rawtransactions",
      .description =
          "Puts copies of one transaction, which were signed by different people, together into "
          "one that has all signatures.",
      .params = {Required("txs", ParamType::kArray, "The copies",
                          {Required("hexstring", ParamType::kHex, "A raw transaction")})},
      .results = {Hex("", "The raw transaction")},
      .examples = {R"([["myhex1", "myhex2", "myhex3"]])"},
      .handler = [](const Request& request, json::Writer& out) {
        std::vector<TransactionDraft> copies;
        for (const json::Value& text : request.Get("txs").Items()) {
          copies.push_back(TransactionDraft::From(*TransactionOf(
              ToText(text), "TX decode failed for tx " + std::to_string(copies.size()) +
                                ". Make sure the tx has at least one input.")));
        }
        if (copies.empty()) throw RpcError(kDeserializationError, "Missing transactions");
        const auto coins = InOrder(FindCoins(request, copies[0]), copies[0]);
        TransactionSigner signer(copies[0], coins);
        for (size_t i = 0; i < coins.size(); ++i) {
          if (!coins[i]) throw RpcError(kVerifyError, "Input not found or already spent");
          std::vector<TransactionDraft::Input> present;
          for (const TransactionDraft& copy : copies) {
            if (i < copy.inputs.size()) present.push_back(copy.inputs[i]);
          }
          signer.Sign(i, Keyring(), consensus::kSighashAll, present);
        }
        out.String(ToHex(signer.draft().Serialize()));
      }};
}

// --- signrawtransactionwithkey

/// Adds the scripts that a caller gave for an output of their hash to the keyring.
void AddScripts(const json::Value& object, ByteSpan script, Keyring& keys) {
  const OutputType type = ClassifyOutput(script).type;
  if (type != OutputType::kScriptHash && type != OutputType::kWitnessV0ScriptHash) return;
  const json::Value& redeem = MemberOf(object, "redeemScript");
  const json::Value& witness = MemberOf(object, "witnessScript");
  if (redeem.IsNull() && witness.IsNull()) {
    throw RpcError(kInvalidParameter, "Missing redeemScript/witnessScript");
  }
  const Bytes inner =
      witness.IsNull() ? HexOf(redeem, "redeemScript") : HexOf(witness, "witnessScript");
  keys.AddScript(inner);
  const Bytes program = PayToWitness(0, crypto::Sha256Of(inner));
  if (!witness.IsNull() && !redeem.IsNull() && ToText(witness) != ToText(redeem) &&
      HexOf(redeem, "redeemScript") != program) {
    throw RpcError(kInvalidParameter, "redeemScript does not correspond to witnessScript");
  }
  const bool fits = type == OutputType::kScriptHash
                        ? Equal(script, PayToScriptHash(crypto::Hash160Of(inner))) ||
                              Equal(script, PayToScriptHash(crypto::Hash160Of(program)))
                        : Equal(script, program);
  if (!fits) {
    throw RpcError(kInvalidParameter, "redeemScript/witnessScript does not match scriptPubKey");
  }
}

/// Adds the coins of the parameter "prevtxs". A coin whose amount is not given has the highest one.
void AddGivenCoins(const Request& request, Coins& coins, Keyring& keys) {
  for (const json::Value& object : request.Get("prevtxs").Items()) {
    OutPoint outpoint;
    outpoint.txid = TxidOf(object);
    const int index = ToSmallInt(MemberOf(object, "vout"));
    if (index < 0) throw RpcError(kDeserializationError, "vout cannot be negative");
    outpoint.index = static_cast<uint32_t>(index);
    Coin coin{kMaxMoney, HexOf(MemberOf(object, "scriptPubKey"), "scriptPubKey")};
    const auto known = coins.find(outpoint);
    if (known != coins.end() && known->second.script != coin.script) {
      throw RpcError(kDeserializationError, "Previous output scriptPubKey mismatch:\n" +
                                                ScriptToAsm(known->second.script) + "\nvs:\n" +
                                                ScriptToAsm(coin.script));
    }
    const json::Value& amount = MemberOf(object, "amount");
    if (!amount.IsNull()) coin.value = AmountOf(amount);
    AddScripts(object, coin.script, keys);
    coins[outpoint] = std::move(coin);
  }
}

uint8_t HashTypeOf(const Request& request) {
  using namespace consensus;
  static const std::map<std::string, uint8_t> kTypes = {
      {"DEFAULT", kSighashDefault},
      {"ALL", kSighashAll},
      {"ALL|ANYONECANPAY", kSighashAll | kSighashAnyoneCanPay},
      {"NONE", kSighashNone},
      {"NONE|ANYONECANPAY", kSighashNone | kSighashAnyoneCanPay},
      {"SINGLE", kSighashSingle},
      {"SINGLE|ANYONECANPAY", kSighashSingle | kSighashAnyoneCanPay}};
  const std::string name = request.StringOr("sighashtype", "DEFAULT");
  const auto found = kTypes.find(name);
  if (found == kTypes.end()) {
    throw RpcError(kInvalidParameter, "'" + name + "' is not a valid sighash parameter.");
  }
  return found->second;
}

void WriteProblem(json::Writer& out, const TransactionDraft::Input& input,
                  const std::string& problem) {
  out.BeginObject();
  out.Key("txid").String(input.prevout.txid.ToString());
  out.Key("vout").Uint(input.prevout.index);
  out.Key("witness").BeginArray();
  for (const Bytes& item : input.witness) out.String(ToHex(item));
  out.EndArray();
  out.Key("scriptSig").String(ToHex(input.script_sig));
  out.Key("sequence").Uint(input.sequence);
  out.Key("error").String(problem);
  out.EndObject();
}

void SignWithKeys(const Request& request, json::Writer& out) {
  const TransactionDraft draft = TransactionDraft::From(*TransactionOf(
      request.String("hexstring"), "TX decode failed. Make sure the tx has at least one input."));
  Keyring keys;
  for (const json::Value& text : request.Get("privkeys").Items()) {
    const auto secret = DecodeSecret(ToText(text), request.node().params.prefixes);
    if (!secret) throw RpcError(kInvalidAddressOrKey, "Invalid private key");
    keys.AddKey(*secret);
  }
  Coins known = FindCoins(request, draft);
  AddGivenCoins(request, known, keys);
  const uint8_t hash_type = HashTypeOf(request);
  const auto coins = InOrder(known, draft);
  TransactionSigner signer(draft, coins);
  std::vector<std::string> problems(coins.size());
  for (size_t i = 0; i < coins.size(); ++i) {
    if (coins[i]) signer.Sign(i, keys, hash_type, {&draft.inputs[i], 1});
  }
  for (size_t i = 0; i < coins.size(); ++i) {
    if (!coins[i]) {
      problems[i] = "Input not found or already spent";
    } else if (coins[i]->value == kMaxMoney && !signer.draft().inputs[i].witness.empty()) {
      problems[i] = "Missing amount";
    } else {
      problems[i] = signer.Problem(i);
    }
  }
  const bool complete = std::all_of(problems.begin(), problems.end(),
                                    [](const std::string& problem) { return problem.empty(); });
  out.BeginObject();
  out.Key("hex").String(ToHex(signer.draft().Serialize()));
  out.Key("complete").Bool(complete);
  if (!complete) {
    out.Key("errors").BeginArray();
    for (size_t i = 0; i < problems.size(); ++i) {
      if (!problems[i].empty()) WriteProblem(out, signer.draft().inputs[i], problems[i]);
    }
    out.EndArray();
  }
  out.EndObject();
}

Method SignRawTransactionWithKey() {
  return {
      .name = "signrawtransactionwithkey",
      .group = "rawtransactions",
      .description =
          "Signs the inputs of a transaction with private keys: pay-to-key, pay-to-key-hash and "
          "multisig, bare, in script hashes and in witness programs, and taproot by the key path.",
      .params = {Required("hexstring", ParamType::kHex, "The raw transaction"),
                 Required("privkeys", ParamType::kArray, "The private keys",
                          {Required("privatekey", ParamType::kString, "In wallet import format")}),
                 Optional("prevtxs", ParamType::kArray, "",
                          "Outputs that it spends and that are not in the chain or the mempool",
                          {Optional("", ParamType::kObject, "", "An output",
                                    {Required("txid", ParamType::kHex, "Its transaction"),
                                     Required("vout", ParamType::kNumber, "Its number"),
                                     Required("scriptPubKey", ParamType::kHex, "Its script"),
                                     Optional("redeemScript", ParamType::kHex, "",
                                              "The script of a script hash"),
                                     Optional("witnessScript", ParamType::kHex, "",
                                              "The script of a witness program"),
                                     Optional("amount", ParamType::kAmount, "",
                                              "Its amount; needed for witness programs")})}),
                 Optional("sighashtype", ParamType::kString, "DEFAULT for taproot, ALL otherwise",
                          "\"DEFAULT\", \"ALL\", \"NONE\", \"SINGLE\", or the last three with "
                          "\"|ANYONECANPAY\"")},
      .results = {Obj(
          "", "",
          {Hex("hex", "The raw transaction with the signatures that could be made"),
           Bool("complete", "Whether all inputs may spend what they spend"),
           Arr("errors", "Why not",
               Obj("", "",
                   {Hex("txid", "Transaction of the output that is spent"),
                    Num("vout", "Its number"),
                    Arr("witness", "The input's witness", Hex("", "An item")),
                    Hex("scriptSig", "The input's script"), Num("sequence", "Its sequence number"),
                    Str("error", "What is wrong with it")}))
               .Maybe()})},
      .examples = {R"(["myhex", ["key1", "key2"]])"},
      .handler = SignWithKeys};
}

}  // namespace

std::vector<Method> RawTransactionMethods() {
  return {CreateRawTransaction(), CombineRawTransaction(), SignRawTransactionWithKey()};
}

}  // namespace cairn::rpc
