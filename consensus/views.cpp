#include "consensus/views.h"

#include <algorithm>
#include <array>

namespace cairn::consensus {

uint32_t MedianTimePast(const Ancestors& chain) { return MedianTimePastAt(chain, chain.Height()); }

uint32_t MedianTimePastAt(const Ancestors& chain, int height) {
  constexpr int kSpan = 11;
  std::array<uint32_t, kSpan> times{};
  const int count = std::min(kSpan, height + 1);
  for (int i = 0; i < count; ++i) times[i] = chain.At(height - i).time;
  std::sort(times.begin(), times.begin() + count);
  return times[count / 2];
}

}  // namespace cairn::consensus
