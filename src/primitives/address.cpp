// The messages are those of Bitcoin Core's validateaddress, which wallets show to people.
#include "cairn/primitives/address.h"

#include <algorithm>

#include "cairn/crypto/secret_key.h"
#include "cairn/primitives/output_scripts.h"
#include "cairn/primitives/script.h"
#include "src/primitives/base58.h"
#include "src/primitives/bech32.h"

namespace cairn {

namespace {

constexpr size_t kHashSize = 20;
constexpr size_t kKeySize = 32;
constexpr size_t kMaxProgramSize = 40;

/// Whether the text starts with this network's bech32 prefix, in any case.
bool LooksLikeBech32(std::string_view address, const AddressPrefixes& prefixes) {
  const std::string& prefix = prefixes.bech32_hrp;
  if (prefix.empty() || address.size() < prefix.size()) return false;
  return std::equal(prefix.begin(), prefix.end(), address.begin(), [](char expected, char c) {
    return expected == (c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
  });
}

Result<Bytes> DecodeBase58Address(std::string_view address, const AddressPrefixes& prefixes) {
  const std::optional<Bytes> payload = DecodeBase58Check(address, 1 + kHashSize);
  if (!payload) {
    constexpr size_t kMaxToExplain = 100;
    if (!DecodeBase58(address, kMaxToExplain)) {
      return Invalid("Invalid or unsupported Segwit (Bech32) or Base58 encoding.");
    }
    return Invalid("Invalid checksum or length of Base58 address (P2PKH or P2SH)");
  }
  const bool to_key = !payload->empty() && payload->front() == prefixes.pubkey_hash;
  const bool to_script = !payload->empty() && payload->front() == prefixes.script_hash;
  if (!to_key && !to_script) return Invalid("Invalid or unsupported Base58-encoded address.");
  if (payload->size() != 1 + kHashSize) {
    return Invalid("Invalid length for Base58 address (P2PKH or P2SH)");
  }
  const ByteSpan hash = ByteSpan(*payload).last(kHashSize);
  return to_key ? PayToKeyHash(hash) : PayToScriptHash(hash);
}

std::string CountBytes(size_t count) {
  return std::to_string(count) + (count == 1 ? " byte" : " bytes");
}

/// The script of a text whose bech32 form and checksum are right (BIP141, BIP173, BIP350).
Result<Bytes> ProgramScript(const Bech32Text& text, const AddressPrefixes& prefixes) {
  if (text.groups.empty()) return Invalid("Empty Bech32 data section");
  if (text.prefix != prefixes.bech32_hrp) {
    return Invalid("Invalid or unsupported prefix for Segwit (Bech32) address (expected " +
                   prefixes.bech32_hrp + ", got " + text.prefix + ").");
  }
  const int version = text.groups.front();
  if (version == 0 && text.encoding != Bech32Encoding::kBech32) {
    return Invalid("Version 0 witness address must use Bech32 checksum");
  }
  if (version != 0 && text.encoding != Bech32Encoding::kBech32m) {
    return Invalid("Version 1+ witness address must use Bech32m checksum");
  }
  const std::optional<Bytes> program = BytesFromGroups(ByteSpan(text.groups).subspan(1));
  if (!program) return Invalid("Invalid padding in Bech32 data section");
  const size_t size = program->size();
  if (version == 0 && size != kHashSize && size != kKeySize) {
    return Invalid("Invalid Bech32 v0 address program size (" + CountBytes(size) + "), per BIP141");
  }
  if (version > 16) return Invalid("Invalid Bech32 address witness version");
  if (size < 2 || size > kMaxProgramSize) {
    return Invalid("Invalid Bech32 address program size (" + CountBytes(size) + ")");
  }
  return PayToWitness(version, *program);
}

std::string Base58Address(uint8_t prefix, ByteSpan hash) {
  Bytes payload{prefix};
  Append(payload, hash);
  return EncodeBase58Check(payload);
}

}  // namespace

Result<Bytes> DecodeAddress(std::string_view address, const AddressPrefixes& prefixes) {
  if (!LooksLikeBech32(address, prefixes)) return DecodeBase58Address(address, prefixes);

  const std::optional<Bech32Text> text = DecodeBech32(address);
  if (!text) return Invalid(FindBech32Fault(address).message);
  return ProgramScript(*text, prefixes);
}

std::vector<int> AddressErrorPositions(std::string_view address, const AddressPrefixes& prefixes) {
  if (!LooksLikeBech32(address, prefixes) || DecodeBech32(address)) return {};
  return FindBech32Fault(address).positions;
}

std::optional<std::string> EncodeAddress(ByteSpan script, const AddressPrefixes& prefixes) {
  const ClassifiedOutput output = ClassifyOutput(script);
  switch (output.type) {
    case OutputType::kPubKeyHash: return Base58Address(prefixes.pubkey_hash, output.parts.at(0));
    case OutputType::kScriptHash: return Base58Address(prefixes.script_hash, output.parts.at(0));
    case OutputType::kWitnessV0KeyHash:
    case OutputType::kWitnessV0ScriptHash:
    case OutputType::kWitnessV1Taproot:
    case OutputType::kAnchor:
    case OutputType::kWitnessUnknown: break;
    default: return std::nullopt;
  }
  const std::optional<WitnessProgram> witness = ParseWitnessProgram(script);
  if (!witness) return std::nullopt;
  Bech32Text text;
  text.encoding = witness->version == 0 ? Bech32Encoding::kBech32 : Bech32Encoding::kBech32m;
  text.prefix = prefixes.bech32_hrp;
  text.groups = GroupsFromBytes(witness->program);
  text.groups.insert(text.groups.begin(), static_cast<uint8_t>(witness->version));
  return EncodeBech32(text);
}

std::optional<DecodedSecret> DecodeSecret(std::string_view text, const AddressPrefixes& prefixes) {
  const std::optional<Bytes> payload = DecodeBase58Check(text, 1 + kKeySize + 1);
  if (!payload || payload->empty() || payload->front() != prefixes.secret_key) return std::nullopt;

  const bool compressed = payload->size() == 1 + kKeySize + 1 && payload->back() == 1;
  if (!compressed && payload->size() != 1 + kKeySize) return std::nullopt;

  DecodedSecret secret{{}, compressed};
  std::copy_n(payload->begin() + 1, kKeySize, secret.key.begin());
  if (!crypto::IsSecretKey(secret.key)) return std::nullopt;
  return secret;
}

std::string EncodeSecret(const DecodedSecret& secret, const AddressPrefixes& prefixes) {
  Bytes payload{prefixes.secret_key};
  Append(payload, secret.key);
  if (secret.compressed) payload.push_back(1);
  return EncodeBase58Check(payload);
}

}  // namespace cairn
