// Descriptors and the vectors: those of the BIPs, and those that were made from the tests of
// Bitcoin Core.
#include <iostream>

#include <gtest/gtest.h>

#include "cairn/base/hex.h"
#include "cairn/base/json.h"
#include "cairn/crypto/hash.h"
#include "cairn/primitives/descriptor.h"
#include "cairn/primitives/script.h"
#include "src/primitives/base58.h"
#include "tests/support/address_prefixes.h"
#include "tests/support/vectors.h"

namespace cairn {
namespace {

using Descriptors = Result<std::vector<Descriptor>>;

const AddressPrefixes kMainnet = test::Mainnet();

json::Value ReadVectors(const std::string& name) {
  const auto vectors = json::Parse(test::ReadText(test::VectorPath("keys/" + name)));
  EXPECT_TRUE(vectors);
  return vectors ? *vectors : json::Value::Array();
}

/// The member "network" of an entry.
const AddressPrefixes& PrefixesOf(const json::Value& entry) {
  static const AddressPrefixes testing = test::Testing("tb");
  static const AddressPrefixes regtest = test::Testing("bcrt");
  const json::Value* network = entry.Find("network");
  if (network == nullptr || network->Text() == "main") return kMainnet;
  return network->Text() == "regtest" ? regtest : testing;
}

std::string MemberText(const json::Value& entry, std::string_view name) {
  return entry.Find(name)->Text();
}

bool MemberBool(const json::Value& entry, std::string_view name) {
  return entry.Find(name)->AsBool();
}

std::vector<std::string> Texts(const json::Value& array) {
  std::vector<std::string> texts;
  for (const json::Value& item : array.Items()) texts.push_back(item.Text());
  return texts;
}

/// In hex, for as many indices as there must be scripts.
std::vector<std::string> ScriptsOf(const Descriptor& descriptor, size_t count) {
  std::vector<std::string> texts;
  for (uint32_t index = 0; texts.size() < count && index < 3; ++index) {
    const auto scripts = descriptor.Scripts(index);
    if (!scripts) return {"needs private keys"};
    for (const Bytes& script : *scripts) texts.push_back(ToHex(script));
  }
  return texts;
}

std::string ErrorOf(const std::string& text, const AddressPrefixes& prefixes) {
  const Descriptors parsed = Descriptor::Parse(text, prefixes);
  return parsed ? "none" : parsed.error().message;
}

/// The canonical descriptors of the ways of a multipath one, or its scripts.
std::vector<std::string> ExpansionsOf(const Descriptors& parsed, int bip, size_t count) {
  if (bip != 389) return ScriptsOf(parsed->front(), count);
  std::vector<std::string> texts;
  for (const Descriptor& descriptor : *parsed) {
    const std::string text = descriptor.ToPrivateString().value_or(descriptor.ToString());
    texts.push_back(text.substr(0, text.find('#')));
  }
  return texts;
}

using Expansions = std::pair<std::string, std::vector<std::string>>;

/// Descriptors with what they expand to. Entries with the label "*" are what was nested deeper in
/// the BIP's list: scripts of the descriptor before them.
std::vector<Expansions> ValidEntries(const json::Value& bip) {
  std::vector<Expansions> entries;
  for (const json::Value& entry : bip.Find("valid")->Items()) {
    const json::Value* label = entry.Find("label");
    if (label != nullptr && label->Text() == "*") {
      entries.back().second.push_back(MemberText(entry, "descriptor"));
    } else {
      entries.push_back({MemberText(entry, "descriptor"), Texts(*entry.Find("expansions"))});
    }
  }
  return entries;
}

TEST(DescriptorVectors, OfTheBips) {
  CAIRN_NEED_VECTORS();
  constexpr int kMusig = 390;  // beyond what Bitcoin Core 28 reads, and refused like it
  int expanded = 0;
  int refused = 0;
  const json::Value vectors = ReadVectors("descriptors_bips.json");
  for (const json::Value& bip : vectors.Items()) {
    const int number = std::stoi(MemberText(bip, "bip"));
    for (const auto& [text, expected] : ValidEntries(bip)) {
      const Descriptors parsed = Descriptor::Parse(text, kMainnet);
      EXPECT_EQ(parsed.has_value(), number != kMusig) << text << "\n"
                                                      << (parsed ? "" : parsed.error().message);
      if (!parsed) continue;
      ++expanded;
      EXPECT_EQ(ExpansionsOf(parsed, number, expected.size()), expected) << text;
    }
    for (const json::Value& entry : bip.Find("invalid")->Items()) {
      ++refused;
      EXPECT_NE(ErrorOf(MemberText(entry, "descriptor"), kMainnet), "none") << entry.ToString();
    }
  }
  EXPECT_EQ(expanded, 64);  // with 8 further scripts and the 6 of BIP390 the 78 of the file
  EXPECT_EQ(refused, 61);
}

TEST(DescriptorVectors, KeyExpressionsOfBip380) {
  CAIRN_NEED_VECTORS();
  const json::Value bip380 = ReadVectors("descriptors_bips.json").Items()[0];
  const json::Value& valid = *bip380.Find("key_expressions_valid");
  const json::Value& invalid = *bip380.Find("key_expressions_invalid");
  EXPECT_EQ(valid.Items().size(), 21u);
  EXPECT_EQ(invalid.Items().size(), 16u);
  const auto in_pk = [](const json::Value& entry) {
    return "pk(" + MemberText(entry, "key") + ")";
  };
  for (const json::Value& entry : valid.Items()) {
    EXPECT_EQ(ErrorOf(in_pk(entry), kMainnet), "none") << entry.ToString();
  }
  for (const json::Value& entry : invalid.Items()) {
    EXPECT_NE(ErrorOf(in_pk(entry), kMainnet), "none") << entry.ToString();
  }
}

TEST(DescriptorVectors, ChecksumsOfBip380) {
  CAIRN_NEED_VECTORS();
  const json::Value bip380 = ReadVectors("descriptors_bips.json").Items()[0];
  ASSERT_EQ(bip380.Find("checksum")->Items().size(), 8u);
  for (const json::Value& entry : bip380.Find("checksum")->Items()) {
    EXPECT_EQ(ErrorOf(MemberText(entry, "descriptor"), kMainnet) == "none",
              MemberBool(entry, "valid"))
        << entry.ToString();
  }
}

TEST(DescriptorVectors, CanonicalForms) {
  CAIRN_NEED_VECTORS();
  int count = 0;
  const json::Value vectors = ReadVectors("descriptors_valid.json");
  for (const auto& [group, entries] : vectors.Members()) {
    for (const json::Value& entry : entries.Items()) {
      ++count;
      const std::string input = MemberText(entry, "input");
      const Descriptors parsed = Descriptor::Parse(input, PrefixesOf(entry));
      ASSERT_TRUE(parsed) << input << "\n" << parsed.error().message;
      const Descriptor& descriptor = parsed->front();
      EXPECT_EQ(descriptor.ToString(), MemberText(entry, "descriptor")) << input;
      EXPECT_EQ(DescriptorChecksum(input.substr(0, input.find('#'))),
                MemberText(entry, "checksum"));
      EXPECT_EQ(descriptor.IsRange(), MemberBool(entry, "isrange")) << input;
      EXPECT_EQ(descriptor.IsSolvable(), MemberBool(entry, "issolvable")) << input;
      EXPECT_EQ(descriptor.HasPrivateKeys(), MemberBool(entry, "hasprivatekeys")) << input;
      EXPECT_EQ(Descriptor::Parse(descriptor.ToString(), PrefixesOf(entry))->front().ToString(),
                descriptor.ToString());
    }
  }
  EXPECT_EQ(count, 57);
}

TEST(DescriptorVectors, PrivateForms) {
  CAIRN_NEED_VECTORS();
  const json::Value vectors = ReadVectors("descriptors_privatekeys.json");
  ASSERT_EQ(vectors.Items().size(), 5u);
  for (const json::Value& entry : vectors.Items()) {
    const Descriptors parsed = Descriptor::Parse(MemberText(entry, "input"), PrefixesOf(entry));
    ASSERT_TRUE(parsed) << parsed.error().message;
    const json::Value* expected = entry.Find("expected");
    EXPECT_EQ(parsed->front().ToPrivateString().value_or("needs private keys"),
              expected != nullptr ? expected->Text() : "needs private keys");
  }
}

/// The address of the key's hash for bare keys, as Bitcoin Core once had it, and the vectors have.
std::string AddressOf(const Bytes& script, const AddressPrefixes& prefixes) {
  const ClassifiedOutput output = ClassifyOutput(script);
  if (output.type != OutputType::kPubKey) return EncodeAddress(script, prefixes).value_or("none");
  const Bytes by_hash = ScriptBuilder()
                            .Op(OP_DUP)
                            .Op(OP_HASH160)
                            .Push(crypto::Hash160Of(output.parts[0]))
                            .Op(OP_EQUALVERIFY)
                            .Op(OP_CHECKSIG)
                            .Take();
  return *EncodeAddress(by_hash, prefixes);
}

TEST(DescriptorVectors, Addresses) {
  CAIRN_NEED_VECTORS();
  int count = 0;
  const json::Value vectors = ReadVectors("descriptors_addresses.json");
  for (const auto& [group, entries] : vectors.Members()) {
    for (const json::Value& entry : entries.Items()) {
      ++count;
      const Descriptors parsed = Descriptor::Parse(MemberText(entry, "input"), PrefixesOf(entry));
      ASSERT_TRUE(parsed) << parsed.error().message;
      const json::Value* range = entry.Find("range");
      const uint32_t first = range == nullptr ? 0 : std::stoul(range->Items()[0].Text());
      const uint32_t last = range == nullptr ? 0 : std::stoul(range->Items()[1].Text());
      std::vector<std::string> addresses;
      for (uint32_t index = first; index <= last; ++index) {
        const auto scripts = parsed->front().Scripts(index);
        if (!scripts) addresses.push_back("needs private keys");
        for (const Bytes& script : scripts.value_or(std::vector<Bytes>())) {
          addresses.push_back(AddressOf(script, PrefixesOf(entry)));
        }
      }
      if (const json::Value* error = entry.Find("error")) {
        const bool no_address = error->Text() == "Descriptor does not have a corresponding address";
        EXPECT_EQ(addresses, std::vector<std::string>{no_address ? "none" : "needs private keys"});
      } else {
        EXPECT_EQ(addresses, Texts(*entry.Find("addresses"))) << entry.ToString();
      }
    }
  }
  EXPECT_EQ(count, 54);
}

/// The member of the first section that has it, without what is written behind it.
std::string AccountText(const json::Value& sections, std::string_view member, size_t skip = 0) {
  for (const json::Value& section : sections.Items()) {
    const json::Value* value = section.Find(member);
    if (value == nullptr || skip-- > 0) continue;
    return value->Text().substr(0, value->Text().find(' '));
  }
  ADD_FAILURE() << "no " << member;
  return "";
}

/// The same extended private key with the version bytes of BIP32 in place of those of BIP49 or 84.
std::string WithVersion(const std::string& text, const std::array<uint8_t, 4>& version) {
  Bytes payload = DecodeBase58Check(text, 78).value_or(Bytes(78));
  std::copy(version.begin(), version.end(), payload.begin());
  return EncodeBase58Check(payload);
}

std::string AddressAt(const std::string& text, uint32_t index, const AddressPrefixes& prefixes) {
  const Descriptors parsed = Descriptor::Parse(text, prefixes);
  if (!parsed) return parsed.error().message;
  return AddressOf(parsed->front().Scripts(index).value().front(), prefixes);
}

TEST(DescriptorVectors, AccountsOfBip49AndBip84AndBip86) {
  CAIRN_NEED_VECTORS();
  const json::Value vectors = ReadVectors("bip49_84_86.json");
  const AddressPrefixes testing = test::Testing("tb");
  const json::Value& bip49 = *vectors.Find("bip49");
  const std::string nested = WithVersion(AccountText(bip49, "masterseed"), testing.ext_secret);
  EXPECT_EQ(AddressAt("sh(wpkh(" + nested + "/49'/1'/0'/0/*))", 0, testing),
            AccountText(bip49, "address"));

  const json::Value& bip84 = *vectors.Find("bip84");
  const std::string witness = WithVersion(AccountText(bip84, "rootpriv"), kMainnet.ext_secret);
  const json::Value& bip86 = *vectors.Find("bip86");
  const std::string taproot = AccountText(bip86, "rootpriv");
  for (size_t i = 0; i < 3; ++i) {  // two receiving addresses and one for change
    const std::string branch = i < 2 ? "/0/*)" : "/1/*)";
    const auto index = static_cast<uint32_t>(i % 2);
    EXPECT_EQ(AddressAt("wpkh(" + witness + "/84h/0h/0h" + branch, index, kMainnet),
              AccountText(bip84, "address", i));
    EXPECT_EQ(AddressAt("tr(" + taproot + "/86h/0h/0h" + branch, index, kMainnet),
              AccountText(bip86, "address", i));
  }
}

TEST(DescriptorVectors, Refusals) {
  CAIRN_NEED_VECTORS();
  const json::Value vectors = ReadVectors("descriptors_invalid.json");
  ASSERT_EQ(vectors.Items().size(), 40u);
  for (const json::Value& entry : vectors.Items()) {
    const bool need_checksum = entry.Find("requirechecksum") != nullptr;
    const Descriptors parsed =
        Descriptor::Parse(MemberText(entry, "input"), PrefixesOf(entry),
                          need_checksum ? ChecksumRule::kRequired : ChecksumRule::kOptional);
    // The vectors are older than multipath descriptors (BIP389).
    const bool multipath = MemberText(entry, "input").find("<0;1>") != std::string::npos;
    EXPECT_EQ(parsed.has_value(), multipath) << entry.ToString();
    if (!parsed) {
      EXPECT_NE(parsed.error().message, "");
    }
  }
}

}  // namespace
}  // namespace cairn
