// The peers by their id, in one piece of memory: every input walks over all of them several times.
#pragma once

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "cairn/base/assert.h"
#include "cairn/p2p/types.h"

namespace cairn::p2p {

struct Peer;

/// Ordered by id, so that no walk over the peers depends on a hash table. Walked over like a map;
/// adding and removing a peer ends a walk.
class PeerTable {
 public:
  using Item = std::pair<PeerId, std::unique_ptr<Peer>>;
  using iterator = std::vector<Item>::iterator;
  using const_iterator = std::vector<Item>::const_iterator;

  iterator begin() { return items_.begin(); }
  iterator end() { return items_.end(); }
  const_iterator begin() const { return items_.begin(); }
  const_iterator end() const { return items_.end(); }
  size_t size() const { return items_.size(); }
  bool empty() const { return items_.empty(); }

  const_iterator find(PeerId id) const {
    const auto found = std::lower_bound(items_.begin(), items_.end(), id, IsBefore);
    return found != items_.end() && found->first == id ? found : items_.end();
  }

  /// Ids ascend.
  Peer& Add(PeerId id, std::unique_ptr<Peer> peer) {
    CAIRN_ASSERT(items_.empty() || items_.back().first < id);
    return *items_.emplace_back(id, std::move(peer)).second;
  }

  void erase(PeerId id) {
    const auto found = find(id);
    if (found != items_.end()) items_.erase(found);
  }

 private:
  static bool IsBefore(const Item& item, PeerId id) { return item.first < id; }

  std::vector<Item> items_;
};

}  // namespace cairn::p2p
