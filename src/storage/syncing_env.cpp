#include "src/storage/syncing_env.h"

#include <atomic>
#include <string>
#include <utility>

namespace cairn::storage {
namespace {

class SyncingFile final : public leveldb::WritableFile {
 public:
  /// Sets `lost` when a sync that nobody waits for fails.
  SyncingFile(leveldb::WritableFile* file, std::atomic<bool>& lost) : file_(file), lost_(lost) {}
  ~SyncingFile() override {
    // LevelDB deletes a rotated log without closing it.
    if (!closed_ && !file_->Sync().ok()) lost_ = true;
  }

  leveldb::Status Append(const leveldb::Slice& data) override { return file_->Append(data); }
  leveldb::Status Flush() override { return file_->Flush(); }
  leveldb::Status Sync() override { return file_->Sync(); }

  leveldb::Status Close() override {
    closed_ = true;
    leveldb::Status synced = file_->Sync();
    leveldb::Status closed = file_->Close();
    if (!synced.ok()) lost_ = true;
    return synced.ok() ? closed : synced;
  }

 private:
  std::unique_ptr<leveldb::WritableFile> file_;
  std::atomic<bool>& lost_;
  bool closed_ = false;
};

class SyncingEnv final : public leveldb::EnvWrapper {
 public:
  explicit SyncingEnv(leveldb::Env* base) : EnvWrapper(base) {}

  bool lost_sync() const { return lost_; }

  leveldb::Status NewWritableFile(const std::string& name, leveldb::WritableFile** file) override {
    return Wrap(name, file, target()->NewWritableFile(name, file));
  }

  leveldb::Status NewAppendableFile(const std::string& name,
                                    leveldb::WritableFile** file) override {
    return Wrap(name, file, target()->NewAppendableFile(name, file));
  }

 private:
  leveldb::Status Wrap(const std::string& name, leveldb::WritableFile** file,
                       leveldb::Status opened) {
    if (opened.ok() && name.ends_with(".log")) *file = new SyncingFile(*file, lost_);
    return opened;
  }

  std::atomic<bool> lost_{false};
};

}  // namespace

bool LostSync(const leveldb::Env& env) {
  const auto* syncing = dynamic_cast<const SyncingEnv*>(&env);
  return syncing != nullptr && syncing->lost_sync();
}

std::unique_ptr<leveldb::Env> MakeSyncingEnv(leveldb::Env* base) {
  return std::make_unique<SyncingEnv>(base);
}

}  // namespace cairn::storage
