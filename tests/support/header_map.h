// Headers at known heights, with gaps, as the ancestors of a header under test.
#pragma once

#include <map>

#include <gtest/gtest.h>

#include "cairn/primitives/header.h"
#include "consensus/params.h"
#include "consensus/views.h"

namespace cairn::test {

class HeaderMap {
 public:
  void Add(int height, const Header& header) { headers_[height] = header; }
  bool Has(int height) const { return headers_.contains(height); }
  const Header& At(int height) const { return headers_.at(height); }

  /// True if everything is known that the rules for a block at `height` can ask for.
  bool KnowsContextOf(int height, const consensus::RetargetRules& rules) const {
    for (int back = 1; back <= 11 && height - back >= 0; ++back) {
      if (!Has(height - back)) return false;
    }
    const int interval = static_cast<int>(rules.Interval());
    return height % interval != 0 || Has(height - interval);
  }

 private:
  std::map<int, Header> headers_;
};

/// The chain of a `HeaderMap` up to `height`. Asking for a gap fails the test.
class MappedAncestors final : public consensus::Ancestors {
 public:
  MappedAncestors(const HeaderMap& headers, int height) : headers_(headers), height_(height) {}

  int Height() const override { return height_; }
  consensus::AncestorFacts At(int height) const override {
    if (!headers_.Has(height)) {
      ADD_FAILURE() << "the rules asked for height " << height << ", which is not known";
      return {};
    }
    const Header& header = headers_.At(height);
    return {header.version, header.time, header.bits};
  }

 private:
  const HeaderMap& headers_;
  int height_;
};

}  // namespace cairn::test
