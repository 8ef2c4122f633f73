// Chains for fuzz targets: the built-in ones, and ancestors made of a few repeated headers.
#pragma once

#include <utility>
#include <vector>

#include "cairn/base/assert.h"
#include "cairn/genesis/chain_file.h"
#include "consensus/views.h"
#include "tests/fuzz/input.h"

namespace cairn::fuzz {

/// The built-in chains, and a signet whose challenge anybody solves with an empty solution.
inline const std::vector<consensus::Params>& Chains() {
  static const std::vector<consensus::Params> chains = [] {
    std::vector<consensus::Params> result;
    for (const std::string& name : genesis::BuiltInChainNames()) {
      result.push_back(genesis::BuiltInChain(name).value());
    }
    constexpr uint8_t kTrue[] = {0x51};
    consensus::Params open_signet = genesis::BuiltInChain("signet").value();
    genesis::ApplySignetChallenge(open_signet, kTrue);
    result.push_back(std::move(open_signet));
    return result;
  }();
  return chains;
}

/// Up to sixteen headers, over and over up to a height.
class RepeatedAncestors final : public consensus::Ancestors {
 public:
  RepeatedAncestors(int height, Input& input) : height_(height) {
    constexpr size_t kMost = 16;
    for (size_t count = 1 + input.Below(kMost); facts_.size() < count;) {
      consensus::AncestorFacts facts;
      facts.version = input.Number<int32_t>();
      facts.time = input.Number<uint32_t>();
      facts.bits = input.Number<uint32_t>();
      facts_.push_back(facts);
    }
  }

  int Height() const override { return height_; }
  consensus::AncestorFacts At(int height) const override {
    CAIRN_ASSERT(height >= 0 && height <= height_);
    return facts_[static_cast<size_t>(height) % facts_.size()];
  }

 private:
  int height_;
  std::vector<consensus::AncestorFacts> facts_;
};

}  // namespace cairn::fuzz
