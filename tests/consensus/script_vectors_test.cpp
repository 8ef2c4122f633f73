// script_tests.json, old and new: each spend ends with exactly the named error.

#include <cstdio>
#include <string>

#include <gtest/gtest.h>

#include "cairn/base/json.h"
#include "cairn/crypto/secp256k1.h"
#include "consensus/script/taproot.h"
#include "consensus/script/witness.h"
#include "consensus/sighash/sighash.h"
#include "tests/support/script_cases.h"
#include "tests/support/script_text.h"
#include "tests/support/tagged_hash.h"
#include "tests/support/vectors.h"

namespace cairn::test {
namespace {

using consensus::ScriptError;

/// The transaction that pays to the script, and the one that spends it, as the vectors' README
/// says.
SpendCase MakeSpend(const Bytes& script_sig, const Bytes& script_pubkey,
                    const std::vector<Bytes>& witness, Amount amount) {
  TransactionDraft credit;
  credit.version = 1;
  credit.inputs.push_back({{}, ScriptBuilder().Number(0).Number(0).Take(), 0xffffffff, {}});
  credit.outputs.push_back({amount, script_pubkey});
  TransactionDraft spend;
  spend.version = 1;
  spend.inputs.push_back({{credit.Finish()->txid, 0}, script_sig, 0xffffffff, witness});
  spend.outputs.push_back({amount, {}});
  SpendCase result;
  result.tx = spend.Finish();
  result.coins = {{amount, script_pubkey}};
  return result;
}

/// The x-only key of private key 1: the curve's generator.
const std::string kGenerator = "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";

/// The output key that commits to one leaf under the generator, with the control block of that
/// leaf.
struct OneLeafTree {
  Bytes output_key;
  Bytes control;

  explicit OneLeafTree(const Bytes& script) {
    const Bytes internal = *FromHex(kGenerator);
    const auto leaf = consensus::TapleafHash(consensus::kTapscriptLeafVersion, script);
    auto hasher = TaggedHasher("TapTweak");
    const auto tweak = hasher.Update(internal).Update(leaf).Finish();
    output_key.resize(32);
    bool odd = false;
    EXPECT_TRUE(crypto::TweakKey(internal, tweak, output_key.data(), &odd));
    control = {static_cast<uint8_t>(consensus::kTapscriptLeafVersion | (odd ? 1 : 0))};
    Append(control, internal);
  }
};

/// Reads the witness items of a test and fills the placeholders in.
std::vector<Bytes> ReadWitness(const json::Value& items, std::string& script_pubkey) {
  constexpr std::string_view kScript = "#SCRIPT#";
  std::vector<Bytes> witness;
  Bytes leaf_script;
  for (size_t i = 0; i + 1 < items.Items().size(); ++i) {
    const std::string& item = items.Items()[i].Text();
    if (item.starts_with(kScript)) {
      leaf_script = ParseScriptText(item.substr(kScript.size()));
      witness.push_back(leaf_script);
    } else if (item == "#CONTROLBLOCK#") {
      witness.push_back(OneLeafTree(leaf_script).control);
    } else {
      witness.push_back(FromHex(item).value());
    }
  }
  const size_t place = script_pubkey.find("#TAPROOTOUTPUT#");
  if (place != std::string::npos) {
    script_pubkey.replace(place, 15, "0x" + ToHex(OneLeafTree(leaf_script).output_key));
  }
  return witness;
}

struct ScriptCase {
  SpendCase spend;
  std::string expected;
};

ScriptCase ReadCase(const json::Value& test) {
  const auto& fields = test.Items();
  size_t at = 0;
  const bool with_witness = fields[0].IsArray();
  if (with_witness) ++at;
  std::string script_pubkey = fields[at + 1].Text();
  std::vector<Bytes> witness;
  Amount amount = 0;
  if (with_witness) {
    witness = ReadWitness(fields[0], script_pubkey);
    amount = ParseAmount(fields[0].Items().back().Text()).value();
  }
  ScriptCase result;
  result.spend = MakeSpend(ParseScriptText(fields[at].Text()), ParseScriptText(script_pubkey),
                           witness, amount);
  result.spend.flags = ParseFlags(fields[at + 2].Text());
  result.spend.name = test.ToString();
  result.expected = fields[at + 3].Text();
  return result;
}

/// A file of vectors, and the one failure that it names otherwise than we do (vectors/README.md,
/// differences a and b): in exactly so many tests.
struct VectorFile {
  const char* name;
  int tests;
  const char* our_name;
  const char* its_name;
  int so_many;
};

void PrintTo(const VectorFile& file, std::ostream* out) { *out << file.name; }

class ScriptVectors : public testing::TestWithParam<VectorFile> {};

TEST_P(ScriptVectors, EndAsExpected) {
  CAIRN_NEED_VECTORS();
  const VectorFile& file = GetParam();
  const auto tests = json::Parse(ReadText(VectorPath(std::string("script/") + file.name)));
  ASSERT_TRUE(tests.has_value()) << tests.error().message;
  int count = 0;
  int named_otherwise = 0;
  DeferredTally tally;
  for (const json::Value& test : tests->Items()) {
    if (test.Items().size() == 1) continue;  // a comment
    const ScriptCase one = ReadCase(test);
    const ScriptError error = RunExactly(one.spend);
    const std::string name(consensus::ScriptErrorName(error));
    if (name == file.our_name && one.expected == file.its_name) {
      ++named_otherwise;
    } else {
      EXPECT_EQ(name, one.expected) << one.spend.name;
    }
    const DeferredOutcome outcome = RunDeferring(one.spend);
    EXPECT_EQ(outcome.error, error) << one.spend.name;
    tally.Add(outcome.counts);
    ++count;
  }
  EXPECT_EQ(count, file.tests);
  EXPECT_EQ(named_otherwise, file.so_many);
  std::printf("%s: %d tests; %s\n", file.name, count, tally.ToString().c_str());
}

INSTANTIATE_TEST_SUITE_P(
    All, ScriptVectors,
    testing::Values(VectorFile{"script_tests.json", 1212, "SCRIPTNUM", "UNKNOWN_ERROR", 66},
                    VectorFile{"script_tests_2026.json", 1222, "UNBALANCED_CONDITIONAL",
                               "INVALID_STACK_OPERATION", 12}));

}  // namespace
}  // namespace cairn::test
