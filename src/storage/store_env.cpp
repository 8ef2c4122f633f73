#include "src/storage/store_env.h"

#include <cstdlib>
#include <utility>

#include "src/storage/folder_sync.h"
#include "src/storage/recovery.h"
#include "src/storage/table_file.h"

namespace cairn::storage {

using leveldb::Status;

/// A file that is being written.
class StoreEnv::File final : public leveldb::WritableFile {
 public:
  File(StoreEnv& env, std::string name, uint64_t size, leveldb::WritableFile* file)
      : env_(env), name_(std::move(name)), kind_(KindOf(name_)), file_(file), size_(size) {}

  ~File() override {
    // LevelDB deletes a rotated log without closing it.
    if (kind_ == Kind::kLog && file_ != nullptr && !closed_) {
      env_.LeaveLog({name_, {NumberOf(name_), size_}, std::move(file_)});
    }
  }

  Status Append(const leveldb::Slice& data) override {
    if (env_.failed_) return env_.failure();
    Status status = env_.Checked(file_->Append(data));
    if (!status.ok()) return status;
    size_ += data.size();
    env_.bytes_ += data.size();
    return status;
  }

  Status Flush() override {
    if (env_.failed_) return env_.failure();
    return env_.Checked(file_->Flush());
  }

  Status Sync() override {
    if (env_.failed_) return env_.failure();
    Status status;
    if (kind_ == Kind::kLog) status = env_.SyncLeftLogs();
    if (status.ok()) status = file_->Sync();
    if (status.ok() && !named_ && kind_ != Kind::kOther) {
      status = storage::SyncFolder(*env_.target(), env_.folder_);
      named_ = status.ok();
    }
    if (status.ok()) status = env_.Acknowledge(kind_, {NumberOf(name_), size_});
    return env_.Checked(std::move(status));
  }

  Status Close() override {
    closed_ = true;
    if (env_.failed_) return env_.failure();
    Status status;
    if (kind_ == Kind::kLog) status = Sync();
    if (status.ok()) status = file_->Close();
    return env_.Checked(std::move(status));
  }

 private:
  StoreEnv& env_;
  const std::string name_;
  const Kind kind_;
  std::unique_ptr<leveldb::WritableFile> file_;
  uint64_t size_;
  bool named_ = false;  // its name is durable
  bool closed_ = false;
};

StoreEnv::StoreEnv(leveldb::Env* base, std::string folder)
    : EnvWrapper(base),
      folder_(std::move(folder)),
      synced_(*base, folder_, [this] { return storage::SyncFolder(*target(), folder_); }) {}

StoreEnv::~StoreEnv() {
  if (!failed_) SyncLeftLogs();
}

Status StoreEnv::failure() const {
  const base::MutexLock lock(mutex_);
  return failure_;
}

StoreEnv::Kind StoreEnv::KindOf(const std::string& name) {
  if (name.ends_with(".log")) return Kind::kLog;
  if (name.ends_with(".ldb")) return Kind::kTable;
  return name.find("/MANIFEST-") != std::string::npos ? Kind::kManifest : Kind::kOther;
}

/// That of a log or a manifest.
uint64_t StoreEnv::NumberOf(const std::string& name) {
  const size_t at = name.find_first_of("0123456789", name.rfind('/'));
  return at == std::string::npos ? 0 : std::strtoull(&name[at], nullptr, 10);
}

/// 0 if there is no such file.
uint64_t StoreEnv::SizeOf(const std::string& name) const {
  uint64_t size = 0;
  return target()->GetFileSize(name, &size).ok() ? size : 0;
}

Status StoreEnv::Checked(Status status) {
  if (status.ok()) return status;
  const base::MutexLock lock(mutex_);
  if (failure_.ok()) failure_ = status;
  failed_ = true;
  return status;
}

Status StoreEnv::NewRandomAccessFile(const std::string& name, leveldb::RandomAccessFile** file) {
  return OpenTable(*target(), name, file);
}

Status StoreEnv::NewWritableFile(const std::string& name, leveldb::WritableFile** file) {
  *file = nullptr;
  if (failed_) return failure();
  const uint64_t replaced = SizeOf(name);
  Status opened = Checked(target()->NewWritableFile(name, file));
  if (!opened.ok()) return opened;
  bytes_ -= replaced;
  *file = new File(*this, name, 0, *file);
  return opened;
}

Status StoreEnv::NewAppendableFile(const std::string& name, leveldb::WritableFile** file) {
  *file = nullptr;
  if (failed_) return failure();
  const uint64_t size = SizeOf(name);
  Status opened = Checked(target()->NewAppendableFile(name, file));
  if (opened.ok()) *file = new File(*this, name, size, *file);
  return opened;
}

Status StoreEnv::RemoveFile(const std::string& name) {
  if (failed_) return failure();
  const uint64_t size = SizeOf(name);
  Status removed = target()->RemoveFile(name);
  if (!removed.ok()) return removed;  // it only takes room
  bytes_ -= size;
  const base::MutexLock lock(mutex_);
  std::erase_if(left_logs_, [&](const LeftLog& log) { return log.name == name; });
  return removed;
}

Status StoreEnv::RenameFile(const std::string& from, const std::string& to) {
  if (failed_) return failure();
  const uint64_t replaced = SizeOf(to);
  Status status = target()->RenameFile(from, to);
  if (status.ok()) bytes_ -= replaced;
  if (status.ok()) status = storage::SyncFolder(*target(), folder_);
  return Checked(std::move(status));
}

Status StoreEnv::LockFile(const std::string& name, leveldb::FileLock** lock) {
  Status status = target()->LockFile(name, lock);
  if (!status.ok()) return status;
  {
    const base::MutexLock held(marks_mutex_);
    status = PrepareForOpening(*target(), folder_, &marks_);
  }
  if (!status.ok()) {
    target()->UnlockFile(*lock);
    *lock = nullptr;
    return status;
  }
  std::vector<std::string> files;
  target()->GetChildren(folder_, &files);
  for (const std::string& file : files) {
    // SYNCED is begun anew, and counted from there.
    const bool other = file == "." || file == ".." || file == "SYNCED";
    if (!other) bytes_ += SizeOf(folder_ + "/" + file);
  }
  return status;
}

void StoreEnv::LeaveLog(LeftLog log) {
  const base::MutexLock lock(mutex_);
  left_logs_.push_back(std::move(log));
}

Status StoreEnv::SyncLeftLogs() {
  std::vector<LeftLog> logs;
  {
    const base::MutexLock lock(mutex_);
    logs.swap(left_logs_);
  }
  for (const LeftLog& log : logs) {
    Status status = log.file->Sync();
    if (status.ok()) status = storage::SyncFolder(*target(), folder_);
    if (status.ok()) status = log.file->Close();
    if (!status.ok()) return Checked(std::move(status));
    const base::MutexLock lock(marks_mutex_);
    marks_.logs.Advance(log.mark);  // on record with the next log that is synced
  }
  return {};
}

Status StoreEnv::Acknowledge(Kind kind, FileMark mark) {
  if ((kind != Kind::kLog && kind != Kind::kManifest) || mark.bytes == 0) return {};
  const base::MutexLock lock(marks_mutex_);
  (kind == Kind::kLog ? marks_.logs : marks_.manifests).Advance(mark);
  const uint64_t before = synced_.bytes();
  Status written = synced_.Write(marks_);
  bytes_ += synced_.bytes() - before;
  return written;
}

}  // namespace cairn::storage
