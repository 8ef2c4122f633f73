#include <set>
#include <utility>

#include "consensus/rules/scripts.h"
#include "consensus/rules/spending.h"
#include "consensus/rules/transaction.h"
#include "consensus/script/sigops.h"
#include "tests/consensus/rulebook_cases.h"
#include "tests/support/block_maker.h"
#include "tests/support/listed_ancestors.h"

namespace cairn::test {
namespace {

using consensus::Blame;
using consensus::Params;
using consensus::Reject;
using consensus::ScriptFlags;
using consensus::Verdict;

constexpr int kHeight = 120;
constexpr uint32_t kGenesisTime = 1'600'000'000;
constexpr uint32_t kSpacing = 600;

struct OwnedCoin {
  Amount value = 10;
  int height = 1;
  bool coinbase = false;
  Bytes script = {OP_1};
};

/// A transaction and the coins of its inputs, nothing for missing ones.
struct FundedDraft {
  TransactionDraft draft;
  std::vector<std::optional<OwnedCoin>> coins;
};

/// A block at height 120 with one transaction, that keeps all rules until it is edited.
struct SpendingSetup {
  Params params = Regtest();
  BlockPlan plan;
  std::vector<FundedDraft> spends;
  std::set<OutPoint> unspent;  // what `ConnectBlock` does not ask for by its inputs

  SpendingSetup() { Add({10}, {10}); }

  /// A transaction with an input for each value of a coin, and an output for each value.
  FundedDraft& Add(const std::vector<Amount>& in, const std::vector<Amount>& out) {
    FundedDraft& spend = spends.emplace_back();
    for (const Amount value : in) {
      const auto index = static_cast<uint32_t>(spends.size() * 100 + spend.coins.size());
      spend.draft.inputs.emplace_back().prevout = {Txid{{1}}, index};
      spend.coins.push_back(OwnedCoin{value});
    }
    for (const Amount value : out) spend.draft.outputs.push_back({value, {OP_1}});
    return spend;
  }

  TransactionDraft::Input& input() { return spends[0].draft.inputs[0]; }
  OwnedCoin& coin() { return *spends[0].coins[0]; }
};

using Edit = std::function<void(SpendingSetup&)>;

/// Every rule of every book of money, with the sums kept as `ConnectBlock` keeps them.
void ExpectAloneInAllBooks(const consensus::FundedBlock& funded, Reject only,
                           const Rejects& besides) {
  ExpectAlone(consensus::FundedBlockRules(), funded, only, besides);
  const auto transactions = funded.block.transactions();
  Amount fees = 0;
  uint64_t sigops_cost = consensus::SigopsCost(transactions[0], {}, funded.flags);
  size_t coin_at = 0;
  for (const Transaction& tx : transactions.subspan(1)) {
    const auto coins = funded.coins.subspan(coin_at, tx.inputs.size());
    coin_at += coins.size();
    for (const Coin* coin : coins) {
      if (coin == nullptr) return;  // none of the other questions can be asked
      ExpectAlone(consensus::SpendRules(), {coin, funded.Height(), funded.params}, only, besides);
      fees += coin->value;
    }
    for (const TxOut& output : tx.outputs) fees -= output.value;
    sigops_cost += consensus::SigopsCost(tx, coins, funded.flags);
    ExpectAlone(consensus::FundedTransactionRules(), {tx, coins}, only, besides);
    ExpectAlone(consensus::SummedSpendRules(),
                {{tx, coins, funded.ancestors, funded.flags}, fees, sigops_cost}, only, besides);
  }
  ExpectAlone(consensus::PaidBlockRules(), {funded, fees}, only, besides);
}

/// What a ledger looks up for BIP30.
bool OverwritesCoin(const Block& block, const std::set<OutPoint>& unspent) {
  for (const Transaction& tx : block.transactions()) {
    for (uint32_t i = 0; i < tx.outputs.size(); ++i) {
      if (unspent.contains({tx.txid, i})) return true;
    }
  }
  return false;
}

Verdict JudgeSpending(const Edit& edit, std::optional<Reject> only, const Rejects& besides = {}) {
  SpendingSetup setup;
  edit(setup);
  std::vector<Coin> coins;
  for (const FundedDraft& spend : setup.spends) {
    setup.plan.transactions.push_back(spend.draft.Finish());
    for (const auto& coin : spend.coins) {
      coins.push_back(coin ? Coin{coin->value, coin->height, coin->coinbase, coin->script}
                           : Coin{});
    }
  }
  std::vector<const Coin*> pointers;
  for (const FundedDraft& spend : setup.spends) {
    for (const auto& coin : spend.coins) {
      pointers.push_back(coin ? &coins[pointers.size()] : nullptr);
    }
  }
  const auto ancestors = ListedAncestors::Steady(
      kHeight, {4, kGenesisTime, setup.params.retarget.limit_bits}, kSpacing);
  const Place parent{{}, kHeight - 1, ancestors.Last().time};
  const BlockPtr block = MakeBlock(setup.params, parent, setup.plan).block;
  const consensus::FundedBlock funded{
      *block,    setup.params,
      ancestors, consensus::ScriptFlagsAt(kHeight, {}, setup.params),
      pointers,  OverwritesCoin(*block, setup.unspent)};
  if (only) ExpectAloneInAllBooks(funded, *only, besides);
  const auto fees = consensus::ConnectBlock(funded);
  if (fees) return {};
  return tl::unexpected(fees.error());
}

RuleCase SpendingCase(Reject reject, std::string name, std::string reason, Blames blames,
                      Edit broken, Edit repaired, const Rejects& besides = {}) {
  return {reject,
          std::move(name),
          std::move(reason),
          blames,
          [=] { return JudgeSpending(broken, reject, besides); },
          [=] { return JudgeSpending(repaired, std::nullopt); }};
}

Edit Pays(std::vector<Amount> in, std::vector<Amount> out) {
  return [=](SpendingSetup& setup) {
    setup.spends.clear();
    setup.Add(in, out);
  };
}

/// Two transactions that leave these fees.
Edit FeesAre(Amount first, Amount second) {
  return [=](SpendingSetup& setup) {
    setup.spends.clear();
    setup.Add({kMaxMoney}, {kMaxMoney - first});
    setup.Add({kMaxMoney}, {kMaxMoney - second});
  };
}

Edit CoinbaseOfAge(int blocks) {
  return [=](SpendingSetup& setup) {
    setup.coin().coinbase = true;
    setup.coin().height = kHeight - blocks;
  };
}

Edit RelativeLockIs(uint32_t sequence, int age, int32_t version = 2, int csv_height = 1) {
  return [=](SpendingSetup& setup) {
    setup.input().sequence = sequence;
    setup.coin().height = kHeight - age;
    setup.spends[0].draft.version = version;
    setup.params.heights.csv = csv_height;
  };
}

/// BIP16: the operations of the script that the input's last push reveals cost 4 each.
Edit RedeemScriptHasSigops(size_t count) {
  return [=](SpendingSetup& setup) {
    const Bytes redeem_script(count, OP_CHECKSIG);
    setup.input().script_sig = ScriptBuilder().Push(redeem_script).Take();
    setup.coin().script = ScriptBuilder().Op(OP_HASH160).Push(Bytes(20)).Op(OP_EQUAL).Take();
  };
}

/// BIP141: those of a witness script cost 1, whether its program stands alone or in P2SH.
Edit WitnessScriptHasSigops(size_t count, bool in_p2sh = false) {
  return [=](SpendingSetup& setup) {
    setup.input().witness = {Bytes(count, OP_CHECKSIG)};
    setup.coin().script = ScriptBuilder().Op(OP_0).Push(Bytes(32)).Take();
    if (!in_p2sh) return;
    setup.input().script_sig = ScriptBuilder().Push(setup.coin().script).Take();
    setup.coin().script = ScriptBuilder().Op(OP_HASH160).Push(Bytes(20)).Op(OP_EQUAL).Take();
  };
}

Edit CoinbaseTakes(Amount fees) {
  return [=](SpendingSetup& setup) {
    Pays({100, 20}, {50, 30})(setup);  // a fee of 40
    setup.plan.fees = fees;
  };
}

void Unchanged(SpendingSetup&) {}

Verdict JudgeScripts(const Bytes& second_coin) {
  SpendingSetup setup;
  const TransactionPtr tx = setup.Add({10, 10}, {10}).draft.Finish();
  const Bytes first_coin = {OP_1};
  const Coin first{10, 1, false, first_coin};
  const Coin second{10, 1, false, second_coin};
  const Coin* const coins[] = {&first, &second};
  consensus::ExactVerifier exact;
  const Verdict verdict = consensus::CheckScripts(
      *tx, coins, consensus::ScriptFlagsAt(kHeight, {}, setup.params), exact);
  EXPECT_EQ(verdict ? 1u : verdict.error().input, 1u);
  return verdict;
}

RuleCase ScriptCase(std::string name, std::string error, Bytes broken) {
  return {Reject::kScript,
          std::move(name),
          "mandatory-script-verify-flag-failed (" + error + ")",
          Blames::Always(Blame::kInvalid),
          [=] { return JudgeScripts(broken); },
          [] { return JudgeScripts({OP_1}); }};
}

}  // namespace

std::vector<RuleCase> SpendingCases() {
  const Blames invalid = Blames::Always(Blame::kInvalid);
  const Blames too_early{Blame::kInvalid, Blame::kPremature};
  const auto locks = [&](std::string name, Edit broken, Edit repaired) {
    return SpendingCase(Reject::kSequenceLocks, std::move(name), "bad-txns-nonfinal", too_early,
                        std::move(broken), std::move(repaired));
  };
  const auto sigops = [&](std::string name, Edit broken, Edit repaired) {
    return SpendingCase(Reject::kSigopsCost, std::move(name), "bad-blk-sigops", invalid,
                        std::move(broken), std::move(repaired));
  };
  constexpr uint32_t kTime = consensus::kSequenceIsTime;
  constexpr uint32_t kDisabled = consensus::kSequenceDisabled;
  return {
      SpendingCase(
          Reject::kBip30, "ATxidThatIsStillUnspent", "bad-txns-BIP30", invalid,
          [](SpendingSetup& setup) {
            setup.unspent.insert({setup.spends[0].draft.Finish()->txid, 0});
          },
          // The same coin, but the transaction is another by its lock time.
          [](SpendingSetup& setup) {
            setup.unspent.insert({setup.spends[0].draft.Finish()->txid, 0});
            setup.spends[0].draft.lock_time = 1;
          }),
      SpendingCase(
          Reject::kMissingOrSpent, "NoSuchCoin", "bad-txns-inputs-missingorspent",
          {Blame::kInvalid, Blame::kMissing},
          [](SpendingSetup& setup) { setup.spends[0].coins[0].reset(); }, Unchanged),
      SpendingCase(Reject::kPrematureCoinbaseSpend, "ACoinbase99BlocksLater",
                   "bad-txns-premature-spend-of-coinbase", too_early, CoinbaseOfAge(99),
                   CoinbaseOfAge(100)),
      // No coin is worth that much; the rule is a second line of defence.
      SpendingCase(Reject::kInputValuesOutOfRange, "ACoinAbove21Million",
                   "bad-txns-inputvalues-outofrange", invalid, Pays({kMaxMoney + 1}, {1}),
                   Pays({kMaxMoney}, {1})),
      SpendingCase(Reject::kInputValuesOutOfRange, "ANegativeCoin",
                   "bad-txns-inputvalues-outofrange", invalid, Pays({-1, 5}, {1}),
                   Pays({0, 5}, {1})),
      SpendingCase(Reject::kInputValuesOutOfRange, "CoinsTogetherAbove21Million",
                   "bad-txns-inputvalues-outofrange", invalid, Pays({kMaxMoney, 1}, {2}),
                   Pays({kMaxMoney - 1, 1}, {2})),
      // A negative fee is out of range, too, by itself and in the sum.
      SpendingCase(
          Reject::kInputsBelowOutputs, "PaysOneSatoshiTooMuch", "bad-txns-in-belowout", invalid,
          Pays({10}, {5, 6}), Pays({10}, {5, 5}),
          {Reject::kFeeOutOfRange, Reject::kAccumulatedFeeOutOfRange, Reject::kCoinbaseAmount}),
      // Takes an output below zero, which no block has got past `CheckBlock` with.
      SpendingCase(Reject::kFeeOutOfRange, "AFeeAbove21Million", "bad-txns-fee-outofrange", invalid,
                   Pays({kMaxMoney}, {-1}), Pays({kMaxMoney}, {0}),
                   {Reject::kAccumulatedFeeOutOfRange}),
      SpendingCase(Reject::kAccumulatedFeeOutOfRange, "FeesTogetherAbove21Million",
                   "bad-txns-accumulated-fee-outofrange", invalid, FeesAre(kMaxMoney, 1),
                   FeesAre(kMaxMoney - 1, 1)),
      locks("TenBlocksAfterNine", RelativeLockIs(10, 9), RelativeLockIs(10, 10)),
      locks("UpperBitsSayNothing", RelativeLockIs(10 | 1u << 30 | 1u << 16, 9),
            RelativeLockIs(10 | kDisabled, 9)),
      // Ten blocks are 6000 seconds; a unit is 512.
      locks("TwelveUnitsAfter6000Seconds", RelativeLockIs(12 | kTime, 10),
            RelativeLockIs(11 | kTime, 10)),
      locks("VersionsAreUnsigned", RelativeLockIs(10, 9, -1), RelativeLockIs(10, 9, 1)),
      locks("AnyUnitInTheSameBlock", RelativeLockIs(1 | kTime, 0), RelativeLockIs(0 | kTime, 0)),
      locks("FromBip68On", RelativeLockIs(10, 9, 2, kHeight),
            RelativeLockIs(10, 9, 2, kHeight + 1)),
      sigops("20001InARedeemScript", RedeemScriptHasSigops(20'001), RedeemScriptHasSigops(20'000)),
      sigops("80001InAWitnessScript", WitnessScriptHasSigops(80'001),
             WitnessScriptHasSigops(80'000)),
      sigops("80001InAWitnessScriptInP2sh", WitnessScriptHasSigops(80'001, true),
             WitnessScriptHasSigops(80'000, true)),
      SpendingCase(Reject::kCoinbaseAmount, "OneSatoshiBeyondFeesAndSubsidy", "bad-cb-amount",
                   invalid, CoinbaseTakes(41), CoinbaseTakes(40)),
  };
}

std::vector<RuleCase> ScriptCases() {
  return {
      ScriptCase("FalseOnTheStack",
                 "Script evaluated without error but finished with a false/empty top stack element",
                 {OP_0}),
      ScriptCase("OpReturn", "OP_RETURN was encountered", {OP_RETURN}),
      ScriptCase("AnEmptyStack", "Operation not valid with the current stack size", {OP_DROP}),
  };
}

}  // namespace cairn::test
