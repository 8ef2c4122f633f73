#include "src/storage/syncing_env.h"

#include <atomic>
#include <string>
#include <utility>

namespace cairn::storage {
namespace {

/// What is known of the files of one database.
struct Shared {
  std::atomic<bool> lost_sync{false};  // a sync that nobody waits for failed
  std::atomic<uint64_t> bytes{0};
};

/// A file whose bytes are counted; with `sync_on_close`, one that is synced when it is closed.
class CountedFile final : public leveldb::WritableFile {
 public:
  CountedFile(leveldb::WritableFile* file, Shared& shared, bool sync_on_close)
      : file_(file), shared_(shared), sync_on_close_(sync_on_close) {}
  ~CountedFile() override {
    // LevelDB deletes a rotated log without closing it.
    if (sync_on_close_ && !closed_ && !file_->Sync().ok()) shared_.lost_sync = true;
  }

  leveldb::Status Append(const leveldb::Slice& data) override {
    leveldb::Status appended = file_->Append(data);
    if (appended.ok()) shared_.bytes += data.size();
    return appended;
  }
  leveldb::Status Flush() override { return file_->Flush(); }
  leveldb::Status Sync() override { return file_->Sync(); }

  leveldb::Status Close() override {
    closed_ = true;
    leveldb::Status synced;
    if (sync_on_close_) synced = file_->Sync();
    leveldb::Status closed = file_->Close();
    if (!synced.ok()) shared_.lost_sync = true;
    return synced.ok() ? closed : synced;
  }

 private:
  std::unique_ptr<leveldb::WritableFile> file_;
  Shared& shared_;
  const bool sync_on_close_;
  bool closed_ = false;
};

class SyncingEnv final : public leveldb::EnvWrapper {
 public:
  SyncingEnv(leveldb::Env* base, const std::string& folder) : EnvWrapper(base) {
    std::vector<std::string> files;
    base->GetChildren(folder, &files);
    for (const std::string& file : files) {
      if (file != "." && file != "..") shared_.bytes += SizeOf(folder + "/" + file);
    }
  }

  const Shared& shared() const { return shared_; }

  leveldb::Status NewWritableFile(const std::string& name, leveldb::WritableFile** file) override {
    const uint64_t replaced = SizeOf(name);
    leveldb::Status opened = target()->NewWritableFile(name, file);
    if (!opened.ok()) return opened;
    shared_.bytes -= replaced;
    *file = new CountedFile(*file, shared_, name.ends_with(".log"));
    return opened;
  }

  leveldb::Status NewAppendableFile(const std::string& name,
                                    leveldb::WritableFile** file) override {
    leveldb::Status opened = target()->NewAppendableFile(name, file);
    if (opened.ok()) *file = new CountedFile(*file, shared_, name.ends_with(".log"));
    return opened;
  }

  leveldb::Status RemoveFile(const std::string& name) override {
    const uint64_t size = SizeOf(name);
    leveldb::Status removed = target()->RemoveFile(name);
    if (removed.ok()) shared_.bytes -= size;
    return removed;
  }

  leveldb::Status RenameFile(const std::string& from, const std::string& to) override {
    const uint64_t replaced = SizeOf(to);
    leveldb::Status renamed = target()->RenameFile(from, to);
    if (renamed.ok()) shared_.bytes -= replaced;
    return renamed;
  }

 private:
  /// 0 if there is no such file.
  uint64_t SizeOf(const std::string& name) const {
    uint64_t size = 0;
    return target()->GetFileSize(name, &size).ok() ? size : 0;
  }

  Shared shared_;
};

const Shared& SharedOf(const leveldb::Env& env) {
  return static_cast<const SyncingEnv&>(env).shared();
}

}  // namespace

bool LostSync(const leveldb::Env& env) { return SharedOf(env).lost_sync; }

uint64_t DiskBytesOf(const leveldb::Env& env) { return SharedOf(env).bytes; }

std::unique_ptr<leveldb::Env> MakeSyncingEnv(leveldb::Env* base, const std::string& folder) {
  return std::make_unique<SyncingEnv>(base, folder);
}

}  // namespace cairn::storage
