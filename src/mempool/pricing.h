// The third stage of admission: whether a transaction pays enough, and whether its family and those
// that it would replace leave it a place.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "cairn/mempool/policy.h"
#include "src/mempool/graph.h"
#include "src/mempool/policy_rule.h"

namespace cairn::mempool {

/// A transaction and what it pays.
struct PricedLoose {
  const Transaction& tx;
  const PolicyOptions& policy;
  Amount fee = 0;  // modified
  int64_t vsize = 0;
  uint64_t sigops_cost = 0;
  FeeRate pool_minimum;
  bool from_block = false;   // a reorganisation gives it back: no fee is asked for
  bool in_package = false;   // its package pays as much as is wanted
  bool in_trial = false;     // of several: it replaces nothing
  bool has_company = false;  // came with others: no limit of families is relieved
  FeeRate most{};            // that its sender wants to pay; zero: any
};

/// Whether the members of a package together pay for their way and their place.
Objection CheckPackageFees(const PolicyOptions& policy, FeeRate pool_minimum, Amount fees,
                           int64_t vsize);

inline constexpr std::string_view kTooLongChain = "too-long-mempool-chain";

/// Whether the limits of families leave a transaction a place below those of the pool, without any
/// relief. Gives its ancestors if so.
Objection CheckFamily(const Transaction& tx, int64_t vsize, const FamilyLimits& limits,
                      const Graph& graph, NodeSet* ancestors);

/// Whether they leave one to several, none of which is in the graph. Each counts as a descendant of
/// all ancestors that any has there, be they of one family or not.
Objection CheckPackageLimits(std::span<const TransactionPtr> package, int64_t vsize,
                             const FamilyLimits& limits, const Graph& graph);

/// A replacement and those whose coins it spends.
struct Rivals {
  const PricedLoose& priced;
  const std::vector<const Node*>& direct;
};

/// A replacement and all that would leave: those whose coins it spends and their descendants.
struct Replacement {
  const PricedLoose& priced;
  const Graph& graph;
  const NodeSet& evicted;
};

// The tables, in the order in which they are asked.
std::span<const PolicyRule<PricedLoose>> FeeRules();
std::span<const PolicyRule<Rivals>> RivalRules();
std::span<const PolicyRule<Replacement>> ReplacementRules();

/// Whether it pays no more than its sender wants.
Objection CheckMost(FeeRate most, Amount fee, int64_t vsize);

/// What a transaction weighs in the pool, where a signature operation counts as so many bytes.
int64_t AdjustedVsize(const Transaction& tx, uint64_t sigops_cost, uint32_t bytes_per_sigop);

/// A transaction's place in the graph, as far as it is known before it enters.
struct Family {
  std::vector<const Node*> rivals;  // spend coins that it spends, too
  std::vector<const Node*> parents;
  NodeSet ancestors;
  NodeSet evicted;              // would leave in its favour
  bool evicts_sibling = false;  // BIP431: a child of the same parent is among the rivals
};

/// BIP125 for the present rivals: an objection where one of them may not be replaced.
Objection CheckMayReplace(const std::vector<const Node*>& rivals, bool full_rbf);

/// The rule of consensus that nothing may spend what it replaces: an objection where one of the
/// rivals is an ancestor.
Objection CheckSpendsNoRival(const Transaction& tx, const std::vector<const Node*>& rivals,
                             const NodeSet& ancestors);

/// Fees, limits of the family, BIP431's rules, what the sender wants, and the rules of replacement.
/// Fills in the family but for its rivals, which are known, and its parents.
Objection CheckFees(const PricedLoose& priced, const Graph& graph, Family* family);

/// BIP125's signal.
bool SignalsReplacement(const Transaction& tx);

// What a replacement by one and one by a package reckon and say alike.

/// At most so many would leave with these: descendants that they share are counted twice.
uint64_t FamiliesOf(const std::vector<const Node*>& direct);
/// Modified fees.
Amount FeesOf(const NodeSet& nodes);
std::string TooManyReplaced(const Transaction& tx, uint64_t count);
std::string LessThanReplaced(const Transaction& tx, Amount fee, Amount replaced);
std::string LessThanRelay(const Transaction& tx, Amount additional, Amount wanted);

}  // namespace cairn::mempool
