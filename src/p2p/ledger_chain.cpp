#include "src/p2p/ledger_chain.h"

#include <algorithm>
#include <utility>

namespace cairn::p2p {

BlockPtr LedgerChain::RecentBlock(const BlockHash& hash) const {
  base::MutexLock lock(mutex_);
  const auto found = std::find_if(recent_.begin(), recent_.end(),
                                  [&](const BlockPtr& block) { return block->hash() == hash; });
  return found == recent_.end() ? nullptr : *found;
}

void LedgerChain::Remember(BlockPtr block) {
  if (RecentBlock(block->hash()) != nullptr) return;
  base::MutexLock lock(mutex_);
  recent_.push_front(std::move(block));
  if (recent_.size() > kRemembered) recent_.pop_back();
}

}  // namespace cairn::p2p
