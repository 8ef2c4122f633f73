#include "cairn/primitives/golomb_set.h"

#include <algorithm>
#include <bit>

#include "cairn/base/assert.h"
#include "cairn/base/endian.h"
#include "cairn/base/reader.h"
#include "cairn/base/writer.h"
#include "cairn/crypto/hash.h"

namespace cairn {
namespace {

uint64_t HashOf(const GolombCode& code, ByteSpan element) {
  return crypto::SipHash24(code.key0, code.key1, element);
}

/// Spreads a hash evenly over the numbers below the range of a set of `size` elements. Keeps order.
uint64_t ToRange(const GolombCode& code, uint64_t hash, uint64_t size) {
  __extension__ using Wide = unsigned __int128;
  return static_cast<uint64_t>(Wide{hash} * (size * code.spread) >> 64);
}

/// The hashes of the different elements, ascending. Different elements may have the same hash.
std::vector<uint64_t> DistinctHashes(const GolombCode& code, std::span<const ByteSpan> elements) {
  struct Hashed {
    uint64_t hash;
    ByteSpan element;
  };
  std::vector<Hashed> hashed;
  hashed.reserve(elements.size());
  for (const ByteSpan element : elements) hashed.push_back({HashOf(code, element), element});
  std::sort(hashed.begin(), hashed.end(), [](const Hashed& a, const Hashed& b) {
    if (a.hash != b.hash) return a.hash < b.hash;
    return std::lexicographical_compare(a.element.begin(), a.element.end(), b.element.begin(),
                                        b.element.end());
  });
  std::vector<uint64_t> hashes;
  hashes.reserve(hashed.size());
  for (size_t i = 0; i < hashed.size(); ++i) {
    const bool repeated = i > 0 && hashed[i].hash == hashed[i - 1].hash &&
                          Equal(hashed[i].element, hashed[i - 1].element);
    if (!repeated) hashes.push_back(hashed[i].hash);
  }
  return hashes;
}

/// Appends bits, the highest of each byte first.
class BitWriter {
 public:
  explicit BitWriter(Bytes& out) : out_(out) {}

  /// The lowest `count` bits of `bits`, up to 32.
  void Write(uint64_t bits, unsigned count) {
    pending_ = pending_ << count | (bits & ((uint64_t{1} << count) - 1));
    for (held_ += count; held_ >= 8; held_ -= 8) {
      out_.push_back(static_cast<uint8_t>(pending_ >> (held_ - 8)));
    }
  }

  /// `count` ones and a zero.
  void WriteUnary(uint64_t count) {
    for (; count >= 32; count -= 32) Write(~uint64_t{0}, 32);
    Write(~uint64_t{1}, static_cast<unsigned>(count) + 1);
  }

  /// Fills the last byte up with zeroes.
  void Finish() {
    if (held_ > 0) Write(0, 8 - held_);
  }

 private:
  Bytes& out_;
  uint64_t pending_ = 0;
  unsigned held_ = 0;  // bits of `pending_` that are not written yet: fewer than eight
};

/// Takes bits, the highest of each byte first. Behind the end there are zeroes and `ok` is false.
class BitReader {
 public:
  explicit BitReader(ByteSpan bytes) : bytes_(bytes), left_(8 * uint64_t{bytes.size()}) {}

  bool ok() const { return ok_; }
  /// What is left of the byte in which the next bit lies does not count.
  bool AtEnd() const { return left_ < 8; }

  uint64_t Read(unsigned count) {
    const uint64_t bits = count == 0 ? 0 : Next() >> (64 - count);
    Skip(count);
    return bits;
  }

  /// The number of ones before the next zero.
  uint64_t ReadUnary() {
    uint64_t total = 0;
    for (;;) {
      const auto ones = static_cast<unsigned>(std::countl_one(Next()));
      total += std::min(ones, kSure);
      if (ones < kSure) return Skip(ones + 1), total;
      Skip(kSure);
    }
  }

 private:
  static constexpr unsigned kSure = 56;  // bits of `Next` that are there at any position

  /// The next bits, from the highest down.
  uint64_t Next() const {
    const uint64_t position = 8 * uint64_t{bytes_.size()} - left_;
    const ByteSpan rest = bytes_.subspan(static_cast<size_t>(position / 8));
    uint64_t window = 0;
    if (rest.size() >= 8) {
      window = LoadBig<uint64_t>(rest.data());
    } else {
      for (size_t i = 0; i < rest.size(); ++i) window |= uint64_t{rest[i]} << (56 - 8 * i);
    }
    return window << position % 8;
  }

  void Skip(unsigned count) {
    ok_ = ok_ && count <= left_;
    left_ -= std::min<uint64_t>(count, left_);
  }

  ByteSpan bytes_;
  uint64_t left_;  // bits
  bool ok_ = true;
};

}  // namespace

Bytes EncodeGolombSet(const GolombCode& code, std::span<const ByteSpan> elements) {
  CAIRN_ASSERT(code.remainder_bits <= 32);
  const std::vector<uint64_t> hashes = DistinctHashes(code, elements);
  Bytes out;
  // A difference takes the remainder, the zero, and between one and two ones on average.
  out.reserve(9 + hashes.size() * (code.remainder_bits + 3) / 8);
  Writer(out).CompactSize(hashes.size());
  BitWriter bits(out);
  uint64_t before = 0;
  for (const uint64_t hash : hashes) {
    const uint64_t value = ToRange(code, hash, hashes.size());
    bits.WriteUnary((value - before) >> code.remainder_bits);
    bits.Write(value - before, code.remainder_bits);
    before = value;
  }
  bits.Finish();
  return out;
}

std::optional<GolombSet> GolombSet::Decode(const GolombCode& code, ByteSpan bytes) {
  CAIRN_ASSERT(code.remainder_bits <= 32);
  Reader reader(bytes);
  const uint64_t size = reader.CompactSize();
  // Each element takes a zero and its remainder at the least.
  if (!reader.ok() || size > 8 * uint64_t{reader.Remaining()} / (code.remainder_bits + 1)) {
    return std::nullopt;
  }
  GolombSet set(code);
  set.hashes_.reserve(size);
  BitReader bits(reader.Take(reader.Remaining()));
  uint64_t value = 0;
  for (uint64_t i = 0; i < size && bits.ok(); ++i) {
    value += bits.ReadUnary() << code.remainder_bits;
    value += bits.Read(code.remainder_bits);
    set.hashes_.push_back(value);
  }
  if (!bits.ok() || !bits.AtEnd()) return std::nullopt;
  return set;
}

bool GolombSet::Matches(ByteSpan element) const {
  const uint64_t value = ToRange(code_, HashOf(code_, element), size());
  return std::binary_search(hashes_.begin(), hashes_.end(), value);
}

bool GolombSet::MatchesAny(std::span<const ByteSpan> elements) const {
  std::vector<uint64_t> wanted;
  wanted.reserve(elements.size());
  for (const ByteSpan element : elements) {
    wanted.push_back(ToRange(code_, HashOf(code_, element), size()));
  }
  std::sort(wanted.begin(), wanted.end());
  auto at = hashes_.begin();
  for (const uint64_t value : wanted) {
    at = std::lower_bound(at, hashes_.end(), value);
    if (at == hashes_.end()) return false;
    if (*at == value) return true;
  }
  return false;
}

}  // namespace cairn
