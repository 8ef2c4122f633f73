// Transactions on the wire: what they hold, their ids and sizes, drafts there and back.
#include "cairn/primitives/transaction.h"

#include <random>

#include <gtest/gtest.h>

#include "cairn/base/hex.h"
#include "cairn/base/json.h"
#include "cairn/primitives/block.h"
#include "tests/support/vectors.h"

namespace cairn {
namespace {

TransactionPtr ParseHex(std::string_view hex,
                        WitnessEncoding encoding = WitnessEncoding::kAllowed) {
  auto parsed = ParseTransaction(FromHex(hex).value(), encoding);
  EXPECT_TRUE(parsed.has_value()) << hex;
  return parsed ? *parsed : nullptr;
}

// The first payment of all, in mainnet's block 170.
constexpr char kFirstPayment[] =
    "0100000001c997a5e56e104102fa209c6a852dd90660a20b2d9c352423edce25857fcd3704000000004847304402"
    "204e45e16932b8af514961a1d3a1a25fdf3f4f7732e9d624c6c61548ab5fb8cd410220181522ec8eca07de4860a4"
    "acdd12909d831cc56cbbac4622082221a8768d1d0901ffffffff0200ca9a3b00000000434104ae1a62fe09c5f51b"
    "13905f07f06b99a2f7159b2225f374cd378d71302fa28414e7aab37397f554a7df5f142c21c1b7303b8a0626f1ba"
    "ded5c72a704f7e6cd84cac00286bee0000000043410411db93e1dcdb8a016b49840f8c53bc1eb68a382e97b1482e"
    "cad7b148a6909a5cb2e0eaddfb84ccf9744464f82e160bfa9b8b64f9d4c03f999b8643f656b412a3ac00000000";

TEST(Transaction, TheFirstPayment) {
  const TransactionPtr tx = ParseHex(kFirstPayment);
  ASSERT_NE(tx, nullptr);
  EXPECT_EQ(tx->txid.ToString(),
            "f4184fc596403b9d638783cf57adfe4c75c605f6356fbc91338530e9831e9e16");
  EXPECT_EQ(tx->wtxid.bytes, tx->txid.bytes);
  EXPECT_EQ(tx->version, 1);
  EXPECT_EQ(tx->lock_time, 0u);
  EXPECT_FALSE(tx->has_witness);
  EXPECT_FALSE(tx->IsCoinbase());
  ASSERT_EQ(tx->inputs.size(), 1u);
  EXPECT_EQ(tx->inputs[0].prevout.ToString(),
            "0437cd7f8525ceed2324359c2d0ba26006d92d856a9c20fa0241106ee5a597c9:0");
  EXPECT_EQ(tx->inputs[0].script_sig.size(), 72u);
  EXPECT_EQ(tx->inputs[0].sequence, TxIn::kFinalSequence);
  EXPECT_TRUE(tx->inputs[0].witness.empty());
  ASSERT_EQ(tx->outputs.size(), 2u);
  EXPECT_EQ(tx->outputs[0].value, 10 * kCoin);
  EXPECT_EQ(tx->outputs[1].value, 40 * kCoin);
  EXPECT_EQ(tx->outputs[1].script.size(), 67u);
  EXPECT_EQ(tx->total_size(), 275u);
  EXPECT_EQ(tx->stripped_size, 275u);
  EXPECT_EQ(tx->Weight(), 1100u);
  EXPECT_EQ(tx->VirtualSize(), 275u);
}

// BIP143's example of P2WPKH: the first input is signed the old way, the second has a witness.
constexpr char kWithWitness[] =
    "01000000000102fff7f7881a8099afa6940d42d1e7f6362bec38171ea3edf433541db4e4ad969f00000000494830"
    "450221008b9d1dc26ba6a9cb62127b02742fa9d754cd3bebf337f7a55d114c8e5cdd30be022040529b194ba3f928"
    "1a99f2b1c0a19c0489bc22ede944ccf4ecbab4cc618ef3ed01eeffffffef51e1b804cc89d182d279655c3aa89e81"
    "5b1b309fe287d9b2b55d57b90ec68a0100000000ffffffff02202cb206000000001976a9148280b37df378db99f6"
    "6f85c95a783a76ac7a6d5988ac9093510d000000001976a9143bde42dbee7e4dbe6a21b2d50ce2f0167faa815988"
    "ac000247304402203609e17b84f6a7d30c80bfa610b5b4542f32a8a0d5447a12fb1366d7f01cc44a0220573a954c"
    "4518331561406f90300e8f3358f51928d43c212a8caed02de67eebee0121025476c2e83188368da1ff3e292e7aca"
    "fcdb3566bb0ad253f62fc70f07aeee635711000000";

TEST(Transaction, WithAWitness) {
  const TransactionPtr tx = ParseHex(kWithWitness);
  ASSERT_NE(tx, nullptr);
  EXPECT_TRUE(tx->has_witness);
  ASSERT_EQ(tx->inputs.size(), 2u);
  EXPECT_TRUE(tx->inputs[0].witness.empty());
  ASSERT_EQ(tx->inputs[1].witness.size(), 2u);
  EXPECT_EQ(tx->inputs[1].witness[0].size(), 71u);
  EXPECT_EQ(tx->inputs[1].witness[1].size(), 33u);
  EXPECT_EQ(tx->inputs[0].sequence, 0xffffffeeu);
  EXPECT_EQ(tx->lock_time, 17u);
  const size_t witness_bytes = 2 + 1 + 1 + 72 + 34;
  EXPECT_EQ(tx->stripped_size, tx->total_size() - witness_bytes);
  EXPECT_EQ(tx->Weight(), 4 * tx->stripped_size + witness_bytes);
  EXPECT_EQ(tx->VirtualSize(), (tx->Weight() + 3) / 4);

  // The txid is the id of the same transaction without its witness.
  TransactionDraft bare = TransactionDraft::From(*tx);
  for (auto& input : bare.inputs) input.witness.clear();
  const TransactionPtr stripped = bare.Finish();
  EXPECT_EQ(stripped->txid, tx->txid);
  EXPECT_EQ(stripped->wtxid.bytes, tx->txid.bytes);
  EXPECT_NE(tx->wtxid.bytes, tx->txid.bytes);
  EXPECT_EQ(stripped->total_size(), tx->stripped_size);
  Bytes joined;
  for (const ByteSpan piece : tx->StrippedPieces()) Append(joined, piece);
  EXPECT_EQ(joined, Bytes(stripped->bytes.begin(), stripped->bytes.end()));
}

TEST(Transaction, LooksIntoOneBuffer) {
  const TransactionPtr tx = ParseHex(kWithWitness);
  const auto inside = [&](ByteSpan part) {
    return part.empty() || (part.data() >= tx->bytes.data() &&
                            part.data() + part.size() <= tx->bytes.data() + tx->bytes.size());
  };
  for (const TxIn& input : tx->inputs) {
    EXPECT_TRUE(inside(input.script_sig));
    for (const ByteSpan item : input.witness) EXPECT_TRUE(inside(item));
  }
  for (const TxOut& output : tx->outputs) EXPECT_TRUE(inside(output.script));
}

TEST(Transaction, OnlyTheNullOutpointMakesACoinbase) {
  TransactionDraft draft;
  draft.inputs.emplace_back();
  EXPECT_TRUE(draft.Finish()->IsCoinbase());
  draft.inputs[0].prevout.index = 0;
  EXPECT_FALSE(draft.Finish()->IsCoinbase());
  draft.inputs[0].prevout.index = OutPoint::kNullIndex;
  draft.inputs[0].prevout.txid.bytes[31] = 1;
  EXPECT_FALSE(draft.Finish()->IsCoinbase());
  draft.inputs[0].prevout.txid = {};
  draft.inputs.push_back(draft.inputs[0]);
  EXPECT_FALSE(draft.Finish()->IsCoinbase());
}

TEST(Transaction, OutpointsOrderByTxidThenIndex) {
  OutPoint a;
  a.index = 7;
  OutPoint b;
  b.index = 8;
  EXPECT_LT(a, b);
  a.txid.bytes[0] = 1;
  EXPECT_GT(a, b);
  EXPECT_FALSE(a.IsNull());
  EXPECT_TRUE(OutPoint().IsNull());
}

TEST(Transaction, WithoutInputsNeedsTheOldEncoding) {
  TransactionDraft draft;
  draft.outputs.push_back({5, {0x51}});
  const Bytes bytes = draft.Serialize();
  EXPECT_EQ(ToHex(bytes),
            "02000000000105000000000000000151"
            "00000000");
  const auto old_way = ParseTransaction(bytes, WitnessEncoding::kForbidden);
  ASSERT_TRUE(old_way.has_value());
  EXPECT_TRUE((*old_way)->inputs.empty());
  EXPECT_EQ((*old_way)->outputs.size(), 1u);
  // The output count passes for the flag: a witness transaction that is cut short.
  EXPECT_FALSE(ParseTransaction(bytes, WitnessEncoding::kAllowed).has_value());
  EXPECT_EQ(draft.Finish()->txid, (*old_way)->txid);
}

TEST(Transaction, WithoutInputsAndOutputsIsTheSameBothWays) {
  const TransactionDraft draft;
  const Bytes bytes = draft.Serialize();
  EXPECT_EQ(bytes.size(), 10u);
  for (const auto encoding : {WitnessEncoding::kAllowed, WitnessEncoding::kForbidden}) {
    const auto parsed = ParseTransaction(bytes, encoding);
    ASSERT_TRUE(parsed.has_value());
    EXPECT_TRUE((*parsed)->inputs.empty());
    EXPECT_TRUE((*parsed)->outputs.empty());
    EXPECT_FALSE((*parsed)->has_witness);
  }
}

TEST(Transaction, TheOldEncodingKnowsNoWitness) {
  // Read the old way, marker and flag are: no inputs, one output; the rest does not fit.
  EXPECT_FALSE(
      ParseTransaction(FromHex(kWithWitness).value(), WitnessEncoding::kForbidden).has_value());
  EXPECT_EQ(ParseHex(kFirstPayment, WitnessEncoding::kForbidden)->txid,
            ParseHex(kFirstPayment)->txid);
}

/// A draft with up to three of everything.
TransactionDraft RandomDraft(std::mt19937& random) {
  const auto blob = [&] {
    // Around the sizes at which the length takes more bytes, now and then.
    Bytes bytes(random() % 20 == 0 ? 250 + random() % 6 : random() % 5);
    for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random());
    return bytes;
  };
  TransactionDraft draft;
  draft.version = static_cast<int32_t>(random());
  draft.lock_time = random();
  draft.inputs.resize(random() % 4);
  const bool with_witness = random() % 2 == 0;
  for (auto& input : draft.inputs) {
    for (uint8_t& byte : input.prevout.txid.bytes) byte = static_cast<uint8_t>(random());
    input.prevout.index = random();
    input.sequence = random();
    input.script_sig = blob();
    for (size_t i = with_witness ? random() % 4 : 0; i > 0; --i) input.witness.push_back(blob());
  }
  draft.outputs.resize(random() % 4);
  for (auto& output : draft.outputs) {
    output = {static_cast<Amount>(uint64_t{random()} << 32 | random()), blob()};
  }
  return draft;
}

void ExpectSame(const TransactionDraft& draft, const Transaction& tx) {
  ASSERT_EQ(tx.version, draft.version);
  ASSERT_EQ(tx.lock_time, draft.lock_time);
  ASSERT_EQ(tx.has_witness, draft.HasWitness());
  ASSERT_EQ(tx.inputs.size(), draft.inputs.size());
  for (size_t i = 0; i < draft.inputs.size(); ++i) {
    ASSERT_EQ(tx.inputs[i].prevout, draft.inputs[i].prevout);
    ASSERT_EQ(tx.inputs[i].sequence, draft.inputs[i].sequence);
    ASSERT_TRUE(Equal(tx.inputs[i].script_sig, draft.inputs[i].script_sig));
    ASSERT_EQ(tx.inputs[i].witness.size(), draft.inputs[i].witness.size());
    for (size_t item = 0; item < draft.inputs[i].witness.size(); ++item) {
      ASSERT_TRUE(Equal(tx.inputs[i].witness[item], draft.inputs[i].witness[item]));
    }
  }
  ASSERT_EQ(tx.outputs.size(), draft.outputs.size());
  for (size_t i = 0; i < draft.outputs.size(); ++i) {
    ASSERT_EQ(tx.outputs[i].value, draft.outputs[i].value);
    ASSERT_TRUE(Equal(tx.outputs[i].script, draft.outputs[i].script));
  }
}

TEST(TransactionDraft, ThereAndBack) {
  std::mt19937 random(1);
  for (int i = 0; i < 1000; ++i) {
    const TransactionDraft draft = RandomDraft(random);
    const TransactionPtr tx = draft.Finish();
    ExpectSame(draft, *tx);
    const Bytes bytes = draft.Serialize();
    ASSERT_TRUE(Equal(tx->bytes, bytes));
    ASSERT_EQ(TransactionDraft::From(*tx).Serialize(), bytes);
  }
}

TEST(TransactionDraft, OutlivesWhatItWasMadeFrom) {
  TransactionDraft copy;
  {
    const TransactionPtr tx = ParseHex(kWithWitness);
    copy = TransactionDraft::From(*tx);
  }
  EXPECT_EQ(ToHex(copy.Serialize()), kWithWitness);
}

TEST(TransactionDraft, OfEveryTransactionInRealBlocks) {
  CAIRN_NEED_VECTORS();
  size_t count = 0;
  for (const char* name : {"mainnet_481824.blk", "mainnet_300025.blk", "testnet3_1087400.blk"}) {
    const auto block = Block::Parse(test::ReadBinary(test::VectorPath("blocks") / name));
    ASSERT_TRUE(block.has_value());
    for (const Transaction& tx : (*block)->transactions()) {
      ASSERT_EQ(TransactionDraft::From(tx).Serialize(), Bytes(tx.bytes.begin(), tx.bytes.end()));
      ++count;
    }
  }
  EXPECT_GT(count, 2000u);
}

TEST(Transaction, VectorsOfScriptTestsKeepTheirBytes) {
  CAIRN_NEED_VECTORS();
  size_t count = 0;
  for (const char* name : {"script/tx_valid.json", "script/tx_invalid.json"}) {
    const auto vectors = json::Parse(test::ReadText(test::VectorPath(name)));
    ASSERT_TRUE(vectors.has_value());
    for (const json::Value& entry : vectors->Items()) {
      if (entry.Items().size() < 3) continue;  // a comment
      const std::string& hex = entry.Items()[1].Text();
      const auto parsed = ParseTransaction(FromHex(hex).value());
      if (!parsed) continue;  // some invalid ones are malformed
      ASSERT_EQ(ToHex((*parsed)->bytes), hex);
      ASSERT_EQ(ToHex(TransactionDraft::From(**parsed).Serialize()), hex);
      ++count;
    }
  }
  EXPECT_GT(count, 200u);
}

}  // namespace
}  // namespace cairn
