// Methods that change the course of the chain, check it again, or delete its old blocks.
#include <algorithm>

#include "cairn/rpc/error.h"
#include "src/rpc/fields.h"
#include "src/rpc/methods/common.h"
#include "src/rpc/methods/methods.h"

namespace cairn::rpc {

namespace {

using BlockCommand = Status (ledger::Ledger::*)(const BlockHash&);

/// The methods that say something of one block differ in nothing but in what they say.
Method BlockMethod(std::string name, std::string group, std::string description,
                   BlockCommand command) {
  return {.name = std::move(name),
          .group = std::move(group),
          .description = std::move(description),
          .params = {Required("blockhash", ParamType::kHex, "The block's hash")},
          .results = {None()},
          .examples = {R"(["00000000c937983704a73af28acdec37b049d214adbda81d7e2a3dd146f6ed09"])"},
          .handler = [command](const Request& request, json::Writer& out) {
            const ledger::HeaderEntry& entry = FindBlock(request, "blockhash", "blockhash");
            const Status done = (LedgerOf(request).*command)(entry.hash);
            if (!done) throw RpcError(kDatabaseError, done.error().message);
            request.node().wait_for_subscribers();
            out.Null();
          }};
}

Method InvalidateBlock() {
  return BlockMethod(
      "invalidateblock", "hidden",
      "Takes a block, and all that build on it, as if they broke a rule, until reconsiderblock.",
      &ledger::Ledger::InvalidateBlock);
}

Method ReconsiderBlock() {
  return BlockMethod(
      "reconsiderblock", "hidden",
      "Forgets that a block, the blocks before it and those that build on it are invalid, and "
      "tries them again.",
      &ledger::Ledger::ReconsiderBlock);
}

Method PreciousBlock() {
  return BlockMethod(
      "preciousblock", "blockchain",
      "Takes a block as if it had come before all others with as much work. A later call for "
      "another block takes that one first. The next start knows nothing of it.",
      &ledger::Ledger::PreciousBlock);
}

Method VerifyChain() {
  constexpr int kDefaultLevel = 3;
  constexpr int kDefaultBlocks = 6;
  return {.name = "verifychain",
          .group = "blockchain",
          .description = "Checks blocks that are stored again.",
          .params = {Optional("checklevel", ParamType::kNumber, "3, range=0-4",
                              "How thoroughly:\n"
                              "- level 0 reads the blocks from disk\n"
                              "- level 1 checks each by itself\n"
                              "- level 2 reads the undo data\n"
                              "- level 3 takes the tip's blocks off, in memory only\n"
                              "- level 4 connects them again\n"
                              "- each level includes those before it"),
                     Optional("nblocks", ParamType::kNumber, "6, 0=all", "How many, from the tip")},
          .results = {Bool(
              "", "Whether all was looked at and is well; if not, debug.log has the reason")},
          .examples = {"[]", "[4, 0]"},
          .handler = [](const Request& request, json::Writer& out) {
            const int level = std::clamp(request.SmallIntOr("checklevel", kDefaultLevel), 0, 4);
            const int height = LedgerOf(request).View()->Height();
            int blocks = request.SmallIntOr("nblocks", kDefaultBlocks);
            if (blocks <= 0 || blocks > height) blocks = height;
            const auto check = LedgerOf(request).VerifyChain(level, blocks);
            if (!check) throw RpcError(kDatabaseError, check.error().message);
            out.Bool(check->IsSound());
          }};
}

/// The height that a parameter names: a height, or a time of which the last two hours are kept.
int PruneHeight(const Request& request, const ledger::ChainView& view) {
  constexpr int kLeastTime = 1'000'000'000;  // too high for a height, too early for a block
  constexpr int kTimeWindow = 2 * 60 * 60;
  const int height = request.SmallInt("height");
  if (height < 0) throw RpcError(kInvalidParameter, "Negative block height.");
  if (height <= kLeastTime) return height;
  for (int at = 0; at <= view.Height(); ++at) {
    if (int64_t{view.At(at)->header.time} >= int64_t{height} - kTimeWindow) return at;
  }
  throw RpcError(kInvalidParameter, "Could not find block with at least the specified timestamp.");
}

Method PruneBlockchain() {
  return {.name = "pruneblockchain",
          .group = "blockchain",
          .description =
              "Deletes the bodies of old blocks. The node must have been started with "
              "-prune.",
          .params = {Required("height", ParamType::kNumber,
                              "The last height to delete; or a time, to delete blocks that are at "
                              "least two hours older")},
          .results = {Num("", "Height of the last block that is deleted; -1 for none")},
          .examples = {"[1000]"},
          .handler = [](const Request& request, json::Writer& out) {
            if (!LedgerOf(request).Pruning().enabled) {
              throw RpcError(kMiscError, "Cannot prune blocks because node is not in prune mode.");
            }
            const ledger::ChainViewPtr view = LedgerOf(request).View();
            const int height = PruneHeight(request, *view);
            if (view->Height() < view->params->prune_after_height) {
              throw RpcError(kMiscError, "Blockchain is too short for pruning.");
            }
            if (height > view->Height()) {
              throw RpcError(kInvalidParameter,
                             "Blockchain is shorter than the attempted prune height.");
            }
            const Result<int> pruned = LedgerOf(request).PruneTo(height);
            if (!pruned) throw RpcError(kDatabaseError, pruned.error().message);
            out.Int(*pruned);
          }};
}

}  // namespace

std::vector<Method> ChainControlMethods() {
  return {InvalidateBlock(), ReconsiderBlock(), PreciousBlock(), VerifyChain(), PruneBlockchain()};
}

}  // namespace cairn::rpc
