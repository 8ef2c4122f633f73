// Every rule of consensus has a subject that breaks it alone: it is refused with Bitcoin Core's
// words and blamed rightly, and its repaired twin passes. A rule without a case fails here.

#include <map>
#include <set>

#include <gtest/gtest.h>

#include "consensus/rules/block.h"
#include "consensus/rules/spending.h"
#include "consensus/rules/transaction.h"
#include "tests/consensus/rulebook_cases.h"
#include "tests/consensus/rulebook_index.h"
#include "tests/support/block_maker.h"

namespace cairn::test {
namespace {

using consensus::BlameOf;
using consensus::Reject;
using consensus::Subject;

std::vector<RuleCase> AllCases() {
  std::vector<RuleCase> all;
  for (const auto& cases : {HeaderCases(), TransactionCases(), BlockCases(), PlacedBlockCases(),
                            SpendingCases(), ScriptCases()}) {
    all.insert(all.end(), cases.begin(), cases.end());
  }
  return all;
}

class Rulebook : public testing::TestWithParam<RuleCase> {};

TEST_P(Rulebook, RefusesTheBrokenAndPassesTheRepaired) {
  const RuleCase& rule = GetParam();
  const consensus::Verdict broken = rule.broken();
  ASSERT_FALSE(broken.has_value());
  EXPECT_EQ(consensus::ReasonOf(broken.error().reject), consensus::ReasonOf(rule.reject));
  EXPECT_EQ(broken.error().reject, rule.reject);
  EXPECT_EQ(broken.error().Reason(), rule.reason);
  EXPECT_EQ(BlameOf(broken.error(), Subject::kBlock), rule.blames.in_block);
  EXPECT_EQ(BlameOf(broken.error(), Subject::kLooseTransaction), rule.blames.loose);

  const consensus::Verdict repaired = rule.repaired();
  EXPECT_TRUE(repaired.has_value()) << repaired.error().ToString();
}

INSTANTIATE_TEST_SUITE_P(All, Rulebook, testing::ValuesIn(AllCases()),
                         [](const auto& test) { return test.param.name; });

TEST(RulebookIndex, EveryRuleHasACase) {
  std::set<Reject> covered;
  for (const RuleCase& one : AllCases()) covered.insert(one.reject);
  int rules = 0;
  for (const IndexedBook& book : AllRulebooks()) {
    for (const IndexedRule& rule : book.rules) {
      EXPECT_TRUE(covered.contains(rule.reject)) << "no case of " << rule.must;
      EXPECT_NE(rule.must.find("MUST"), std::string_view::npos) << rule.must;
      EXPECT_EQ(rule.must.back(), '.') << rule.must;
      ++rules;
    }
  }
  std::printf("%d rules, %zu cases\n", rules, AllCases().size());
}

TEST(RulebookIndex, EveryWayToBeRefusedIsOneRule) {
  std::map<Reject, int> rules;
  for (const IndexedBook& book : AllRulebooks()) {
    for (const IndexedRule& rule : book.rules) ++rules[rule.reject];
  }
  for (const Reject reject : AllRejects()) {
    EXPECT_EQ(rules[reject], 1) << consensus::ReasonOf(reject);
    EXPECT_NE(consensus::ReasonOf(reject), "unknown");
  }
  const auto beyond = static_cast<Reject>(AllRejects().size());
  EXPECT_EQ(consensus::ReasonOf(beyond), "unknown") << "AllRejects() lacks the newest";
}

TEST(RulebookIndex, ReasonsAreSharedOnlyWhereCoreSharesThem) {
  std::map<std::string_view, std::vector<Reject>> by_reason;
  for (const Reject reject : AllRejects()) by_reason[consensus::ReasonOf(reject)].push_back(reject);
  for (const auto& [reason, rejects] : by_reason) {
    const bool shared = reason == "bad-txns-nonfinal" || reason == "bad-blk-sigops";
    EXPECT_EQ(rejects.size(), shared ? 2u : 1u) << reason;
  }
}

TEST(Violations, SayWhereTheyAre) {
  consensus::Violation violation{Reject::kMissingOrSpent};
  EXPECT_EQ(violation.ToString(), "bad-txns-inputs-missingorspent");
  violation.transaction = 3;
  EXPECT_EQ(violation.ToString(), "bad-txns-inputs-missingorspent (transaction 3)");
  violation.input = 0;
  EXPECT_EQ(violation.ToString(), "bad-txns-inputs-missingorspent (transaction 3, input 0)");
  violation.transaction.reset();
  EXPECT_EQ(violation.ToString(), "bad-txns-inputs-missingorspent (input 0)");
}

/// The reason of a transaction with outputs of these values, that also spends one coin twice.
std::string ReasonOfOutputs(const std::vector<Amount>& values) {
  TransactionDraft draft;
  draft.inputs.emplace_back().prevout = {Txid{{1}}, 0};
  draft.inputs.push_back(draft.inputs[0]);
  for (const Amount value : values) draft.outputs.push_back({value, {OP_1}});
  const consensus::Verdict verdict = consensus::CheckTransaction(*draft.Finish());
  return verdict ? "" : verdict.error().Reason();
}

TEST(CheckTransaction, JudgesOutputByOutputBeforeTheInputs) {
  EXPECT_EQ(ReasonOfOutputs({-1, kMaxMoney + 1}), "bad-txns-vout-negative");
  EXPECT_EQ(ReasonOfOutputs({kMaxMoney + 1, -1}), "bad-txns-vout-toolarge");
  EXPECT_EQ(ReasonOfOutputs({kMaxMoney, 1, -1}), "bad-txns-txouttotal-toolarge");
  EXPECT_EQ(ReasonOfOutputs({kMaxMoney, kMaxMoney + 1}), "bad-txns-vout-toolarge");
  EXPECT_EQ(ReasonOfOutputs({kMaxMoney, -1, 1}), "bad-txns-vout-negative");
  EXPECT_EQ(ReasonOfOutputs({INT64_MAX, INT64_MAX}), "bad-txns-vout-toolarge");
  EXPECT_EQ(ReasonOfOutputs({INT64_MIN, INT64_MIN}), "bad-txns-vout-negative");
  EXPECT_EQ(ReasonOfOutputs({kMaxMoney - 1, 1}), "bad-txns-inputs-duplicate");
}

TEST(CheckSpending, LooksForAllCoinsBeforeItLooksAtAny) {
  const consensus::Params params = Regtest();
  TransactionDraft draft;
  for (uint32_t i = 0; i < 3; ++i) draft.inputs.emplace_back().prevout = {Txid{{1}}, i};
  draft.outputs.push_back({1, {OP_1}});
  const TransactionPtr tx = draft.Finish();
  const Coin premature{1, 119, true, {}};
  const Coin mature{1, 20, true, {}};
  const auto violation = [&](std::vector<const Coin*> coins) {
    return consensus::CheckSpending(*tx, coins, 120, params).error().ToString();
  };
  EXPECT_EQ(violation({&premature, &mature, nullptr}), "bad-txns-inputs-missingorspent (input 2)");
  EXPECT_EQ(violation({&mature, nullptr, nullptr}), "bad-txns-inputs-missingorspent (input 1)");
  EXPECT_EQ(violation({&mature, &premature, &premature}),
            "bad-txns-premature-spend-of-coinbase (input 1)");
}

/// The transaction rules as a block meets them: the violation names the transaction, and a block
/// that breaks them and the limit of signature operations is refused for the transaction.
TEST(CheckBlock, JudgesTransactionsBeforeSigops) {
  const consensus::Params params = Regtest();
  TransactionDraft many_sigops;
  many_sigops.inputs.emplace_back().prevout = {Txid{{1}}, 0};
  many_sigops.outputs.push_back({1, Bytes(20'001, OP_CHECKSIG)});
  TransactionDraft twice = many_sigops;
  twice.inputs.push_back(twice.inputs[0]);
  BlockPlan plan;
  plan.transactions = {many_sigops.Finish(), twice.Finish()};
  const MadeBlock made = MakeBlock(params, Place::Genesis(params), plan);
  const auto checked = consensus::CheckBlock(made.block, params);
  ASSERT_FALSE(checked.has_value());
  EXPECT_EQ(checked.error().ToString(), "bad-txns-inputs-duplicate (transaction 2)");
  const auto body = consensus::CheckBlockBody(*made.block, params);
  ASSERT_FALSE(body.has_value());
  EXPECT_EQ(body.error().ToString(), "bad-txns-inputs-duplicate (transaction 2)");
}

TEST(CheckBlock, AsksForTheProofOfWorkOnlyOfSolvedBlocks) {
  const consensus::Params params = Regtest();
  const MadeBlock made = MakeBlock(params, Place::Genesis(params));
  Header header = made.block->header();
  SolveHeader(header, params, false);
  const TransactionPtr coinbase = TransactionDraft::From(made.block->transactions()[0]).Finish();
  const BlockPtr unsolved = JoinBlock(header, std::vector{coinbase});
  const auto checked = consensus::CheckBlock(unsolved, params);
  ASSERT_FALSE(checked.has_value());
  EXPECT_EQ(checked.error().Reason(), "high-hash");
  EXPECT_TRUE(consensus::CheckBlockBody(*unsolved, params).has_value());
}

TEST(CheckBlock, ATransactionOf64BytesMakesTheTreeAmbiguous) {
  const consensus::Params params = Regtest();
  for (const size_t script : {3, 4, 5}) {
    TransactionDraft draft;
    draft.inputs.emplace_back().prevout = {Txid{{1}}, 0};
    draft.outputs.push_back({1, Bytes(script, OP_1)});  // 60 bytes and the script
    BlockPlan plan;
    plan.transactions = {draft.Finish()};
    const MadeBlock made = MakeBlock(params, Place::Genesis(params), plan);
    EXPECT_EQ(consensus::HasAmbiguousMerkleTree(*made.block), script == 4);
  }
}

}  // namespace
}  // namespace cairn::test
