// What rules may see of the world: the headers before a block.
#pragma once

#include <cstdint>

namespace cairn::consensus {

/// The parts of an ancestor that rules ask for.
struct AncestorFacts {
  int32_t version = 0;
  uint32_t time = 0;
  uint32_t bits = 0;
};

/// A chain of headers from genesis up to some block, the parent of the one under judgement.
/// Implementations are immutable while a rule looks.
class Ancestors {
 public:
  virtual ~Ancestors() = default;

  /// The height of the last header.
  virtual int Height() const = 0;
  /// The header at a height from 0 to `Height()`.
  virtual AncestorFacts At(int height) const = 0;

  AncestorFacts Last() const { return At(Height()); }
};

/// The median of the last eleven timestamps (fewer near genesis). Lock times and the lower bound of
/// block times count by it (BIP113).
uint32_t MedianTimePast(const Ancestors& chain);
/// The same as of the ancestor at `height`.
uint32_t MedianTimePastAt(const Ancestors& chain, int height);

}  // namespace cairn::consensus
