// Solutions of signet blocks (BIP325) under challenges of our own, signed here as the proposal
// describes it.

#include <gtest/gtest.h>

#include "cairn/base/writer.h"
#include "cairn/crypto/hash.h"
#include "consensus/rules/block.h"
#include "consensus/rules/signet.h"
#include "tests/consensus/rulebook_cases.h"
#include "tests/support/block_maker.h"
#include "tests/support/input_signer.h"

namespace cairn::test {
namespace {

using consensus::kSighashAll;
using consensus::Params;

const Bytes kMarker = {0xec, 0xc7, 0xda, 0xa2};

Params SignetOf(Bytes challenge) {
  Params params = Regtest();
  params.signet_challenge = std::move(challenge);
  return params;
}

/// A block whose commitment output goes on with `pushes`.
BlockPtr BlockWith(const Params& params, const std::vector<Bytes>& pushes, BlockPlan plan = {}) {
  plan.edit_coinbase = [&](TransactionDraft& coinbase) {
    for (const Bytes& push : pushes) {
      Append(coinbase.outputs.back().script, ScriptBuilder().Push(push).Take());
    }
  };
  return MakeBlock(params, Place::Genesis(params), plan).block;
}

bool Passes(const BlockPtr& block, const Params& params) {
  const auto checked = consensus::CheckBlock(block, params);
  if (checked) return true;
  EXPECT_EQ(checked.error().Reason(), "bad-signet-blksig");
  return false;
}

Bytes MarkerAnd(const Bytes& solution) {
  Bytes push = kMarker;
  Append(push, solution);
  return push;
}

Bytes EncodeSolution(const Bytes& script_sig, const std::vector<Bytes>& witness) {
  Bytes solution;
  Writer writer(solution);
  writer.VarBytes(script_sig).CompactSize(witness.size());
  for (const Bytes& item : witness) writer.VarBytes(item);
  return solution;
}

/// The transaction that a solution signs: it spends an output with the challenge, which a first
/// transaction binds to the block. `unsigned_block` has the marker where the solution is to stand.
TransactionDraft ToSign(const BlockPtr& unsigned_block, const Params& params) {
  const Header& header = unsigned_block->header();
  Bytes message;
  Writer(message)
      .I32(header.version)
      .Raw(header.previous.span())
      .Raw(header.merkle_root.span())
      .U32(header.time);
  TransactionDraft to_spend;
  to_spend.version = 0;
  auto& input = to_spend.inputs.emplace_back();
  input.script_sig = ScriptBuilder().Op(OP_0).Push(message).Take();
  input.sequence = 0;
  to_spend.outputs.push_back({0, *params.signet_challenge});
  TransactionDraft to_sign;
  to_sign.version = 0;
  auto& spend = to_sign.inputs.emplace_back();
  spend.prevout = {to_spend.Finish()->txid, 0};
  spend.sequence = 0;
  to_sign.outputs.push_back({0, {OP_RETURN}});
  return to_sign;
}

Bytes BareKeyChallenge(const TestKey& key) {
  return ScriptBuilder().Push(key.Compressed()).Op(OP_CHECKSIG).Take();
}

Bytes KeyHashChallenge(const TestKey& key) {
  return ScriptBuilder().Op(OP_0).Push(crypto::Hash160Of(key.Compressed())).Take();
}

/// The solution of `key` under one of the two challenges above, for a block of this plan, whose
/// commitment goes on with `pushes`.
Bytes Solve(const Params& params, const TestKey& key, const BlockPlan& plan = {},
            const std::vector<Bytes>& pushes = {kMarker}) {
  const Bytes& challenge = *params.signet_challenge;
  const BlockPtr unsigned_block = BlockWith(params, pushes, plan);
  const InputSigner signer(ToSign(unsigned_block, params), {{0, challenge}});
  if (challenge[0] != OP_0) {
    const Bytes signature = signer.Legacy(0, key, challenge, kSighashAll);
    return EncodeSolution(ScriptBuilder().Push(signature).Take(), {});
  }
  const Bytes script_code = ScriptBuilder()
                                .Op(OP_DUP)
                                .Op(OP_HASH160)
                                .Push(ByteSpan(challenge).subspan(2))
                                .Op(OP_EQUALVERIFY)
                                .Op(OP_CHECKSIG)
                                .Take();
  return EncodeSolution({}, {signer.Segwit(0, key, script_code, kSighashAll), key.Compressed()});
}

TEST(SignetSolution, IsNotNeededWhereTheChallengeIsTrue) {
  const Params params = SignetOf({OP_1});
  EXPECT_TRUE(Passes(BlockWith(params, {}), params));
  EXPECT_TRUE(Passes(BlockWith(params, {kMarker}), params));  // the marker alone is no solution
  EXPECT_TRUE(Passes(BlockWith(params, {MarkerAnd({0, 0})}), params));  // an empty one
  EXPECT_TRUE(Passes(BlockWith(params, {{1, 2, 3}, {}}), params));
}

TEST(SignetSolution, NeedsACommitmentEvenThen) {
  const Params params = SignetOf({OP_1});
  BlockPlan plan;
  plan.commit_to_witness = false;
  const BlockPtr block = MakeBlock(params, Place::Genesis(params), plan).block;
  EXPECT_FALSE(Passes(block, params));
  EXPECT_TRUE(Passes(block, Regtest()));  // a chain without challenge wants nothing
}

TEST(SignetSolution, IsNotNeededInGenesis) {
  Params params = SignetOf({OP_0});
  const BlockPtr block = BlockWith(params, {});
  EXPECT_FALSE(consensus::HasSignetSolution(*block, params));
  params.genesis_hash = block->hash();
  EXPECT_TRUE(consensus::HasSignetSolution(*block, params));
}

TEST(SignetSolution, IsLeftOutOfTemplates) {
  const Params params = SignetOf({OP_0});
  const BlockPtr block = BlockWith(params, {});
  EXPECT_FALSE(Passes(block, params));
  EXPECT_TRUE(consensus::CheckBlockBody(*block, params).has_value());
}

class SignedSolution : public testing::TestWithParam<bool> {
 protected:
  const TestKey key_{7};
  const Params params_ = SignetOf(GetParam() ? KeyHashChallenge(key_) : BareKeyChallenge(key_));
};

TEST_P(SignedSolution, Passes) {
  EXPECT_TRUE(Passes(BlockWith(params_, {MarkerAnd(Solve(params_, key_))}), params_));
  EXPECT_FALSE(Passes(BlockWith(params_, {}), params_));
  EXPECT_FALSE(Passes(BlockWith(params_, {MarkerAnd(Solve(params_, TestKey(8)))}), params_));
}

TEST_P(SignedSolution, FailsWithAnyBitFlipped) {
  const Bytes solution = Solve(params_, key_);
  ASSERT_GT(solution.size(), 70u);
  for (size_t bit = 0; bit < solution.size() * 8; ++bit) {
    Bytes flipped = solution;
    flipped[bit / 8] ^= static_cast<uint8_t>(1u << bit % 8);
    ASSERT_FALSE(Passes(BlockWith(params_, {MarkerAnd(flipped)}), params_)) << bit;
  }
}

TEST_P(SignedSolution, FailsWhenLongerOrShorter) {
  Bytes solution = Solve(params_, key_);
  solution.push_back(0);
  EXPECT_FALSE(Passes(BlockWith(params_, {MarkerAnd(solution)}), params_));
  for (size_t lost = 2; lost < solution.size(); ++lost) {
    const Bytes shorter(solution.begin(), solution.end() - static_cast<long>(lost));
    ASSERT_FALSE(Passes(BlockWith(params_, {MarkerAnd(shorter)}), params_)) << lost;
  }
}

TEST_P(SignedSolution, BindsTheHeaderButNotItsNonce) {
  const Bytes push = MarkerAnd(Solve(params_, key_));
  const BlockPtr block = BlockWith(params_, {push});
  const TransactionPtr coinbase = TransactionDraft::From(block->transactions()[0]).Finish();
  const auto passes_with = [&](const std::function<void(Header&)>& edit) {
    Header header = block->header();
    edit(header);
    while (!consensus::MeetsTarget(header.Hash(), header.bits, params_.retarget)) ++header.nonce;
    return Passes(JoinBlock(header, std::vector{coinbase}), params_);
  };
  EXPECT_TRUE(passes_with([](Header& header) { header.nonce += 1; }));
  EXPECT_FALSE(passes_with([](Header& header) { header.time += 1; }));
  EXPECT_FALSE(passes_with([](Header& header) { header.version ^= 1; }));
  EXPECT_FALSE(passes_with([](Header& header) { header.previous.bytes[0] ^= 1; }));
}

TEST_P(SignedSolution, BindsTheTransactions) {
  BlockPlan plan;
  plan.transactions = {MakeSpend({Txid{{1}}, 0}, 1), MakeSpend({Txid{{2}}, 0}, 1)};
  const Bytes push = MarkerAnd(Solve(params_, key_, plan));
  EXPECT_TRUE(Passes(BlockWith(params_, {push}, plan), params_));
  std::swap(plan.transactions[0], plan.transactions[1]);
  EXPECT_FALSE(Passes(BlockWith(params_, {push}, plan), params_));
  plan.transactions.pop_back();
  EXPECT_FALSE(Passes(BlockWith(params_, {push}, plan), params_));
}

TEST_P(SignedSolution, IsTheFirstMarkedPushAndSignsTheOthers) {
  const Bytes push = MarkerAnd(Solve(params_, key_));
  EXPECT_FALSE(Passes(BlockWith(params_, {push, {1, 2, 3}}), params_));
  EXPECT_FALSE(Passes(BlockWith(params_, {MarkerAnd({1}), push}), params_));
  EXPECT_FALSE(Passes(BlockWith(params_, {push, push}), params_));
  for (const Bytes& behind : {Bytes{1, 2, 3}, push}) {
    const Bytes solution = Solve(params_, key_, {}, {kMarker, behind});
    EXPECT_TRUE(Passes(BlockWith(params_, {MarkerAnd(solution), behind}), params_));
  }
}

INSTANTIATE_TEST_SUITE_P(Challenges, SignedSolution, testing::Bool(), [](const auto& test) {
  return std::string(test.param ? "KeyHash" : "BareKey");
});

TEST(SignetSolution, IsReadWithinBounds) {
  const Params params = SignetOf({OP_1});
  for (const Bytes& hostile : std::vector<Bytes>{
           {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff},     // a script of 2^64 bytes
           {0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff},  // as many witness items
           {0, 0xfe, 0xff, 0xff, 0xff, 0xff},
           {0, 1, 0xfd, 0xff, 0xff},
           {0xfd, 0x00, 0x00, 0x00},  // not the shortest length
       }) {
    EXPECT_FALSE(Passes(BlockWith(params, {MarkerAnd(hostile)}), params));
  }
}

}  // namespace
}  // namespace cairn::test
