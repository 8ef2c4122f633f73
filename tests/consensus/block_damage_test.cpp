// Real blocks with one thing in them changed, and everything that commits to it made anew: the
// block fails as a whole, at that transaction and input, with the error that such damage has.

#include <cstdio>
#include <map>
#include <random>

#include <gtest/gtest.h>

#include "cairn/primitives/script.h"
#include "consensus/merkle.h"
#include "consensus/script/encoding.h"
#include "consensus/script/signature_cache.h"
#include "tests/support/block_judge.h"
#include "tests/support/effort.h"
#include "tests/support/real_blocks.h"

namespace cairn::test {
namespace {

using consensus::Reject;
using consensus::ScriptError;

enum class Damage { kSignature, kAmount, kScript };

/// The block with one transaction replaced, its commitment and its merkle root made anew.
BlockPtr Rebuild(const Block& block, uint32_t index, const TransactionDraft& replacement) {
  std::vector<TransactionDraft> drafts;
  for (const Transaction& tx : block.transactions()) drafts.push_back(TransactionDraft::From(tx));
  drafts[index] = replacement;
  std::vector<TransactionPtr> parts;
  for (const TransactionDraft& draft : drafts) parts.push_back(draft.Finish());
  const BlockPtr unrooted = *Block::Parse(SerializeBlock(block.header(), parts));
  const int commitment = consensus::FindWitnessCommitment(*parts[0]);
  if (commitment >= 0 && parts[0]->has_witness) {
    Bytes& script = drafts[0].outputs[static_cast<size_t>(commitment)].script;
    const Bytes made = consensus::WitnessCommitmentScript(consensus::WitnessMerkleRoot(*unrooted),
                                                          drafts[0].inputs[0].witness[0]);
    std::copy(made.begin(), made.end(), script.begin());
    parts[0] = drafts[0].Finish();
  }
  Header header = block.header();
  const BlockPtr committed = *Block::Parse(SerializeBlock(header, parts));
  header.merkle_root.bytes = consensus::TransactionMerkleRoot(*committed).root;
  return *Block::Parse(SerializeBlock(header, parts));
}

/// How an input spends, as far as it says which error damage has.
struct SpendShape {
  OutputType type;
  OutputType inner = OutputType::kNonStandard;  // of the redeem script, or of the witness script
  bool taproot_script_path = false;
};

SpendShape ShapeOf(const TxIn& input, ByteSpan output) {
  SpendShape shape{ClassifyOutput(output).type};
  ByteSpan last;
  ScriptCursor cursor(input.script_sig);
  ScriptElement element;
  while (!cursor.AtEnd() && cursor.Next(element)) last = element.data;
  OutputType program = shape.type;
  if (shape.type == OutputType::kScriptHash) program = shape.inner = ClassifyOutput(last).type;
  if (program == OutputType::kWitnessV0ScriptHash && !input.witness.empty()) {
    shape.inner = ClassifyOutput(input.witness.back()).type;
  }
  if (shape.type == OutputType::kWitnessV1Taproot) {
    const bool annex = input.witness.size() > 1 && !input.witness.back().empty() &&
                       input.witness.back()[0] == 0x50;
    shape.taproot_script_path = input.witness.size() > (annex ? 2u : 1u);
  }
  return shape;
}

/// Whether a wrong signature leaves false on the stack and nothing else: not so where a script of
/// somebody's own decides.
bool EndsWithItsSignature(const SpendShape& shape) {
  const auto plain = [](OutputType type) {
    return type == OutputType::kPubKey || type == OutputType::kPubKeyHash ||
           type == OutputType::kMultisig || type == OutputType::kWitnessV0KeyHash;
  };
  const bool wrapped =
      shape.type == OutputType::kScriptHash || shape.type == OutputType::kWitnessV0ScriptHash;
  return plain(wrapped ? shape.inner : shape.type);
}

/// The error that the damage must have; nothing where that takes knowing the script.
std::optional<ScriptError> ErrorOf(Damage damage, const SpendShape& shape) {
  if (damage == Damage::kScript) {
    switch (shape.type) {
      case OutputType::kPubKey: return ScriptError::kEvalFalse;  // its key is no more the signer's
      case OutputType::kPubKeyHash:
      case OutputType::kWitnessV0KeyHash: return ScriptError::kEqualVerify;
      case OutputType::kScriptHash: return ScriptError::kEvalFalse;
      case OutputType::kWitnessV0ScriptHash: return ScriptError::kWitnessProgramMismatch;
      case OutputType::kWitnessV1Taproot:
        return shape.taproot_script_path ? ScriptError::kWitnessProgramMismatch
                                         : ScriptError::kSchnorrSig;
      default: return std::nullopt;
    }
  }
  if (shape.type == OutputType::kWitnessV1Taproot) return ScriptError::kSchnorrSig;
  if (!EndsWithItsSignature(shape)) return std::nullopt;
  return ScriptError::kEvalFalse;
}

/// The place of a byte inside the numbers of a signature; 0 if the bytes are no signature.
size_t ByteOfSignature(ByteSpan item, bool taproot, std::mt19937& random) {
  if (taproot) return item.size() == 64 || item.size() == 65 ? 1 + random() % 63 : 0;
  if (!consensus::IsStrictDer(item) || item[3] < 20) return 0;
  return 6 + random() % (item[3] - 4u);  // within R, behind what makes its form strict
}

/// Flips a bit in the first signature of the input; false if it has none that is easy to find.
bool DamageSignature(TransactionDraft::Input& input, bool taproot, std::mt19937& random) {
  for (Bytes& item : input.witness) {
    const size_t at = ByteOfSignature(item, taproot, random);
    if (at != 0) return item[at] ^= 4, true;
  }
  ScriptCursor cursor(input.script_sig);
  ScriptElement element;
  while (!cursor.AtEnd() && cursor.Next(element)) {
    const size_t at = ByteOfSignature(element.data, false, random);
    if (at == 0) continue;
    input.script_sig[cursor.Position() - element.data.size() + at] ^= 4;
    return true;
  }
  return false;
}

/// A real block with damage done to one input or to its coin.
class DamagedBlock {
 public:
  DamagedBlock(const RealBlock& real, size_t coin)
      : real_(real), block_(real.block), coins_(real.coins), place_(PlaceOfCoin(*block_, coin)) {}

  const InputPlace& place() const { return place_; }

  /// The error that the block must fail with; nothing if this input is not for such damage.
  std::optional<ScriptError> Damaged(Damage damage, std::mt19937& random) {
    Coin& coin = coins_[place_.coin];
    const Transaction& tx = block_->transactions()[place_.transaction];
    const SpendShape shape = ShapeOf(tx.inputs[place_.input], coin.script);
    const auto error = ErrorOf(damage, shape);
    if (!error) return std::nullopt;
    const bool taproot = shape.type == OutputType::kWitnessV1Taproot;
    if (damage == Damage::kSignature) {
      TransactionDraft draft = TransactionDraft::From(tx);
      if (!DamageSignature(draft.inputs[place_.input], taproot, random)) return std::nullopt;
      block_ = Rebuild(*block_, place_.transaction, draft);
      return error;
    }
    if (AnotherInputCommitsToTheCoin(tx)) return std::nullopt;
    if (damage == Damage::kAmount) {
      const bool committed = taproot || tx.inputs[place_.input].witness.size() > 1;
      coin.value += 1;
      return committed ? error : std::nullopt;
    }
    script_.assign(coin.script.begin(), coin.script.end());
    script_[5 + random() % 10] ^= 1;  // within the hash or key
    coin.script = script_;
    return error;
  }

  template <typename Judge>
  auto With(const Judge& judge) const {
    const std::vector<const Coin*> pointers = PointersTo(coins_);
    // The flags are those of the real block: an exception is known by its hash.
    return judge(consensus::FundedBlock{*block_, real_.params, *real_.ancestors, real_.Flags(),
                                        pointers, false});
  }

 private:
  /// Taproot signatures commit to the coins of all inputs, so that the first of them would fail.
  bool AnotherInputCommitsToTheCoin(const Transaction& tx) const {
    for (size_t i = 0; i < tx.inputs.size(); ++i) {
      const size_t coin = place_.coin - place_.input + i;
      const OutputType type = ClassifyOutput(coins_[coin].script).type;
      if (coin != place_.coin && type == OutputType::kWitnessV1Taproot) return true;
    }
    return false;
  }

  const RealBlock& real_;
  BlockPtr block_;
  std::vector<Coin> coins_;
  InputPlace place_;
  Bytes script_;  // that a damaged coin looks into
};

/// All signatures of all blocks, so that a damaged block costs its damage.
consensus::SignatureCache& CacheOfAllBlocks() {
  static consensus::SignatureCache cache(64 << 20, {});
  static const bool filled = [] {
    consensus::ExactVerifier exact;
    consensus::CachingVerifier caching(cache, exact);
    for (const RealBlock& real : RealBlocks()) {
      const std::vector<const Coin*> coins = PointersTo(real.coins);
      EXPECT_TRUE(
          RunBlockExactly({*real.block, real.params, *real.ancestors, real.Flags(), coins, false},
                          caching)
              .has_value());
    }
    return true;
  }();
  EXPECT_TRUE(filled);
  return cache;
}

TEST(BlockDamage, FailsTheWholeBlockInItsPlace) {
  CAIRN_NEED_VECTORS();
  const int each = static_cast<int>(Scaled(40));
  std::mt19937 random(341);
  std::map<Damage, int> done;
  std::map<ScriptError, int> errors;
  consensus::ExactVerifier exact;
  consensus::CachingVerifier caching(CacheOfAllBlocks(), exact);
  consensus::OptimisticRuns runs(caching);
  for (int tries = 0;
       done[Damage::kSignature] + done[Damage::kAmount] + done[Damage::kScript] < 3 * each;
       ++tries) {
    ASSERT_LT(tries, 5000);
    const auto damage = static_cast<Damage>(tries % 3);
    if (done[damage] >= each) continue;
    // Half of them where most kinds of output are spent.
    const RealBlock& any = RealBlocks()[random() % RealBlocks().size()];
    const RealBlock& real = random() % 2 == 0 ? any : RealBlockNamed("mainnet_866342.blk");
    DamagedBlock damaged(real, random() % real.coins.size());
    const auto error = damaged.Damaged(damage, random);
    if (!error) continue;
    const InputPlace place = damaged.place();
    SCOPED_TRACE(real.name + " transaction " + std::to_string(place.transaction) + " input " +
                 std::to_string(place.input) + " damage " + std::to_string(tries % 3));
    const auto before = damaged.With(JudgeBeforeScripts);
    ASSERT_TRUE(before.has_value()) << before.error().ToString();
    const auto expect = [&](const consensus::Verdict& verdict) {
      ASSERT_FALSE(verdict.has_value());
      EXPECT_EQ(verdict.error().reject, Reject::kScript);
      EXPECT_EQ(verdict.error().transaction, place.transaction);
      EXPECT_EQ(verdict.error().input, place.input);
      EXPECT_EQ(verdict.error().script_error, *error) << verdict.error().ToString();
    };
    expect(damaged.With([&](const auto& funded) { return RunBlockExactly(funded, caching); }));
    expect(damaged.With([&](const auto& funded) { return RunBlockOptimistically(funded, runs); }));
    ++done[damage];
    ++errors[*error];
  }
  std::printf(
      "%d signatures, %d amounts, %d scripts damaged; %llu signatures deferred, %llu runs "
      "repeated;",
      done[Damage::kSignature], done[Damage::kAmount], done[Damage::kScript],
      static_cast<unsigned long long>(runs.counts().deferred),
      static_cast<unsigned long long>(runs.counts().repeated));
  for (const auto& [error, count] : errors) {
    std::printf(" %s %d", std::string(consensus::ScriptErrorName(error)).c_str(), count);
  }
  std::printf("\n");
}

/// The commitment to the witness is one of the rules that the damaged blocks above have kept.
TEST(BlockDamage, WithoutANewCommitmentFailsByTheCommitment) {
  CAIRN_NEED_VECTORS();
  std::mt19937 random(141);
  int done = 0;
  for (const RealBlock& real : RealBlocks()) {
    const auto transactions = real.block->transactions();
    std::vector<TransactionPtr> parts;
    bool damaged = false;
    for (const Transaction& tx : transactions) {
      TransactionDraft draft = TransactionDraft::From(tx);
      if (tx.has_witness && !tx.IsCoinbase() && !damaged) {
        for (TransactionDraft::Input& input : draft.inputs) {
          if (damaged || input.witness.empty() || input.witness[0].empty()) continue;
          input.witness[0][random() % input.witness[0].size()] ^= 1;
          damaged = true;
        }
      }
      parts.push_back(draft.Finish());
    }
    if (!damaged) continue;
    SCOPED_TRACE(real.name);
    const BlockPtr block = *Block::Parse(SerializeBlock(real.block->header(), parts));
    const auto coins = PointersTo(real.coins);
    const auto verdict =
        JudgeBeforeScripts({*block, real.params, *real.ancestors, real.Flags(), coins, false});
    ASSERT_FALSE(verdict.has_value());
    EXPECT_EQ(verdict.error().Reason(), "bad-witness-merkle-match");
    ++done;
  }
  EXPECT_GE(done, 8);
}

}  // namespace
}  // namespace cairn::test
