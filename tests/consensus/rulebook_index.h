// All rulebooks of consensus/ under one roof, for the test that wants a case of every rule and for
// the page that lists them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "consensus/verdict.h"

namespace cairn::test {

struct IndexedRule {
  consensus::Reject reject;
  std::string_view bip;
  std::string_view must;
};

struct IndexedBook {
  std::string title;
  std::string walked_by;  // the function that judges by it
  std::string file;       // in consensus/, with the functions of its rules
  std::string subject;    // in a sentence: what is judged, and what it takes to judge
  std::vector<IndexedRule> rules;
};

/// In the order in which a block meets them.
std::vector<IndexedBook> AllRulebooks();

/// Every enumerator of `Reject`.
std::vector<consensus::Reject> AllRejects();

}  // namespace cairn::test
