// The parts that signature hashes are made of: tagged hashes, messages hashed as they are written,
// and what a transaction's inputs share.

#include <gtest/gtest.h>

#include "cairn/base/writer.h"
#include "cairn/crypto/hash.h"
#include "cairn/primitives/script.h"
#include "consensus/sighash/hash_writer.h"
#include "consensus/sighash/midstates.h"
#include "consensus/sighash/tags.h"
#include "tests/support/tagged_hash.h"

namespace cairn::test {
namespace {

using consensus::HashWriter;
using consensus::TransactionMidstates;

TEST(Tags, AreThoseOfTheProposal) {
  const std::pair<std::string_view, crypto::Sha256Midstate> tags[] = {
      {"TapSighash", consensus::kTapSighashTag},
      {"TapLeaf", consensus::kTapLeafTag},
      {"TapBranch", consensus::kTapBranchTag},
      {"TapTweak", consensus::kTapTweakTag}};
  for (const auto& [tag, midstate] : tags) {
    for (const size_t size : {0, 1, 63, 64, 200}) {
      const Bytes message(size, 7);
      EXPECT_EQ(crypto::Sha256(midstate).Update(message).Finish(),
                TaggedHasher(tag).Update(message).Finish())
          << tag;
    }
  }
}

TEST(HashWriter, HashesWhatAWriterWouldHaveWritten) {
  for (const size_t size : {0, 1, 252, 253, 255, 256, 257, 600, 0xffff, 0x10000}) {
    for (const size_t before : {0, 5, 100, 250}) {
      const Bytes front(before, 1);
      const Bytes bytes(size, 2);
      Bytes written;
      Writer(written).Raw(front).U32(7).VarBytes(bytes).I64(-2).U8(3).CompactSize(size);
      const auto write = [&](HashWriter& writer) {
        writer.Raw(front).U32(7).VarBytes(bytes).I64(-2).U8(3).CompactSize(size);
      };
      HashWriter once;
      write(once);
      EXPECT_EQ(once.Once(), crypto::Sha256Of(written));
      HashWriter twice;
      write(twice);
      EXPECT_EQ(twice.Twice(), crypto::Sha256dOf(written));
    }
  }
  Bytes written;
  Writer(written).CompactSize(uint64_t{1} << 32);
  EXPECT_EQ(HashWriter().CompactSize(uint64_t{1} << 32).Once(), crypto::Sha256Of(written));
}

Bytes Program(uint8_t version, size_t size) {
  return ScriptBuilder().Op(version).Push(Bytes(size, 3)).Take();
}

/// Which sighashes a transaction with one input is prepared for.
struct Served {
  bool version0;
  bool taproot;
  friend bool operator==(const Served&, const Served&) = default;
};

Served ServedBy(const Bytes& script, const std::vector<Bytes>& witness) {
  TransactionDraft draft;
  draft.inputs.emplace_back().witness = witness;
  draft.outputs.push_back({1, {OP_1}});
  const TransactionPtr tx = draft.Finish();
  const TxOut spent[] = {{1, script}};
  const TransactionMidstates midstates(*tx, spent);
  return {midstates.ServesVersion0(), midstates.ServesTaproot()};
}

TEST(Midstates, AreComputedForTheKindsThatAreSpent) {
  const std::vector<Bytes> witness = {{1}};
  const Bytes p2sh = ScriptBuilder().Op(OP_HASH160).Push(Bytes(20)).Op(OP_EQUAL).Take();
  EXPECT_EQ(ServedBy(Program(OP_0, 20), witness), (Served{true, false}));
  EXPECT_EQ(ServedBy(Program(OP_0, 32), witness), (Served{true, false}));
  EXPECT_EQ(ServedBy(p2sh, witness), (Served{true, false}));
  EXPECT_EQ(ServedBy(Program(OP_1, 32), witness), (Served{false, true}));
  EXPECT_EQ(ServedBy(Program(OP_1, 31), witness), (Served{false, false}));
  EXPECT_EQ(ServedBy(Program(OP_16, 32), witness), (Served{false, false}));
  EXPECT_EQ(ServedBy({OP_1}, witness), (Served{false, false}));
  // Without a witness nothing of them gets as far as a signature.
  EXPECT_EQ(ServedBy(Program(OP_0, 20), {}), (Served{false, false}));
  EXPECT_EQ(ServedBy(Program(OP_1, 32), {}), (Served{false, false}));
}

TEST(Midstates, ServeVersion0WhereCoinsAreUnknown) {
  TransactionDraft draft;
  draft.inputs.emplace_back().witness = {{1}};
  draft.outputs.push_back({1, {OP_1}});
  const TransactionPtr tx = draft.Finish();
  const TransactionMidstates midstates(*tx, {});
  EXPECT_FALSE(midstates.HasSpent());
  EXPECT_TRUE(midstates.ServesVersion0());
  EXPECT_FALSE(midstates.ServesTaproot());
}

TEST(Midstates, OfVersion0AreHashedTwice) {
  TransactionDraft draft;
  for (uint32_t i = 0; i < 3; ++i) {
    auto& input = draft.inputs.emplace_back();
    input.prevout.index = i;
    input.sequence = 100 + i;
    input.witness = {{1}};
    draft.outputs.push_back({i, Bytes(300 * i, OP_1)});
  }
  const TransactionPtr tx = draft.Finish();
  Bytes prevouts;
  Bytes sequences;
  Bytes outputs;
  for (uint32_t i = 0; i < 3; ++i) {
    Writer(prevouts).Raw(Bytes(32)).U32(i);
    Writer(sequences).U32(100 + i);
    Writer(outputs).I64(i).VarBytes(Bytes(300 * i, OP_1));
  }
  const TransactionMidstates midstates(*tx, {});
  EXPECT_EQ(midstates.prevouts, crypto::Sha256Of(prevouts));
  EXPECT_EQ(midstates.sequences, crypto::Sha256Of(sequences));
  EXPECT_EQ(midstates.outputs, crypto::Sha256Of(outputs));
  EXPECT_EQ(midstates.prevouts_twice, crypto::Sha256dOf(prevouts));
  EXPECT_EQ(midstates.sequences_twice, crypto::Sha256dOf(sequences));
  EXPECT_EQ(midstates.outputs_twice, crypto::Sha256dOf(outputs));
}

}  // namespace
}  // namespace cairn::test
