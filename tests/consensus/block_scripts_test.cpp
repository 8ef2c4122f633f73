// Every real block whose spent outputs are known verifies completely: scripts, sigop cost and fees,
// with the flags of its height. Damaged in one place, it fails there and for the right reason.

#include <cstdio>
#include <map>
#include <random>
#include <sstream>

#include <gtest/gtest.h>

#include "cairn/base/hex.h"
#include "cairn/base/json.h"
#include "cairn/genesis/chain_file.h"
#include "cairn/primitives/script.h"
#include "consensus/merkle.h"
#include "consensus/rules/block.h"
#include "consensus/rules/scripts.h"
#include "consensus/rules/spending.h"
#include "consensus/script/sigops.h"
#include "tests/support/script_cases.h"
#include "tests/support/vectors.h"

namespace cairn::test {
namespace {

using consensus::Reject;
using consensus::ScriptError;
using consensus::ScriptFlags;

/// A block with the outputs that it spends.
struct RealBlock {
  std::string name;
  consensus::Params params;
  int height = 0;
  Amount fees = 0;
  BlockPtr block;
  std::vector<Bytes> scripts;  // that the coins look into
  std::vector<Coin> coins;     // of all inputs behind the coinbase

  std::vector<const Coin*> Pointers() const {
    std::vector<const Coin*> pointers;
    for (const Coin& coin : coins) pointers.push_back(&coin);
    return pointers;
  }
};

RealBlock Load(const json::Value& entry) {
  RealBlock real;
  real.name = entry.Find("file")->Text();
  real.params = *genesis::BuiltInChain(entry.Find("network")->Text());
  real.height = static_cast<int>(*entry.Find("height")->AsInt());
  real.fees = *entry.Find("fees_sat")->AsInt();
  real.block = *Block::Parse(ReadBinary(VectorPath("blocks/" + real.name)));
  std::istringstream lines(ReadText(VectorPath("blocks/" + entry.Find("prevouts")->Text())));
  for (std::string line; std::getline(lines, line);) {
    const auto prevout = *json::Parse(line);
    Coin coin;
    coin.value = *prevout.Find("value_sat")->AsInt();
    coin.height = static_cast<int>(prevout.Find("height")->AsInt().value_or(0));
    coin.coinbase = prevout.Find("coinbase")->AsBool();
    real.scripts.push_back(FromHex(prevout.Find("scriptpubkey_hex")->Text()).value());
    real.coins.push_back(coin);
  }
  for (size_t i = 0; i < real.coins.size(); ++i) real.coins[i].script = real.scripts[i];
  return real;
}

std::vector<RealBlock> LoadAll() {
  std::vector<RealBlock> blocks;
  const auto index = json::Parse(ReadText(VectorPath("blocks/index.json")));
  for (const json::Value& entry : index->Items()) {
    if (!entry.Find("prevouts")->IsNull()) blocks.push_back(Load(entry));
  }
  return blocks;
}

ScriptFlags FlagsOf(const RealBlock& real) {
  return consensus::ScriptFlagsAt(real.height, real.block->hash(), real.params);
}

/// Puts signatures off over a whole transaction and verifies them in one batch.
consensus::Verdict CheckDeferring(const Transaction& tx, std::span<const Coin* const> coins,
                                  ScriptFlags flags, uint64_t& deferred, uint64_t& at_once,
                                  int& repeated) {
  consensus::ExactVerifier exact;
  consensus::DeferringVerifier deferring(exact);
  const auto optimistic = consensus::CheckScripts(tx, coins, flags, deferring);
  deferred += deferring.deferred().size();
  at_once += deferring.verified_at_once();
  if (optimistic && consensus::VerifyAll(deferring.deferred()) < 0) return optimistic;
  ++repeated;
  return consensus::CheckScripts(tx, coins, flags, exact);
}

TEST(BlockScripts, EveryRealBlockVerifiesCompletely) {
  CAIRN_NEED_VECTORS();
  int blocks = 0;
  size_t inputs = 0;
  uint64_t deferred = 0;
  uint64_t at_once = 0;
  int repeated = 0;
  for (const RealBlock& real : LoadAll()) {
    SCOPED_TRACE(real.name);
    const std::vector<const Coin*> coins = real.Pointers();
    ASSERT_EQ(coins.size(), real.block->SpendCount());
    const ScriptFlags flags = FlagsOf(real);
    const auto transactions = real.block->transactions();
    Amount fees = 0;
    uint64_t cost = consensus::SigopsCost(transactions[0], {}, flags);
    size_t at = 0;
    for (size_t i = 1; i < transactions.size(); ++i) {
      const auto own = std::span(coins).subspan(at, transactions[i].inputs.size());
      at += own.size();
      const auto fee = consensus::CheckSpending(transactions[i], own, real.height, real.params);
      ASSERT_TRUE(fee.has_value()) << i << ": " << fee.error().ToString();
      fees += *fee;
      cost += consensus::SigopsCost(transactions[i], own, flags);
      const auto verdict = CheckDeferring(transactions[i], own, flags, deferred, at_once, repeated);
      ASSERT_TRUE(verdict.has_value()) << i << ": " << verdict.error().ToString();
    }
    EXPECT_EQ(fees, real.fees);
    EXPECT_LE(cost, consensus::kMaxBlockSigopsCost);
    ++blocks;
    inputs += coins.size();
  }
  EXPECT_EQ(blocks, 22);
  EXPECT_EQ(inputs, 85108u);
  EXPECT_EQ(repeated, 0);
  std::printf(
      "%d blocks, %zu inputs; %llu signatures deferred, %llu verified at once, %d runs "
      "repeated\n",
      blocks, inputs, static_cast<unsigned long long>(deferred),
      static_cast<unsigned long long>(at_once), repeated);
}

/// One input behind the coinbase, and where its coin is in the list.
struct Place {
  uint32_t transaction = 0;
  uint32_t input = 0;
  size_t coin = 0;
};

Place PlaceOf(const RealBlock& real, size_t coin) {
  Place place{1, 0, coin};
  for (size_t left = coin;; ++place.transaction) {
    const size_t inputs = real.block->transactions()[place.transaction].inputs.size();
    if (left < inputs) {
      place.input = static_cast<uint32_t>(left);
      return place;
    }
    left -= inputs;
  }
}

bool IsTaproot(ByteSpan script) {
  return ClassifyOutput(script).type == OutputType::kWitnessV1Taproot;
}

/// Taproot signatures commit to the coins of all inputs, so damage to one coin shows at the first
/// of them; such transactions are left out where a coin is damaged.
bool HasOtherTaprootInput(const RealBlock& real, const Place& place) {
  const size_t inputs = real.block->transactions()[place.transaction].inputs.size();
  const size_t first = place.coin - place.input;
  for (size_t i = first; i < first + inputs; ++i) {
    if (i != place.coin && IsTaproot(real.coins[i].script)) return true;
  }
  return false;
}

/// The place of a byte inside the numbers of a signature; 0 if the bytes are no signature.
size_t ByteOfSignature(ByteSpan item, bool taproot, std::mt19937& random) {
  if (taproot) return item.size() == 64 || item.size() == 65 ? 1 + random() % 63 : 0;
  if (item.size() < 60 || item.size() > 73 || item[0] != 0x30 || item[2] != 0x02) return 0;
  return 5 + random() % 25;  // within R
}

/// Flips a bit in the first signature of the input; false if it has none that is easy to find.
bool DamageSignature(TransactionDraft::Input& input, ByteSpan script, std::mt19937& random) {
  for (Bytes& item : input.witness) {
    const size_t at = ByteOfSignature(item, IsTaproot(script), random);
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

enum class Damage { kSignature, kAmount, kScript };

/// Puts the damage in; false if this input is not of a kind for it.
bool Apply(Damage damage, RealBlock& real, const Place& place, Bytes& script,
           std::mt19937& random) {
  Coin& coin = real.coins[place.coin];
  const OutputType type = ClassifyOutput(coin.script).type;
  if (damage == Damage::kSignature) {
    TransactionDraft draft = TransactionDraft::From(real.block->transactions()[place.transaction]);
    if (!DamageSignature(draft.inputs[place.input], coin.script, random)) return false;
    real.block = Rebuild(*real.block, place.transaction, draft);
    return true;
  }
  if (HasOtherTaprootInput(real, place)) return false;
  if (damage == Damage::kAmount) {
    coin.value += 1;
    return type == OutputType::kWitnessV0KeyHash || type == OutputType::kWitnessV0ScriptHash ||
           type == OutputType::kWitnessV1Taproot;
  }
  if (type == OutputType::kNonStandard || type == OutputType::kMultisig ||
      type == OutputType::kPubKey) {
    return false;
  }
  script = Bytes(coin.script.begin(), coin.script.end());
  script[5 + random() % 10] ^= 1;  // within the hash or key
  coin.script = script;
  return true;
}

bool IsExpected(Damage damage, OutputType type, ScriptError error) {
  if (damage == Damage::kScript) {
    switch (type) {
      case OutputType::kPubKeyHash:
      case OutputType::kWitnessV0KeyHash: return error == ScriptError::kEqualVerify;
      case OutputType::kScriptHash: return error == ScriptError::kEvalFalse;
      case OutputType::kWitnessV0ScriptHash: return error == ScriptError::kWitnessProgramMismatch;
      default:
        return error == ScriptError::kSchnorrSig || error == ScriptError::kWitnessProgramMismatch;
    }
  }
  // A false signature leaves false on the stack, or ends a VERIFY or a taproot spend.
  return error == ScriptError::kEvalFalse || error == ScriptError::kSchnorrSig ||
         error == ScriptError::kCheckSigVerify || error == ScriptError::kCheckMultisigVerify;
}

TEST(BlockScripts, DamageInOnePlaceFailsThere) {
  CAIRN_NEED_VECTORS();
  const std::vector<RealBlock> blocks = LoadAll();
  std::mt19937 random(341);
  std::map<Damage, int> done;
  int repeated = 0;
  for (int tries = 0;
       done[Damage::kSignature] + done[Damage::kAmount] + done[Damage::kScript] < 120; ++tries) {
    ASSERT_LT(tries, 5000);
    RealBlock real = blocks[random() % blocks.size()];
    for (size_t i = 0; i < real.coins.size(); ++i) real.coins[i].script = real.scripts[i];
    const auto damage = static_cast<Damage>(tries % 3);
    if (done[damage] >= 40) continue;
    const Place place = PlaceOf(real, random() % real.coins.size());
    const OutputType type = ClassifyOutput(real.coins[place.coin].script).type;
    const BlockHash original = real.block->hash();
    Bytes script;
    if (!Apply(damage, real, place, script, random)) continue;
    SCOPED_TRACE(real.name + " transaction " + std::to_string(place.transaction) + " input " +
                 std::to_string(place.input));
    ASSERT_TRUE(consensus::CheckBlockBody(*real.block, real.params).has_value());

    const std::vector<const Coin*> coins = real.Pointers();
    const ScriptFlags flags = consensus::ScriptFlagsAt(real.height, original, real.params);
    const Transaction& tx = real.block->transactions()[place.transaction];
    const auto own = std::span(coins).subspan(place.coin - place.input, tx.inputs.size());
    consensus::ExactVerifier exact;
    const auto verdict = consensus::CheckScripts(tx, own, flags, exact);
    ASSERT_FALSE(verdict.has_value());
    EXPECT_EQ(verdict.error().reject, Reject::kScript);
    EXPECT_EQ(verdict.error().input, place.input);
    EXPECT_TRUE(IsExpected(damage, type, verdict.error().script_error))
        << verdict.error().ToString();
    uint64_t deferred = 0;
    uint64_t at_once = 0;
    const auto again = CheckDeferring(tx, own, flags, deferred, at_once, repeated);
    ASSERT_FALSE(again.has_value());
    EXPECT_EQ(again.error().input, verdict.error().input);
    EXPECT_EQ(again.error().script_error, verdict.error().script_error);
    ++done[damage];
  }
  std::printf("%d signatures, %d amounts, %d scripts damaged; %d runs repeated\n",
              done[Damage::kSignature], done[Damage::kAmount], done[Damage::kScript], repeated);
}

}  // namespace
}  // namespace cairn::test
