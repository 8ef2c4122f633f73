// A chain of headers from genesis on, given as a list, for rules that look at ancestors.
#pragma once

#include <utility>
#include <vector>

#include "consensus/views.h"

namespace cairn::test {

class ListedAncestors final : public consensus::Ancestors {
 public:
  ListedAncestors() = default;
  explicit ListedAncestors(std::vector<consensus::AncestorFacts> facts)
      : facts_(std::move(facts)) {}

  /// `count` headers alike, `spacing` seconds apart.
  static ListedAncestors Steady(int count, consensus::AncestorFacts first, uint32_t spacing) {
    ListedAncestors chain;
    for (int i = 0; i < count; ++i, first.time += spacing) chain.Add(first);
    return chain;
  }

  void Add(consensus::AncestorFacts facts) { facts_.push_back(facts); }
  void RemoveLast() { facts_.pop_back(); }
  /// The header at a height, to be changed.
  consensus::AncestorFacts& Edit(int height) { return facts_.at(static_cast<size_t>(height)); }

  int Height() const override { return static_cast<int>(facts_.size()) - 1; }
  consensus::AncestorFacts At(int height) const override {
    return facts_.at(static_cast<size_t>(height));
  }

 private:
  std::vector<consensus::AncestorFacts> facts_;
};

}  // namespace cairn::test
