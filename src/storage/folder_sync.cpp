#include "src/storage/folder_sync.h"

#include <cerrno>
#include <filesystem>
#include <system_error>

#include <fcntl.h>
#include <unistd.h>

#include "cairn/storage/base_env.h"

namespace cairn::storage {
namespace {

leveldb::Status SystemError(const std::string& folder) {
  return leveldb::Status::IOError(folder, std::generic_category().message(errno));
}

}  // namespace

leveldb::Status SyncFolder(leveldb::Env& env, const std::string& folder) {
  if (auto* own = dynamic_cast<FolderSync*>(&env)) return own->SyncFolder(folder);
  const int opened = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (opened < 0) return SystemError(folder);
  // Some file systems cannot sync a folder; they say so with EINVAL.
  const bool synced = fsync(opened) == 0 || errno == EINVAL;
  const leveldb::Status status = synced ? leveldb::Status::OK() : SystemError(folder);
  close(opened);
  return status;
}

leveldb::Status MakeFolders(leveldb::Env& env, const std::string& folder) {
  if (env.FileExists(folder)) return {};
  const std::filesystem::path parent = std::filesystem::path(folder).parent_path();
  const std::string above = parent.empty() ? std::string(".") : parent.string();
  if (above == folder) return {};
  leveldb::Status status = MakeFolders(env, above);
  if (!status.ok()) return status;
  status = env.CreateDir(folder);
  if (!status.ok() && !env.FileExists(folder)) return status;
  return SyncFolder(env, above);
}

}  // namespace cairn::storage
