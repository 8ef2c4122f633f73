#include "consensus/subsidy.h"

namespace cairn::consensus {

Amount SubsidyAt(int height, const Params& params) {
  constexpr int kBits = 64;
  const int halvings = height / params.subsidy_interval;
  return halvings >= kBits ? 0 : params.initial_subsidy >> halvings;
}

}  // namespace cairn::consensus
