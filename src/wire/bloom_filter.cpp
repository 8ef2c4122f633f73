#include "cairn/wire/bloom_filter.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <utility>

#include "cairn/base/assert.h"
#include "cairn/base/endian.h"
#include "cairn/base/writer.h"
#include "cairn/primitives/script.h"

namespace cairn::wire {
namespace {

Bytes Serialize(const OutPoint& outpoint) {
  Bytes bytes;
  Writer(bytes).Raw(outpoint.txid.span()).U32(outpoint.index);
  return bytes;
}

}  // namespace

uint32_t Murmur3(uint32_t seed, ByteSpan bytes) {
  const auto scramble = [](uint32_t word) { return std::rotl(word * 0xcc9e2d51, 15) * 0x1b873593; };
  uint32_t hash = seed;
  const auto length = static_cast<uint32_t>(bytes.size());
  for (; bytes.size() >= 4; bytes = bytes.subspan(4)) {
    hash = std::rotl(hash ^ scramble(LoadLittle<uint32_t>(bytes.data())), 13) * 5 + 0xe6546b64;
  }
  uint32_t tail = 0;
  for (size_t i = 0; i < bytes.size(); ++i) tail |= uint32_t{bytes[i]} << 8 * i;
  hash ^= scramble(tail);
  hash ^= length;
  hash = (hash ^ hash >> 16) * 0x85ebca6b;
  hash = (hash ^ hash >> 13) * 0xc2b2ae35;
  return hash ^ hash >> 16;
}

BloomFilter::BloomFilter(FilterLoad load) : load_(std::move(load)) {
  CAIRN_ASSERT(load_.bits.size() <= FilterLoad::kMostBytes &&
               load_.functions <= FilterLoad::kMostFunctions);
}

BloomFilter BloomFilter::For(size_t elements, double false_positives, uint32_t tweak,
                             uint8_t flags) {
  CAIRN_ASSERT(elements > 0 && false_positives > 0 && false_positives < 1);
  const double ln2 = std::log(2.0);
  const auto count = static_cast<double>(elements);
  const double bytes = -count * std::log(false_positives) / (ln2 * ln2) / 8;
  FilterLoad load;
  load.bits.resize(static_cast<size_t>(std::min<double>(bytes, FilterLoad::kMostBytes)));
  const double functions = static_cast<double>(8 * load.bits.size()) / count * ln2;
  load.functions = static_cast<uint32_t>(std::min<double>(functions, FilterLoad::kMostFunctions));
  load.tweak = tweak;
  load.flags = flags;
  return BloomFilter(std::move(load));
}

size_t BloomFilter::BitOf(uint32_t function, ByteSpan element) const {
  return Murmur3(function * 0xfba4c795 + load_.tweak, element) % (8 * load_.bits.size());
}

void BloomFilter::Insert(ByteSpan element) {
  if (load_.bits.empty()) return;
  for (uint32_t i = 0; i < load_.functions; ++i) {
    const size_t bit = BitOf(i, element);
    load_.bits[bit / 8] |= static_cast<uint8_t>(1 << bit % 8);
  }
}

bool BloomFilter::Contains(ByteSpan element) const {
  if (load_.bits.empty()) return true;
  for (uint32_t i = 0; i < load_.functions; ++i) {
    const size_t bit = BitOf(i, element);
    if ((load_.bits[bit / 8] >> bit % 8 & 1) == 0) return false;
  }
  return true;
}

bool BloomFilter::Match(const Transaction& transaction) {
  if (load_.bits.empty()) return true;
  const bool by_id = Contains(transaction.txid.span());
  // Not only until something matches: every output that does may have to be inserted.
  if (MatchOutputs(transaction) || by_id) return true;
  return std::any_of(transaction.inputs.begin(), transaction.inputs.end(), [&](const TxIn& input) {
    return Contains(Serialize(input.prevout)) || MatchesScript(input.script_sig);
  });
}

bool BloomFilter::MatchOutputs(const Transaction& transaction) {
  bool any = false;
  for (uint32_t i = 0; i < transaction.outputs.size(); ++i) {
    const ByteSpan script = transaction.outputs[i].script;
    if (!MatchesScript(script)) continue;
    any = true;
    if (WantsOutpointOf(script)) Insert(Serialize({transaction.txid, i}));
  }
  return any;
}

bool BloomFilter::MatchesScript(ByteSpan script) const {
  ScriptCursor cursor(script);
  ScriptElement element;
  while (!cursor.AtEnd() && cursor.Next(element)) {
    if (element.IsPush() && !element.data.empty() && Contains(element.data)) return true;
  }
  return false;
}

bool BloomFilter::WantsOutpointOf(ByteSpan script) const {
  const uint8_t update = load_.flags & FilterLoad::kMask;
  if (update != FilterLoad::kPubKeyOnly) return update == FilterLoad::kAll;
  const OutputType type = ClassifyOutput(script).type;
  return type == OutputType::kPubKey || type == OutputType::kMultisig;
}

FilteredBlock FilterBlock(const Block& block, BloomFilter& filter) {
  const auto transactions = block.transactions();
  std::vector<bool> wanted;
  FilteredBlock filtered;
  for (uint32_t i = 0; i < transactions.size(); ++i) {
    wanted.push_back(filter.Match(transactions[i]));
    if (wanted.back()) filtered.matches.push_back(i);
  }
  filtered.message.proof = MerkleProof::Of(block, wanted);
  return filtered;
}

}  // namespace cairn::wire
