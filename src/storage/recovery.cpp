#include "src/storage/recovery.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <string_view>
#include <vector>

#include "cairn/base/log.h"
#include "src/storage/folder_sync.h"
#include "src/storage/log_format.h"

namespace cairn::storage {
namespace {

using leveldb::Status;

/// The number in a name such as `000012.log`; 0 if it is no such name.
uint64_t NumberIn(std::string_view name, std::string_view prefix, std::string_view suffix) {
  if (!name.starts_with(prefix) || !name.ends_with(suffix)) return 0;
  name.remove_prefix(prefix.size());
  if (name.size() <= suffix.size()) return 0;
  name.remove_suffix(suffix.size());
  uint64_t number = 0;
  const auto [end, failed] = std::from_chars(name.data(), name.data() + name.size(), number);
  return failed == std::errc() && end == name.data() + name.size() ? number : 0;
}

std::string NumberedName(uint64_t number, const char* form) {
  char name[40];
  std::snprintf(name, sizeof name, form, static_cast<unsigned long long>(number));
  return name;
}

Status Damaged(const std::string& file, const LogExtent& extent, uint64_t synced) {
  return Status::Corruption(file, "damaged at byte " + std::to_string(extent.whole) +
                                      ", although " + std::to_string(synced) +
                                      " bytes of it were made durable");
}

class Recovery {
 public:
  Recovery(leveldb::Env& env, const std::string& folder, SyncedMarks& marks)
      : env_(env), folder_(folder), marks_(marks) {}

  Status Run() {
    if (!env_.FileExists(PathOf("CURRENT"))) return CheckNothingIsLost();
    Status status = RecoverManifest();
    if (status.ok()) status = RecoverLogs();
    return status;
  }

  /// Without SYNCED, LevelDB's own checks must do. What they let pass today counts as durable
  /// later.
  Status RunWithoutMarks() {
    if (!env_.FileExists(PathOf("CURRENT"))) return {};
    LOG_WARNING("{}: SYNCED is missing or damaged", folder_);
    std::string current;
    LogExtent extent;
    Status status = leveldb::ReadFileToString(&env_, PathOf("CURRENT"), &current);
    const uint64_t number = NumberIn(current, "MANIFEST-", "\n");
    if (!status.ok() || number == 0) return status;
    status = MeasureLog(
        env_, PathOf(current.substr(0, current.size() - 1)), [](ByteSpan) {}, &extent);
    if (status.ok()) marks_.manifests.Advance({number, extent.whole});
    return {};
  }

 private:
  std::string PathOf(const std::string& name) const { return folder_ + "/" + name; }

  /// LevelDB makes a new database where there is no CURRENT, and a power cut in the midst of making
  /// one leaves none: but not if there has been something in it.
  Status CheckNothingIsLost() {
    if (marks_.logs.newest.bytes > 0) return Status::Corruption(PathOf("CURRENT"), "missing");
    marks_ = {};
    return {};
  }

  Status RecoverManifest() {
    std::string current;
    Status status = leveldb::ReadFileToString(&env_, PathOf("CURRENT"), &current);
    if (!status.ok()) return status;
    const uint64_t number = NumberIn(current, "MANIFEST-", "\n");
    const uint64_t synced = marks_.manifests.BytesOf(number);
    if (number == 0 || synced == 0) {
      return Status::Corruption(PathOf("CURRENT"), "names no manifest that was made durable");
    }
    const std::string name = current.substr(0, current.size() - 1);
    bool understood = true;
    LogExtent extent;
    status = MeasureLog(
        env_, PathOf(name),
        [&](ByteSpan record) { understood = understood && log_numbers_.Take(record); }, &extent);
    // LevelDB deletes a manifest once CURRENT names the next one: durable it was, but is no more.
    if (status.IsNotFound()) {
      return Status::Corruption(PathOf("CURRENT"), "names " + name + ", which is missing");
    }
    if (!status.ok()) return status;
    if (extent.whole < synced) return Damaged(PathOf(name), extent, synced);
    if (!understood) return Status::Corruption(PathOf(name), "has a record that is no edit");
    // A newer manifest that CURRENT never came to name is forgotten.
    marks_.manifests = {};
    marks_.manifests.Advance({number, synced});
    return extent.IsClean() ? Status() : CutOff(name, extent);
  }

  Status RecoverLogs() {
    std::vector<std::string> names;
    Status status = env_.GetChildren(folder_, &names);
    if (!status.ok()) return status;
    std::vector<uint64_t> logs;
    for (const std::string& name : names) {
      const uint64_t number = NumberIn(name, "", ".log");
      if (number != 0 && log_numbers_.IsLive(number)) logs.push_back(number);
    }
    std::sort(logs.begin(), logs.end());
    for (const FileMark& mark : {marks_.logs.older, marks_.logs.newest}) {
      if (mark.number == 0 || !log_numbers_.IsLive(mark.number)) continue;
      if (!std::binary_search(logs.begin(), logs.end(), mark.number)) {
        return Status::Corruption(PathOf(NumberedName(mark.number, "%06llu.log")), "missing");
      }
    }
    for (const uint64_t number : logs) {
      status = RecoverLog(number);
      if (!status.ok()) return status;
    }
    return {};
  }

  Status RecoverLog(uint64_t number) {
    const std::string name = NumberedName(number, "%06llu.log");
    const uint64_t synced = marks_.logs.BytesOf(number);
    LogExtent extent;
    Status status = MeasureLog(
        env_, PathOf(name), [](ByteSpan) {}, &extent);
    if (!status.ok()) return status;
    // What follows a gap is not to be: the gap may have held what it builds upon.
    if (gap_) extent.whole = 0;
    if (extent.whole < synced) return Damaged(PathOf(name), extent, synced);
    if (extent.IsClean()) return {};
    gap_ = true;
    return CutOff(name, extent);
  }

  /// Puts the good part of a file in the place of the file.
  Status CutOff(const std::string& name, const LogExtent& extent) {
    LOG_WARNING("{}: {} bytes at the end were not whole, and never reported as durable: cut off",
                PathOf(name), extent.size - extent.whole);
    leveldb::SequentialFile* opened = nullptr;
    Status status = env_.NewSequentialFile(PathOf(name), &opened);
    if (!status.ok()) return status;
    const std::unique_ptr<leveldb::SequentialFile> source(opened);
    // Named so that LevelDB removes what a power cut leaves of it.
    const std::string next = PathOf(name.substr(0, name.find('.')) + ".dbtmp");
    leveldb::WritableFile* created = nullptr;
    status = env_.NewWritableFile(next, &created);
    if (!status.ok()) return status;
    const std::unique_ptr<leveldb::WritableFile> copy(created);
    std::string room(64 << 10, '\0');
    for (uint64_t left = extent.whole; left > 0 && status.ok();) {
      leveldb::Slice got;
      status = source->Read(std::min<uint64_t>(left, room.size()), &got, room.data());
      if (status.ok() && got.empty()) return Status::IOError(PathOf(name), "shorter than it was");
      if (status.ok()) status = copy->Append(got);
      left -= got.size();
    }
    if (status.ok()) status = copy->Sync();
    if (status.ok()) status = copy->Close();
    if (status.ok()) status = env_.RenameFile(next, PathOf(name));
    if (status.ok()) status = SyncFolder(env_, folder_);
    return status;
  }

  leveldb::Env& env_;
  const std::string& folder_;
  SyncedMarks& marks_;
  LogNumberReader log_numbers_;
  bool gap_ = false;
};

}  // namespace

Status PrepareForOpening(leveldb::Env& env, const std::string& folder, SyncedMarks* marks) {
  std::optional<SyncedMarks> found;
  const Status read = ReadSyncedMarks(env, folder, &found);
  if (!read.ok()) return read;
  *marks = found.value_or(SyncedMarks());
  Recovery recovery(env, folder, *marks);
  return found ? recovery.Run() : recovery.RunWithoutMarks();
}

}  // namespace cairn::storage
