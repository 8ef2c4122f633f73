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

/// The part of the chain's blocks that are connected, with those counted in that must have been
/// made since the best known header. On chains that are mined on request only the known headers
/// count.
double VerificationProgress(const ledger::ChainView& view, UnixSeconds now) {
  double expected = view.best_header->height;
  if (!view.params->mine_on_demand) {
    const auto behind = std::max<int64_t>(now - int64_t{view.best_header->header.time}, 0);
    const int64_t spacing = view.params->retarget.spacing_seconds;
    expected += static_cast<double>(behind / spacing);
  }
  return expected <= 0 ? 1.0 : std::min(view.Height() / expected, 1.0);
}

Method GetBlockchainInfo() {
  return {.name = "getblockchaininfo",
          .group = "blockchain",
          .description = "Tells the state of the chain and of its validation.",
          .results = {Obj("", "",
                          {Str("chain", "The network: main, test, testnet4, signet or regtest"),
                           Num("blocks", "Height of the best connected block"),
                           Num("headers", "Height of the best valid header"),
                           Hex("bestblockhash", "Hash of the best connected block"),
                           Num("difficulty", "Of that block"), Time("time", "Of that block"),
                           Time("mediantime", "Median time of that block and the ten before it"),
                           Num("verificationprogress",
                               "Estimated share of the chain that is validated, 0 to 1"),
                           Bool("initialblockdownload", "Whether the node is still catching up"),
                           Hex("chainwork", "Expected hashes behind the chain"),
                           Num("size_on_disk", "Bytes of stored blocks and undo data"),
                           Bool("pruned", "Whether old blocks are deleted"),
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
            out.Key("pruned").Bool(false);
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

}  // namespace

std::vector<Method> BlockchainMethods() {
  return {GetBlockchainInfo(), GetBlockCount(), GetBestBlockHash(), GetBlockHash(),
          GetBlockHeader(),    GetChainTips(),  GetDifficulty()};
}

}  // namespace cairn::rpc
