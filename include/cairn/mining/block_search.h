// The search for one block, which can be interrupted and taken up again.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <utility>

#include "cairn/base/clock.h"
#include "cairn/ledger/chain_view.h"
#include "cairn/mining/block_template.h"
#include "cairn/mining/last_template.h"
#include "cairn/mining/solver.h"

namespace cairn::mining {

struct SearchManner {
  /// Nonces are tried from here upwards.
  uint32_t first_nonce = 0;
  /// Whether to try several versions (BIP320) where blocks are not made on demand, which have the
  /// version of the template.
  bool roll_versions = false;
  /// Whether other threads come first while it hashes, and perhaps for good afterwards: for threads
  /// that do nothing else.
  bool idle_priority = false;
};

/// Tries each header once: what an earlier call has tried stays tried as long as the template is
/// the same, and another tip or time begins anew. For one thread.
class BlockSearch {
 public:
  /// When no nonce is left the time moves on by a second.
  /// `last_template`, which may be null, is told of each template and must outlive the search.
  explicit BlockSearch(TemplateOptions options, LastTemplate* last_template = nullptr,
                       SearchManner manner = {})
      : options_(std::move(options)), last_template_(last_template), manner_(manner) {}

  /// Searches for a block of these transactions on the tip of `view`, with at most `tries` hashes,
  /// which are reduced by those that were spent. Null if they ran out or `stop` became true.
  BlockPtr Continue(const ledger::ChainView& view,
                    std::span<const mempool::SelectedTransaction> transactions, UnixSeconds now,
                    uint64_t& tries, const StopCheck& stop);

 private:
  BlockTemplate NextTemplate(const ledger::ChainView& view,
                             std::span<const mempool::SelectedTransaction> transactions,
                             UnixSeconds now);

  const TemplateOptions options_;
  LastTemplate* const last_template_;
  const SearchManner manner_;
  std::optional<Header> next_;  // the header to try next
  bool used_up_ = false;        // no nonce of `next_` is left
  UnixSeconds last_now_ = 0;    // of the last call
};

}  // namespace cairn::mining
