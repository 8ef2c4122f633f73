// Changed rows of a database that are not written yet: a list as a block makes it, and a table that
// can be asked.
#pragma once

#include <cstdint>
#include <map>
#include <memory_resource>
#include <optional>

#include "cairn/base/bytes.h"

namespace cairn::ledger {

/// A row's new value; nothing if the row is deleted.
using RowChange = std::optional<ByteSpan>;

/// Changes in the order in which they were made, in one buffer.
class RowList {
 public:
  void Put(ByteSpan key, ByteSpan value);
  void Delete(ByteSpan key);

  size_t MemoryBytes() const { return buffer_.capacity(); }

  /// Calls `visit(key, change)` for each, the oldest first.
  template <typename Visit>
  void ForEach(Visit visit) const {
    for (ByteSpan rest = buffer_; !rest.empty();) {
      const ByteSpan key = TakeCounted(rest);
      const bool put = rest[0] != 0;
      rest = rest.subspan(1);
      visit(key, put ? RowChange(TakeCounted(rest)) : std::nullopt);
    }
  }

 private:
  void AppendCounted(ByteSpan bytes);
  static ByteSpan TakeCounted(ByteSpan& rest);

  Bytes buffer_;  // for each: key, 1 and the value, or 0
};

/// The last change of each row, in the order of keys. Not safe from several threads at once.
class RowTable {
 public:
  RowTable() = default;
  RowTable(const RowTable&) = delete;
  RowTable& operator=(const RowTable&) = delete;

  void Apply(const RowList& changes);

  /// Null if the row is not changed.
  const RowChange* Find(ByteSpan key) const;

  struct Less {
    bool operator()(ByteSpan a, ByteSpan b) const { return AsText(a) < AsText(b); }
  };
  using Rows = std::pmr::map<ByteSpan, RowChange, Less>;
  const Rows& rows() const { return rows_; }

  size_t MemoryBytes() const { return memory_bytes_; }

 private:
  ByteSpan Keep(ByteSpan bytes);

  // Rows go all at once, so nothing is ever given back one by one.
  std::pmr::monotonic_buffer_resource arena_{1 << 16};
  Rows rows_{&arena_};
  size_t memory_bytes_ = 0;
};

}  // namespace cairn::ledger
