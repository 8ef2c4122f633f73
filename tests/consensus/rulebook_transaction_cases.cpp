#include <utility>

#include "cairn/primitives/script.h"
#include "consensus/rules/transaction.h"
#include "tests/consensus/rulebook_cases.h"

namespace cairn::test {
namespace {

using consensus::Blame;
using consensus::Reject;
using consensus::Verdict;

using Edit = std::function<void(TransactionDraft&)>;

/// Spends one output to one, until it is edited.
TransactionDraft Usual() {
  TransactionDraft draft;
  draft.inputs.emplace_back().prevout = {Txid{{1}}, 0};
  draft.outputs.push_back({1, {OP_1}});
  return draft;
}

Verdict JudgeTransaction(const Edit& edit, std::optional<Reject> only,
                         const Rejects& besides = {}) {
  TransactionDraft draft = Usual();
  edit(draft);
  const TransactionPtr tx = draft.Finish();
  if (only) {
    ExpectAlone(consensus::TransactionRules(), *tx, *only, besides);
    Amount total = 0;
    for (const TxOut& output : tx->outputs) {
      ExpectAlone(consensus::OutputRules(), {output.value, total}, *only, besides);
      if (!IsMoney(total + output.value)) break;
      total += output.value;
    }
  }
  return consensus::CheckTransaction(*tx);
}

RuleCase TransactionCase(Reject reject, std::string name, std::string reason, Edit broken,
                         Edit repaired, const Rejects& besides = {}) {
  return {reject,
          std::move(name),
          std::move(reason),
          Blames::Always(Blame::kInvalid),
          [=] { return JudgeTransaction(broken, reject, besides); },
          [=] { return JudgeTransaction(repaired, std::nullopt); }};
}

/// Outputs of these values.
Edit Pays(std::vector<Amount> values) {
  return [=](TransactionDraft& draft) {
    draft.outputs.clear();
    for (const Amount value : values) draft.outputs.push_back({value, {OP_1}});
  };
}

/// A transaction of exactly this many bytes without its witness.
Edit StrippedSizeIs(size_t size) {
  return [=](TransactionDraft& draft) {
    draft.outputs[0].script.resize(size / 2);  // the length of its length is that of the final size
    draft.outputs[0].script.resize(size / 2 + size - draft.Finish()->stripped_size);
  };
}

Edit CoinbaseScriptOf(size_t size) {
  return [=](TransactionDraft& draft) {
    draft.inputs[0].prevout = {};
    draft.inputs[0].script_sig.resize(size);
  };
}

}  // namespace

std::vector<RuleCase> TransactionCases() {
  const auto unchanged = [](TransactionDraft&) {};
  return {
      TransactionCase(
          Reject::kInputsEmpty, "NoInputs", "bad-txns-vin-empty",
          [](TransactionDraft& draft) { draft.inputs.clear(); }, unchanged),
      TransactionCase(
          Reject::kOutputsEmpty, "NoOutputs", "bad-txns-vout-empty",
          [](TransactionDraft& draft) { draft.outputs.clear(); }, unchanged),
      TransactionCase(Reject::kOversize, "AMillionAndOneBytes", "bad-txns-oversize",
                      StrippedSizeIs(1'000'001), StrippedSizeIs(1'000'000)),
      TransactionCase(Reject::kOutputNegative, "MinusOneSatoshi", "bad-txns-vout-negative",
                      Pays({1, -1}), Pays({1, 0})),
      // The sum cannot be right where a part of it is too large.
      TransactionCase(Reject::kOutputTooLarge, "OneSatoshiAbove21Million", "bad-txns-vout-toolarge",
                      Pays({kMaxMoney + 1}), Pays({kMaxMoney}), {Reject::kOutputTotalTooLarge}),
      TransactionCase(Reject::kOutputTotalTooLarge, "TogetherAbove21Million",
                      "bad-txns-txouttotal-toolarge", Pays({kMaxMoney, 1}),
                      Pays({kMaxMoney - 1, 1})),
      TransactionCase(Reject::kOutputTotalTooLarge, "ManyOutputsOf21Million",
                      "bad-txns-txouttotal-toolarge", Pays(std::vector<Amount>(10'000, kMaxMoney)),
                      Pays(std::vector<Amount>(10'000, kMaxMoney / 10'000))),
      TransactionCase(
          Reject::kInputsDuplicate, "TheSameOutputTwice", "bad-txns-inputs-duplicate",
          [](TransactionDraft& draft) { draft.inputs.push_back(draft.inputs[0]); },
          [](TransactionDraft& draft) {
            draft.inputs.push_back(draft.inputs[0]);
            draft.inputs[1].prevout.index = 1;
          }),
      TransactionCase(Reject::kCoinbaseLength, "CoinbaseScriptOfOneByte", "bad-cb-length",
                      CoinbaseScriptOf(1), CoinbaseScriptOf(2)),
      TransactionCase(Reject::kCoinbaseLength, "CoinbaseScriptOf101Bytes", "bad-cb-length",
                      CoinbaseScriptOf(101), CoinbaseScriptOf(100)),
      TransactionCase(
          Reject::kPrevoutNull, "ANullOutpointAmongOthers", "bad-txns-prevout-null",
          [](TransactionDraft& draft) { draft.inputs.emplace_back(); },
          // Null in one half only is an outpoint like any other.
          [](TransactionDraft& draft) { draft.inputs.emplace_back().prevout.index = 0; }),
  };
}

}  // namespace cairn::test
