// Methods about the chain as a whole: its tip, heights, headers and branches.
#include <algorithm>

#include "cairn/base/hex.h"
#include "cairn/rpc/error.h"
#include "consensus/work.h"
#include "src/rpc/fields.h"
#include "src/rpc/methods/common.h"
#include "src/rpc/methods/methods.h"
#include "src/rpc/render.h"

namespace cairn::rpc {

namespace {

/// The transactions of the connected chain as a part of all that there must be by now: of those
/// that the chain had when its activity was noted, or of its own, and of what has come since. Each
/// block of which only the header is known has at least one more.
double VerificationProgress(const ledger::ChainView& view, UnixSeconds now) {
  const consensus::Activity& activity = view.params->activity;
  const uint64_t connected = view.tip->chain_tx_count;
  const bool beyond = connected > activity.transactions;
  const int64_t since = beyond ? int64_t{view.tip->header.time} : activity.time;
  const auto noted = static_cast<double>(beyond ? connected : activity.transactions);
  const double estimate = noted + static_cast<double>(now - since) * activity.per_second;
  const auto known = static_cast<double>(connected) + view.best_header->height - view.Height();
  return std::min(static_cast<double>(connected) / std::max(estimate, known), 1.0);
}

void WritePruning(json::Writer& out, const ledger::PruneState& state) {
  out.Key("pruned").Bool(state.enabled);
  if (!state.enabled) return;
  out.Key("pruneheight").Int(state.last_height + 1);
  out.Key("automatic_pruning").Bool(state.target_bytes != 0);
  if (state.target_bytes != 0) out.Key("prune_target_size").Uint(state.target_bytes);
}

Method GetBlockchainInfo() {
  return {
      .name = "getblockchaininfo",
      .group = "blockchain",
      .description = "Tells the state of the chain and of its validation.",
      .results = {Obj(
          "", "",
          {Str("chain", "The network: main, test, testnet4, signet or regtest"),
           Num("blocks", "Height of the best connected block"),
           Num("headers", "Height of the best valid header"),
           Hex("bestblockhash", "Hash of the best connected block"),
           Num("difficulty", "Of that block"), Time("time", "Of that block"),
           Time("mediantime", "Median time of that block and the ten before it"),
           Num("verificationprogress", "Estimated share of the chain that is validated, 0 to 1"),
           Bool("initialblockdownload", "Whether the node is still catching up"),
           Hex("chainwork", "Expected hashes behind the chain"),
           Num("size_on_disk", "Bytes of stored blocks and undo data"),
           Bool("pruned", "Whether old blocks are deleted"),
           Num("pruneheight", "The lowest block that is stored; if pruned").Maybe(),
           Bool("automatic_pruning", "Whether that happens unasked; if pruned").Maybe(),
           Num("prune_target_size", "Bytes that stored blocks may take; if that happens unasked")
               .Maybe(),
           Hex("signet_challenge", "The block challenge, on signets only").Maybe(),
           Arr("warnings", "What people should know", Str("", "A warning"))})},
      .examples = {"[]"},
      .handler = [](const Request& request, json::Writer& out) {
        ledger::Ledger& ledger = LedgerOf(request);
        const ledger::ChainViewPtr view = ledger.View();
        const ledger::HeaderEntry& tip = *view->tip;
        out.BeginObject();
        out.Key("chain").String(view->params->rpc_name);
        out.Key("blocks").Int(view->Height());
        out.Key("headers").Int(view->best_header->height);
        out.Key("bestblockhash").String(tip.hash.ToString());
        out.Key("difficulty").Double(consensus::DifficultyOf(tip.header.bits));
        out.Key("time").Uint(tip.header.time);
        out.Key("mediantime").Uint(tip.median_time);
        out.Key("verificationprogress")
            .Double(VerificationProgress(*view, request.node().clock.Now()));
        out.Key("initialblockdownload").Bool(request.node().ledger->IsInitialBlockDownload());
        out.Key("chainwork").String(tip.chain_work.ToString());
        out.Key("size_on_disk").Uint(ledger.SizeOnDisk());
        WritePruning(out, ledger.Pruning());
        if (const auto& challenge = view->params->signet_challenge) {
          out.Key("signet_challenge").String(ToHex(*challenge));
        }
        WriteWarnings(out, request);
        out.EndObject();
      }};
}

Method GetBlockCount() {
  return {.name = "getblockcount",
          .group = "blockchain",
          .description =
              "Gives the height of the best connected block. The genesis block has height 0.",
          .results = {Num("", "The height")},
          .examples = {"[]"},
          .handler = [](const Request& request, json::Writer& out) {
            out.Int(LedgerOf(request).View()->Height());
          }};
}

Method GetBestBlockHash() {
  return {.name = "getbestblockhash",
          .group = "blockchain",
          .description = "Gives the hash of the best connected block.",
          .results = {Hex("", "The hash")},
          .examples = {"[]"},
          .handler = [](const Request& request, json::Writer& out) {
            out.String(LedgerOf(request).View()->tip->hash.ToString());
          }};
}

Method GetBlockHash() {
  return {.name = "getblockhash",
          .group = "blockchain",
          .description = "Gives the hash of the block at a height of the best chain.",
          .params = {Required("height", ParamType::kNumber, "The height")},
          .results = {Hex("", "The hash")},
          .examples = {"[1000]"},
          .handler = [](const Request& request, json::Writer& out) {
            const ledger::ChainViewPtr view = LedgerOf(request).View();
            const ledger::HeaderEntry* entry = view->At(request.SmallInt("height"));
            if (entry == nullptr) throw RpcError(kInvalidParameter, "Block height out of range");
            out.String(entry->hash.ToString());
          }};
}

Method GetBlockHeader() {
  return {.name = "getblockheader",
          .group = "blockchain",
          .description = "Gives the header of a block on any branch.",
          .params = {Required("blockhash", ParamType::kHex, "The block's hash"),
                     Optional("verbose", ParamType::kBool, "true",
                              "true for an object, false for the raw 80 bytes in hex")},
          .results = {Obj("", "", HeaderFields()).When("for verbose = true"),
                      Hex("", "The raw header").When("for verbose = false")},
          .examples = {R"(["00000000c937983704a73af28acdec37b049d214adbda81d7e2a3dd146f6ed09"])"},
          .handler = [](const Request& request, json::Writer& out) {
            const ledger::ChainViewPtr view = LedgerOf(request).View();
            const ledger::HeaderEntry& entry = FindBlock(request, "blockhash", "hash");
            if (!request.BoolOr("verbose", true)) {
              out.String(ToHex(entry.header.Serialize()));
              return;
            }
            out.BeginObject();
            WriteHeaderMembers(out, entry, *view);
            out.EndObject();
          }};
}

Method GetChainTips() {
  return {
      .name = "getchaintips",
      .group = "blockchain",
      .description =
          "Lists the ends of all known branches, the highest first. `status` is \"active\" for the "
          "best chain; \"valid-fork\" for a branch that was validated whole; \"valid-headers\" if "
          "its blocks are there but were never connected; \"headers-only\" if some are missing; "
          "\"invalid\" if one breaks a rule.",
      .results = {Arr(
          "", "",
          Obj("", "",
              {Num("height", "Height of the last block"), Hex("hash", "Hash of the last block"),
               Num("branchlen", "Blocks since it left the best chain; 0 for that"),
               Str("status", "How far the branch is validated")}))},
      .examples = {"[]"},
      .handler = [](const Request& request, json::Writer& out) {
        std::vector<ledger::BranchTip> tips = LedgerOf(request).BranchTips();
        std::stable_sort(tips.begin(), tips.end(), [](const auto& a, const auto& b) {
          return a.tip->height > b.tip->height;
        });
        out.BeginArray();
        for (const ledger::BranchTip& branch : tips) {
          out.BeginObject();
          out.Key("height").Int(branch.tip->height);
          out.Key("hash").String(branch.tip->hash.ToString());
          out.Key("branchlen").Int(branch.branch_length);
          out.Key("status").String(branch.status);
          out.EndObject();
        }
        out.EndArray();
      }};
}

Method GetDifficulty() {
  return {.name = "getdifficulty",
          .group = "blockchain",
          .description =
              "Tells how many times harder the best block's target is than the easiest of mainnet.",
          .results = {Num("", "The difficulty")},
          .examples = {"[]"},
          .handler = [](const Request& request, json::Writer& out) {
            out.Double(consensus::DifficultyOf(LedgerOf(request).View()->tip->header.bits));
          }};
}

Method GetChainStates() {
  return {
      .name = "getchainstates",
      .group = "blockchain",
      .description = "Tells about the sets of unspent outputs; there is one.",
      .results = {Obj(
          "", "",
          {Num("headers", "Height of the best valid header"),
           Arr("chainstates", "The sets, that with the most work last",
               Obj("", "",
                   {Num("blocks", "Height of the block that it stands at"),
                    Hex("bestblockhash", "Hash of that block"), Num("difficulty", "Of that block"),
                    Num("verificationprogress",
                        "Estimated share of the chain that is validated, 0 to 1"),
                    Num("coins_db_cache_bytes", "Memory for blocks of its database"),
                    Num("coins_tip_cache_bytes", "Memory for unspent outputs"),
                    Bool("validated", "Whether all of its blocks were validated")}))})},
      .examples = {"[]"},
      .handler = [](const Request& request, json::Writer& out) {
        const ledger::ChainViewPtr view = LedgerOf(request).View();
        out.BeginObject();
        out.Key("headers").Int(view->best_header->height);
        out.Key("chainstates").BeginArray().BeginObject();
        out.Key("blocks").Int(view->Height());
        out.Key("bestblockhash").String(view->tip->hash.ToString());
        out.Key("difficulty").Double(consensus::DifficultyOf(view->tip->header.bits));
        out.Key("verificationprogress")
            .Double(VerificationProgress(*view, request.node().clock.Now()));
        out.Key("coins_db_cache_bytes").Uint(request.node().memory.database_bytes);
        out.Key("coins_tip_cache_bytes").Uint(request.node().memory.cache_bytes);
        out.Key("validated").Bool(true);
        out.EndObject().EndArray();
        out.EndObject();
      }};
}

}  // namespace

std::vector<Method> BlockchainMethods() {
  return {GetBlockchainInfo(), GetBlockCount(), GetBestBlockHash(), GetBlockHash(),
          GetBlockHeader(),    GetChainTips(),  GetDifficulty(),    GetChainStates()};
}

}  // namespace cairn::rpc
