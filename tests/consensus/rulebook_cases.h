// The cases of the rulebook test: for every way to be refused, subjects that break that rule and no
// other, each with the twin that was put right.
#pragma once

#include <algorithm>
#include <functional>
#include <ostream>
#include <span>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "cairn/genesis/chain_file.h"
#include "consensus/rulebook.h"

namespace cairn::test {

using Rejects = std::vector<consensus::Reject>;

/// What both subjects are expected to be blamed for.
struct Blames {
  consensus::Blame in_block;
  consensus::Blame loose;

  static Blames Always(consensus::Blame blame) { return {blame, blame}; }
};

struct RuleCase {
  consensus::Reject reject;
  std::string name;    // of the case, for test reports
  std::string reason;  // as Bitcoin Core spells it
  Blames blames;
  std::function<consensus::Verdict()> broken;
  std::function<consensus::Verdict()> repaired;
};

inline void PrintTo(const RuleCase& rule, std::ostream* out) {
  *out << rule.name << ": " << rule.reason;
}

std::vector<RuleCase> HeaderCases();
std::vector<RuleCase> TransactionCases();
std::vector<RuleCase> BlockCases();
std::vector<RuleCase> PlacedBlockCases();
std::vector<RuleCase> SpendingCases();
std::vector<RuleCase> ScriptCases();

inline consensus::Params Regtest() { return genesis::BuiltInChain("regtest").value(); }

/// Fails the test if `subject` breaks another rule of the book than `only`. `besides` are rules
/// that nobody can keep while breaking `only`, or that may not be asked then.
template <typename Subject>
void ExpectAlone(std::span<const consensus::Rule<Subject>> rules, const Subject& subject,
                 consensus::Reject only, const Rejects& besides = {}) {
  for (const consensus::Rule<Subject>& rule : rules) {
    const bool excused = std::find(besides.begin(), besides.end(), rule.reject) != besides.end();
    if (rule.reject == only || excused) continue;
    EXPECT_TRUE(rule.holds(subject)) << "breaks " << consensus::ReasonOf(rule.reject) << " besides";
  }
}

}  // namespace cairn::test
