#include "src/rpc/methods/block_template.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "cairn/base/hex.h"
#include "cairn/mining/job_board.h"
#include "cairn/primitives/script.h"
#include "cairn/rpc/dispatcher.h"
#include "cairn/rpc/error.h"
#include "consensus/deployments.h"
#include "consensus/rules/block.h"
#include "consensus/rules/transaction.h"
#include "src/rpc/fields.h"
#include "src/rpc/methods/common.h"
#include "src/rpc/methods/peer_words.h"
#include "src/rpc/methods/waiting.h"
#include "src/rpc/render.h"

namespace cairn::rpc {

namespace {

using consensus::Bip9State;
using SteadyClock = std::chrono::steady_clock;

constexpr const char* kName = "getblocktemplate";

/// The member of the request, or null if there is none.
const json::Value* Member(const Request& request, std::string_view name) {
  const json::Value& wishes = request.Get("template_request");
  const json::Value* value = wishes.IsObject() ? wishes.Find(name) : nullptr;
  return value != nullptr && !value->IsNull() ? value : nullptr;
}

bool IsProposal(const Request& request) {
  const json::Value* mode = Member(request, "mode");
  if (mode == nullptr || mode->Text() == "template") return false;
  if (mode->IsString() && mode->Text() == "proposal") return true;
  throw RpcError(kInvalidParameter, "Invalid mode");
}

/// The rules that the client knows.
std::set<std::string> ClientRules(const Request& request) {
  std::set<std::string> rules;
  const json::Value* given = Member(request, "rules");
  if (given == nullptr || !given->IsArray()) return rules;
  for (const json::Value& rule : given->Items()) rules.insert(ToText(rule));
  return rules;
}

/// What BIP22 says of a block that is yet to be mined; nothing if it would connect.
std::optional<std::string> JudgeProposal(const Request& request) {
  const json::Value* data = Member(request, "data");
  if (data == nullptr || !data->IsString()) {
    throw RpcError(kTypeError, "Missing data String key for proposal");
  }
  std::optional<Bytes> bytes = FromHex(data->Text());
  if (!bytes) throw RpcError(kDeserializationError, "Block decode failed");
  Result<BlockPtr> block = Block::Parse(*std::move(bytes));
  if (!block) throw RpcError(kDeserializationError, "Block decode failed");
  ledger::Ledger& ledger = LedgerOf(request);
  if (const ledger::HeaderEntry* known = ledger.Find((*block)->hash())) {
    if (known->failed) return "duplicate-invalid";
    const bool proven = known->validity == ledger::Validity::kConnected;
    return proven ? "duplicate" : "duplicate-inconclusive";
  }
  return ledger.TestBlock(*std::move(block));
}

/// Where coins are worth something nobody shall mine on a chain that may be far behind.
void CheckReadiness(const Request& request) {
  if (request.node().params.is_test) return;
  const p2p::NetworkState network = NetworkOf(request).State();
  if (network.inbound + network.outbound == 0) {
    throw RpcError(kClientNotConnected, "Cairn is not connected!");
  }
  if (LedgerOf(request).IsInitialBlockDownload()) {
    throw RpcError(kClientInInitialDownload, "Cairn is in initial sync and waiting for blocks...");
  }
}

/// What a client has seen: a tip, and how far the pool had changed.
struct Seen {
  BlockHash tip;
  uint64_t sequence = 0;

  std::string ToString() const { return tip.ToString() + std::to_string(sequence); }
};

Seen SeenBy(const Request& request, const json::Value& id) {
  if (!id.IsString()) {  // BIP22 leaves open what that means
    return {LedgerOf(request).View()->tip->hash, MempoolOf(request).Sequence()};
  }
  constexpr size_t kHashDigits = 64;
  const std::string hash = id.Text().substr(0, kHashDigits);
  Seen seen{*BlockHash::FromText(CheckHashText(hash, "longpollid"))};
  const std::string& text = id.Text();
  std::from_chars(text.data() + kHashDigits, text.data() + text.size(), seen.sequence);
  return seen;
}

/// Every waiting call keeps a thread of the server busy, and others want to be answered too.
bool MayWait(const Request& request) {
  constexpr auto kMost = 2;
  const auto calls = request.dispatcher().ActiveCalls();
  return std::count_if(calls.begin(), calls.end(),
                       [](const auto& call) { return call.method == kName; }) <= kMost;
}

/// Returns when the tip is another than the client has seen, or when the pool has changed and some
/// time has passed, or at once if too many are waiting.
void WaitForNews(const Request& request, const Seen& seen) {
  constexpr std::chrono::seconds kFirstLookAtPool{60};
  constexpr std::chrono::seconds kNextLooks{10};
  if (!MayWait(request)) return;
  const auto is_another = [&seen](const ledger::HeaderEntry& tip) { return tip.hash != seen.tip; };
  auto look_at_pool = SteadyClock::now() + kFirstLookAtPool;
  while (!is_another(WaitForTip(request, look_at_pool, is_another))) {
    if (*request.node().stopping) throw RpcError(kClientNotConnected, "Shutting down");
    if (MempoolOf(request).Sequence() != seen.sequence) return;
    look_at_pool += kNextLooks;
  }
}

void CheckClientRules(const std::set<std::string>& rules, const consensus::Params& params) {
  if (params.signet_challenge && !rules.contains("signet")) {
    throw RpcError(kInvalidParameter,
                   "getblocktemplate must be called with the signet rule set (call with "
                   R"({"rules": ["segwit", "signet"]}))");
  }
  if (!rules.contains("segwit")) {
    throw RpcError(kInvalidParameter,
                   "getblocktemplate must be called with the segwit rule set (call with "
                   R"({"rules": ["segwit"]}))");
  }
}

mining::JobPtr FreshJob(const Request& request) {
  Result<mining::JobPtr> job = request.node().job_board->Fresh();
  if (job) return *std::move(job);
  throw RpcError(kMiscError, "CreateNewBlock: TestBlockValidity failed: " + job.error().message);
}

/// The rules of the next block, and those that a miner may vote for (BIP9). Every deployment that
/// we know may be mined by those who do not know it.
void WriteRules(json::Writer& out, const mining::Job& job, bool segwit) {
  const consensus::Params& params = *job.view->params;
  const ledger::EntryAncestors ancestors(job.view->tip);
  const auto states = consensus::NextStates(job.view->tip->states, ancestors, params).states;
  out.Key("rules").BeginArray().String("csv");
  if (segwit) out.String("!segwit");  // who does not know it cannot mine
  if (params.signet_challenge) out.String("!signet");
  for (size_t i = 0; i < params.deployments.size(); ++i) {
    if (states.at(i) == Bip9State::kActive) out.String(params.deployments[i].name);
  }
  out.EndArray();
  out.Key("vbavailable").BeginObject();
  for (size_t i = 0; i < params.deployments.size(); ++i) {
    const consensus::Bip9Deployment& deployment = params.deployments[i];
    const bool voted_on =
        states.at(i) == Bip9State::kStarted || states.at(i) == Bip9State::kLockedIn;
    if (voted_on) out.Key(deployment.name).Int(deployment.bit);
  }
  out.EndObject();
  out.Key("vbrequired").Int(0);
}

/// Before BIP141 a legacy signature operation counted one, not four.
void WriteTransactions(json::Writer& out, const mining::Job& job, uint64_t sigops_scale) {
  std::unordered_map<std::string, int> places;  // from 1
  out.Key("transactions").BeginArray();
  int place = 0;
  for (const mempool::SelectedTransaction& selected : job.transactions) {
    const Transaction& tx = *selected.tx;
    out.BeginObject();
    out.Key("data").String(ToHex(tx.bytes));
    out.Key("txid").String(tx.txid.ToString());
    out.Key("hash").String(tx.wtxid.ToString());
    std::set<int> parents;
    for (const TxIn& input : tx.inputs) {
      const auto parent = places.find(input.prevout.txid.ToString());
      if (parent != places.end()) parents.insert(parent->second);
    }
    out.Key("depends").BeginArray();
    for (const int parent : parents) out.Int(parent);
    out.EndArray();
    out.Key("fee").Int(selected.fee);
    out.Key("sigops").Uint(selected.sigops_cost / sigops_scale);
    out.Key("weight").Uint(tx.Weight());
    out.EndObject();
    places.emplace(tx.txid.ToString(), ++place);
  }
  out.EndArray();
}

void WriteLimits(json::Writer& out, bool segwit, uint64_t sigops_scale) {
  out.Key("sigoplimit").Uint(consensus::kMaxBlockSigopsCost / sigops_scale);
  const uint64_t size = consensus::kMaxBlockWeight;
  out.Key("sizelimit").Uint(segwit ? size : size / kWitnessScaleFactor);
  if (segwit) out.Key("weightlimit").Uint(consensus::kMaxBlockWeight);
}

void WriteJob(json::Writer& out, const mining::Job& job, UnixSeconds now) {
  const consensus::Params& params = *job.view->params;
  const Header header = job.HeaderAt(now);
  const bool segwit = consensus::IsSegwitActive(job.block.height, params);
  const uint64_t sigops_scale = segwit ? 1 : kWitnessScaleFactor;
  const Transaction& coinbase = *job.block.transactions[0];
  out.BeginObject();
  out.Key("capabilities").BeginArray().String("proposal").EndArray();
  out.Key("version").Int(header.version);
  WriteRules(out, job, segwit);
  out.Key("previousblockhash").String(header.previous.ToString());
  WriteTransactions(out, job, sigops_scale);
  out.Key("coinbaseaux").BeginObject().EndObject();
  out.Key("coinbasevalue").Int(coinbase.outputs[0].value);
  out.Key("longpollid").String(Seen{job.view->tip->hash, job.pool_sequence}.ToString());
  out.Key("target").String(DecodeCompact(header.bits).target.ToString());
  out.Key("mintime").Uint(mining::EarliestTime(*job.view));
  out.Key("mutable").BeginArray();
  for (const char* part : {"time", "transactions", "prevblock"}) out.String(part);
  out.EndArray();
  out.Key("noncerange").String("00000000ffffffff");
  WriteLimits(out, segwit, sigops_scale);
  out.Key("curtime").Uint(header.time);
  out.Key("bits").String(HexOf32(header.bits));
  out.Key("height").Int(job.block.height);
  if (const auto& challenge = params.signet_challenge) {
    out.Key("signet_challenge").String(ToHex(*challenge));
  }
  const int commitment = consensus::FindWitnessCommitment(coinbase);
  if (commitment >= 0) {
    const ByteSpan script = coinbase.outputs[static_cast<size_t>(commitment)].script;
    out.Key("default_witness_commitment").String(ToHex(script));
  }
  out.EndObject();
}

Param TemplateRequest() {
  return Optional(
      "template_request", ParamType::kObject, "{}", "What is asked for",
      {Optional("mode", ParamType::kString, "template",
                "\"template\", or \"proposal\" to have a block judged"),
       Optional("capabilities", ParamType::kArray, "", "What the client can do; ignored",
                {Optional("str", ParamType::kString, "", "A capability")}),
       Required("rules", ParamType::kArray, "The rules that the client knows",
                {Required("segwit", ParamType::kString, "Must be among them"),
                 Optional("str", ParamType::kString, "", "Another rule")}),
       Optional("longpollid", ParamType::kString, "",
                "Of the last template: waits until there is a reason for another one"),
       Optional("data", ParamType::kHex, "", "The block to judge, in mode \"proposal\"")});
}

Field TransactionField() {
  return Obj("", "",
             {Hex("data", "The raw transaction"), Hex("txid", "Its id"),
              Hex("hash", "Its hash with the witness"),
              Arr("depends", "Those of the list that it spends", Num("", "Its place, from 1")),
              Num("fee", "In satoshis"), Num("sigops", "What its signature operations cost"),
              Num("weight", "Its weight")});
}

Field TemplateResult() {
  return Obj(
      "", "",
      {Arr("capabilities", "What the server can do", Str("", "A capability")),
       Num("version", "The version to mine with"),
       Arr("rules", "In force; those with \"!\" a client must know", Str("", "A rule")),
       Map("vbavailable", "What may be voted for", Num("rulename", "The bit of the version")),
       Num("vbrequired", "Bits that must be set"),
       Hex("previousblockhash", "Hash of the tip"),
       Arr("transactions", "Those behind the coinbase, in their order", TransactionField()),
       Map("coinbaseaux", "What should be in the coinbase", Hex("key", "Bytes")),
       Num("coinbasevalue", "What the coinbase may pay at most, in satoshis"),
       Str("longpollid", "To ask for the next template with"),
       Hex("target", "The target"),
       Time("mintime", "The earliest time that the block may have"),
       Arr("mutable", "What the client may change", Str("", "A part of the block")),
       Hex("noncerange", "The nonces that may be tried"),
       Num("sigoplimit", "What the signature operations may cost"),
       Num("sizelimit", "How many bytes the block may have"),
       Num("weightlimit", "What it may weigh; once BIP141 is in force").Maybe(),
       Time("curtime", "The present time"),
       Hex("bits", "The target, compact"),
       Num("height", "Height of the block"),
       Hex("signet_challenge", "The block challenge, on signets only").Maybe(),
       Hex("default_witness_commitment", "Script of the output that commits to the witnesses")
           .Maybe()});
}

}  // namespace

Method GetBlockTemplate() {
  return {.name = kName,
          .group = "mining",
          .description =
              "Gives what a miner needs to make a block (BIP22, BIP23, BIP9, BIP145), or judges a "
              "block that is yet to be mined. A call with a longpollid waits for another tip, or "
              "for news in the mempool once a minute has passed; two may wait at a time, others "
              "are answered at once.",
          .params = {TemplateRequest()},
          .results = {None("The block may be mined").When("if a proposal is accepted"),
                      Str("", "Why not, in the words of submitblock")
                          .When("if a proposal is not accepted"),
                      TemplateResult().When("otherwise")},
          .examples = {R"([{"rules": ["segwit"]}])"},
          .handler = [](const Request& request, json::Writer& out) {
            if (IsProposal(request)) {
              const std::optional<std::string> reason = JudgeProposal(request);
              reason ? out.String(*reason) : out.Null();
              return;
            }
            const std::set<std::string> rules = ClientRules(request);
            CheckReadiness(request);
            if (const json::Value* id = Member(request, "longpollid")) {
              WaitForNews(request, SeenBy(request, *id));
            }
            CheckClientRules(rules, request.node().params);
            WriteJob(out, *FreshJob(request), request.node().clock.Now());
          }};
}

}  // namespace cairn::rpc
