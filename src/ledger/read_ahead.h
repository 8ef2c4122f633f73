// Reads stored blocks on the workers ahead of the ledger's thread, when many are connected in a
// row.
#pragma once

#include <deque>
#include <functional>
#include <future>

#include "cairn/base/result.h"
#include "cairn/base/worker_pool.h"
#include "cairn/ledger/header_entry.h"
#include "cairn/primitives/block.h"

namespace cairn::ledger {

/// For one thread. Its tasks hold nothing of it: what `read` uses must outlive them, so `Drop` must
/// be called before that goes.
class ReadAhead {
 public:
  using Read = std::function<Result<BlockPtr>(const HeaderEntry&)>;

  ReadAhead(WorkerPool& workers, Read read) : workers_(workers), read_(std::move(read)) {}
  ~ReadAhead() { Drop(); }
  ReadAhead(const ReadAhead&) = delete;
  ReadAhead& operator=(const ReadAhead&) = delete;

  /// The block of `entry`, while those after it on the way to `target` are begun.
  Result<BlockPtr> Take(const HeaderEntry& entry, const HeaderEntry& target);

  /// Waits for what was begun and forgets it.
  void Drop();

 private:
  struct Begun {
    const HeaderEntry* entry;
    std::future<Result<BlockPtr>> block;
  };
  void Begin(const HeaderEntry& entry);

  WorkerPool& workers_;
  const Read read_;
  std::deque<Begun> begun_;
};

}  // namespace cairn::ledger
