// submitblock and submitheader (BIP22).
#include <memory>
#include <utility>

#include "cairn/base/hex.h"
#include "cairn/rpc/error.h"
#include "consensus/deployments.h"
#include "consensus/rules/block.h"
#include "src/rpc/fields.h"
#include "src/rpc/methods/common.h"
#include "src/rpc/methods/methods.h"

namespace cairn::rpc {

namespace {

/// Miners may leave the witness nonce out of the coinbase. If the block commits to witnesses, the
/// nonce of zeroes is put in, under which it was made.
BlockPtr WithWitnessNonce(BlockPtr block, const ledger::HeaderEntry* parent,
                          const consensus::Params& params) {
  const Transaction& coinbase = block->transactions()[0];
  const bool segwit = parent != nullptr && consensus::IsSegwitActive(parent->height + 1, params);
  if (!segwit || coinbase.has_witness || consensus::FindWitnessCommitment(coinbase) < 0) {
    return block;
  }
  TransactionDraft draft = TransactionDraft::From(coinbase);
  draft.inputs[0].witness = {Bytes(32, 0)};
  std::vector<TransactionPtr> transactions = {draft.Finish()};
  for (const Transaction& transaction : block->transactions().subspan(1)) {
    transactions.emplace_back(block, &transaction);
  }
  Result<BlockPtr> completed = Block::Parse(SerializeBlock(block->header(), transactions));
  return completed ? *std::move(completed) : std::move(block);
}

BlockPtr DecodeBlock(const Request& request) {
  std::optional<Bytes> bytes = FromHex(request.String("hexdata"));
  if (!bytes) throw RpcError(kDeserializationError, "Block decode failed");
  Result<BlockPtr> block = Block::Parse(*std::move(bytes));
  if (!block) throw RpcError(kDeserializationError, "Block decode failed");
  const auto transactions = (*block)->transactions();
  if (transactions.empty() || !transactions[0].IsCoinbase()) {
    throw RpcError(kDeserializationError, "Block does not start with a coinbase");
  }
  return *std::move(block);
}

/// The words of BIP22 for what became of a block; null for success.
void WriteOutcome(json::Writer& out, const ledger::SubmitResult& result) {
  switch (result.outcome) {
    case ledger::BlockOutcome::kConnected: out.Null(); return;
    case ledger::BlockOutcome::kStored: out.String("inconclusive"); return;
    case ledger::BlockOutcome::kDuplicate: out.String("duplicate"); return;
    case ledger::BlockOutcome::kDuplicateInvalid: out.String("duplicate-invalid"); return;
    case ledger::BlockOutcome::kRejected:
      out.String(result.reason.empty() ? "rejected" : result.reason);
      return;
    case ledger::BlockOutcome::kOrphan: out.String("prev-blk-not-found"); return;
    case ledger::BlockOutcome::kMalformed:
      throw RpcError(kDeserializationError, "Block decode failed");
    case ledger::BlockOutcome::kFailed: throw RpcError(kDatabaseError, result.reason);
  }
}

Method SubmitBlock() {
  Param dummy = Optional("dummy", ParamType::kString, "", "Ignored (BIP22)");
  return {.name = "submitblock",
          .group = "mining",
          .description = "Submits a block to the chain.",
          .params = {Required("hexdata", ParamType::kHex, "The raw block"), std::move(dummy)},
          .results = {None("The block is part of the best chain").When("if the block was accepted"),
                      Str("",
                          "Why not: a reject reason, \"duplicate\", \"duplicate-invalid\", or "
                          "\"inconclusive\" for a block that is stored on a side branch")
                          .When("otherwise")},
          .examples = {R"(["mydata"])"},
          .handler = [](const Request& request, json::Writer& out) {
            ledger::Ledger& ledger = LedgerOf(request);
            BlockPtr block = DecodeBlock(request);
            const ledger::HeaderEntry* parent = ledger.Find(block->header().previous);
            block = WithWitnessNonce(std::move(block), parent, ledger.params());
            const ledger::SubmitResult result = ledger.SubmitBlock(std::move(block)).get();
            WriteOutcome(out, result);
            request.node().wait_for_subscribers();
          }};
}

Method SubmitHeader() {
  return {.name = "submitheader",
          .group = "mining",
          .description = "Submits a header, to which the block may come later.",
          .params = {Required("hexdata", ParamType::kHex, "The raw header")},
          .results = {None("The header keeps all rules")},
          .examples = {R"(["aabbcc"])"},
          .handler = [](const Request& request, json::Writer& out) {
            const std::optional<Bytes> bytes = FromHex(request.String("hexdata"));
            if (!bytes || bytes->size() != Header::kSize) {
              throw RpcError(kDeserializationError, "Block header decode failed");
            }
            const Header header = Header::From(std::span(*bytes).first<Header::kSize>());
            ledger::Ledger& ledger = LedgerOf(request);
            if (ledger.Find(header.previous) == nullptr) {
              throw RpcError(kVerifyError, "Must submit previous header (" +
                                               header.previous.ToString() + ") first");
            }
            const ledger::HeadersResult result = ledger.SubmitHeaders({header});
            if (result.accepted == 0) throw RpcError(kVerifyError, result.reason);
            out.Null();
          }};
}

}  // namespace

std::vector<Method> SubmitMethods() { return {SubmitBlock(), SubmitHeader()}; }

}  // namespace cairn::rpc
