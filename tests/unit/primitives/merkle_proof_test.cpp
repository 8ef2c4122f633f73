// Partial merkle trees: proofs of every subset, and what a forger may try.
#include "cairn/primitives/merkle_proof.h"

#include <algorithm>
#include <random>

#include <gtest/gtest.h>

#include "tests/support/naive_root.h"
#include "tests/support/vectors.h"

namespace cairn {
namespace {

TransactionPtr MakeTransaction(uint32_t number) {
  TransactionDraft draft;
  draft.inputs.emplace_back().prevout.index = number;
  draft.outputs.push_back({static_cast<Amount>(number), Bytes{0x51}});
  return draft.Finish();
}

BlockPtr MakeBlock(uint32_t count) {
  std::vector<TransactionPtr> transactions;
  for (uint32_t i = 0; i < count; ++i) transactions.push_back(MakeTransaction(i));
  Header header;
  header.merkle_root = test::NaiveRoot(transactions);
  return Block::Parse(SerializeBlock(header, transactions)).value();
}

/// What the proof of the wanted transactions must match.
std::vector<MerkleProof::Match> Expected(const Block& block, const std::vector<bool>& wanted) {
  std::vector<MerkleProof::Match> matches;
  for (uint32_t i = 0; i < wanted.size(); ++i) {
    if (wanted[i]) matches.push_back({block.transactions()[i].txid, i});
  }
  return matches;
}

std::vector<bool> BitsOf(uint32_t number, size_t count) {
  std::vector<bool> bits(count);
  for (size_t i = 0; i < count; ++i) bits[i] = (number >> i & 1) != 0;
  return bits;
}

TEST(MerkleProof, ProvesEverySubsetOfSmallBlocks) {
  for (uint32_t count = 1; count <= 9; ++count) {
    const BlockPtr block = MakeBlock(count);
    for (uint32_t subset = 0; subset < 1u << count; ++subset) {
      const std::vector<bool> wanted = BitsOf(subset, count);
      const MerkleProof proof = MerkleProof::Of(*block, wanted);
      EXPECT_EQ(proof.Matches(), Expected(*block, wanted)) << count << ' ' << subset;
      const auto parsed = MerkleProof::Parse(proof.Serialize());
      ASSERT_TRUE(parsed.has_value());
      EXPECT_EQ(parsed->Serialize(), proof.Serialize());
      EXPECT_EQ(parsed->Matches(), Expected(*block, wanted));
    }
  }
}

TEST(MerkleProof, ProvesSamplesOfLargerBlocks) {
  std::mt19937 random(7);
  for (const uint32_t count : {12u, 95u, 100u, 127u, 312u, 513u, 1000u, 2095u}) {
    const BlockPtr block = MakeBlock(count);
    for (int round = 0; round < 5; ++round) {
      std::vector<bool> wanted(count);
      for (int i = 0; i < round * round; ++i) wanted[random() % count] = true;
      const MerkleProof proof = MerkleProof::Of(*block, wanted);
      EXPECT_EQ(proof.Matches(), Expected(*block, wanted));
      const size_t matches = Expected(*block, wanted).size();
      EXPECT_LE(proof.hashes.size(), matches * 13 + 1);
    }
  }
}

TEST(MerkleProof, ReadsAMerkleblockMessage) {
  CAIRN_NEED_VECTORS();
  const Bytes raw = test::ReadBinary(test::VectorPath("p2p/merkleblock_mainnet_300025.bin"));
  const auto proof = MerkleProof::Parse(raw);
  ASSERT_TRUE(proof.has_value());
  EXPECT_EQ(proof->Serialize(), raw);
  EXPECT_EQ(proof->transaction_count, 461u);
  const BlockPtr block =
      Block::Parse(test::ReadBinary(test::VectorPath("blocks/mainnet_300025.blk"))).value();
  std::vector<bool> wanted(461);
  wanted[396] = wanted[397] = true;
  EXPECT_EQ(proof->header, block->header());
  EXPECT_EQ(proof->Matches(), Expected(*block, wanted));
  EXPECT_EQ(MerkleProof::Of(*block, wanted).Serialize(), raw);
}

TEST(MerkleProof, EveryTruncationIsRefused) {
  const BlockPtr block = MakeBlock(7);
  const Bytes whole = MerkleProof::Of(*block, BitsOf(0b0010010, 7)).Serialize();
  for (size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(MerkleProof::Parse(ByteSpan(whole).first(size))) << size;
  }
  Bytes longer = whole;
  longer.push_back(0);
  EXPECT_EQ(MerkleProof::Parse(longer)->Serialize(), whole);
}

TEST(MerkleProof, CountsAreNotTrusted) {
  Bytes claim(Header::kSize + 4, 0);
  for (const uint8_t byte : {0xfe, 0xff, 0xff, 0xff, 0x00}) claim.push_back(byte);
  EXPECT_FALSE(MerkleProof::Parse(claim));
  MerkleProof proof = MerkleProof::Of(*MakeBlock(4), BitsOf(1, 4));
  for (const uint32_t count : {0u, 1u, 2u, 5u, 16'667u, 0x7fffffffu, 0xffffffffu}) {
    proof.transaction_count = count;
    EXPECT_FALSE(proof.Matches()) << count;
  }
  proof.transaction_count = 3;  // a tree of the same shape on this side: for the caller to refuse
  EXPECT_TRUE(proof.Matches());
}

TEST(MerkleProof, NothingMayBeMissingOrLeftOver) {
  const MerkleProof good = MerkleProof::Of(*MakeBlock(9), BitsOf(0b000100001, 9));
  ASSERT_TRUE(good.Matches());
  MerkleProof bad = good;
  bad.hashes.pop_back();
  EXPECT_FALSE(bad.Matches());
  bad = good;
  bad.hashes.push_back({});
  EXPECT_FALSE(bad.Matches());
  bad = good;
  bad.flags.pop_back();
  EXPECT_FALSE(bad.Matches());
  bad = good;
  bad.flags.push_back(0);
  EXPECT_FALSE(bad.Matches());
  bad = good;
  bad.flags.clear();
  EXPECT_FALSE(bad.Matches());
  bad = good;
  bad.hashes.clear();
  EXPECT_FALSE(bad.Matches());
  bad = good;
  bad.header.merkle_root.bytes[0] ^= 1;
  EXPECT_FALSE(bad.Matches());
}

TEST(MerkleProof, EqualNeighboursAreRefused) {
  // Three transactions have the same root as four of which the last two are equal.
  std::vector<TransactionPtr> transactions = {MakeTransaction(1), MakeTransaction(2),
                                              MakeTransaction(3), MakeTransaction(3)};
  Header header;
  header.merkle_root = test::NaiveRoot(transactions);
  const BlockPtr four = Block::Parse(SerializeBlock(header, transactions)).value();
  EXPECT_FALSE(MerkleProof::Of(*four, BitsOf(0b1000, 4)).Matches());
  EXPECT_FALSE(MerkleProof::Of(*four, BitsOf(0b0100, 4)).Matches());
  transactions.pop_back();
  const BlockPtr three = Block::Parse(SerializeBlock(header, transactions)).value();
  EXPECT_TRUE(MerkleProof::Of(*three, BitsOf(0b100, 3)).Matches());
}

TEST(MerkleProof, ADamagedProofProvesNothingElse) {
  // Whatever bits flip: the proof is refused, or what it proves is in the block.
  const BlockPtr block = MakeBlock(23);
  std::vector<bool> wanted(23);
  wanted[0] = wanted[11] = wanted[22] = true;
  const Bytes good = MerkleProof::Of(*block, wanted).Serialize();
  std::vector<Txid> ids;
  for (const Transaction& transaction : block->transactions()) ids.push_back(transaction.txid);
  int survived = 0;
  for (size_t bit = 8 * Header::kSize; bit < 8 * good.size(); ++bit) {
    Bytes bad = good;
    bad[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
    const auto proof = MerkleProof::Parse(bad);
    const auto matches = proof ? proof->Matches() : std::nullopt;
    if (!matches) continue;
    ++survived;  // a filling bit, or a flag of a leaf
    for (const MerkleProof::Match& match : *matches) {
      EXPECT_NE(std::find(ids.begin(), ids.end(), match.txid), ids.end());
    }
  }
  EXPECT_LT(survived, 30);
}

TEST(MerkleProof, RandomBytesAreReadOrRefused) {
  std::mt19937 random(11);
  for (int round = 0; round < 20'000; ++round) {
    Bytes bytes(random() % 400);
    for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random());
    if (bytes.size() > Header::kSize + 4) {  // small counts, or hardly any would be read
      bytes[Header::kSize] = static_cast<uint8_t>(random() % 40);
      bytes[Header::kSize + 1] = bytes[Header::kSize + 2] = bytes[Header::kSize + 3] = 0;
      bytes[Header::kSize + 4] = static_cast<uint8_t>(random() % 8);
    }
    const auto proof = MerkleProof::Parse(bytes);
    if (!proof) continue;
    EXPECT_LE(proof->Serialize().size(), bytes.size());
    EXPECT_FALSE(proof->Matches());
  }
}

}  // namespace
}  // namespace cairn
