// What the signature operations of a transaction cost its block, number by number.

#include "consensus/script/sigops.h"

#include <gtest/gtest.h>

#include "cairn/crypto/hash.h"
#include "tests/support/script_text.h"

namespace cairn::test {
namespace {

using consensus::ScriptFlags;

constexpr uint32_t kBoth = ScriptFlags::kP2sh | ScriptFlags::kWitness;
const std::string kKey =
    "0x21"
    "02" +
    std::string(64, 'a');
const std::string kTwoOfThree = "2 " + kKey + " " + kKey + " " + kKey + " 3 CHECKMULTISIG";

/// An input, the script that it spends, and an output.
struct Row {
  const char* name;
  uint64_t cost;
  std::string spent;  // the coin's script
  std::string script_sig;
  std::vector<Bytes> witness = {};
  std::string output = "1";
  uint32_t flags = kBoth;
};

uint64_t CostOf(const Row& row) {
  TransactionDraft draft;
  draft.inputs.push_back({{Txid{{1}}, 0}, ParseScriptText(row.script_sig), 0, row.witness});
  draft.outputs.push_back({1, ParseScriptText(row.output)});
  const TransactionPtr tx = draft.Finish();
  const Bytes script = ParseScriptText(row.spent);
  const Coin coin{1, 1, false, script};
  const Coin* const coins[] = {&coin};
  return consensus::SigopsCost(*tx, coins, row.flags);
}

std::string Push(const std::string& script) {
  return "0x" + ToHex(ScriptBuilder().Push(ParseScriptText(script)).Take());
}

/// Cost does not ask whether a hash fits.
const std::string kP2sh = "HASH160 0x14" + std::string(40, '0') + " EQUAL";
const std::string kP2wpkh = "0 0x14" + std::string(40, '0');
const std::string kP2wsh = "0 0x20" + std::string(64, '0');
const std::string kP2tr = "1 0x20" + std::string(64, '0');

std::vector<Row> Rows() {
  const Bytes multisig = ParseScriptText(kTwoOfThree);
  const Bytes anything = {1, 2, 3};
  return {
      // Of old: what stands in scriptSigs and outputs, known keys or not.
      {"nothing", 0, "1", ""},
      {"an output with CHECKSIG", 4, "1", "", {}, kKey + " CHECKSIG"},
      {"an output with CHECKSIGVERIFY", 4, "1", "", {}, "CHECKSIGVERIFY"},
      {"an output with two of three keys", 80, "1", "", {}, kTwoOfThree},
      {"an output with CHECKMULTISIGVERIFY", 80, "1", "", {}, "2 CHECKMULTISIGVERIFY"},
      {"an output in P2SH", 0, "1", "", {}, kP2sh},
      {"a scriptSig with CHECKSIG", 4, "1", "CHECKSIG"},
      {"a scriptSig with two of three keys", 80, "1", kTwoOfThree},
      {"a spent CHECKSIG", 0, kKey + " CHECKSIG", ""},
      {"a spent multisig", 0, kTwoOfThree, "0 0 0"},
      {"behind a malformed push", 4, "1", "", {}, "CHECKSIG 0x05 0x01 CHECKSIG"},
      {"CHECKSIGADD", 0, "1", "", {}, "CHECKSIGADD"},
      // BIP16: accurate, and as dear.
      {"P2SH of CHECKSIG", 4, kP2sh, Push("CHECKSIG")},
      {"P2SH of two of three keys", 12, kP2sh, "0 0 0 " + Push(kTwoOfThree)},
      {"P2SH of sixteen keys", 64, kP2sh, Push("16 CHECKMULTISIG")},
      {"P2SH of keys that no OP_n counts", 80, kP2sh, Push("0x0110 CHECKMULTISIG")},
      {"P2SH of keys that another opcode counts", 80, kP2sh, Push("3 NOP CHECKMULTISIG")},
      {"P2SH of no keys", 80, kP2sh, Push("0 CHECKMULTISIG")},
      {"P2SH and an opcode in the scriptSig", 0, kP2sh, "NOP " + Push(kTwoOfThree)},
      {"P2SH and CHECKSIG in the scriptSig", 4, kP2sh, "CHECKSIG " + Push(kTwoOfThree)},
      {"P2SH and OP_1 as the last push", 0, kP2sh, Push(kTwoOfThree) + " 1"},
      {"P2SH and OP_RESERVED as the last push", 0, kP2sh, Push(kTwoOfThree) + " RESERVED"},
      {"P2SH and OP_1 before", 12, kP2sh, "1 " + Push(kTwoOfThree)},
      {"P2SH and a cut push", 0, kP2sh, Push(kTwoOfThree) + " 0x05 0x01"},
      {"P2SH without a scriptSig", 0, kP2sh, ""},
      // BIP141: a quarter of that.
      {"P2WPKH", 1, kP2wpkh, "", {anything, anything}},
      {"P2WPKH without a witness", 1, kP2wpkh, ""},
      {"P2SH-P2WPKH", 1, kP2sh, Push(kP2wpkh), {anything, anything}},
      {"P2WSH of two of three keys", 3, kP2wsh, "", {{}, anything, anything, multisig}},
      {"P2WSH of CHECKSIG", 1, kP2wsh, "", {anything, {OP_CHECKSIG}}},
      {"P2WSH of keys that nothing counts", 20, kP2wsh, "", {{OP_CHECKMULTISIG}}},
      {"P2WSH whose script is not last", 0, kP2wsh, "", {multisig, {OP_1}}},
      {"P2WSH without a witness", 0, kP2wsh, ""},
      {"P2SH-P2WSH of two of three keys", 3, kP2sh, Push(kP2wsh), {{}, anything, multisig}},
      {"P2SH-P2WSH and an opcode in the scriptSig", 0, kP2sh, "NOP " + Push(kP2wsh), {multisig}},
      {"P2SH-P2WSH and another push", 3, kP2sh, "1 " + Push(kP2wsh), {multisig}},
      {"version 0 of 31 bytes", 0, "0 0x1f" + std::string(62, '0'), "", {multisig}},
      // BIP341 and what comes after it: taproot has its own budget.
      {"P2TR by its key", 0, kP2tr, "", {Bytes(64)}},
      {"P2TR by a script", 0, kP2tr, "", {multisig, Bytes(33, 0xc0)}},
      {"version 1 of 20 bytes", 0, "1 0x14" + std::string(40, '0'), "", {multisig}},
      {"version 16", 0, "16 0x20" + std::string(64, '0'), "", {multisig}},
      // Each rule from when on it is in force.
      {"P2SH before BIP16", 0, kP2sh, Push(kTwoOfThree), {}, "1", ScriptFlags::kNone},
      {"an output before BIP16", 4, "1", "", {}, "CHECKSIG", ScriptFlags::kNone},
      {"P2SH before BIP141", 12, kP2sh, Push(kTwoOfThree), {}, "1", ScriptFlags::kP2sh},
      {"P2WPKH before BIP141", 0, kP2wpkh, "", {anything, anything}, "1", ScriptFlags::kP2sh},
      {"P2WSH before BIP141", 0, kP2wsh, "", {multisig}, "1", ScriptFlags::kP2sh},
      {"P2SH-P2WSH before BIP141", 0, kP2sh, Push(kP2wsh), {multisig}, "1", ScriptFlags::kP2sh},
      // All kinds of counting in one.
      {"an output, a scriptSig and a redeem script",
       4 + 8 + 12,
       kP2sh,
       Push(kTwoOfThree),
       {},
       "CHECKSIG CHECKSIG CHECKSIG"},
  };
}

TEST(SigopsCost, IsThisNumber) {
  for (const Row& row : Rows()) EXPECT_EQ(CostOf(row), row.cost) << row.name;
}

TEST(SigopsCost, AddsUpOverInputs) {
  TransactionDraft draft;
  const Bytes redeem = ParseScriptText(kTwoOfThree);
  draft.inputs.push_back({{Txid{{1}}, 0}, ScriptBuilder().Push(redeem).Take(), 0, {}});
  draft.inputs.push_back({{Txid{{1}}, 1}, {}, 0, {redeem}});
  draft.inputs.push_back({{Txid{{1}}, 2}, {}, 0, {Bytes(64), Bytes(33)}});
  draft.outputs.push_back({1, {OP_CHECKSIG}});
  const TransactionPtr tx = draft.Finish();
  const Bytes scripts[] = {ParseScriptText(kP2sh), ParseScriptText(kP2wsh),
                           ParseScriptText(kP2wpkh)};
  const Coin first{1, 1, false, scripts[0]};
  const Coin second{1, 1, false, scripts[1]};
  const Coin third{1, 1, false, scripts[2]};
  const Coin* const coins[] = {&first, &second, &third};
  EXPECT_EQ(consensus::SigopsCost(*tx, coins, kBoth), 4u + 12 + 3 + 1);
}

TEST(SigopsCost, OfACoinbaseIsThatOfItsOwnScripts) {
  TransactionDraft draft;
  draft.inputs.push_back({{}, {OP_CHECKSIG, OP_CHECKSIG}, 0, {Bytes(32)}});
  draft.outputs.push_back({1, ParseScriptText(kTwoOfThree)});
  draft.outputs.push_back({1, ParseScriptText(kP2wsh)});
  EXPECT_EQ(consensus::SigopsCost(*draft.Finish(), {}, kBoth), 8u + 80);
}

}  // namespace
}  // namespace cairn::test
