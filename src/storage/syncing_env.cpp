#include "src/storage/syncing_env.h"

#include <string>
#include <utility>

namespace cairn::storage {
namespace {

class SyncingFile final : public leveldb::WritableFile {
 public:
  explicit SyncingFile(leveldb::WritableFile* file) : file_(file) {}
  ~SyncingFile() override {
    // LevelDB deletes a rotated log without closing it.
    if (!closed_) file_->Sync();
  }

  leveldb::Status Append(const leveldb::Slice& data) override { return file_->Append(data); }
  leveldb::Status Flush() override { return file_->Flush(); }
  leveldb::Status Sync() override { return file_->Sync(); }

  leveldb::Status Close() override {
    closed_ = true;
    leveldb::Status synced = file_->Sync();
    leveldb::Status closed = file_->Close();
    return synced.ok() ? closed : synced;
  }

 private:
  std::unique_ptr<leveldb::WritableFile> file_;
  bool closed_ = false;
};

class SyncingEnv final : public leveldb::EnvWrapper {
 public:
  explicit SyncingEnv(leveldb::Env* base) : EnvWrapper(base) {}

  leveldb::Status NewWritableFile(const std::string& name, leveldb::WritableFile** file) override {
    return Wrap(name, file, target()->NewWritableFile(name, file));
  }

  leveldb::Status NewAppendableFile(const std::string& name,
                                    leveldb::WritableFile** file) override {
    return Wrap(name, file, target()->NewAppendableFile(name, file));
  }

 private:
  static leveldb::Status Wrap(const std::string& name, leveldb::WritableFile** file,
                              leveldb::Status opened) {
    if (opened.ok() && name.ends_with(".log")) *file = new SyncingFile(*file);
    return opened;
  }
};

}  // namespace

std::unique_ptr<leveldb::Env> MakeSyncingEnv(leveldb::Env* base) {
  return std::make_unique<SyncingEnv>(base);
}

}  // namespace cairn::storage
