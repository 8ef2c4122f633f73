#include <utility>

#include "consensus/rules/block.h"
#include "tests/consensus/rulebook_cases.h"
#include "tests/support/block_maker.h"
#include "tests/support/listed_ancestors.h"

namespace cairn::test {
namespace {

using consensus::Blame;
using consensus::Params;
using consensus::Reject;
using consensus::Verdict;

constexpr int kHeight = 20;
constexpr uint32_t kGenesisTime = 1'600'000'000;
constexpr uint32_t kSpacing = 600;
constexpr uint32_t kParentTime = kGenesisTime + (kHeight - 1) * kSpacing;
constexpr uint32_t kMedianTime = kParentTime - 5 * kSpacing;
constexpr uint32_t kNotFinal = 0;  // a sequence

/// A block at height 20 that keeps all rules until it is edited.
struct PlacedSetup {
  Params params = Regtest();
  BlockPlan plan;
};

using Edit = std::function<void(PlacedSetup&)>;

Verdict JudgePlaced(const Edit& edit, std::optional<Reject> only) {
  PlacedSetup setup;
  edit(setup);
  const auto ancestors = ListedAncestors::Steady(
      kHeight, {4, kGenesisTime, setup.params.retarget.limit_bits}, kSpacing);
  const Place parent{{}, kHeight - 1, kParentTime};
  const MadeBlock made = MakeBlock(setup.params, parent, setup.plan);
  const auto checked = consensus::CheckBlock(made.block, setup.params);
  EXPECT_TRUE(checked.has_value()) << checked.error().ToString();
  const consensus::PlacedBlock placed{*made.block, setup.params, ancestors};
  if (only) ExpectAlone(consensus::PlacedBlockRules(), placed, *only);
  return consensus::AcceptBlock(placed);
}

RuleCase PlacedCase(Reject reject, std::string name, std::string reason, Blames blames, Edit broken,
                    Edit repaired) {
  return {reject,
          std::move(name),
          std::move(reason),
          blames,
          [=] { return JudgePlaced(broken, reject); },
          [=] { return JudgePlaced(repaired, std::nullopt); }};
}

void Unchanged(PlacedSetup&) {}

Edit LockTimeIs(uint32_t lock_time, uint32_t sequence = kNotFinal, int csv_height = 1) {
  return [=](PlacedSetup& setup) {
    TransactionDraft draft;
    auto& input = draft.inputs.emplace_back();
    input.prevout = {Txid{{1}}, 0};
    input.sequence = sequence;
    draft.outputs.push_back({1, {OP_1}});
    draft.lock_time = lock_time;
    setup.plan.transactions = {draft.Finish()};
    setup.params.heights.csv = csv_height;
  };
}

Edit CoinbaseScriptIs(Bytes script) {
  return [=](PlacedSetup& setup) {
    setup.plan.edit_coinbase = [=](TransactionDraft& coinbase) {
      coinbase.inputs[0].script_sig = script;
    };
  };
}

TransactionPtr SpendWithWitness(std::vector<Bytes> witness) {
  TransactionDraft draft;
  auto& input = draft.inputs.emplace_back();
  input.prevout = {Txid{{1}}, 0};
  input.witness = std::move(witness);
  draft.outputs.push_back({1, {OP_1}});
  return draft.Finish();
}

/// A coinbase whose witness is `items`, with the commitment that the first of them gives.
Edit WitnessNonceIs(std::vector<Bytes> items) {
  return [=](PlacedSetup& setup) {
    setup.plan.edit_coinbase = [=](TransactionDraft& coinbase) {
      coinbase.inputs[0].witness = items;
      coinbase.outputs.back().script = consensus::WitnessCommitmentScript({}, items[0]);
    };
  };
}

/// BIP141: the last output with the marker counts, so a right commitment before a wrong one is
/// none.
Edit TheWrongCommitmentIs(bool last) {
  return [=](PlacedSetup& setup) {
    setup.plan.edit_coinbase = [=](TransactionDraft& coinbase) {
      TransactionDraft::Output wrong = coinbase.outputs.back();
      wrong.script.back() ^= 1;
      coinbase.outputs.insert(coinbase.outputs.end() - (last ? 0 : 1), wrong);
    };
  };
}

Edit HasWitness(bool committed, int segwit_height = 0) {
  return [=](PlacedSetup& setup) {
    setup.params.heights.segwit = segwit_height;
    setup.plan.transactions = {SpendWithWitness({{1}})};
    setup.plan.commit_to_witness = committed;
  };
}

/// Weight that is all witness, so that the length without it says nothing.
Edit WeightIs(size_t weight) {
  return [=](PlacedSetup& setup) {
    constexpr size_t kItem = 3'900'000;
    setup.plan.transactions = {SpendWithWitness({Bytes(kItem)})};
    const Place parent{{}, kHeight - 1, kParentTime};
    const size_t without = MakeBlock(setup.params, parent, setup.plan).block->Weight() - kItem;
    setup.plan.transactions = {SpendWithWitness({Bytes(weight - without)})};
  };
}

}  // namespace

std::vector<RuleCase> PlacedBlockCases() {
  const Blames too_early{Blame::kInvalid, Blame::kPremature};
  const Blames invalid = Blames::Always(Blame::kInvalid);
  const Blames mutated = Blames::Always(Blame::kMutated);
  const auto non_final = [&](std::string name, Edit broken, Edit repaired) {
    return PlacedCase(Reject::kNonFinal, std::move(name), "bad-txns-nonfinal", too_early,
                      std::move(broken), std::move(repaired));
  };
  return {
      non_final("LockedToThisHeight", LockTimeIs(kHeight), LockTimeIs(kHeight - 1)),
      non_final("LockedWithOneSequenceOpen", LockTimeIs(kHeight, TxIn::kFinalSequence - 1),
                LockTimeIs(kHeight, TxIn::kFinalSequence)),
      non_final("LockedToTheMedianTime", LockTimeIs(kMedianTime), LockTimeIs(kMedianTime - 1)),
      // Before BIP113 lock times were compared with the block's own time, here the parent's + 1.
      non_final("LockedToItsTimeBeforeBip113", LockTimeIs(kParentTime + 1, kNotFinal, kHeight + 1),
                LockTimeIs(kParentTime, kNotFinal, kHeight + 1)),
      PlacedCase(Reject::kCoinbaseHeight, "AnotherHeight", "bad-cb-height", invalid,
                 CoinbaseScriptIs({1, kHeight + 1}), CoinbaseScriptIs({1, kHeight})),
      PlacedCase(Reject::kCoinbaseHeight, "TheHeightInTwoBytes", "bad-cb-height", invalid,
                 CoinbaseScriptIs({2, kHeight, 0}), CoinbaseScriptIs({1, kHeight, 0})),
      PlacedCase(Reject::kCoinbaseHeight, "TheHeightIsNotFirst", "bad-cb-height", invalid,
                 CoinbaseScriptIs({OP_NOP, 1, kHeight}),
                 [](PlacedSetup& setup) {
                   CoinbaseScriptIs({OP_NOP, 1, kHeight})(setup);
                   setup.params.heights.bip34 = kHeight + 1;
                 }),
      PlacedCase(Reject::kWitnessNonceSize, "ANonceOf31Bytes", "bad-witness-nonce-size", mutated,
                 WitnessNonceIs({Bytes(31)}), WitnessNonceIs({Bytes(32)})),
      PlacedCase(Reject::kWitnessNonceSize, "TwoNonces", "bad-witness-nonce-size", mutated,
                 WitnessNonceIs({Bytes(32), Bytes(32)}), WitnessNonceIs({Bytes(32, 7)})),
      PlacedCase(Reject::kWitnessMerkleMatch, "TheLastCommitmentIsWrong",
                 "bad-witness-merkle-match", mutated, TheWrongCommitmentIs(true),
                 TheWrongCommitmentIs(false)),
      PlacedCase(Reject::kUnexpectedWitness, "WitnessWithoutCommitment", "unexpected-witness",
                 mutated, HasWitness(false), HasWitness(true)),
      PlacedCase(Reject::kUnexpectedWitness, "WitnessBeforeBip141", "unexpected-witness", mutated,
                 HasWitness(true, kHeight + 1), HasWitness(true, kHeight)),
      PlacedCase(Reject::kBlockWeight, "FourMillionAndOne", "bad-blk-weight", invalid,
                 WeightIs(4'000'001), WeightIs(4'000'000)),
      PlacedCase(
          Reject::kUnexpectedWitness, "CoinbaseWitnessWithoutCommitment", "unexpected-witness",
          mutated,
          [](PlacedSetup& setup) {
            setup.plan.edit_coinbase = [](TransactionDraft& coinbase) {
              coinbase.outputs.pop_back();
            };
          },
          Unchanged),
  };
}

}  // namespace cairn::test
