// Blocks in any order, taken so that parents come before their children.
#pragma once

#include <deque>
#include <unordered_map>
#include <utility>
#include <vector>

#include "cairn/primitives/hash.h"

namespace cairn::ledger {

/// Blocks by the one that each builds on.
template <typename Block>
using ByParent = std::unordered_multimap<BlockHash, Block, UnsaltedHasher>;

/// Takes everything out of `children` that builds on `reached`, directly or not. `visit` is given
/// all that builds on one block, in no order, and answers from which hashes to go on. What is never
/// reached stays.
template <typename Block, typename Visit>
void TakeParentsFirst(ByParent<Block>& children, std::deque<BlockHash> reached,
                      const Visit& visit) {
  for (; !reached.empty(); reached.pop_front()) {
    const auto [first, last] = children.equal_range(reached.front());
    std::vector<Block> group;
    for (auto child = first; child != last; ++child) group.push_back(child->second);
    children.erase(first, last);
    for (const BlockHash& hash : visit(std::move(group))) reached.push_back(hash);
  }
}

}  // namespace cairn::ledger
