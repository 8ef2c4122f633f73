#include "src/mining/stratum/work.h"

#include <algorithm>
#include <cmath>

#include "cairn/base/endian.h"

namespace cairn::mining::stratum {
namespace {

constexpr unsigned kDifficultyOneShift = 208;
constexpr int kMantissaBits = 53;

crypto::Digest HashPair(const crypto::Digest& left, const crypto::Digest& right) {
  std::array<uint8_t, 64> pair;
  std::copy(left.begin(), left.end(), pair.begin());
  std::copy(right.begin(), right.end(), pair.begin() + 32);
  return crypto::Sha256dOf(pair);
}

}  // namespace

U256 DifficultyOneTarget() { return U256(0xffff) << kDifficultyOneShift; }

U256 TargetOfDifficulty(double difficulty) {
  if (!(difficulty > 0)) return ~U256();
  if (std::isinf(difficulty)) return U256();
  // A double is a whole number times a power of two, so the quotient can be exact.
  int exponent = 0;
  const double fraction = std::frexp(difficulty, &exponent);
  const U256 divisor(static_cast<uint64_t>(std::ldexp(fraction, kMantissaBits)));
  exponent -= kMantissaBits;
  U256 rest = DifficultyOneTarget();
  if (exponent >= 0) {
    const int room = 256 - divisor.BitLength();
    return exponent > room ? U256() : rest / (divisor << static_cast<unsigned>(exponent));
  }
  U256 quotient = rest / divisor;
  // The remainder, by halves of the divisor as U256 multiplies with 32 bits.
  rest -= quotient * static_cast<uint32_t>(divisor.Low64());
  rest -= (quotient * static_cast<uint32_t>(divisor.Low64() >> 32)) << 32;
  for (; exponent < 0; ++exponent) {
    if (quotient.BitLength() == 256) return ~U256();
    quotient <<= 1;
    rest <<= 1;
    if (rest < divisor) continue;
    rest -= divisor;
    quotient += U256(1);
  }
  return quotient;
}

double DifficultyOfTarget(const U256& target) {
  return DifficultyOneTarget().ToDouble() / std::max(target, U256(1)).ToDouble();
}

double DifficultyOfHash(const BlockHash& hash) {
  return DifficultyOfTarget(U256::FromLittle(hash.span()));
}

BlockHash SwapWords(const BlockHash& hash) {
  BlockHash swapped;
  for (size_t at = 0; at < BlockHash::kSize; at += 4) {
    StoreBig(&swapped.bytes[at], LoadLittle<uint32_t>(&hash.bytes[at]));
  }
  return swapped;
}

Bytes Coinbase(const Notify& job, ByteSpan extranonce1, ByteSpan extranonce2) {
  Bytes coinbase;
  coinbase.reserve(job.coinbase1.size() + extranonce1.size() + extranonce2.size() +
                   job.coinbase2.size());
  for (const ByteSpan part :
       {ByteSpan(job.coinbase1), extranonce1, extranonce2, ByteSpan(job.coinbase2)}) {
    Append(coinbase, part);
  }
  return coinbase;
}

MerkleRoot RootOf(ByteSpan coinbase, std::span<const crypto::Digest> branch) {
  crypto::Digest root = crypto::Sha256dOf(coinbase);
  for (const crypto::Digest& neighbour : branch) root = HashPair(root, neighbour);
  return MerkleRoot{root};
}

std::vector<crypto::Digest> BranchOf(std::span<const crypto::Digest> ids) {
  // Each level without its first node, which is on the coinbase's path and not known.
  std::vector<crypto::Digest> level(ids.begin(), ids.end());
  std::vector<crypto::Digest> branch;
  while (!level.empty()) {
    branch.push_back(level.front());
    if (level.size() % 2 == 0) level.push_back(level.back());  // an odd last node pairs with itself
    std::vector<crypto::Digest> above((level.size() - 1) / 2);
    if (!above.empty()) crypto::Sha256d64(above[0].data(), level[1].data(), above.size());
    level = std::move(above);
  }
  return branch;
}

uint32_t MaskedVersion(uint32_t version, uint32_t mask, uint32_t bits) {
  return (version & ~mask) | (bits & mask);
}

Header HeaderOf(const Notify& job, ByteSpan extranonce1, ByteSpan extranonce2) {
  Header header;
  header.version = static_cast<int32_t>(job.version);
  header.previous = job.previous;
  header.merkle_root = RootOf(Coinbase(job, extranonce1, extranonce2), job.branch);
  header.time = job.time;
  header.bits = job.bits;
  return header;
}

Header HeaderOf(const Notify& job, ByteSpan extranonce1, uint32_t mask, const Submit& share) {
  Header header = HeaderOf(job, extranonce1, share.extranonce2);
  if (share.version_bits) {
    header.version = static_cast<int32_t>(MaskedVersion(job.version, mask, *share.version_bits));
  }
  header.time = share.time;
  header.nonce = share.nonce;
  return header;
}

}  // namespace cairn::mining::stratum
