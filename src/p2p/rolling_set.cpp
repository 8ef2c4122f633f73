#include "src/p2p/rolling_set.h"

#include <algorithm>
#include <bit>

namespace cairn::p2p {
namespace {

constexpr size_t kFirstPlaces = 64;

uint32_t MarkOf(uint64_t digest) { return std::max(1u, static_cast<uint32_t>(digest)); }

}  // namespace

/// The place of the digest, or the free one where it belongs. Places are a power of two.
size_t RollingSet::Table::Probe(uint64_t digest) const {
  const size_t mask = places.size() - 1;
  size_t at = static_cast<size_t>(digest >> 32) & mask;
  while (places[at] != 0 && places[at] != MarkOf(digest)) at = (at + 1) & mask;
  return at;
}

bool RollingSet::Contains(uint64_t digest) const {
  return std::any_of(tables_.rbegin(), tables_.rend(),
                     [&](const Table& table) { return table.places[table.Probe(digest)] != 0; });
}

void RollingSet::Insert(uint64_t digest) {
  if (tables_.empty() || tables_.back().used == tables_.back().MostUsed()) {
    // A mark alone cannot be placed anew, so tables do not grow: larger ones follow smaller ones.
    const size_t most = std::max(kFirstPlaces, std::bit_floor(capacity_ * 2 / 3));
    const size_t places = tables_.empty() ? kFirstPlaces : tables_.back().places.size() * 2;
    size_t remembered = 0;
    for (const Table& table : tables_) remembered += table.used;
    size_t forgotten = 0;
    while (forgotten < tables_.size() && remembered - tables_[forgotten].used >= capacity_) {
      remembered -= tables_[forgotten++].used;
    }
    tables_.erase(tables_.begin(), tables_.begin() + static_cast<ptrdiff_t>(forgotten));
    tables_.emplace_back().places.resize(std::min(most, places));
  }
  Table& table = tables_.back();
  uint32_t& place = table.places[table.Probe(digest)];
  if (place != 0) return;
  place = MarkOf(digest);
  ++table.used;
}

size_t RollingSet::MemoryUse() const {
  size_t bytes = 0;
  for (const Table& table : tables_) bytes += table.places.capacity() * sizeof(uint32_t);
  return bytes;
}

}  // namespace cairn::p2p
