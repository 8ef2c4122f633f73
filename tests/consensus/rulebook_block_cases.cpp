#include <utility>

#include "cairn/base/writer.h"
#include "consensus/rules/block.h"
#include "tests/consensus/rulebook_cases.h"
#include "tests/support/block_maker.h"

namespace cairn::test {
namespace {

using consensus::Blame;
using consensus::Params;
using consensus::Reject;
using consensus::Verdict;

/// What is judged: a block of regtest, or of a chain that is like it but for some parameters.
struct BlockSetup {
  Params params = Regtest();
  BlockPlan plan;
  /// Sees the finished parts before they are joined, for what no plan leads to.
  std::function<void(Header&, std::vector<TransactionPtr>&)> tamper;
};

using Edit = std::function<void(BlockSetup&)>;

Verdict JudgeBlock(const Edit& edit, std::optional<Reject> only, const Rejects& besides = {}) {
  BlockSetup setup;
  edit(setup);
  MadeBlock made = MakeBlock(setup.params, Place::Genesis(setup.params), setup.plan);
  if (setup.tamper) {
    Header header = made.block->header();
    std::vector<TransactionPtr> transactions;
    for (const Transaction& tx : made.block->transactions()) {
      transactions.push_back(TransactionDraft::From(tx).Finish());
    }
    setup.tamper(header, transactions);
    SolveHeader(header, setup.params);
    made.block = JoinBlock(header, transactions);
  }
  if (only) {
    const consensus::HashedBlock hashed{*made.block, setup.params,
                                        consensus::TransactionMerkleRoot(*made.block)};
    ExpectAlone(consensus::BlockRules(), hashed, *only, besides);
  }
  const auto checked = consensus::CheckBlock(made.block, setup.params);
  if (checked) return {};
  return tl::unexpected(checked.error());
}

RuleCase BlockCase(Reject reject, std::string name, std::string reason, Blame blame, Edit broken,
                   Edit repaired, const Rejects& besides = {}) {
  return {reject,
          std::move(name),
          std::move(reason),
          Blames::Always(blame),
          [=] { return JudgeBlock(broken, reject, besides); },
          [=] { return JudgeBlock(repaired, std::nullopt); }};
}

void Unchanged(BlockSetup&) {}

/// Spends of outputs that need not exist, since nobody looks for them here.
std::vector<TransactionPtr> SomeSpends(uint8_t count) {
  std::vector<TransactionPtr> spends;
  for (uint8_t i = 1; i <= count; ++i) spends.push_back(MakeSpend({Txid{{i}}, 0}, 1));
  return spends;
}

/// A block of exactly this many bytes without witness, of which no transaction has more than half.
Edit StrippedSizeIs(size_t size) {
  return [=](BlockSetup& setup) {
    TransactionDraft half;
    half.inputs.emplace_back().prevout = {Txid{{1}}, 0};
    half.outputs.push_back({1, Bytes(size / 2 - 1000, OP_1)});
    setup.plan.transactions = {half.Finish()};
    half.inputs[0].prevout.index = 1;
    const auto block_size = [&](size_t script) {
      half.outputs[0].script.assign(script, OP_1);
      BlockPlan plan = setup.plan;
      plan.transactions.push_back(half.Finish());
      return MakeBlock(setup.params, Place::Genesis(setup.params), plan).block->stripped_size();
    };
    half.outputs[0].script.assign(size / 2 - 2000 + size - block_size(size / 2 - 2000), OP_1);
    setup.plan.transactions.push_back(half.Finish());
  };
}

Edit WithoutTransactions() {
  return [](BlockSetup& setup) {
    setup.tamper = [](Header& header, std::vector<TransactionPtr>& transactions) {
      transactions.clear();
      header.merkle_root = {};
    };
  };
}

/// CVE-2012-2459: an odd last transaction is paired with itself, so a second copy of it leaves the
/// merkle root as it was.
Edit LastOneTwice() {
  return [](BlockSetup& setup) {
    setup.plan.transactions = SomeSpends(2);
    setup.tamper = [](Header&, std::vector<TransactionPtr>& transactions) {
      transactions.push_back(transactions.back());
    };
  };
}

Edit CoinbaseIsLeftOut() {
  return [](BlockSetup& setup) {
    setup.tamper = [](Header& header, std::vector<TransactionPtr>& transactions) {
      transactions = SomeSpends(2);
      header.merkle_root = RootOf(transactions);
    };
  };
}

Edit AnotherCoinbase() {
  return [](BlockSetup& setup) {
    BlockPlan plan;
    plan.tag = 1;
    setup.plan.transactions = {MakeCoinbase(setup.params, 1, plan)};
  };
}

/// Signature operations in output scripts and in scriptSigs, as they were counted before BIP16.
Edit SigopsAre(size_t in_output, size_t in_input) {
  return [=](BlockSetup& setup) {
    TransactionDraft draft;
    auto& input = draft.inputs.emplace_back();
    input.prevout = {Txid{{1}}, 0};
    input.script_sig.assign(in_input, OP_CHECKSIG);
    draft.outputs.push_back({1, Bytes(in_output, OP_CHECKSIGVERIFY)});
    setup.plan.transactions = {draft.Finish()};
  };
}

/// BIP325 with a challenge that wants the number 7: the solution is a scriptSig, and no witness.
Edit SignetSolutionIs(int64_t number) {
  return [=](BlockSetup& setup) {
    setup.params.signet_challenge = ScriptBuilder().Number(7).Op(OP_EQUAL).Take();
    setup.plan.edit_coinbase = [=](TransactionDraft& coinbase) {
      Bytes push = {0xec, 0xc7, 0xda, 0xa2};
      Writer(push).VarBytes(ScriptBuilder().Number(number).Take()).CompactSize(0);
      Append(coinbase.outputs.back().script, ScriptBuilder().Push(push).Take());
    };
  };
}

}  // namespace

std::vector<RuleCase> BlockCases() {
  return {
      BlockCase(
          Reject::kMerkleRoot, "AnotherMerkleRoot", "bad-txnmrklroot", Blame::kMutated,
          [](BlockSetup& setup) {
            setup.plan.edit_header = [](Header& header) { header.merkle_root.bytes[7] ^= 1; };
          },
          Unchanged),
      BlockCase(Reject::kTransactionsDuplicate, "ACopyThatLeavesTheRoot", "bad-txns-duplicate",
                Blame::kMutated, LastOneTwice(),
                [](BlockSetup& setup) { setup.plan.transactions = SomeSpends(2); }),
      // Nobody can ask the first transaction of none.
      BlockCase(Reject::kBlockLength, "NoTransactions", "bad-blk-length", Blame::kInvalid,
                WithoutTransactions(), Unchanged,
                {Reject::kCoinbaseMissing, Reject::kCoinbaseMultiple, Reject::kSignetSolution}),
      BlockCase(Reject::kBlockLength, "AMillionAndOneBytesWithoutWitness", "bad-blk-length",
                Blame::kInvalid, StrippedSizeIs(1'000'001), StrippedSizeIs(1'000'000)),
      BlockCase(Reject::kCoinbaseMissing, "NoCoinbase", "bad-cb-missing", Blame::kInvalid,
                CoinbaseIsLeftOut(), Unchanged),
      BlockCase(Reject::kCoinbaseMultiple, "TwoCoinbases", "bad-cb-multiple", Blame::kInvalid,
                AnotherCoinbase(), [](BlockSetup& setup) { setup.plan.tag = 1; }),
      BlockCase(Reject::kBlockSigops, "20001InAnOutput", "bad-blk-sigops", Blame::kInvalid,
                SigopsAre(20'001, 0), SigopsAre(20'000, 0)),
      BlockCase(Reject::kBlockSigops, "20001InAllPlaces", "bad-blk-sigops", Blame::kInvalid,
                SigopsAre(10'000, 10'001), SigopsAre(10'000, 10'000)),
      BlockCase(Reject::kSignetSolution, "WrongSolution", "bad-signet-blksig", Blame::kInvalid,
                SignetSolutionIs(8), SignetSolutionIs(7)),
  };
}

}  // namespace cairn::test
