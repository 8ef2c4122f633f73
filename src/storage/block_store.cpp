#include "cairn/storage/block_store.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "cairn/base/endian.h"
#include "cairn/base/reader.h"
#include "cairn/base/writer.h"
#include "cairn/storage/coin_codec.h"
#include "src/storage/crc32c.h"

namespace cairn::storage {
namespace {

// What to do where the files are damaged.
constexpr const char* kBodiesWayOut =
    "remove the folders blocks and chainstate to fetch the blocks again";
constexpr const char* kIndexWayOut = "start with -reindex to build it again from the stored blocks";
constexpr const char* kCoinsWayOut = "start with -reindex-chainstate to build chainstate again";
// These sort behind the record of the format, before every row.
constexpr std::string_view kFlushKey("\0flush", 6);
constexpr std::string_view kReindexKey("\0reindex", 8);
constexpr uint8_t kSequencePrefix = 's';
constexpr size_t kSequenceKeySize = 1 + sizeof(uint64_t);
constexpr uint8_t kRowPrefix = 'h';

Bytes SequenceKey(uint64_t sequence) {
  Bytes key;
  Writer(key).U8(kSequencePrefix).Big(sequence);
  return key;
}

tl::unexpected<Error> DamagedBodies(const std::string& what) {
  return Fail(ErrorCode::kCorruption, "blocks/bodies " + what + "; " + kBodiesWayOut);
}

tl::unexpected<Error> DamagedRecord(uint64_t sequence, const std::string& what) {
  return Fail(ErrorCode::kCorruption, "blocks/bodies record " + std::to_string(sequence) + " " +
                                          what + "; " + std::string(kRecordWayOut));
}

tl::unexpected<Error> DamagedIndex(const std::string& what) {
  return Fail(ErrorCode::kCorruption, "blocks/index " + what + "; " + kIndexWayOut);
}

/// What follows the payload of a record: its kind, and the checksum of key, payload and kind.
constexpr size_t kTrailerSize = 1 + sizeof(uint32_t);

uint32_t ChecksumOf(ByteSpan key, ByteSpan payload_and_kind) {
  return Crc32c(Crc32c(0, key), payload_and_kind);
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

Bytes EncodeRecord(uint64_t sequence, RecordKind kind, ByteSpan payload) {
  Bytes value;
  value.reserve(payload.size() + kTrailerSize);
  Writer writer(value);
  writer.Raw(payload).U8(static_cast<uint8_t>(kind));
  writer.U32(ChecksumOf(SequenceKey(sequence), value));
  return value;
}

Result<std::unique_ptr<BlockStore>> BlockStore::Open(const std::filesystem::path& folder,
                                                     uint64_t budget, uint64_t step_bytes) {
  std::unique_ptr<BlockStore> store(new BlockStore);
  DatabaseOptions bodies;
  bodies.name = "blocks/bodies";
  bodies.way_out = kBodiesWayOut;
  const uint64_t step = std::clamp<uint64_t>(step_bytes, 1 << 20, kLargestStep);
  bodies.write_buffer_bytes = std::clamp<uint64_t>(budget / 4, 1 << 20, step);
  bodies.table_bytes = step;     // values are large, and read one at a time
  bodies.cache_bytes = 1 << 20;  // bodies are read once, if ever
  auto opened = Database::Open(folder / "bodies", bodies, kBodiesFormat);
  if (!opened) return tl::unexpected(opened.error());
  store->bodies_ = *std::move(opened);

  DatabaseOptions index;
  index.name = "blocks/index";
  index.way_out = kIndexWayOut;
  index.write_buffer_bytes = std::clamp<uint64_t>(budget / 16, 1 << 20, 4 << 20);
  index.cache_bytes = 1 << 20;  // rows are read at start only
  opened = Database::Open(folder / "index", index, kIndexFormat);
  if (!opened) return tl::unexpected(opened.error());
  store->index_ = *std::move(opened);

  if (const Status found = store->FindEnds(); !found) return tl::unexpected(found.error());
  if (const Status read = store->ReadFlush(); !read) return tl::unexpected(read.error());
  if (const Status read = store->ReadReindexing(); !read) return tl::unexpected(read.error());
  return store;
}

/// The record of the last flush, and whether the bodies have what it vouches for.
Status BlockStore::ReadFlush() {
  const auto found = index_->Get(AsBytes(kFlushKey));
  if (!found) return tl::unexpected(found.error());
  if (!*found) return {};
  Reader reader(**found);
  flush_number_ = reader.U64();
  const uint64_t next = reader.U64();
  if (!reader.ok() || !reader.AtEnd()) return DamagedIndex("has a flush that cannot be read");
  if (written_end_ >= next) return {};
  return Fail(ErrorCode::kCorruption,
              "blocks/bodies ends at record " + std::to_string(written_end_ - 1) +
                  ", but was flushed up to record " + std::to_string(next - 1) + "; " +
                  std::string(kRecordWayOut));
}

Status BlockStore::ReadReindexing() {
  const auto found = index_->Get(AsBytes(kReindexKey));
  if (!found) return tl::unexpected(found.error());
  reindexing_ = found->has_value();
  return {};
}

Status BlockStore::SetReindexing(bool reindexing) {
  Batch batch;
  if (reindexing) {
    batch.Put(AsBytes(kReindexKey), {});
  } else {
    batch.Delete(AsBytes(kReindexKey));
  }
  if (Status written = index_->Write(batch, true); !written) return written;
  reindexing_ = reindexing;
  return {};
}

Status BlockStore::DestroyIndex(const std::filesystem::path& folder) {
  return Database::Destroy(folder / "index");
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
    return DamagedBodies("has a foreign key");
  }
  first_sequence_ = LoadBig<uint64_t>(first.data() + 1);
  written_end_ = LoadBig<uint64_t>((*last)->data() + 1) + 1;
  next_sequence_ = written_end_.load();
  return {};
}

Status BlockStore::Write(RecordKind kind, uint64_t sequence, ByteSpan payload) {
  const base::MutexLock lock(appending_);
  Batch batch;
  batch.Put(SequenceKey(sequence), EncodeRecord(sequence, kind, payload));
  if (Status written = bodies_->Write(batch, false); !written) return written;
  written_end_ = sequence + 1;
  next_sequence_ = sequence + 1;
  return {};
}

Status BlockStore::WriteBody(uint64_t sequence, ByteSpan raw_block) {
  return Write(RecordKind::kBody, sequence, raw_block);
}

Status BlockStore::WriteUndo(uint64_t sequence, ByteSpan undo) {
  return Write(RecordKind::kUndo, sequence, undo);
}

Result<std::optional<Record>> BlockStore::ReadRecord(uint64_t sequence) const {
  const Bytes key = SequenceKey(sequence);
  std::string value;
  const auto found = bodies_->Find(key, value);
  if (!found) return tl::unexpected(found.error());
  if (!*found) return std::nullopt;
  const ByteSpan bytes = AsBytes(value);
  if (bytes.size() < kTrailerSize) return DamagedRecord(sequence, "is cut short");
  const ByteSpan summed = bytes.first(bytes.size() - sizeof(uint32_t));
  if (LoadLittle<uint32_t>(summed.data() + summed.size()) != ChecksumOf(key, summed)) {
    return DamagedRecord(sequence, "does not have its checksum");
  }
  const auto kind = static_cast<RecordKind>(summed.back());
  if (kind != RecordKind::kBody && kind != RecordKind::kUndo)
    return DamagedRecord(sequence, "is of an unknown kind");
  return Record{kind, Bytes(summed.begin(), summed.end() - 1)};
}

Result<Bytes> BlockStore::Read(RecordKind kind, uint64_t sequence) const {
  auto record = ReadRecord(sequence);
  if (!record) return tl::unexpected(record.error());
  if (!*record) {
    return Fail(ErrorCode::kNotFound, "blocks/bodies lacks record " + std::to_string(sequence) +
                                          "; " + std::string(kRecordWayOut));
  }
  if ((*record)->kind != kind) {
    return DamagedRecord(sequence, "is of another kind");
  }
  return std::move((*record)->payload);
}

Result<Bytes> BlockStore::ReadBody(uint64_t sequence) const {
  return Read(RecordKind::kBody, sequence);
}
Result<Bytes> BlockStore::ReadUndo(uint64_t sequence) const {
  return Read(RecordKind::kUndo, sequence);
}

Status BlockStore::DiscardBehind(uint64_t last) {
  const base::MutexLock lock(appending_);
  Batch batch;
  for (uint64_t sequence = last + 1; sequence < next_sequence_; ++sequence) {
    batch.Delete(SequenceKey(sequence));
  }
  next_sequence_ = last + 1;
  if (batch.IsEmpty()) return {};
  written_end_ = last + 1;
  // First what the index vouches for: a crash in between leaves more than that, never less.
  if (Status lowered = SyncIndex({}, flush_number_, last + 1); !lowered) return lowered;
  return bodies_->Write(batch, true);
}

Status BlockStore::SyncWithRows(std::span<const HeaderRow> rows) {
  return SyncWithRows(rows, flush_number_);
}

Status BlockStore::SyncWithRows(std::span<const HeaderRow> rows, uint64_t flush_number) {
  const uint64_t end = written_end_;
  if (Status synced = bodies_->Sync(); !synced) return synced;
  return SyncIndex(rows, flush_number, end);
}

/// Syncs the rows and the record of the flush, which vouches for all records below `end`.
Status BlockStore::SyncIndex(std::span<const HeaderRow> rows, uint64_t flush_number, uint64_t end) {
  Batch batch;
  for (const HeaderRow& row : rows) {
    Bytes key;
    Writer(key).U8(kRowPrefix).Raw(row.header.Hash().span());
    batch.Put(key, EncodeHeaderRow(row));
  }
  Bytes flush;
  Writer(flush).U64(flush_number).U64(end);
  batch.Put(AsBytes(kFlushKey), flush);
  if (Status written = index_->Write(batch, true); !written) return written;
  flush_number_ = flush_number;
  return {};
}

Status BlockStore::CheckFlushOfCoins(uint64_t flush_number) const {
  if (flush_number_ == 0 || flush_number <= flush_number_) return {};
  return Fail(ErrorCode::kCorruption, "blocks stands at flush " + std::to_string(flush_number_) +
                                          ", chainstate at flush " + std::to_string(flush_number) +
                                          ": they are not of one copy; " + kCoinsWayOut);
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
  if (!intact) return DamagedIndex("has a row that cannot be read");
  return {};
}

Status BlockStore::PruneBelow(uint64_t sequence) {
  const uint64_t first = first_sequence_;
  return sequence > first ? PruneRun(first, sequence - 1) : Status();
}

Status BlockStore::PruneRun(uint64_t first, uint64_t last) {
  const uint64_t end = written_end_;
  first = std::max<uint64_t>(first, 1);
  if (end < 3) return {};
  last = std::min(last, end - 2);
  if (first > last) return {};
  // Readers first: nobody shall begin to look for what is about to go.
  if (first <= first_sequence_ && last >= first_sequence_) first_sequence_ = last + 1;
  if (Status deleted = DeleteRun(first, last); !deleted) return deleted;
  return bodies_->CompactRange(SequenceKey(first), SequenceKey(last));
}

Status BlockStore::FreePruned() {
  return bodies_->CompactRange(SequenceKey(0), SequenceKey(first_sequence_ - 1));
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
