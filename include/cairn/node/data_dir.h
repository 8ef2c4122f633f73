// The data directory of one running node: its folders, and the lock that keeps a second node out.
//
//   <root>/<network folder>/.lock  debug.log  .cookie  cairnd.pid  ...
//                           blocks/  chainstate/  indexes/  wallets/
#pragma once

#include <filesystem>
#include <utility>

#include "cairn/base/result.h"

namespace cairn::node {

/// An exclusive lock on a folder, held by an open file in it and gone with the process at the
/// latest.
class DirectoryLock {
 public:
  static Result<DirectoryLock> Acquire(const std::filesystem::path& folder);
  ~DirectoryLock();
  DirectoryLock(DirectoryLock&& other) noexcept : file_(std::exchange(other.file_, -1)) {}
  DirectoryLock& operator=(DirectoryLock&& other) noexcept {
    std::swap(file_, other.file_);
    return *this;
  }

 private:
  explicit DirectoryLock(int file) : file_(file) {}
  int file_;
};

/// A file with the process number, removed again when destroyed.
class PidFile {
 public:
  /// The empty path makes no file.
  static Result<PidFile> Create(std::filesystem::path path);
  ~PidFile();
  PidFile(PidFile&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  PidFile& operator=(PidFile&& other) noexcept {
    std::swap(path_, other.path_);
    return *this;
  }

 private:
  explicit PidFile(std::filesystem::path path) : path_(std::move(path)) {}
  std::filesystem::path path_;  // empty for none
};

class DataDir {
 public:
  /// Makes the folders that are missing and locks them. `blocks_root` is -blocksdir; empty for the
  /// usual place. The text of an error is fit to be shown after "Error: ".
  static Result<DataDir> Open(const std::filesystem::path& root,
                              const std::filesystem::path& network_folder,
                              const std::filesystem::path& blocks_root = {});

  const std::filesystem::path& network() const { return network_; }
  const std::filesystem::path& blocks() const { return blocks_; }
  std::filesystem::path chainstate() const { return network_ / "chainstate"; }
  std::filesystem::path indexes() const { return network_ / "indexes"; }

 private:
  DataDir(std::filesystem::path network, std::filesystem::path blocks, DirectoryLock lock)
      : network_(std::move(network)), blocks_(std::move(blocks)), lock_(std::move(lock)) {}

  std::filesystem::path network_;
  std::filesystem::path blocks_;
  DirectoryLock lock_;
};

}  // namespace cairn::node
