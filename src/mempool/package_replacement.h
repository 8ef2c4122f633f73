// Replacement by a package: a child pays for its parent and for what their coins are taken from.
//
// Bitcoin Core 28's rules, which it chose so that the gain of a block can be reckoned exactly: the
// two are a family of their own, and so is each of those that they replace.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "cairn/mempool/policy.h"
#include "src/mempool/graph.h"
#include "src/mempool/node.h"
#include "src/mempool/policy_rule.h"

namespace cairn::mempool {

/// The members, parents first, and all that would leave for them.
struct PackageReplacement {
  struct Member {
    const Transaction& tx;
    Amount fee = 0;  // modified
    int64_t vsize = 0;
  };

  const PolicyOptions& policy;
  const Graph& graph;
  std::vector<Member> members;
  NodeSet direct;   // those whose coins they spend
  NodeSet evicted;  // with their descendants
};

/// The first table that is asked, in its order.
std::span<const PolicyRule<PackageReplacement>> PackageReplacementRules();

/// All of the rules: the table, then the families of the replaced, then what a block earns.
Objection CheckPackageReplacement(const PackageReplacement& replacement);

/// Why one of these is of a family of more than two, in Bitcoin Core's words; empty if none is.
std::string TooLargeFamily(const NodeSet& direct);

/// Whether a block earns more from `better` than from `chunks`, whatever its size, and somewhere
/// truly more. Chunks are taken whole or in part, the best first.
bool EarnsMore(std::vector<Score> better, std::vector<Score> chunks);

}  // namespace cairn::mempool
