// What lies beneath all databases: the machine's own files, or what a test puts in their place.
#pragma once

#include <string>

namespace leveldb {
class Env;
class Status;
}  // namespace leveldb

namespace cairn::storage {

/// Makes the names in a folder durable, which LevelDB's `Env` has no word for. An environment of
/// a test's own that is one of these, too, is asked.
class FolderSync {
 public:
  virtual ~FolderSync() = default;
  virtual leveldb::Status SyncFolder(const std::string& folder) = 0;
};

/// What databases opened from now on read and write through. `env` must outlive them; null stands
/// for the machine's own files. For tests, before any other thread opens a database.
void ReplaceBaseEnv(leveldb::Env* env);
leveldb::Env* BaseEnv();

}  // namespace cairn::storage
