// What the tests of mining share.
#pragma once

#include <atomic>
#include <cstdint>

#include "cairn/mining/block_template.h"
#include "cairn/primitives/script.h"

namespace cairn::mining {

inline const std::atomic<bool> kNeverStop{false};

inline TemplateOptions PayAnyone() {
  TemplateOptions options;
  options.payout_script = {OP_1};
  return options;
}

/// A witness program of that number alone.
inline Bytes ScriptNumber(uint8_t number) {
  Bytes script{OP_0, 20};
  script.resize(22, number);
  return script;
}

}  // namespace cairn::mining
