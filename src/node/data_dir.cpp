#include "cairn/node/data_dir.h"

#include <cerrno>
#include <fstream>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

namespace cairn::node {
namespace {

namespace fs = std::filesystem;

Status MakeFolder(const fs::path& folder) {
  std::error_code failure;
  fs::create_directories(folder, failure);
  if (failure) {
    return Fail(ErrorCode::kIo,
                "Cannot create directory '" + folder.string() + "': " + failure.message() + ".");
  }
  return {};
}

}  // namespace

Result<DirectoryLock> DirectoryLock::Acquire(const fs::path& folder) {
  // Not inherited by the commands of -blocknotify and the like, which may outlive the node.
  const int file = open((folder / ".lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) {
    return Fail(ErrorCode::kIo,
                "Cannot write to directory '" + folder.string() + "'; check permissions.");
  }
  DirectoryLock lock(file);
  if (flock(file, LOCK_EX | LOCK_NB) != 0) {
    return Fail(ErrorCode::kBusy, "Cannot obtain a lock on directory " + folder.string() +
                                      ". Cairn is probably already running.");
  }
  return lock;
}

DirectoryLock::~DirectoryLock() {
  if (file_ >= 0) close(file_);
}

Result<PidFile> PidFile::Create(fs::path path) {
  if (path.empty()) return PidFile({});
  std::ofstream file(path, std::ios::trunc);
  file << getpid() << '\n' << std::flush;
  if (!file) {
    const std::string reason = std::error_code(errno, std::generic_category()).message();
    return Fail(ErrorCode::kIo, "Unable to create the PID file '" + path.string() + "': " + reason);
  }
  return PidFile(std::move(path));
}

PidFile::~PidFile() {
  if (path_.empty()) return;
  std::error_code ignored;
  fs::remove(path_, ignored);
}

Result<DataDir> DataDir::Open(const fs::path& root, const fs::path& network_folder,
                              const fs::path& blocks_root) {
  const fs::path network = root / network_folder;
  std::error_code ignored;
  if (!blocks_root.empty() && !fs::is_directory(blocks_root, ignored)) {
    return Invalid("Specified blocks directory \"" + blocks_root.string() + "\" does not exist.");
  }
  if (Status made = MakeFolder(network); !made) return tl::unexpected(made.error());
  Result<DirectoryLock> lock = DirectoryLock::Acquire(network);
  if (!lock) return tl::unexpected(lock.error());

  const fs::path blocks = (blocks_root.empty() ? network : blocks_root / network_folder) / "blocks";
  for (const fs::path& folder :
       {blocks, network / "chainstate", network / "indexes", network / "wallets"}) {
    if (Status made = MakeFolder(folder); !made) return tl::unexpected(made.error());
  }
  return DataDir(network, blocks, std::move(*lock));
}

}  // namespace cairn::node
