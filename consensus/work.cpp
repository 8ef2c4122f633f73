#include "consensus/work.h"

#include <algorithm>
#include <cmath>

namespace cairn::consensus {
namespace {

/// BIP94 and testnet3: a block more than twice the spacing after its parent may be of the easiest
/// target; the others go on with the last target that was not such an exception.
uint32_t BitsWithinPeriod(const Ancestors& chain, uint32_t time, const RetargetRules& rules) {
  const AncestorFacts parent = chain.Last();
  if (!rules.allow_min_difficulty) return parent.bits;
  if (time > parent.time + 2 * rules.spacing_seconds) return rules.limit_bits;
  int height = chain.Height();
  uint32_t bits = parent.bits;
  while (height > 0 && height % rules.Interval() != 0 && bits == rules.limit_bits) {
    bits = chain.At(--height).bits;
  }
  return bits;
}

/// target * actual / wanted, exactly although the product may need more than 256 bits: with
/// target = quotient * wanted + rest it is quotient * actual + rest * actual / wanted. A result
/// that is out of range itself becomes the greatest number.
U256 Scale(const U256& target, uint32_t actual, uint32_t wanted) {
  const U256 greatest = ~U256();
  const U256 quotient = target / U256(wanted);
  if (quotient >= greatest / U256(actual)) return greatest;
  const uint64_t rest = (target - quotient * wanted).Low64();
  return quotient * actual + U256(rest * actual / wanted);
}

uint32_t BitsOfNewPeriod(const Ancestors& chain, const RetargetRules& rules) {
  const AncestorFacts parent = chain.Last();
  if (rules.never) return parent.bits;
  // The period is measured from its first to its last block: one interval short by one block, a
  // quirk as old as Bitcoin that is consensus now.
  const AncestorFacts first = chain.At(chain.Height() - static_cast<int>(rules.Interval()) + 1);
  const int64_t wanted = rules.timespan_seconds;
  const int64_t actual =
      std::clamp(int64_t{parent.time} - int64_t{first.time}, wanted / 4, wanted * 4);
  // BIP94: the first block of a period cannot be an exception, so it keeps the true target.
  const uint32_t base = rules.from_first_block ? first.bits : parent.bits;
  const U256 target = Scale(DecodeCompact(base).target, static_cast<uint32_t>(actual),
                            static_cast<uint32_t>(wanted));
  return EncodeCompact(std::min(target, rules.limit));
}

}  // namespace

bool MeetsTarget(const BlockHash& hash, uint32_t bits, const RetargetRules& rules) {
  const CompactTarget compact = DecodeCompact(bits);
  if (compact.negative || compact.overflow || compact.target.IsZero()) return false;
  return compact.target <= rules.limit && U256::FromLittle(hash.span()) <= compact.target;
}

uint32_t NextBits(const Ancestors& chain, uint32_t time, const RetargetRules& rules) {
  const bool new_period = (chain.Height() + 1) % rules.Interval() == 0;
  return new_period ? BitsOfNewPeriod(chain, rules) : BitsWithinPeriod(chain, time, rules);
}

U256 WorkOf(uint32_t bits) {
  const CompactTarget compact = DecodeCompact(bits);
  if (compact.negative || compact.overflow || compact.target.IsZero()) return 0;
  // 2^256 does not fit; (2^256 - target - 1) / (target + 1) + 1 is the same number.
  return ~compact.target / (compact.target + U256(1)) + U256(1);
}

double DifficultyOf(uint32_t bits) {
  constexpr uint32_t kUnitExponent = 0x1d;  // difficulty 1 is 0x1d00ffff
  const double ratio = double{0x0000ffff} / static_cast<double>(bits & 0x00ffffff);
  return std::ldexp(ratio, 8 * (static_cast<int>(kUnitExponent) - static_cast<int>(bits >> 24)));
}

}  // namespace cairn::consensus
