// The databases under blocks/: bodies and undo data under ascending sequence numbers, and the rows
// of the header index that name them. See docs/formats/blocks.md. Safe from any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "cairn/base/mutex.h"
#include "cairn/primitives/header.h"
#include "cairn/storage/database.h"

namespace cairn::storage {

/// A row of the header index.
struct HeaderRow {
  Header header;
  int height = 0;
  uint8_t validity = 0;  // the ledger's steps of validation
  bool failed = false;
  uint64_t body_sequence = 0;  // 0: none
  uint64_t undo_sequence = 0;  // 0: none
  uint32_t body_size = 0;
  uint32_t tx_count = 0;

  /// Whether there was a body once.
  bool IsPruned() const { return body_sequence == 0 && tx_count != 0; }
};

Bytes EncodeHeaderRow(const HeaderRow& row);
/// Nothing if the bytes are no row.
std::optional<HeaderRow> DecodeHeaderRow(ByteSpan bytes);

/// The formats of the two databases.
inline constexpr std::string_view kBodiesFormat = "cairn bodies 2";
inline constexpr std::string_view kIndexFormat = "cairn header index 2";

/// What to do about a record that is damaged or missing.
inline constexpr std::string_view kRecordWayOut =
    "start with -reindex, which fetches damaged blocks again";

/// The two kinds of records in blocks/bodies.
enum class RecordKind : uint8_t { kBody = 'b', kUndo = 'u' };

struct Record {
  RecordKind kind = RecordKind::kBody;
  Bytes payload;
};

/// The value of a record: payload, kind, and the checksum of its number and both.
Bytes EncodeRecord(uint64_t sequence, RecordKind kind, ByteSpan payload);

class BlockStore {
 public:
  /// No more than this need be written or rewritten at a time; what is pruned to a small size
  /// should take smaller steps.
  static constexpr uint64_t kLargestStep = 64 << 20;

  /// Opens `folder`/bodies and `folder`/index. `budget` is the memory for caches and buffers.
  /// `step_bytes` bounds the files and buffers of the bodies, and with them what the disk must hold
  /// for a while beside the records.
  static Result<std::unique_ptr<BlockStore>> Open(const std::filesystem::path& folder,
                                                  uint64_t budget,
                                                  uint64_t step_bytes = kLargestStep);

  /// Stores a body or undo data, not yet synced, under a number that the caller counts:
  /// `next_sequence()` and up, without gaps.
  Status WriteBody(uint64_t sequence, ByteSpan raw_block);
  Status WriteUndo(uint64_t sequence, ByteSpan undo);

  /// Checked against the record's own checksum, which covers its number and kind, too.
  Result<Bytes> ReadBody(uint64_t sequence) const;
  Result<Bytes> ReadUndo(uint64_t sequence) const;
  /// The record whatever its kind; nothing if there is none of that number.
  Result<std::optional<Record>> ReadRecord(uint64_t sequence) const;

  /// True if the number was handed out and what it names was neither lost nor pruned from below.
  bool Has(uint64_t sequence) const {
    return sequence >= first_sequence_ && sequence < next_sequence_;
  }

  /// Deletes every record behind `last`, the highest that a row names: what a crash left behind.
  /// Numbers up to `last` are never handed out again, even if their records were lost.
  Status DiscardBehind(uint64_t last);

  /// Makes all bodies and undo data durable, then the rows, with the number of the flush that this
  /// is the first part of; without one, with the number of the last.
  Status SyncWithRows(std::span<const HeaderRow> rows);
  Status SyncWithRows(std::span<const HeaderRow> rows, uint64_t flush_number);

  /// The number of the last flush whose bodies and rows are durable; 0 if none had a number.
  uint64_t flush_number() const { return flush_number_; }
  /// An error if the coins were flushed with a greater number: then chainstate and blocks are not
  /// of one copy, since every flush makes the blocks durable first.
  Status CheckFlushOfCoins(uint64_t flush_number) const;

  /// Deletes all rows of the store in `folder`, open nowhere: after a crash all are there or none.
  static Status DestroyIndex(const std::filesystem::path& folder);
  /// Whether the rows are being made anew from the records. Durable, so that a start after a crash
  /// goes on with it.
  bool reindexing() const { return reindexing_; }
  Status SetReindexing(bool reindexing);

  /// Every row, in no useful order. An undecodable row is an error.
  Status ForEachRow(const std::function<void(const HeaderRow&)>& visit) const;

  /// Deletes all records with numbers from `first` to `last` and frees their room on disk. The
  /// newest record always stays: the numbers go on from it. No row should name what goes: sync the
  /// rows before. Not synced itself: a power cut may bring records back, but never half of one, so
  /// prune again at the start what lies below all that rows name. Takes about as long as reading
  /// the run; appends wait only for a small part of that.
  Status PruneRun(uint64_t first, uint64_t last);
  /// The same for all records below `sequence`. Returns at once if there are none.
  Status PruneBelow(uint64_t sequence);
  /// Frees what a prune that was cut off has deleted, but not yet freed. Costs little if there is
  /// nothing.
  Status FreePruned();

  /// The lowest number that may still have a record.
  uint64_t first_sequence() const { return first_sequence_; }
  /// The number that the next record gets.
  uint64_t next_sequence() const { return next_sequence_; }

  /// Bytes of bodies and undo data on disk. Costs nothing to ask.
  uint64_t DiskBytes() const;

 private:
  BlockStore() = default;
  Status Write(RecordKind kind, uint64_t sequence, ByteSpan payload);
  Result<Bytes> Read(RecordKind kind, uint64_t sequence) const;
  Status FindEnds();
  Status ReadFlush();
  Status ReadReindexing();
  Status SyncIndex(std::span<const HeaderRow> rows, uint64_t flush_number, uint64_t end);
  Status DeleteRun(uint64_t first, uint64_t last);

  std::unique_ptr<Database> bodies_;
  std::unique_ptr<Database> index_;
  base::Mutex appending_;  // held while a record gets its number and is written
  std::atomic<uint64_t> first_sequence_{1};
  std::atomic<uint64_t> next_sequence_{1};
  std::atomic<uint64_t> written_end_{1};  // behind the greatest number that has a record
  std::atomic<uint64_t> flush_number_{0};
  bool reindexing_ = false;
};

}  // namespace cairn::storage
