#include "cairn/storage/coin_codec.h"

#include <algorithm>

#include "cairn/base/writer.h"
#include "cairn/primitives/script.h"

namespace cairn::storage {
namespace {

// How a script is stored: these forms as their hash or key alone, any other with its length.
// The number is part of the format.
enum ScriptForm : uint64_t {
  kFormPubKeyHash = 0,
  kFormScriptHash = 1,
  kFormWitnessKeyHash = 2,
  kFormWitnessScriptHash = 3,
  kFormTaproot = 4,
  kFormRaw = 5,  // and above: the length is the number less this
};

struct Template {
  uint8_t prefix[3];
  uint8_t prefix_size;
  uint8_t payload;
  uint8_t suffix[2];
  uint8_t suffix_size;
};

constexpr Template kTemplates[] = {
    {{OP_DUP, OP_HASH160, 20}, 3, 20, {OP_EQUALVERIFY, OP_CHECKSIG}, 2},
    {{OP_HASH160, 20, 0}, 2, 20, {OP_EQUAL, 0}, 1},
    {{OP_0, 20, 0}, 2, 20, {0, 0}, 0},
    {{OP_0, 32, 0}, 2, 32, {0, 0}, 0},
    {{OP_1, 32, 0}, 2, 32, {0, 0}, 0},
};
static_assert(std::size(kTemplates) == kFormRaw);

bool Matches(const Template& form, ByteSpan script) {
  const size_t size = size_t{form.prefix_size} + form.payload + form.suffix_size;
  return script.size() == size &&
         Equal(script.first(form.prefix_size), ByteSpan(form.prefix, form.prefix_size)) &&
         Equal(script.last(form.suffix_size), ByteSpan(form.suffix, form.suffix_size));
}

void AppendScript(Bytes& out, ByteSpan script) {
  for (uint64_t i = 0; i < std::size(kTemplates); ++i) {
    if (!Matches(kTemplates[i], script)) continue;
    AppendVarint(out, i);
    return Append(out, script.subspan(kTemplates[i].prefix_size, kTemplates[i].payload));
  }
  AppendVarint(out, kFormRaw + script.size());
  Append(out, script);
}

void ReadScript(Reader& reader, Bytes& script) {
  const uint64_t form = ReadVarint(reader);
  if (form >= kFormRaw) {
    const ByteSpan raw = reader.Take(form - kFormRaw);
    script.assign(raw.begin(), raw.end());
    return;
  }
  const Template& shape = kTemplates[form];
  script.reserve(size_t{shape.prefix_size} + shape.payload + shape.suffix_size);
  script.assign(shape.prefix, shape.prefix + shape.prefix_size);
  Append(script, reader.Take(shape.payload));
  Append(script, ByteSpan(shape.suffix, shape.suffix_size));
}

}  // namespace

void AppendVarint(Bytes& out, uint64_t value) {
  while (value >= 0x80) {
    out.push_back(static_cast<uint8_t>(value) | 0x80);
    value >>= 7;
  }
  out.push_back(static_cast<uint8_t>(value));
}

uint64_t ReadVarint(Reader& reader) {
  uint64_t value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    const uint8_t byte = reader.U8();
    const uint64_t part = byte & 0x7f;
    if (shift == 63 && part > 1) break;
    value |= part << shift;
    if ((byte & 0x80) == 0) {
      if (byte == 0 && shift > 0) break;
      return value;
    }
  }
  reader.SetFailed();
  return 0;
}

uint64_t CompressAmount(uint64_t satoshis) {
  // The exponent takes the last decimal digit: value = digits * 10^exponent with exponent up to 9.
  constexpr uint64_t kMostExponent = 9;
  if (satoshis == 0) return 0;
  uint64_t exponent = 0;
  while (exponent < kMostExponent && satoshis % 10 == 0) {
    satoshis /= 10;
    ++exponent;
  }
  return satoshis * 10 + exponent + 1;
}

uint64_t DecompressAmount(uint64_t compressed) {
  if (compressed == 0) return 0;
  const uint64_t exponent = (compressed - 1) % 10;
  uint64_t value = (compressed - 1) / 10;
  for (uint64_t i = 0; i < exponent; ++i) value *= 10;
  return value;
}

void AppendCoin(Bytes& out, const Coin& coin) {
  AppendVarint(out, static_cast<uint64_t>(coin.height) << 1 | (coin.coinbase ? 1 : 0));
  AppendVarint(out, CompressAmount(static_cast<uint64_t>(coin.value)));
  AppendScript(out, coin.script);
}

void ReadCoinInto(Reader& reader, StoredCoin& coin) {
  const uint64_t code = ReadVarint(reader);
  if (code >> 1 > INT32_MAX) reader.SetFailed();
  coin.height = static_cast<int>(code >> 1);
  coin.coinbase = (code & 1) != 0;
  const uint64_t value = DecompressAmount(ReadVarint(reader));
  if (value > static_cast<uint64_t>(kMaxMoney)) reader.SetFailed();
  coin.value = static_cast<Amount>(value);
  ReadScript(reader, coin.script);
}

StoredCoin ReadCoin(Reader& reader) {
  StoredCoin coin;
  ReadCoinInto(reader, coin);
  return coin;
}

std::array<uint8_t, kCoinKeySize> RawCoinKey(const OutPoint& outpoint) {
  std::array<uint8_t, kCoinKeySize> key;
  key[0] = 'c';
  std::copy(outpoint.txid.bytes.begin(), outpoint.txid.bytes.end(), key.begin() + 1);
  StoreBig(&key[1 + Txid::kSize], outpoint.index);
  return key;
}

Bytes CoinKey(const OutPoint& outpoint) {
  const auto key = RawCoinKey(outpoint);
  return Bytes(key.begin(), key.end());
}

}  // namespace cairn::storage
