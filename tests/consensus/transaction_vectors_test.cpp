// tx_valid.json, tx_invalid.json and sighash.json.

#include <cstdio>
#include <map>
#include <set>

#include <gtest/gtest.h>

#include "cairn/base/json.h"
#include "consensus/rules/transaction.h"
#include "consensus/sighash/sighash.h"
#include "tests/support/script_cases.h"
#include "tests/support/script_text.h"
#include "tests/support/vectors.h"

namespace cairn::test {
namespace {

using consensus::ScriptError;
using consensus::ScriptFlags;

/// Some rules make sense only together with others: leaves out what lacks its ground.
ScriptFlags Trim(ScriptFlags flags) {
  uint32_t bits = flags.bits();
  if ((bits & ScriptFlags::kP2sh) == 0) bits &= ~uint32_t{ScriptFlags::kWitness};
  if ((bits & ScriptFlags::kWitness) == 0) bits &= ~uint32_t{ScriptFlags::kCleanStack};
  return bits;
}

/// The same rules with those that they stand on.
ScriptFlags Fill(ScriptFlags flags) {
  uint32_t bits = flags.bits();
  if ((bits & ScriptFlags::kCleanStack) != 0) bits |= ScriptFlags::kWitness;
  if ((bits & ScriptFlags::kWitness) != 0) bits |= ScriptFlags::kP2sh;
  return bits;
}

/// The sets of rules that lack one of `flags`, without those that only repeat another.
std::set<uint32_t> WithoutOne(ScriptFlags flags) {
  std::set<uint32_t> sets;
  for (uint32_t bit = 1; bit < ScriptFlags::kAll; bit <<= 1) {
    const uint32_t fewer = Trim(flags.bits() & ~bit).bits();
    if (fewer != flags.bits()) sets.insert(fewer);
  }
  return sets;
}

struct TransactionCase {
  SpendCase spend;
  std::string flags;
};

TransactionCase ReadCase(const json::Value& test) {
  TransactionCase result;
  result.spend.name = test.ToString();
  std::map<OutPoint, TransactionDraft::Output> coins;
  for (const json::Value& prevout : test.Items()[0].Items()) {
    const auto& fields = prevout.Items();
    const OutPoint outpoint{Txid::FromText(fields[0].Text()).value(),
                            static_cast<uint32_t>(*fields[1].AsInt())};
    const Amount amount = fields.size() > 3 ? *fields[3].AsInt() : 0;
    coins[outpoint] = {amount, ParseScriptText(fields[2].Text())};
  }
  auto tx = ParseTransaction(FromHex(test.Items()[1].Text()).value());
  EXPECT_TRUE(tx.has_value()) << result.spend.name;
  result.spend.tx = *tx;
  for (const TxIn& input : (*tx)->inputs) {
    // Those that are no transactions at all may name coins that nobody gave them.
    const auto coin = coins.find(input.prevout);
    if (coin != coins.end()) result.spend.coins.push_back(coin->second);
  }
  result.flags = test.Items()[2].Text();
  return result;
}

/// The first error of any input, found exactly and by deferring alike.
ScriptError RunAllInputs(SpendCase& spend, ScriptFlags flags, DeferredTally& tally) {
  EXPECT_EQ(spend.coins.size(), spend.tx->inputs.size()) << spend.name;
  spend.flags = flags;
  for (spend.input = 0; spend.input < spend.tx->inputs.size(); ++spend.input) {
    const ScriptError error = RunExactly(spend);
    const DeferredOutcome outcome = RunDeferring(spend);
    EXPECT_EQ(outcome.error, error) << spend.name;
    tally.Add(outcome.counts);
    if (error != ScriptError::kOk) return error;
  }
  return ScriptError::kOk;
}

std::vector<json::Value> ReadTests(const std::string& file) {
  auto tests = json::Parse(ReadText(VectorPath(file)));
  EXPECT_TRUE(tests.has_value());
  std::vector<json::Value> cases;
  for (json::Value& test : tests->Items()) {
    if (test.Items().size() > 1) cases.push_back(std::move(test));
  }
  return cases;
}

TEST(TransactionVectors, ValidOnes) {
  CAIRN_NEED_VECTORS();
  int count = 0;
  int rules = 0;
  DeferredTally tally;
  for (const json::Value& test : ReadTests("script/tx_valid.json")) {
    TransactionCase one = ReadCase(test);
    EXPECT_TRUE(consensus::CheckTransaction(*one.spend.tx).has_value()) << one.spend.name;
    const uint32_t excluded = ParseFlags(one.flags).bits();
    const ScriptFlags flags(ScriptFlags::kAll & ~excluded);
    EXPECT_EQ(flags, Fill(flags)) << one.spend.name;
    EXPECT_EQ(RunAllInputs(one.spend, flags, tally), ScriptError::kOk) << one.spend.name;
    // Fewer rules never turn valid into invalid.
    for (uint32_t bit = 1; bit < ScriptFlags::kAll; bit <<= 1) {
      const ScriptFlags fewer = Trim(flags.bits() & ~bit);
      EXPECT_EQ(RunAllInputs(one.spend, fewer, tally), ScriptError::kOk)
          << one.spend.name << " without " << bit;
    }
    EXPECT_EQ(RunAllInputs(one.spend, ScriptFlags::kNone, tally), ScriptError::kOk)
        << one.spend.name;
    // Each rule that was left out is one that it breaks.
    for (const uint32_t excluding_fewer : WithoutOne(excluded)) {
      EXPECT_NE(RunAllInputs(one.spend, ScriptFlags::kAll & ~excluding_fewer, tally),
                ScriptError::kOk)
          << one.spend.name << " without only " << excluding_fewer;
      ++rules;
    }
    ++count;
  }
  EXPECT_EQ(count, 121);
  std::printf("tx_valid.json: %d tests, %d rules put back; %s\n", count, rules,
              tally.ToString().c_str());
}

TEST(TransactionVectors, InvalidOnes) {
  CAIRN_NEED_VECTORS();
  int count = 0;
  int malformed = 0;
  int rules = 0;
  DeferredTally tally;
  for (const json::Value& test : ReadTests("script/tx_invalid.json")) {
    TransactionCase one = ReadCase(test);
    const bool passes = consensus::CheckTransaction(*one.spend.tx).has_value();
    ++count;
    if (one.flags == "BADTX") {
      EXPECT_FALSE(passes) << one.spend.name;
      ++malformed;
      continue;
    }
    EXPECT_TRUE(passes) << one.spend.name;
    const ScriptFlags flags = ParseFlags(one.flags);
    EXPECT_EQ(flags, Fill(flags)) << one.spend.name;
    EXPECT_NE(RunAllInputs(one.spend, flags, tally), ScriptError::kOk) << one.spend.name;
    // More rules never turn invalid into valid.
    for (uint32_t bit = 1; bit < ScriptFlags::kAll; bit <<= 1) {
      EXPECT_NE(RunAllInputs(one.spend, Fill(flags.bits() | bit), tally), ScriptError::kOk)
          << one.spend.name << " with " << bit;
    }
    // Each rule that is listed is needed to find it invalid.
    for (const uint32_t fewer : WithoutOne(flags)) {
      EXPECT_EQ(RunAllInputs(one.spend, fewer, tally), ScriptError::kOk)
          << one.spend.name << " under " << fewer;
      ++rules;
    }
  }
  EXPECT_EQ(count, 93);
  std::printf("tx_invalid.json: %d tests (%d by structure), %d rules taken away; %s\n", count,
              malformed, rules, tally.ToString().c_str());
}

TEST(TransactionVectors, LegacySignatureHashes) {
  CAIRN_NEED_VECTORS();
  int count = 0;
  for (const json::Value& test : ReadTests("script/sighash.json")) {
    const auto& fields = test.Items();
    const auto tx = ParseTransaction(FromHex(fields[0].Text()).value());
    ASSERT_TRUE(tx.has_value());
    if (!fields[2].IsNumber()) continue;  // the header line
    const Bytes script = FromHex(fields[1].Text()).value();
    const auto hash = consensus::LegacySighash(**tx, static_cast<size_t>(*fields[2].AsInt()),
                                               script, static_cast<int32_t>(*fields[3].AsInt()));
    ASSERT_EQ(Txid{hash}.ToString(), fields[4].Text()) << test.ToString();
    ++count;
  }
  EXPECT_EQ(count, 500);
  std::printf("sighash.json: %d hashes\n", count);
}

}  // namespace
}  // namespace cairn::test
