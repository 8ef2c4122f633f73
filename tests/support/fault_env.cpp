#include "tests/support/fault_env.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "cairn/base/assert.h"

namespace cairn::test {
namespace {

using leveldb::Status;

Status Failure(const std::string& path, const char* why) { return Status::IOError(path, why); }

std::string FolderOf(const std::string& path) {
  return std::filesystem::path(path).parent_path().string();
}

bool IsIn(const std::string& path, const std::string& folder) {
  return path.size() > folder.size() + 1 && path.starts_with(folder) && path[folder.size()] == '/';
}

/// Reads from the start on.
class SequentialReader final : public leveldb::SequentialFile {
 public:
  explicit SequentialReader(std::string data) : data_(std::move(data)) {}

  Status Read(size_t size, leveldb::Slice* result, char* room) override {
    size = std::min(size, data_.size() - at_);
    std::memcpy(room, data_.data() + at_, size);
    *result = leveldb::Slice(room, size);
    at_ += size;
    return {};
  }
  Status Skip(uint64_t count) override {
    at_ = std::min<uint64_t>(at_ + count, data_.size());
    return {};
  }

 private:
  const std::string data_;
  size_t at_ = 0;
};

/// Reads anywhere. LevelDB reads so from tables alone, which are complete by then.
class RandomReader final : public leveldb::RandomAccessFile {
 public:
  explicit RandomReader(std::string data) : data_(std::move(data)) {}

  Status Read(uint64_t offset, size_t size, leveldb::Slice* result, char* room) const override {
    offset = std::min<uint64_t>(offset, data_.size());
    size = std::min<uint64_t>(size, data_.size() - offset);
    std::memcpy(room, data_.data() + offset, size);
    *result = leveldb::Slice(room, size);
    return {};
  }

 private:
  const std::string data_;
};

/// Of the bytes behind the first `synced`, what a disk might have when the power goes.
void LoseTail(std::string& data, size_t synced, std::mt19937_64& random) {
  constexpr size_t kSector = 512;
  if (data.size() == synced) return;
  const size_t cut = synced + random() % (data.size() - synced + 1);
  const auto garbage = [&](char& byte) { byte = static_cast<char>(random()); };
  switch (random() % 7) {
    case 0:  // everything arrived
      break;
    case 1:  // nothing
      data.resize(synced);
      break;
    case 2:  // the beginning
      data.resize(cut);
      break;
    case 3:  // the length, but not the end of the content
      std::fill(data.begin() + static_cast<std::ptrdiff_t>(cut), data.end(), '\0');
      break;
    case 4:
      std::for_each(data.begin() + static_cast<std::ptrdiff_t>(cut), data.end(), garbage);
      break;
    case 5:  // the beginning, and a piece of what had been there on the disk
      data.resize(cut);
      for (size_t left = random() % 3000; left > 0; --left) {
        data.push_back(static_cast<char>(random()));
      }
      break;
    default:  // some sectors and not others
      for (size_t at = synced; at < data.size(); at = (at / kSector + 1) * kSector) {
        const size_t end = std::min(data.size(), (at / kSector + 1) * kSector);
        if (random() % 2 == 0) std::memset(&data[at], 0, end - at);
      }
  }
}

}  // namespace

class FaultEnv::Writer final : public leveldb::WritableFile {
 public:
  Writer(FaultEnv& env, std::string path, NodePtr node)
      : env_(env), path_(std::move(path)), node_(std::move(node)) {}

  Status Append(const leveldb::Slice& data) override { return env_.AppendTo(path_, *node_, data); }
  Status Sync() override { return env_.SyncFile(path_, *node_); }
  Status Flush() override { return {}; }
  Status Close() override { return {}; }

 private:
  FaultEnv& env_;
  const std::string path_;
  const NodePtr node_;
};

class FaultEnv::Lock final : public leveldb::FileLock {
 public:
  explicit Lock(std::string held) : path(std::move(held)) {}
  const std::string path;
};

FaultEnv::FaultEnv() : EnvWrapper(leveldb::Env::Default()) {
  CAIRN_ASSERT(storage::BaseEnv() == leveldb::Env::Default());
  storage::ReplaceBaseEnv(this);
}

FaultEnv::~FaultEnv() { storage::ReplaceBaseEnv(nullptr); }

void FaultEnv::PlanFor(std::string part, Fault fault, uint64_t at) {
  const base::MutexLock lock(mutex_);
  part_ = std::move(part);
  fault_ = fault;
  strike_at_ = at;
  steps_ = 0;
  struck_ = false;
}

void FaultEnv::LimitSpace(uint64_t bytes) {
  const base::MutexLock lock(mutex_);
  space_ = bytes;
}

uint64_t FaultEnv::steps() const {
  const base::MutexLock lock(mutex_);
  return steps_;
}

bool FaultEnv::struck() const {
  const base::MutexLock lock(mutex_);
  return struck_;
}

uint64_t FaultEnv::syncs() const {
  const base::MutexLock lock(mutex_);
  return syncs_;
}

void FaultEnv::Apply(const NameChange& change, Names& names) {
  if (!change.from.empty()) names.erase(change.from);
  if (change.node == nullptr) {
    names.erase(change.path);
  } else {
    names[change.path] = change.node;
  }
}

void FaultEnv::Reset() {
  part_.clear();
  fault_ = Fault::kNone;
  steps_ = 0;
  space_ = UINT64_MAX;
  struck_ = false;
  off_ = false;
  locks_.clear();
}

void FaultEnv::LosePower(uint64_t seed) {
  const base::MutexLock lock(mutex_);
  std::mt19937_64 random(seed);
  const uint64_t manner = random() % 4;
  const size_t prefix = changes_.empty() ? 0 : random() % (changes_.size() + 1);
  for (size_t i = 0; i < changes_.size(); ++i) {
    const bool kept = manner == 0   ? false
                      : manner == 1 ? true
                      : manner == 2 ? i < prefix
                                    : random() % 2 == 0;
    if (kept) Apply(changes_[i], durable_);
  }
  changes_.clear();
  names_.clear();
  // Copies: a file that is still open somewhere must not reach into what comes after.
  std::map<NodePtr, NodePtr> copies;
  for (auto& [path, node] : durable_) {
    NodePtr& copy = copies[node];
    if (copy == nullptr) {
      copy = std::make_shared<Node>(*node);
      LoseTail(copy->data, copy->synced, random);
      copy->synced = copy->data.size();
    }
    node = copy;
  }
  names_ = durable_;
  Reset();
}

void FaultEnv::Kill() {
  const base::MutexLock lock(mutex_);
  Reset();
}

void FaultEnv::Clear() {
  const base::MutexLock lock(mutex_);
  names_.clear();
  durable_.clear();
  changes_.clear();
  folders_.clear();
  Reset();
}

std::vector<std::string> FaultEnv::Files(const std::string& part) const {
  const base::MutexLock lock(mutex_);
  std::vector<std::string> paths;
  for (const auto& [path, node] : names_) {
    if (path.find(part) != std::string::npos) paths.push_back(path);
  }
  return paths;
}

std::string FaultEnv::Content(const std::string& path) const {
  const base::MutexLock lock(mutex_);
  return names_.at(path)->data;
}

void FaultEnv::Change(const std::string& path, std::string content) {
  const base::MutexLock lock(mutex_);
  const auto node = std::make_shared<Node>();
  node->synced = content.size();
  node->data = std::move(content);
  names_[path] = durable_[path] = node;
}

std::map<std::string, std::string> FaultEnv::Save() const {
  const base::MutexLock lock(mutex_);
  std::map<std::string, std::string> files;
  for (const auto& [path, node] : names_) files[path] = node->data;
  return files;
}

void FaultEnv::Restore(const std::map<std::string, std::string>& files) {
  Clear();
  for (const auto& [path, content] : files) {
    Change(path, content);
    const base::MutexLock lock(mutex_);
    for (std::string folder = FolderOf(path); folder.size() > 1; folder = FolderOf(folder)) {
      folders_.insert(folder);
    }
  }
}

Status FaultEnv::Step(const std::string& path) {
  if (off_) return Failure(path, "the power is off");
  if (!part_.empty() && path.find(part_) == std::string::npos) return {};
  const bool strikes = fault_ != Fault::kNone && steps_ == strike_at_;
  ++steps_;
  if (!strikes) return {};
  struck_ = true;
  off_ = fault_ == Fault::kPowerCut;
  return Failure(path, off_ ? "the power went" : "injected fault");
}

uint64_t FaultEnv::SizeOfAll() const {
  uint64_t total = 0;
  for (const auto& [path, node] : names_) total += node->data.size();
  return total;
}

Status FaultEnv::AppendTo(const std::string& path, Node& node, const leveldb::Slice& data) {
  const base::MutexLock lock(mutex_);
  const bool was_off = off_;
  Status status = Step(path);
  size_t written = data.size();
  if (!status.ok()) {
    // What was on its way when the power went may have arrived in part; no more than that.
    const bool in_part = !was_off && fault_ != Fault::kFail;
    written = in_part ? data.size() / 2 : 0;
  } else if (space_ != UINT64_MAX) {
    const uint64_t used = SizeOfAll();
    const uint64_t room = space_ > used ? space_ - used : 0;
    if (room < data.size()) {
      written = room;
      status = Failure(path, std::strerror(ENOSPC));
    }
  }
  node.data.append(data.data(), written);
  return status;
}

Status FaultEnv::SyncFile(const std::string& path, Node& node) {
  const base::MutexLock lock(mutex_);
  Status status = Step(path);
  if (!status.ok()) return status;
  ++syncs_;
  if (path.find("/MANIFEST") != std::string::npos) MakeNamesDurable(FolderOf(path));
  node.synced = node.data.size();
  return status;
}

void FaultEnv::MakeNamesDurable(const std::string& folder) {
  std::vector<NameChange> rest;
  for (NameChange& change : changes_) {
    if (FolderOf(change.path) == folder) {
      Apply(change, durable_);
    } else {
      rest.push_back(std::move(change));
    }
  }
  changes_ = std::move(rest);
}

Status FaultEnv::SyncFolder(const std::string& folder) {
  const base::MutexLock lock(mutex_);
  Status status = Step(folder + "/");
  if (!status.ok()) return status;
  ++syncs_;
  MakeNamesDurable(folder);
  return status;
}

Status FaultEnv::Find(const std::string& path, NodePtr* node) const {
  if (off_) return Failure(path, "the power is off");
  const auto found = names_.find(path);
  if (found == names_.end()) return Status::NotFound(path, std::strerror(ENOENT));
  *node = found->second;
  return {};
}

Status FaultEnv::NewSequentialFile(const std::string& path, leveldb::SequentialFile** file) {
  const base::MutexLock lock(mutex_);
  NodePtr node;
  *file = nullptr;
  Status status = Find(path, &node);
  if (status.ok()) *file = new SequentialReader(node->data);
  return status;
}

Status FaultEnv::NewRandomAccessFile(const std::string& path, leveldb::RandomAccessFile** file) {
  const base::MutexLock lock(mutex_);
  NodePtr node;
  *file = nullptr;
  Status status = Find(path, &node);
  if (status.ok()) *file = new RandomReader(node->data);
  return status;
}

Status FaultEnv::OpenToWrite(const std::string& path, bool append, leveldb::WritableFile** file) {
  const base::MutexLock lock(mutex_);
  *file = nullptr;
  Status status = Step(path);
  if (!status.ok()) return status;
  const auto found = names_.find(path);
  if (append && found != names_.end()) {
    *file = new Writer(*this, path, found->second);
    return status;
  }
  const auto node = std::make_shared<Node>();
  changes_.push_back({path, node, ""});
  Apply(changes_.back(), names_);
  *file = new Writer(*this, path, node);
  return status;
}

Status FaultEnv::NewWritableFile(const std::string& path, leveldb::WritableFile** file) {
  return OpenToWrite(path, false, file);
}

Status FaultEnv::NewAppendableFile(const std::string& path, leveldb::WritableFile** file) {
  return OpenToWrite(path, true, file);
}

bool FaultEnv::FileExists(const std::string& path) {
  const base::MutexLock lock(mutex_);
  if (names_.contains(path) || folders_.contains(path) || path == "/" || path == ".") return true;
  // A folder is where there is something in it: files that came back bring theirs along.
  const auto inside = names_.lower_bound(path + "/");
  return inside != names_.end() && IsIn(inside->first, path);
}

Status FaultEnv::GetChildren(const std::string& folder, std::vector<std::string>* children) {
  const base::MutexLock lock(mutex_);
  children->clear();
  if (off_) return Failure(folder, "the power is off");
  for (const auto& [path, node] : names_) {
    if (FolderOf(path) == folder) children->push_back(path.substr(folder.size() + 1));
  }
  if (children->empty() && !folders_.contains(folder)) return Status::NotFound(folder, "no folder");
  return {};
}

Status FaultEnv::RemoveFile(const std::string& path) {
  const base::MutexLock lock(mutex_);
  Status status = Step(path);
  if (!status.ok()) return status;
  if (!names_.contains(path)) return Status::NotFound(path, std::strerror(ENOENT));
  changes_.push_back({path, nullptr, ""});
  Apply(changes_.back(), names_);
  return status;
}

Status FaultEnv::CreateDir(const std::string& folder) {
  const base::MutexLock lock(mutex_);
  if (off_) return Failure(folder, "the power is off");
  folders_.insert(folder);
  return {};
}

Status FaultEnv::RemoveDir(const std::string& folder) {
  const base::MutexLock lock(mutex_);
  if (off_) return Failure(folder, "the power is off");
  folders_.erase(folder);
  return {};
}

Status FaultEnv::GetFileSize(const std::string& path, uint64_t* size) {
  const base::MutexLock lock(mutex_);
  NodePtr node;
  *size = 0;
  Status status = Find(path, &node);
  if (status.ok()) *size = node->data.size();
  return status;
}

Status FaultEnv::RenameFile(const std::string& from, const std::string& to) {
  const base::MutexLock lock(mutex_);
  Status status = Step(to);
  if (!status.ok()) return status;
  if (folders_.contains(from)) {  // a whole folder, at once durable
    for (Names* names : {&names_, &durable_}) {
      Names moved;
      for (const auto& [path, node] : *names) {
        moved[IsIn(path, from) ? to + path.substr(from.size()) : path] = node;
      }
      *names = std::move(moved);
    }
    std::erase_if(changes_, [&](const NameChange& change) { return IsIn(change.path, from); });
    folders_.erase(from);
    folders_.insert(to);
    return status;
  }
  const auto found = names_.find(from);
  if (found == names_.end()) return Status::NotFound(from, std::strerror(ENOENT));
  changes_.push_back({to, found->second, from});
  Apply(changes_.back(), names_);
  return status;
}

Status FaultEnv::LockFile(const std::string& path, leveldb::FileLock** lock) {
  const base::MutexLock held(mutex_);
  *lock = nullptr;
  if (off_) return Failure(path, "the power is off");
  if (!locks_.insert(path).second) return Failure(path, "already held by process");
  *lock = new Lock(path);
  return {};
}

Status FaultEnv::UnlockFile(leveldb::FileLock* lock) {
  const base::MutexLock held(mutex_);
  const std::unique_ptr<Lock> owned(static_cast<Lock*>(lock));
  locks_.erase(owned->path);
  return {};
}

}  // namespace cairn::test
