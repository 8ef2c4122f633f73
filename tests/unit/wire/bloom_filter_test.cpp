// Bloom filters: the hash, known filters, what matches, and how a filter grows.
#include "cairn/wire/bloom_filter.h"

#include <cmath>

#include <gtest/gtest.h>

#include "cairn/base/hex.h"
#include "cairn/crypto/hash.h"
#include "cairn/primitives/script.h"
#include "tests/support/wire_samples.h"

namespace cairn::wire {
namespace {

Bytes Serialized(const BloomFilter& filter) { return EncodePayload(filter.load()); }

Bytes OutPointBytes(const Txid& txid, uint32_t index) {
  Bytes bytes(txid.bytes.begin(), txid.bytes.end());
  Writer(bytes).U32(index);
  return bytes;
}

const Bytes kKey(33, 0x02);
const Bytes kKeyHash(20, 0xaa);

Bytes PayToKeyHash() {
  return ScriptBuilder()
      .Op(OP_DUP)
      .Op(OP_HASH160)
      .Push(kKeyHash)
      .Op(OP_EQUALVERIFY)
      .Op(OP_CHECKSIG)
      .Take();
}
Bytes PayToKey() { return ScriptBuilder().Push(kKey).Op(OP_CHECKSIG).Take(); }
Bytes PayToMultisig() {
  return ScriptBuilder()
      .Number(1)
      .Push(kKey)
      .Push(Bytes(33, 0x03))
      .Number(2)
      .Op(OP_CHECKMULTISIG)
      .Take();
}

TransactionPtr Paying(const std::vector<Bytes>& scripts) {
  TransactionDraft draft;
  auto& input = draft.inputs.emplace_back();
  input.prevout = {test::HashNumbered<Txid>(1), 7};
  input.script_sig = ScriptBuilder().Push(Bytes(71, 0x30)).Push(Bytes(33, 0x03)).Take();
  for (const Bytes& script : scripts) draft.outputs.push_back({1000, script});
  return draft.Finish();
}

BloomFilter FilterOf(ByteSpan element, uint8_t flags) {
  BloomFilter filter = BloomFilter::For(10, 1e-9, 5, flags);
  filter.Insert(element);
  return filter;
}

TEST(Murmur3Test, KnownHashes) {
  const auto hash = [](uint32_t seed, std::string_view hex) {
    return Murmur3(seed, *FromHex(hex));
  };
  EXPECT_EQ(hash(0, ""), 0u);
  EXPECT_EQ(hash(0xfba4c795, ""), 0x6a396f08u);
  EXPECT_EQ(hash(0xffffffff, ""), 0x81f16f39u);
  EXPECT_EQ(hash(0, "00"), 0x514e28b7u);
  EXPECT_EQ(hash(0xfba4c795, "00"), 0xea3f0b17u);
  EXPECT_EQ(hash(0, "ff"), 0xfd6cf10du);
  EXPECT_EQ(hash(0, "0011"), 0x16c6b7abu);
  EXPECT_EQ(hash(0, "001122"), 0x8eb51c3du);
  EXPECT_EQ(hash(0, "00112233"), 0xb4471bf8u);
}

TEST(BloomFilterTest, KnownFilters) {
  for (const auto& [tweak, serialized] : {std::pair(0u, "03614e9b050000000000000001"),
                                          std::pair(0x80000001u, "03ce4299050000000100008001")}) {
    BloomFilter filter = BloomFilter::For(3, 0.01, tweak, FilterLoad::kAll);
    filter.Insert(*FromHex("99108ad8ed9bb6274d3980bab5a85c048f0950c8"));
    EXPECT_TRUE(filter.Contains(*FromHex("99108ad8ed9bb6274d3980bab5a85c048f0950c8")));
    EXPECT_FALSE(filter.Contains(*FromHex("19108ad8ed9bb6274d3980bab5a85c048f0950c8")));
    filter.Insert(*FromHex("b5a2c786d9ef4658287ced5914b37a1b4aa32eee"));
    filter.Insert(*FromHex("b9300670b4c5366e95b2699e8b18bc75e5f729c5"));
    EXPECT_EQ(ToHex(Serialized(filter)), serialized);
  }
}

TEST(BloomFilterTest, AKeyAndItsHash) {
  const Bytes key = *FromHex(
      "045b81f0017e2091e2edcd5eecf10d5bdd120a5514cb3ee65b8447ec18bfc4575c"
      "6d5bf415e54e03b1067934a0f0ba76b01c6b9ab227142ee1d543764b69d901e0");
  BloomFilter filter = BloomFilter::For(2, 0.001, 0, FilterLoad::kAll);
  filter.Insert(key);
  filter.Insert(crypto::Hash160Of(key));
  EXPECT_EQ(ToHex(Serialized(filter)), "038fc16b080000000000000001");
}

TEST(BloomFilterTest, KeepsItsRate) {
  BloomFilter filter = BloomFilter::For(1000, 0.01, 12345, FilterLoad::kNone);
  const auto element = [](uint32_t number) {
    Bytes bytes;
    Writer(bytes).U32(number);
    return bytes;
  };
  for (uint32_t i = 0; i < 1000; ++i) filter.Insert(element(i));
  for (uint32_t i = 0; i < 1000; ++i) EXPECT_TRUE(filter.Contains(element(i)));
  int wrong = 0;
  for (uint32_t i = 1000; i < 11'000; ++i) wrong += filter.Contains(element(i)) ? 1 : 0;
  EXPECT_GT(wrong, 50);
  EXPECT_LT(wrong, 200);
}

TEST(BloomFilterTest, HasTheLargestSizeAtMost) {
  const BloomFilter filter = BloomFilter::For(10'000'000, 1e-9, 0, 0);
  EXPECT_EQ(filter.load().bits.size(), FilterLoad::kMostBytes);
  EXPECT_LE(BloomFilter::For(1, 1e-300, 0, 0).load().functions, FilterLoad::kMostFunctions);
}

TEST(BloomFilterTest, WithoutBitsMatchesAll) {
  BloomFilter filter({{}, 10, 0, FilterLoad::kAll});
  filter.Insert(kKey);
  EXPECT_TRUE(filter.Contains(kKeyHash));
  EXPECT_TRUE(filter.Match(*Paying({PayToKey()})));
  EXPECT_TRUE(filter.load().bits.empty());
}

TEST(BloomFilterTest, WithoutFunctionsMatchesAll) {
  BloomFilter filter({{0}, 0, 0, FilterLoad::kNone});
  EXPECT_TRUE(filter.Match(*Paying({PayToKey()})));
}

TEST(BloomFilterTest, MatchesEveryPartOfATransaction) {
  const TransactionPtr transaction = Paying({PayToKeyHash(), PayToMultisig()});
  const auto matches = [&](ByteSpan element) {
    return FilterOf(element, FilterLoad::kNone).Match(*transaction);
  };
  EXPECT_TRUE(matches(transaction->txid.span()));
  EXPECT_TRUE(matches(kKeyHash));
  EXPECT_TRUE(matches(kKey));
  EXPECT_TRUE(matches(Bytes(33, 0x03)));
  EXPECT_TRUE(matches(Bytes(71, 0x30)));
  EXPECT_TRUE(matches(OutPointBytes(test::HashNumbered<Txid>(1), 7)));
  EXPECT_FALSE(matches(OutPointBytes(test::HashNumbered<Txid>(1), 8)));
  EXPECT_FALSE(matches(OutPointBytes(transaction->txid, 0)));
  EXPECT_FALSE(matches(Bytes(20, 0xab)));
  EXPECT_FALSE(matches(PayToKeyHash()));
}

TEST(BloomFilterTest, AScriptThatEndsWithinAPushMatchesBeforeIt) {
  Bytes script = ScriptBuilder().Push(kKeyHash).Take();
  script.push_back(40);
  Append(script, kKey);
  EXPECT_TRUE(FilterOf(kKeyHash, 0).Match(*Paying({script})));
  EXPECT_FALSE(FilterOf(kKey, 0).Match(*Paying({script})));
}

TEST(BloomFilterTest, GrowsAsItsFlagsSay) {
  const TransactionPtr transaction = Paying({PayToKeyHash(), PayToKey(), PayToMultisig(), {OP_1}});
  const auto outpoints = [&](uint8_t flags) {
    BloomFilter filter = FilterOf(kKey, flags);
    filter.Insert(kKeyHash);
    EXPECT_TRUE(filter.Match(*transaction));
    std::vector<bool> inserted;
    for (uint32_t i = 0; i < 4; ++i) {
      inserted.push_back(filter.Contains(OutPointBytes(transaction->txid, i)));
    }
    return inserted;
  };
  EXPECT_EQ(outpoints(FilterLoad::kNone), (std::vector<bool>{false, false, false, false}));
  EXPECT_EQ(outpoints(FilterLoad::kAll), (std::vector<bool>{true, true, true, false}));
  EXPECT_EQ(outpoints(FilterLoad::kPubKeyOnly), (std::vector<bool>{false, true, true, false}));
  EXPECT_EQ(outpoints(3), (std::vector<bool>{false, false, false, false}));
}

TEST(BloomFilterTest, GrowsAlsoWhenTheIdMatches) {
  const TransactionPtr transaction = Paying({PayToKey()});
  BloomFilter filter = FilterOf(transaction->txid.span(), FilterLoad::kAll);
  filter.Insert(kKey);
  EXPECT_TRUE(filter.Match(*transaction));
  EXPECT_TRUE(filter.Contains(OutPointBytes(transaction->txid, 0)));
}

TEST(FilterBlockTest, ProvesTheMatchesAndWhatSpendsThem) {
  const TransactionPtr paying = Paying({PayToKeyHash()});
  TransactionDraft spend;
  spend.inputs.emplace_back().prevout = {paying->txid, 0};
  spend.outputs.push_back({1, {OP_1}});
  std::vector<TransactionPtr> transactions = test::TransactionsNumbered(0, 6);
  transactions.insert(transactions.begin() + 2, paying);
  transactions.push_back(spend.Finish());
  const auto block = Block::Parse(SerializeBlock(test::HeaderNumbered(1), transactions)).value();

  for (const uint8_t flags : {FilterLoad::kAll, FilterLoad::kNone}) {
    BloomFilter filter = FilterOf(kKeyHash, flags);
    const FilteredBlock filtered = FilterBlock(*block, filter);
    const std::vector<uint32_t> expected =
        flags == FilterLoad::kAll ? std::vector<uint32_t>{2, 7} : std::vector<uint32_t>{2};
    EXPECT_EQ(filtered.matches, expected);
    std::vector<bool> wanted(transactions.size());
    for (const uint32_t index : expected) wanted[index] = true;
    EXPECT_EQ(filtered.message.proof.Serialize(), MerkleProof::Of(*block, wanted).Serialize());
  }
}

TEST(FilterBlockTest, NoMatchIsTheRootAlone) {
  BloomFilter filter = FilterOf(Bytes(20, 0xab), FilterLoad::kAll);
  const FilteredBlock filtered = FilterBlock(*test::SampleBlock(5), filter);
  EXPECT_TRUE(filtered.matches.empty());
  EXPECT_EQ(filtered.message.proof.hashes.size(), 1u);
}

}  // namespace
}  // namespace cairn::wire
