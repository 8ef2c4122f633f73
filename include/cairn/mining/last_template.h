// The size of the block template that was assembled last, which getmininginfo tells.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "cairn/base/mutex.h"
#include "cairn/mining/block_template.h"

namespace cairn::mining {

struct TemplateSize {
  uint64_t weight = 0;      // with what is reserved for header, count and coinbase
  size_t transactions = 0;  // without the coinbase
};

TemplateSize SizeOf(const BlockTemplate& block);

/// Remembers one size. All members may be called from any thread.
class LastTemplate {
 public:
  void Note(const BlockTemplate& block) {
    base::MutexLock lock(mutex_);
    size_ = SizeOf(block);
  }

  /// Nothing before the first template.
  std::optional<TemplateSize> Get() const {
    base::MutexLock lock(mutex_);
    return size_;
  }

 private:
  mutable base::Mutex mutex_;
  std::optional<TemplateSize> size_ CAIRN_GUARDED_BY(mutex_);
};

}  // namespace cairn::mining
