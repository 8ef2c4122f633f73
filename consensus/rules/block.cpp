#include "consensus/rules/block.h"

#include <algorithm>

#include "cairn/primitives/script.h"
#include "consensus/rules/signet.h"
#include "consensus/rules/transaction.h"
#include "consensus/work.h"

namespace cairn::consensus {
namespace {

bool HasMatchingMerkleRoot(const HashedBlock& hashed) {
  return hashed.merkle.root == hashed.block.header().merkle_root.bytes;
}

bool HasUnambiguousTransactions(const HashedBlock& hashed) { return !hashed.merkle.mutated; }

bool HasLengthInRange(const HashedBlock& hashed) {
  const uint64_t stripped = hashed.block.stripped_size();
  const uint64_t count = hashed.block.transactions().size();
  return count > 0 && count * kWitnessScaleFactor <= kMaxBlockWeight &&
         stripped * kWitnessScaleFactor <= kMaxBlockWeight;
}

bool BeginsWithCoinbase(const HashedBlock& hashed) {
  return hashed.block.transactions()[0].IsCoinbase();
}

bool HasOneCoinbase(const HashedBlock& hashed) {
  const auto rest = hashed.block.transactions().subspan(1);
  return std::none_of(rest.begin(), rest.end(),
                      [](const Transaction& tx) { return tx.IsCoinbase(); });
}

bool HasLegacySigopsInRange(const HashedBlock& hashed) {
  uint64_t sigops = 0;
  for (const Transaction& tx : hashed.block.transactions()) {
    for (const TxIn& input : tx.inputs) sigops += CountSigops(input.script_sig, false);
    for (const TxOut& output : tx.outputs) sigops += CountSigops(output.script, false);
  }
  return sigops * kWitnessScaleFactor <= kMaxBlockSigopsCost;
}

bool HasSolution(const HashedBlock& hashed) {
  return HasSignetSolution(hashed.block, hashed.params);
}

constexpr Rule<HashedBlock> kRules[] = {
    {Reject::kMerkleRoot, "", "The header's merkle root MUST be that of the transactions.",
     HasMatchingMerkleRoot},
    {Reject::kTransactionsDuplicate, "",
     "Two neighbours in the merkle tree MUST NOT be equal (CVE-2012-2459).",
     HasUnambiguousTransactions},
    {Reject::kBlockLength, "141",
     "A block MUST have a transaction, and MUST NOT have more than 1,000,000 bytes without "
     "witness.",
     HasLengthInRange},
    {Reject::kCoinbaseMissing, "", "A block's first transaction MUST be a coinbase.",
     BeginsWithCoinbase},
    {Reject::kCoinbaseMultiple, "", "A block's other transactions MUST NOT be coinbases.",
     HasOneCoinbase},
    {Reject::kBlockSigops, "141",
     "A block's signature operations in scriptSigs and output scripts, at 4 each, MUST NOT cost "
     "more than 80,000.",
     HasLegacySigopsInRange},
    {Reject::kSignetSolution, "325", "On a signet, a block MUST carry a solution to the challenge.",
     HasSolution},
};
// Core judges every transaction by itself before it counts signature operations; so do we, so that
// a block that breaks several rules is refused for the same one.
constexpr size_t kRulesBeforeTransactions = 5;
// The last: a signet's template gets its solution only with its proof of work. Bitcoin Core asks
// for the solution first, before the merkle root; but a body that does not belong to the header
// must be found out before anything that it lacks can condemn the header, so it stands behind all
// that says so. A block that breaks this rule and another is refused for the other one here.
constexpr size_t kRulesOfSolvedBlocks = 1;

enum class Stage { kTemplate, kSolved };

Verdict CheckBody(const Block& block, const Params& params, Stage stage) {
  const auto rules = BlockRules();
  const HashedBlock hashed{block, params, TransactionMerkleRoot(block)};
  if (Verdict verdict = Judge(rules.first(kRulesBeforeTransactions), hashed); !verdict) {
    return verdict;
  }
  const auto transactions = block.transactions();
  for (uint32_t i = 0; i < transactions.size(); ++i) {
    if (const Verdict verdict = CheckTransaction(transactions[i]); !verdict) {
      return tl::unexpected(Violation{verdict.error().reject, i});
    }
  }
  const size_t left_out = stage == Stage::kTemplate ? kRulesOfSolvedBlocks : 0;
  return Judge(rules.first(rules.size() - left_out).subspan(kRulesBeforeTransactions), hashed);
}

}  // namespace

std::span<const Rule<HashedBlock>> BlockRules() { return kRules; }

Verdict CheckBlockBody(const Block& block, const Params& params) {
  return CheckBody(block, params, Stage::kTemplate);
}

tl::expected<CheckedBlock, Violation> CheckBlock(BlockPtr block, const Params& params) {
  if (!MeetsTarget(block->hash(), block->header().bits, params.retarget)) {
    return tl::unexpected(Violation{Reject::kHighHash});
  }
  if (const Verdict verdict = CheckBody(*block, params, Stage::kSolved); !verdict) {
    return tl::unexpected(verdict.error());
  }
  return CheckedBlock(std::move(block));
}

bool HasAmbiguousMerkleTree(const Block& block) {
  constexpr uint32_t kInnerNodeSize = 64;
  return std::any_of(block.transactions().begin(), block.transactions().end(),
                     [](const Transaction& tx) { return tx.stripped_size == kInnerNodeSize; });
}

}  // namespace cairn::consensus
