// The search for one block, which can be interrupted and taken up again.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <utility>

#include "cairn/base/clock.h"
#include "cairn/ledger/chain_view.h"
#include "cairn/mining/block_template.h"
#include "cairn/mining/last_template.h"

namespace cairn::mining {

/// Tries each header once: what an earlier call has tried stays tried as long as the template is
/// the same, and another tip or time begins anew. For one thread.
class BlockSearch {
 public:
  /// Nonces are tried from `first_nonce` upwards. When none is left the time moves on by a second.
  /// `last_template`, which may be null, is told of each template and must outlive the search.
  explicit BlockSearch(TemplateOptions options, LastTemplate* last_template = nullptr,
                       uint32_t first_nonce = 0)
      : options_(std::move(options)), last_template_(last_template), first_nonce_(first_nonce) {}

  /// Searches for a block on the tip of `view`, with at most `tries` hashes, which are reduced by
  /// those that were spent. Null if they ran out or `stop` became true.
  BlockPtr Continue(const ledger::ChainView& view, UnixSeconds now, uint64_t& tries,
                    const std::atomic<bool>& stop);

 private:
  BlockTemplate NextJob(const ledger::ChainView& view, UnixSeconds now);

  const TemplateOptions options_;
  LastTemplate* const last_template_;
  const uint32_t first_nonce_;
  std::optional<Header> next_;  // the header to try next
  bool used_up_ = false;        // no nonce of `next_` is left
  UnixSeconds last_now_ = 0;    // of the last call
};

}  // namespace cairn::mining
