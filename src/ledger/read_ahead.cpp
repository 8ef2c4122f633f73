#include "src/ledger/read_ahead.h"

#include <algorithm>
#include <memory>
#include <utility>

namespace cairn::ledger {
namespace {

constexpr int kBlocksAhead = 8;

}  // namespace

Result<BlockPtr> ReadAhead::Take(const HeaderEntry& entry, const HeaderEntry& target) {
  if (begun_.empty() || begun_.front().entry != &entry) Drop();
  const int last = std::min(target.height, entry.height + kBlocksAhead);
  const int next = begun_.empty() ? entry.height : begun_.back().entry->height + 1;
  for (int height = next; height <= last; ++height) {
    const HeaderEntry* ahead = target.Ancestor(height);
    if (!begun_.empty() && ahead->parent != begun_.back().entry) break;  // another branch by now
    Begin(*ahead);
  }
  Begun first = std::move(begun_.front());
  begun_.pop_front();
  return first.block.get();
}

void ReadAhead::Begin(const HeaderEntry& entry) {
  const auto task = std::make_shared<std::packaged_task<Result<BlockPtr>()>>(
      [&read = read_, &entry] { return read(entry); });
  begun_.push_back({&entry, task->get_future()});
  workers_.Run([task] { (*task)(); });
}

void ReadAhead::Drop() {
  for (Begun& begun : begun_) begun.block.wait();
  begun_.clear();
}

}  // namespace cairn::ledger
