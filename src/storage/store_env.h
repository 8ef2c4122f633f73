// The LevelDB environment of one database: it holds LevelDB to what Cairn means by durable.
//
// - A name is durable with the first sync of its file. LevelDB syncs folders with manifests only.
// - A sync of a log covers all logs before it. LevelDB drops a rotated log unsynced. That sync
// comes
//   with the next one that somebody asks for, not at the rotation, where readers would wait for it.
// - How much of logs and manifests was synced is itself on record, in SYNCED, before anybody hears
//   of it, so that a start can tell what a power cut took from what must still be there.
// - The first failed write is the last: behind a torn record nothing more is written, removed or
//   renamed. LevelDB would go on writing, and find its way back to none of it.
//
// Safe from any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <leveldb/env.h>

#include "cairn/base/mutex.h"
#include "src/storage/synced_marks.h"

namespace cairn::storage {

class StoreEnv final : public leveldb::EnvWrapper {
 public:
  /// Serves the database in `folder` on top of `base`, which must outlive it.
  StoreEnv(leveldb::Env* base, std::string folder);
  ~StoreEnv() override;

  /// The first failure of a write, from which on all writes fail; OK while all is well.
  leveldb::Status failure() const CAIRN_EXCLUDES(mutex_);

  /// Bytes of the files in the folder.
  uint64_t DiskBytes() const { return bytes_; }

  leveldb::Status NewRandomAccessFile(const std::string& name,
                                      leveldb::RandomAccessFile** file) override;
  leveldb::Status NewWritableFile(const std::string& name, leveldb::WritableFile** file) override;
  leveldb::Status NewAppendableFile(const std::string& name, leveldb::WritableFile** file) override;
  leveldb::Status RemoveFile(const std::string& name) override;
  leveldb::Status RenameFile(const std::string& from, const std::string& to) override;
  /// LevelDB's first step of opening. Once the database is locked, its files are made ready.
  leveldb::Status LockFile(const std::string& name, leveldb::FileLock** lock) override;

 private:
  class File;
  enum class Kind { kLog, kManifest, kTable, kOther };
  /// A log that LevelDB has left behind, not yet synced.
  struct LeftLog {
    std::string name;
    FileMark mark;
    std::unique_ptr<leveldb::WritableFile> file;
  };

  static Kind KindOf(const std::string& name);
  static uint64_t NumberOf(const std::string& name);
  leveldb::Status Wrap(const std::string& name, uint64_t size, leveldb::WritableFile** file);
  /// Remembers the failure if it is one and the first, and passes it on.
  leveldb::Status Checked(leveldb::Status status) CAIRN_EXCLUDES(mutex_);
  void LeaveLog(LeftLog log) CAIRN_EXCLUDES(mutex_);
  leveldb::Status SyncLeftLogs() CAIRN_EXCLUDES(mutex_);
  leveldb::Status Acknowledge(Kind kind, FileMark mark) CAIRN_EXCLUDES(marks_mutex_);
  uint64_t SizeOf(const std::string& name) const;

  const std::string folder_;
  std::atomic<uint64_t> bytes_{0};
  std::atomic<bool> failed_{false};

  mutable base::Mutex mutex_;  // not held during input or output
  leveldb::Status failure_ CAIRN_GUARDED_BY(mutex_);
  std::vector<LeftLog> left_logs_ CAIRN_GUARDED_BY(mutex_);

  base::Mutex marks_mutex_;  // held while SYNCED is written
  SyncedMarks marks_ CAIRN_GUARDED_BY(marks_mutex_);
  SyncedFile synced_ CAIRN_GUARDED_BY(marks_mutex_);
};

}  // namespace cairn::storage
