#include "cairn/primitives/transaction.h"

#include "cairn/base/assert.h"
#include "consensus/rules/transaction.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/targets.h"

namespace cairn::fuzz {
namespace {

Bytes WithoutWitness(TransactionDraft draft) {
  for (auto& input : draft.inputs) input.witness.clear();
  return draft.Serialize();
}

void CheckRoundTrip(const Transaction& tx, ByteSpan input) {
  CAIRN_ASSERT(Equal(tx.bytes, input));
  const TransactionDraft draft = TransactionDraft::From(tx);
  // One transaction has one encoding: what is accepted is what would be written.
  CAIRN_ASSERT(Equal(draft.Serialize(), input));
  CAIRN_ASSERT(draft.HasWitness() == tx.has_witness);
  const TransactionPtr again = draft.Finish();
  CAIRN_ASSERT(again->txid == tx.txid && again->wtxid == tx.wtxid);

  const Bytes stripped = WithoutWitness(draft);
  CAIRN_ASSERT(tx.stripped_size == stripped.size());
  CAIRN_ASSERT(tx.txid.bytes == crypto::Sha256dOf(stripped));
  CAIRN_ASSERT(tx.wtxid.bytes == crypto::Sha256dOf(input));
}

void CheckRules(const Transaction& tx) {
  const consensus::Verdict verdict = consensus::CheckTransaction(tx);
  if (!verdict) {
    CAIRN_ASSERT(!verdict.error().ToString().empty());
    return;
  }
  CAIRN_ASSERT(!tx.inputs.empty() && !tx.outputs.empty());
  Amount total = 0;
  for (const TxOut& output : tx.outputs) total += output.value;
  CAIRN_ASSERT(IsMoney(total));
  // What is final stays final as the chain grows.
  constexpr int kHeight = 500'000;
  constexpr int64_t kTime = 1'500'000'000;
  const bool is_final = consensus::IsFinal(tx, kHeight, kTime);
  CAIRN_ASSERT(!is_final || consensus::IsFinal(tx, kHeight + 1, kTime + 1));
}

}  // namespace

void FuzzTransaction(ByteSpan input) {
  for (const auto encoding : {WitnessEncoding::kAllowed, WitnessEncoding::kForbidden}) {
    const auto parsed = ParseTransaction(Copy(input), encoding);
    if (!parsed) {
      CAIRN_ASSERT(!parsed.error().message.empty());
      continue;
    }
    CheckRoundTrip(**parsed, input);
    CheckRules(**parsed);
  }
}

}  // namespace cairn::fuzz
