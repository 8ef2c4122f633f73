#include "consensus/script/sigops.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/spend.h"
#include "tests/fuzz/targets.h"
#include "tests/support/script_cases.h"

namespace cairn::fuzz {
namespace {

using consensus::ScriptError;
using test::SpendCase;

/// A curve on which three of four signatures are right, whichever those are. It lets runs go on
/// that would need a signature, and counts how often it was asked.
class InventedCurve final : public consensus::SignatureVerifier {
 public:
  explicit InventedCurve(uint8_t seed) : seed_(seed) {}

  bool Verify(const consensus::SignatureCheck& check) override {
    ++asked_;
    Bytes all = Copy(check.key);
    Append(all, check.signature);
    Append(all, check.message);
    return crypto::SipHash24(seed_, static_cast<uint64_t>(check.kind), all) % 4 != 0;
  }

  uint64_t asked() const { return asked_; }

 private:
  uint64_t seed_;
  uint64_t asked_ = 0;
};

/// The signatures that a spend may ask for: each of scriptSig, output script, P2SH script and
/// witness script has 201 opcodes at most, in which every key of a multisig counts; a tapscript has
/// a budget of 50 units of weight for each (BIP342).
uint64_t MostSignatures(const Transaction& tx) {
  constexpr uint64_t kScripts = 4;
  constexpr uint64_t kOpcodes = 201;
  constexpr uint64_t kWeightPerSignature = 50;
  return kScripts * kOpcodes + tx.total_size() / kWeightPerSignature + 1;
}

uint64_t SigopsCost(const SpendCase& spend) {
  const Coin coin{spend.coins[0].value, 1, false, spend.coins[0].script};
  const Coin* const coins[] = {&coin};
  return consensus::SigopsCost(*spend.tx, coins, spend.flags);
}

void CheckSpend(SpendCase& spend, uint8_t seed, uint32_t other_flags) {
  InventedCurve curve(seed);
  const ScriptError error = test::RunCase(spend, curve);
  CAIRN_ASSERT(curve.asked() <= MostSignatures(*spend.tx));
  CAIRN_ASSERT(!consensus::ScriptErrorText(error).empty());

  // Every flag only ever forbids: with fewer of them a valid spend stays valid, with more an
  // invalid one stays invalid. More of them find more signature operations to count.
  const bool valid = error == ScriptError::kOk;
  const uint32_t bits = spend.flags.bits();
  const uint64_t sigops_cost = SigopsCost(spend);
  spend.flags = LegalFlags(valid ? bits & other_flags : bits | other_flags);
  CAIRN_ASSERT((test::RunCase(spend, curve) == ScriptError::kOk) == valid);
  const uint64_t other_cost = SigopsCost(spend);
  CAIRN_ASSERT(valid ? other_cost <= sigops_cost : other_cost >= sigops_cost);
}

/// Scripts as they come, with nothing that fits anything.
void FillFreely(Input& input, TransactionDraft::Input& spending, Bytes& output) {
  for (size_t items = input.Below(8); items > 0; --items) {
    spending.witness.push_back(Copy(input.Short()));
  }
  spending.script_sig = Copy(input.Long());
  output = Copy(input.Rest());
}

/// A script in a wrapping that fits, with arguments.
void FillWrapped(Wrapping wrapping, Input& input, TransactionDraft::Input& spending,
                 Bytes& output) {
  // Every fourth leaf is of a version that means nothing yet; some have siblings.
  const uint8_t leaf = input.Byte();
  const uint8_t leaf_version = leaf % 4 == 3 ? 0xc2 : consensus::kTapscriptLeafVersion;
  std::vector<crypto::Digest> siblings(leaf / 64);
  for (crypto::Digest& sibling : siblings) sibling.fill(leaf);
  std::vector<Bytes> arguments;
  for (size_t items = input.Below(32); items > 0; --items) arguments.push_back(Copy(input.Short()));
  const WrappedScript wrapped(wrapping, Copy(input.Rest()), leaf_version, siblings);
  wrapped.Open(std::move(arguments), spending);
  output = wrapped.Output();
}

}  // namespace

void FuzzScript(ByteSpan bytes) {
  Input input(bytes);
  const size_t wrapping = input.Below(kWrappings + 1);
  SpendCase spend;
  spend.flags = LegalFlags(input.Number<uint32_t>());
  const auto other_flags = input.Number<uint32_t>();
  const uint8_t seed = input.Byte();

  TransactionDraft draft;
  draft.version = input.Byte();
  draft.lock_time = input.Number<uint32_t>();
  TransactionDraft::Input& spending = draft.inputs.emplace_back();
  spending.prevout.index = 0;
  spending.sequence = input.Number<uint32_t>();
  draft.outputs.push_back({input.Byte(), {}});

  Bytes output;
  if (wrapping == kWrappings) {
    FillFreely(input, spending, output);
  } else {
    FillWrapped(static_cast<Wrapping>(wrapping), input, spending, output);
  }
  spend.tx = draft.Finish();
  spend.coins = {{input.Byte(), std::move(output)}};
  CheckSpend(spend, seed, other_flags);
}

}  // namespace cairn::fuzz
