// The file SYNCED in a database's folder: how much of its logs and manifests was made durable, and
// so must still be there after a power cut. See docs/formats/durability.md.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <leveldb/env.h>

#include "cairn/base/bytes.h"

namespace cairn::storage {

/// The first `bytes` of the file with this number were synced.
struct FileMark {
  uint64_t number = 0;  // 0: no file
  uint64_t bytes = 0;
};

/// What was synced of the newest two files of a kind, ascending in their numbers.
struct FileMarks {
  FileMark newest;
  FileMark older;

  /// Takes note that so much of a file was synced.
  void Advance(FileMark mark);
  /// 0 for a file of which nothing is known.
  uint64_t BytesOf(uint64_t number) const;
};

struct SyncedMarks {
  FileMarks manifests;
  FileMarks logs;
};

inline constexpr size_t kSyncedRecordSize = 80;

/// One record of the file; `count` ascends from record to record.
Bytes EncodeSyncedRecord(uint64_t count, const SyncedMarks& marks);

/// The marks of the record with the greatest count. Nothing if there is no such file, or no record
/// in it can be read; what a power cut left behind the last record is passed over.
leveldb::Status ReadSyncedMarks(leveldb::Env& env, const std::string& folder,
                                std::optional<SyncedMarks>* marks);

/// Writes the file. For one thread at a time.
class SyncedFile {
 public:
  /// `sync_folder` makes the names in the folder durable.
  SyncedFile(leveldb::Env& env, std::string folder, std::function<leveldb::Status()> sync_folder);

  /// Returns when the marks are durable.
  leveldb::Status Write(const SyncedMarks& marks);
  uint64_t bytes() const { return bytes_; }

 private:
  leveldb::Status BeginAnew(const Bytes& record);

  leveldb::Env& env_;
  const std::string folder_;
  const std::function<leveldb::Status()> sync_folder_;
  std::unique_ptr<leveldb::WritableFile> file_;
  uint64_t bytes_ = 0;
  uint64_t count_ = 0;
};

}  // namespace cairn::storage
