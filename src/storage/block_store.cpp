#include "cairn/storage/block_store.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "cairn/base/reader.h"
#include "cairn/base/writer.h"
#include "cairn/storage/coin_codec.h"

namespace cairn::storage {
namespace {

constexpr std::string_view kBodiesFormat = "cairn bodies 1";
constexpr std::string_view kIndexFormat = "cairn header index 1";
constexpr uint8_t kSequencePrefix = 's';
constexpr size_t kSequenceKeySize = 1 + sizeof(uint64_t);
constexpr uint8_t kRowPrefix = 'h';
constexpr uint8_t kBodyKind = 'b';
constexpr uint8_t kUndoKind = 'u';

Bytes SequenceKey(uint64_t sequence) {
  Bytes key;
  Writer(key).U8(kSequencePrefix).Big(sequence);
  return key;
}

/// A varint that must fit its field.
template <typename Int>
Int ReadNumber(Reader& reader) {
  const uint64_t value = ReadVarint(reader);
  if (value <= static_cast<uint64_t>(std::numeric_limits<Int>::max()))
    return static_cast<Int>(value);
  reader.SetFailed();
  return 0;
}

}  // namespace

Bytes EncodeHeaderRow(const HeaderRow& row) {
  Bytes bytes;
  Writer(bytes).Raw(row.header.Serialize());
  AppendVarint(bytes, static_cast<uint64_t>(row.height));
  AppendVarint(bytes, uint64_t{row.validity} << 1 | (row.failed ? 1 : 0));
  AppendVarint(bytes, row.body_sequence);
  AppendVarint(bytes, row.undo_sequence);
  AppendVarint(bytes, row.body_size);
  AppendVarint(bytes, row.tx_count);
  return bytes;
}

std::optional<HeaderRow> DecodeHeaderRow(ByteSpan bytes) {
  Reader reader(bytes);
  const ByteSpan header = reader.Take(Header::kSize);
  if (!reader.ok()) return std::nullopt;
  HeaderRow row;
  row.header = Header::From(header.first<Header::kSize>());
  row.height = ReadNumber<int>(reader);
  const auto state = ReadNumber<uint16_t>(reader);
  if (state >> 1 > UINT8_MAX) return std::nullopt;
  row.validity = static_cast<uint8_t>(state >> 1);
  row.failed = (state & 1) != 0;
  row.body_sequence = ReadVarint(reader);
  row.undo_sequence = ReadVarint(reader);
  row.body_size = ReadNumber<uint32_t>(reader);
  row.tx_count = ReadNumber<uint32_t>(reader);
  if (!reader.ok() || !reader.AtEnd()) return std::nullopt;
  return row;
}

Result<std::unique_ptr<BlockStore>> BlockStore::Open(const std::filesystem::path& folder,
                                                     uint64_t budget) {
  std::unique_ptr<BlockStore> store(new BlockStore);
  DatabaseOptions bodies;
  bodies.write_buffer_bytes = std::clamp<uint64_t>(budget / 4, 1 << 20, 64 << 20);
  bodies.table_bytes = 64 << 20;  // values are large, and read one at a time
  bodies.cache_bytes = 1 << 20;   // bodies are read once, if ever
  auto opened = Database::Open(folder / "bodies", bodies, kBodiesFormat);
  if (!opened) return tl::unexpected(opened.error());
  store->bodies_ = *std::move(opened);

  DatabaseOptions index;
  index.write_buffer_bytes = std::clamp<uint64_t>(budget / 16, 1 << 20, 4 << 20);
  index.cache_bytes = 1 << 20;  // rows are read at start only
  opened = Database::Open(folder / "index", index, kIndexFormat);
  if (!opened) return tl::unexpected(opened.error());
  store->index_ = *std::move(opened);

  if (const Status found = store->FindEnds(); !found) return tl::unexpected(found.error());
  return store;
}

Status BlockStore::FindEnds() {
  const ByteSpan prefix(&kSequencePrefix, 1);
  const auto last = bodies_->LastKey(prefix);
  if (!last) return tl::unexpected(last.error());
  if (!*last) return {};
  Bytes first;
  const Status scanned = bodies_->Scan(prefix, prefix, [&](ByteSpan key, ByteSpan) {
    first.assign(key.begin(), key.end());
    return false;
  });
  if (!scanned) return scanned;
  if (first.size() != kSequenceKeySize || (*last)->size() != kSequenceKeySize) {
    return Fail(ErrorCode::kCorruption, "blocks/bodies has a foreign key");
  }
  first_sequence_ = LoadBig<uint64_t>(first.data() + 1);
  next_sequence_ = LoadBig<uint64_t>((*last)->data() + 1) + 1;
  return {};
}

Result<uint64_t> BlockStore::Append(uint8_t kind, ByteSpan payload) {
  Bytes value;
  value.reserve(1 + payload.size());
  Writer(value).U8(kind).Raw(payload);
  const base::MutexLock lock(appending_);
  const uint64_t sequence = next_sequence_.load();
  Batch batch;
  batch.Put(SequenceKey(sequence), value);
  if (const Status written = bodies_->Write(batch, false); !written) {
    return tl::unexpected(written.error());
  }
  next_sequence_ = sequence + 1;
  return sequence;
}

Result<uint64_t> BlockStore::AppendBody(ByteSpan raw_block) { return Append(kBodyKind, raw_block); }
Result<uint64_t> BlockStore::AppendUndo(ByteSpan undo) { return Append(kUndoKind, undo); }

Result<Bytes> BlockStore::Read(uint8_t kind, uint64_t sequence) const {
  auto found = bodies_->Get(SequenceKey(sequence));
  if (!found) return tl::unexpected(found.error());
  if (!*found) {
    return Fail(ErrorCode::kNotFound, "blocks/bodies lacks record " + std::to_string(sequence));
  }
  Bytes& value = **found;
  if (value.empty() || value[0] != kind) {
    return Fail(ErrorCode::kCorruption,
                "blocks/bodies record " + std::to_string(sequence) + " is of another kind");
  }
  value.erase(value.begin());
  return std::move(value);
}

Result<Bytes> BlockStore::ReadBody(uint64_t sequence) const { return Read(kBodyKind, sequence); }
Result<Bytes> BlockStore::ReadUndo(uint64_t sequence) const { return Read(kUndoKind, sequence); }

Status BlockStore::DiscardBehind(uint64_t last) {
  const base::MutexLock lock(appending_);
  Batch batch;
  for (uint64_t sequence = last + 1; sequence < next_sequence_; ++sequence) {
    batch.Delete(SequenceKey(sequence));
  }
  next_sequence_ = last + 1;
  if (batch.IsEmpty()) return {};
  return bodies_->Write(batch, true);
}

Status BlockStore::SyncWithRows(std::span<const HeaderRow> rows) {
  Batch nothing;
  if (Status synced = bodies_->Write(nothing, true); !synced) return synced;
  Batch batch;
  for (const HeaderRow& row : rows) {
    Bytes key;
    Writer(key).U8(kRowPrefix).Raw(row.header.Hash().span());
    batch.Put(key, EncodeHeaderRow(row));
  }
  return index_->Write(batch, true);
}

Status BlockStore::ForEachRow(const std::function<void(const HeaderRow&)>& visit) const {
  const ByteSpan prefix(&kRowPrefix, 1);
  bool intact = true;
  const Status scanned = index_->Scan(prefix, prefix, [&](ByteSpan, ByteSpan value) {
    const auto row = DecodeHeaderRow(value);
    intact = row.has_value();
    if (intact) visit(*row);
    return intact;
  });
  if (!scanned) return scanned;
  if (!intact) return Fail(ErrorCode::kCorruption, "blocks/index has a row that cannot be read");
  return {};
}

Status BlockStore::PruneBelow(uint64_t sequence) {
  const uint64_t first = first_sequence_;
  return sequence > first ? PruneRun(first, sequence - 1) : Status();
}

Status BlockStore::PruneRun(uint64_t first, uint64_t last) {
  const uint64_t next = next_sequence_;
  first = std::max<uint64_t>(first, 1);
  if (next < 3) return {};
  last = std::min(last, next - 2);
  if (first > last) return {};
  // Readers first: nobody shall begin to look for what is about to go.
  if (first <= first_sequence_ && last >= first_sequence_) first_sequence_ = last + 1;
  if (Status deleted = DeleteRun(first, last); !deleted) return deleted;
  return bodies_->CompactRange(SequenceKey(first), SequenceKey(last));
}

/// Writes the deletions into a table of their own. In one table with the newest records they would
/// make it span all that lies between, and LevelDB would rewrite all of that.
Status BlockStore::DeleteRun(uint64_t first, uint64_t last) {
  constexpr uint64_t kRecordsInBatch = 10'000;
  const base::MutexLock lock(appending_);
  if (Status flushed = bodies_->FlushMemory(); !flushed) return flushed;
  for (uint64_t sequence = first; sequence <= last;) {
    Batch batch;
    const uint64_t end = std::min(last, sequence + kRecordsInBatch - 1);
    for (; sequence <= end; ++sequence) batch.Delete(SequenceKey(sequence));
    if (Status written = bodies_->Write(batch, false); !written) return written;
  }
  return bodies_->FlushMemory();
}

uint64_t BlockStore::DiskBytes() const { return bodies_->DiskBytes(); }

}  // namespace cairn::storage
