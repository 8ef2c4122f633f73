// Rules as data: ordered tables that validation walks, and that documentation and tests read.
#pragma once

#include <span>
#include <string_view>

#include "consensus/verdict.h"

namespace cairn::consensus {

/// One rule about a subject: `holds` is pure and true when the subject keeps it.
template <typename Subject>
struct Rule {
  Reject reject;
  std::string_view bip;   // where it is specified; empty for rules as old as Bitcoin
  std::string_view must;  // the rule in one sentence
  bool (*holds)(const Subject&);
};

/// The first rule of the book that `subject` breaks, if any.
template <typename Subject>
Verdict Judge(std::span<const Rule<Subject>> rules, const Subject& subject) {
  for (const Rule<Subject>& rule : rules) {
    if (!rule.holds(subject)) return tl::unexpected(Violation{rule.reject});
  }
  return {};
}

}  // namespace cairn::consensus
