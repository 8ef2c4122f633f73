#include <atomic>
#include <fstream>

#include "cairn/base/assert.h"
#include "cairn/base/hex.h"
#include "cairn/base/json.h"
#include "cairn/crypto/muhash.h"
#include "cairn/crypto/secp256k1.h"
#include "cairn/primitives/amount.h"
#include "cairn/primitives/golomb_set.h"
#include "cairn/primitives/merkle_proof.h"
#include "cairn/primitives/script.h"
#include "cairn/storage/block_store.h"
#include "cairn/storage/coin_codec.h"
#include "consensus/script/encoding.h"
#include "src/ledger/bootstrap_file.h"
#include "src/ledger/undo.h"
#include "src/primitives/base58.h"
#include "src/primitives/bech32.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/targets.h"
#include "tests/support/temp_dir.h"

namespace cairn::fuzz {
namespace {

void DecodeHeaderRow(ByteSpan input) {
  const auto row = storage::DecodeHeaderRow(input);
  if (row) CAIRN_ASSERT(Equal(storage::EncodeHeaderRow(*row), input));
}

bool SameCoin(const Coin& a, const Coin& b) {
  return a.value == b.value && a.height == b.height && a.coinbase == b.coinbase &&
         Equal(a.script, b.script);
}

void CheckCoin(const storage::StoredCoin& coin) {
  Bytes bytes;
  storage::AppendCoin(bytes, coin.View());
  Reader reader(bytes);
  const storage::StoredCoin again = storage::ReadCoin(reader);
  CAIRN_ASSERT(reader.ok() && reader.AtEnd() && SameCoin(again.View(), coin.View()));
}

void DecodeCoin(ByteSpan input) {
  Reader reader(input);
  const storage::StoredCoin coin = storage::ReadCoin(reader);
  if (!reader.ok()) return;
  CAIRN_ASSERT(IsMoney(coin.value) && coin.height >= 0);
  CheckCoin(coin);
}

void DecodeUndo(ByteSpan input) {
  if (input.size() < BlockHash::kSize) return;
  const auto coins = ledger::DecodeUndo(BlockHash::From(input.first(BlockHash::kSize)), input);
  if (!coins) return;
  for (const storage::StoredCoin& coin : *coins) CheckCoin(coin);
}

void DecodeAmount(ByteSpan input) {
  const auto amount = ParseAmount(AsText(input));
  if (amount) CAIRN_ASSERT(ParseAmount(FormatAmount(*amount)) == amount);
}

void DecodeJson(ByteSpan input) {
  const auto value = json::Parse(AsText(input), 64);
  if (!value) {
    CAIRN_ASSERT(value.error().message.starts_with("line "));
    return;
  }
  const std::string text = value->ToString();
  const auto again = json::Parse(text, 64);
  CAIRN_ASSERT(again && again->ToString() == text);
}

void DecodeHex(ByteSpan input) {
  const auto bytes = FromHex(AsText(input));
  if (bytes) CAIRN_ASSERT(FromHex(ToHex(*bytes)) == bytes);
  CAIRN_ASSERT(Equal(*FromHex(ToHex(input)), input));
  const auto hash = HashFromText(AsText(input));
  if (hash) CAIRN_ASSERT(HashFromText(HashToText(*hash)) == hash);
}

void DecodeBase58(ByteSpan input) {
  constexpr size_t kMost = 128;
  const auto bytes = cairn::DecodeBase58(AsText(input), kMost);
  if (bytes) {
    CAIRN_ASSERT(bytes->size() <= kMost);
    CAIRN_ASSERT(cairn::DecodeBase58(EncodeBase58(*bytes), kMost) == bytes);
  }
  const auto payload = DecodeBase58Check(AsText(input), kMost);
  if (payload) CAIRN_ASSERT(DecodeBase58Check(EncodeBase58Check(*payload), kMost) == payload);
  if (input.size() <= kMost) {
    CAIRN_ASSERT(Equal(*cairn::DecodeBase58(EncodeBase58(input), kMost), input));
  }
}

void DecodeBech32(ByteSpan input) {
  const auto text = cairn::DecodeBech32(AsText(input));
  if (!text) {
    for (const int position : FindBech32Fault(AsText(input)).positions) {
      CAIRN_ASSERT(position >= 0 && static_cast<size_t>(position) < input.size());
    }
    return;
  }
  const auto again = cairn::DecodeBech32(EncodeBech32(*text));
  CAIRN_ASSERT(again && again->groups == text->groups && again->prefix == text->prefix &&
               again->encoding == text->encoding);
  const auto bytes = BytesFromGroups(text->groups);
  if (bytes) CAIRN_ASSERT(GroupsFromBytes(*bytes) == text->groups);
}

void DecodeScript(ByteSpan input) {
  ScriptToAsm(input, false);
  ScriptToAsm(input, true);
  const ClassifiedOutput output = ClassifyOutput(input);
  CAIRN_ASSERT(!OutputTypeName(output.type).empty());
  CAIRN_ASSERT(CountSigops(input, true) <= CountSigops(input, false));
  const bool is_witness = output.type == OutputType::kWitnessV0KeyHash ||
                          output.type == OutputType::kWitnessV0ScriptHash ||
                          output.type == OutputType::kWitnessV1Taproot ||
                          output.type == OutputType::kWitnessUnknown;
  if (is_witness) CAIRN_ASSERT(ParseWitnessProgram(input).has_value());
}

/// Lax and strict DER, and keys: by verifying.
void DecodeSignature(ByteSpan input) {
  const crypto::Digest message{};
  const ByteSpan key = input.first(std::min<size_t>(33, input.size()));
  const ByteSpan signature = input.subspan(key.size());
  crypto::VerifyEcdsa(key, message, signature);
  crypto::HasLowS(signature);
  if (signature.size() >= 64) {
    crypto::VerifySchnorr(key.first(32), message, signature.first(64));
  }
  // A signature that is strict with its hash type is well formed to the lax reader as well, so
  // whether its S is low does not depend on what follows.
  if (consensus::IsStrictDer(signature)) {
    const Bytes with_type = Copy(signature);
    CAIRN_ASSERT(crypto::HasLowS(signature.first(signature.size() - 1)) ==
                 crypto::HasLowS(with_type));
  }
}

void ScanBootstrap(ByteSpan input) {
  static const test::TempDir folder;
  const std::filesystem::path path = folder / "bootstrap.dat";
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(input.data()), static_cast<long>(input.size()));
  const std::atomic<bool> stop{false};
  auto file = ledger::BootstrapFile::Open(path).value();
  const ledger::FrameList list = file.Scan({0xfa, 0xbf, 0xb5, 0xda}, stop);
  CAIRN_ASSERT(list.file_bytes == input.size());
  uint64_t end = 0;
  for (const ledger::Frame& frame : list.frames) {
    CAIRN_ASSERT(frame.offset >= end && frame.offset + frame.length <= input.size());
    end = frame.offset + frame.length;
    const auto raw = file.Read(frame);
    CAIRN_ASSERT(raw && raw->size() == frame.length && frame.hash == frame.header.Hash());
  }
}

/// What a proof proves, the proof that was written of it proves again.
void DecodeMerkleProof(ByteSpan input) {
  const auto proof = MerkleProof::Parse(input);
  if (!proof) return;
  const Bytes written = proof->Serialize();
  CAIRN_ASSERT(written.size() <= input.size() && Equal(written, input.first(written.size())));
  const auto matches = proof->Matches();
  if (!matches) return;
  CAIRN_ASSERT(matches->size() <= proof->hashes.size());
  int64_t last = -1;
  for (const MerkleProof::Match& match : *matches) {
    CAIRN_ASSERT(int64_t{match.index} > last && match.index < proof->transaction_count);
    last = match.index;
  }
}

/// With the parameters of basic filters. Whatever is decoded can be asked.
void DecodeGolombSet(ByteSpan input) {
  constexpr GolombCode kCode = {1, 2, 19, 784'931};
  const auto set = GolombSet::Decode(kCode, input);
  if (!set) return;
  CAIRN_ASSERT(set->size() * (kCode.remainder_bits + 1) <= 8 * input.size());
  const ByteSpan halves[] = {input.first(input.size() / 2), input.subspan(input.size() / 2)};
  const bool any = set->Matches(halves[0]) || set->Matches(halves[1]);
  CAIRN_ASSERT(set->MatchesAny(halves) == any);
}

void DecodeMuHash(ByteSpan input) {
  const auto set = crypto::MuHash::Deserialize(input);
  if (!set) return;
  const auto written = set->Serialize();
  CAIRN_ASSERT(Equal(ByteSpan(written).first(input.size()), input));
  CAIRN_ASSERT(crypto::MuHash::Deserialize(set->SerializeQuotient())->Finalize() ==
               set->Finalize());
}

}  // namespace

void FuzzDecoders(ByteSpan bytes) {
  Input input(bytes);
  const auto decoder = static_cast<Decoder>(input.Below(kDecoders));
  const ByteSpan rest = input.Rest();
  switch (decoder) {
    case Decoder::kTransaction: return FuzzTransaction(rest);
    case Decoder::kBlock: return FuzzBlock(rest);
    case Decoder::kHeader: return FuzzHeader(rest);
    case Decoder::kAddress: return FuzzAddress(rest);
    case Decoder::kChainFile: return FuzzChainFile(rest);
    case Decoder::kHeaderRow: return DecodeHeaderRow(rest);
    case Decoder::kCoin: return DecodeCoin(rest);
    case Decoder::kUndo: return DecodeUndo(rest);
    case Decoder::kAmount: return DecodeAmount(rest);
    case Decoder::kJson: return DecodeJson(rest);
    case Decoder::kHex: return DecodeHex(rest);
    case Decoder::kBase58: return DecodeBase58(rest);
    case Decoder::kBech32: return DecodeBech32(rest);
    case Decoder::kScript: return DecodeScript(rest);
    case Decoder::kSignature: return DecodeSignature(rest);
    case Decoder::kBootstrap: return ScanBootstrap(rest);
    case Decoder::kMerkleProof: return DecodeMerkleProof(rest);
    case Decoder::kDescriptor: return FuzzDescriptor(rest);
    case Decoder::kGolombSet: return DecodeGolombSet(rest);
    case Decoder::kMuHash: return DecodeMuHash(rest);
  }
}

}  // namespace cairn::fuzz
