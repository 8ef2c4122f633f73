// Memory for the scripts of many coins, given back at once.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <vector>

#include "cairn/base/bytes.h"

namespace cairn::ledger {

/// What it hands out stays where it is until the arena goes.
class ScriptArena {
 public:
  ByteSpan Copy(ByteSpan script) {
    if (script.empty()) return {};
    if (left_ < script.size()) Grow(script.size());
    uint8_t* const to = next_;
    std::copy(script.begin(), script.end(), to);
    next_ += script.size();
    left_ -= script.size();
    return {to, script.size()};
  }

 private:
  void Grow(size_t least) {
    constexpr size_t kChunk = 16 << 10;
    left_ = std::max(kChunk, least);
    chunks_.emplace_back(new uint8_t[left_]);
    next_ = chunks_.back().get();
  }

  std::vector<std::unique_ptr<uint8_t[]>> chunks_;
  uint8_t* next_ = nullptr;
  size_t left_ = 0;
};

}  // namespace cairn::ledger
