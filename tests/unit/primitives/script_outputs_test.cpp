// Which standard form an output script has, and what only looks like one.
#include <gtest/gtest.h>

#include "cairn/base/hex.h"
#include "cairn/primitives/script.h"

namespace cairn {
namespace {

const std::string kHash20(40, '7');
const std::string kHash32(64, '8');
const std::string kKey33 = "02" + std::string(64, '9');
const std::string kOddKey33 = "03" + std::string(64, '9');
const std::string kKey65 = "04" + std::string(128, 'a');
const std::string kHybridKey65 = "07" + std::string(128, 'a');

ClassifiedOutput Classify(const std::string& hex, Bytes& script) {
  script = FromHex(hex).value();
  return ClassifyOutput(script);
}

std::string TypeOf(const std::string& hex) {
  Bytes script;
  return std::string(OutputTypeName(Classify(hex, script).type));
}

/// The parts as hex, one after another.
std::string PartsOf(const std::string& hex) {
  Bytes script;
  std::string parts;
  for (const ByteSpan part : Classify(hex, script).parts) {
    if (!parts.empty()) parts += " ";
    parts += ToHex(part);
  }
  return parts;
}

struct Form {
  std::string script;
  const char* type;
  std::string parts;
};

TEST(ClassifyOutput, EveryStandardForm) {
  const Form forms[] = {
      {"21" + kKey33 + "ac", "pubkey", kKey33},
      {"21" + kOddKey33 + "ac", "pubkey", kOddKey33},
      {"41" + kKey65 + "ac", "pubkey", kKey65},
      {"41" + kHybridKey65 + "ac", "pubkey", kHybridKey65},
      {"76a914" + kHash20 + "88ac", "pubkeyhash", kHash20},
      {"a914" + kHash20 + "87", "scripthash", kHash20},
      {"6a", "nulldata", ""},
      {"6a04deadbeef", "nulldata", ""},
      {"6a51", "nulldata", ""},
      {"6a4c50" + std::string(160, '1'), "nulldata", ""},
      {"0014" + kHash20, "witness_v0_keyhash", kHash20},
      {"0020" + kHash32, "witness_v0_scripthash", kHash32},
      {"5120" + kHash32, "witness_v1_taproot", kHash32},
      {"51024e73", "anchor", "4e73"},
      {"51024e74", "witness_unknown", "4e74"},
      {"5114" + kHash20, "witness_unknown", kHash20},
      {"52024e73", "witness_unknown", "4e73"},
      {"6002aabb", "witness_unknown", "aabb"},
      {"6028" + std::string(80, 'c'), "witness_unknown", std::string(80, 'c')},
  };
  for (const Form& form : forms) {
    EXPECT_EQ(TypeOf(form.script), form.type) << form.script;
    EXPECT_EQ(PartsOf(form.script), form.parts) << form.script;
  }
}

TEST(ClassifyOutput, WhatOnlyLooksStandard) {
  const std::string nonstandard[] = {
      "",
      "51",
      "21" + kKey33 + "ad",
      "21" + kKey33 + "acac",
      "21" + kKey33,
      "4c21" + kKey33 + "ac",            // not the shortest push
      "2105" + kKey33.substr(2) + "ac",  // no such kind of key
      "2104" + kKey33.substr(2) + "ac",  // the kind of another length
      "4102" + kKey65.substr(2) + "ac",  //
      "20" + kHash32 + "ac",             // a taproot key is none here
      "76a914" + kHash20 + "88ad",       //
      "76a914" + kHash20 + "87ac",       //
      "76a94c14" + kHash20 + "88ac",     //
      "76a915" + kHash20 + "0088ac",     //
      "a914" + kHash20 + "88",           //
      "a94c14" + kHash20 + "87",         //
      "aa20" + kHash32 + "87",           //
      "0015" + kHash20 + "00",           // version 0 has two sizes only
      "0002aabb",                        //
      "0028" + std::string(80, 'c'),     //
      "4f14" + kHash20,                  // version -1
      "6114" + kHash20,                  // version 17
      "51"
      "01"
      "aa",  // a program of one byte
      "51"
      "29" +
          std::string(82, 'c'),  // of 41 bytes
      "6aac",                    // not only pushes
      "6a02aa",                  // a push that is cut
      "6a4e",                    //
  };
  for (const std::string& script : nonstandard) {
    EXPECT_EQ(TypeOf(script), "nonstandard") << script;
    EXPECT_EQ(PartsOf(script), "") << script;
  }
}

TEST(ClassifyOutput, Multisig) {
  Bytes script;
  const std::string two_keys = "21" + kKey33 + "41" + kKey65;
  const ClassifiedOutput one_of_two = Classify("51" + two_keys + "52ae", script);
  EXPECT_EQ(one_of_two.type, OutputType::kMultisig);
  EXPECT_EQ(one_of_two.required, 1);
  ASSERT_EQ(one_of_two.parts.size(), 2u);
  EXPECT_EQ(ToHex(one_of_two.parts[0]), kKey33);
  EXPECT_EQ(ToHex(one_of_two.parts[1]), kKey65);
  EXPECT_EQ(Classify("52" + two_keys + "52ae", script).required, 2);
  EXPECT_EQ(TypeOf("51" + ("21" + kKey33) + "51ae"), "multisig");
  EXPECT_EQ(TypeOf("514c21" + kKey33 + "51ae"), "multisig");  // the way of the push is free
}

TEST(ClassifyOutput, MultisigOfUpToTwentyKeys) {
  const auto script_of = [](int required, int total) {
    std::string keys;
    for (int i = 0; i < total; ++i) keys += "21" + kKey33;
    return ToHex(ScriptBuilder().Number(required).Take()) + keys +
           ToHex(ScriptBuilder().Number(total).Take()) + "ae";
  };
  for (const int total : {1, 3, 15, 16, 17, 20}) {
    for (const int required : {1, total}) {
      Bytes script;
      const ClassifiedOutput output = Classify(script_of(required, total), script);
      EXPECT_EQ(output.type, OutputType::kMultisig) << required << " of " << total;
      EXPECT_EQ(output.required, required);
      EXPECT_EQ(output.parts.size(), static_cast<size_t>(total));
    }
  }
  EXPECT_EQ(TypeOf(script_of(1, 21)), "nonstandard");
  EXPECT_EQ(TypeOf(script_of(3, 2)), "nonstandard");
  EXPECT_EQ(TypeOf(script_of(0, 2)), "nonstandard");
  EXPECT_EQ(TypeOf(script_of(-1, 2)), "nonstandard");
}

TEST(ClassifyOutput, BrokenMultisig) {
  const std::string key = "21" + kKey33;
  const std::string nonstandard[] = {
      "ae",
      "51ae",
      "5151ae",                   // no key
      "51" + key + "52ae",        // fewer keys than said
      "51" + key + key + "51ae",  // more keys than said
      "51" + key + "51af",        //
      "51" + key + "51aeae",      //
      "51" + key +
          "51"
          "61ae",               //
      "51" + key + "ae",        // no count
      "51" + key + "0101ae",    // a count that is not minimal
      "0101" + key + "51ae",    //
      "51" + key + "4c0111ae",  //
      "51"
      "20" +
          kHash32 + "51ae",                  // a key of a wrong size
      "51" + key + "20" + kHash32 + "52ae",  //
      "51" + key + "0211ae",                 // a push that takes the opcode in
      "4c"
      "ae",                        // broken from the start
      "51" + key + "51" + "4cae",  //
  };
  for (const std::string& script : nonstandard) {
    EXPECT_EQ(TypeOf(script), "nonstandard") << script;
    EXPECT_EQ(PartsOf(script), "") << script;
  }
}

TEST(ClassifyOutput, TakesPartsByReference) {
  Bytes script;
  const ClassifiedOutput output = Classify("76a914" + kHash20 + "88ac", script);
  ASSERT_EQ(output.parts.size(), 1u);
  EXPECT_EQ(output.parts[0].data(), script.data() + 3);
}

}  // namespace
}  // namespace cairn
