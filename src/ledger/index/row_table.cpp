#include "src/ledger/index/row_table.h"

#include <algorithm>
#include <cstring>

#include "cairn/base/endian.h"

namespace cairn::ledger {

void RowList::AppendCounted(ByteSpan bytes) {
  uint8_t count[4];
  StoreLittle(count, static_cast<uint32_t>(bytes.size()));
  Append(buffer_, count);
  Append(buffer_, bytes);
}

ByteSpan RowList::TakeCounted(ByteSpan& rest) {
  const size_t count = LoadLittle<uint32_t>(rest.data());
  const ByteSpan taken = rest.subspan(4, count);
  rest = rest.subspan(4 + count);
  return taken;
}

void RowList::Put(ByteSpan key, ByteSpan value) {
  AppendCounted(key);
  buffer_.push_back(1);
  AppendCounted(value);
}

void RowList::Delete(ByteSpan key) {
  AppendCounted(key);
  buffer_.push_back(0);
}

ByteSpan RowTable::Keep(ByteSpan bytes) {
  if (bytes.empty()) return {};
  auto* copy = static_cast<uint8_t*>(arena_.allocate(bytes.size(), 1));
  std::memcpy(copy, bytes.data(), bytes.size());
  memory_bytes_ += bytes.size();
  return {copy, bytes.size()};
}

void RowTable::Apply(const RowList& changes) {
  constexpr size_t kTreeLinks = 4 * sizeof(void*);
  changes.ForEach([this](ByteSpan key, const RowChange& change) {
    const RowChange kept = change ? RowChange(Keep(*change)) : std::nullopt;
    const auto found = rows_.lower_bound(key);
    if (found != rows_.end() && std::ranges::equal(found->first, key)) {
      found->second = kept;
      return;
    }
    rows_.emplace_hint(found, Keep(key), kept);
    memory_bytes_ += sizeof(Rows::value_type) + kTreeLinks;
  });
}

const RowChange* RowTable::Find(ByteSpan key) const {
  const auto found = rows_.find(key);
  return found == rows_.end() ? nullptr : &found->second;
}

}  // namespace cairn::ledger
