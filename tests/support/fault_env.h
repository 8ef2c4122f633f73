// Files in memory that fail, tear and lose power on command, beneath every database of the process.
//
// What it is for. A store must come through anything that a machine can do to it in the middle of a
// write. This environment does all of it, again and again, from a number, in milliseconds: it takes
// the place of the machine's files under LevelDB, counts what is done to them, and at a chosen
// point lets one step fail, tears it, or cuts the power. After a power cut it gives back what a
// disk might hold then, which is a different thing for every seed.
//
// How to use it.
//
//   test::FaultEnv env;                          // from here on databases live in it
//   RunTheWorkload();                            // once without a fault, to count the steps
//   const uint64_t steps = env.steps();
//   for (uint64_t at = 0; at < steps; ++at) {
//     env.Clear();                               // empty files, no plan, counted from 0
//     env.Plan(FaultEnv::Fault::kPowerCut, at);  // or kFail, kTear
//     RunTheWorkload();                          // it ends with the first error; note what it was
//                                                // told is durable; close every database
//     env.LosePower(seed);                       // or env.Kill() for a process that died alone
//     OpenAgainAndCheck();                       // what was promised is there, and it all fits
//   }
//
// There may be one at a time. Databases opened while it stands must be closed before it goes, and
// before `Clear`, `LosePower`, `Kill`, `Files` or `Change`. Paths need not exist on the real disk.
// A whole ledger can run on it: nothing else of a store touches files.
//
// What counts as a step: each append to a file, each sync of a file or a folder, each creation,
// rename and removal of a file. LevelDB's compactions run in the background, so the same number
// may meet another step in the next run; over all numbers every kind of step is met. With
// `PlanFor`, only steps on files whose name contains a text are counted and struck.
//
// The faults.
// - kFail: the step does nothing and gives an I/O error. Later steps work, as with a disk that had
//   a bad moment: the store must remember by itself not to trust what it has.
// - kTear: the same, but a part of what was to be appended is in the file.
// - kPowerCut: this and every later step fails, reading included, until `LosePower`.
// `LimitSpace` is the full disk: appends beyond it are torn where the room ends, with ENOSPC.
//
// What a power cut leaves (`LosePower`). Of each file: all that was synced, for ever. Of the rest,
// whatever the disk happened to have written: all, nothing, a part, zeroes or garbage where the
// tail should be, some blocks of 512 bytes and not others. Of the names: what was made durable by a
// sync of the folder (or of a manifest, as LevelDB does it on a real disk). Of the later creations,
// renames and removals any subset, in their order. A name whose rename was lost names the old
// file, with the old content; a file that was removed may be back.
//
// `Kill` is the easy case, kill -9: everything written stays as it is.
//
// `Change` gives the content of a file to be damaged. It counts as synced.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <leveldb/env.h>

#include "cairn/base/mutex.h"
#include "cairn/storage/base_env.h"

namespace cairn::test {

class FaultEnv final : public leveldb::EnvWrapper, public storage::FolderSync {
 public:
  enum class Fault { kNone, kFail, kTear, kPowerCut };

  /// Takes the place of the machine's files until it goes.
  FaultEnv();
  ~FaultEnv() override;

  /// Strikes at step number `at`, counted from the last `Plan`, `PlanFor` or `Clear`.
  void Plan(Fault fault, uint64_t at) { PlanFor("", fault, at); }
  /// Counts and strikes only steps on files whose path contains `part`.
  void PlanFor(std::string part, Fault fault, uint64_t at);
  /// No file may grow once all together have so many bytes.
  void LimitSpace(uint64_t bytes);

  /// Steps counted so far, and whether the plan has struck.
  uint64_t steps() const;
  bool struck() const;
  /// Syncs of files and folders so far, which no plan resets.
  uint64_t syncs() const;

  /// Leaves what a power cut might, and ends all faults. The same seed leaves the same.
  void LosePower(uint64_t seed);
  /// Leaves everything as written, and ends all faults.
  void Kill();
  /// Deletes everything, and ends all faults.
  void Clear();

  /// The paths of all files whose path contains `part`, in order.
  std::vector<std::string> Files(const std::string& part = "") const;
  /// The content of a file, to be read or damaged.
  std::string Content(const std::string& path) const;
  void Change(const std::string& path, std::string content);
  /// All files with their content; putting them back makes all of it durable.
  std::map<std::string, std::string> Save() const;
  void Restore(const std::map<std::string, std::string>& files);

  leveldb::Status NewSequentialFile(const std::string&, leveldb::SequentialFile**) override;
  leveldb::Status NewRandomAccessFile(const std::string&, leveldb::RandomAccessFile**) override;
  leveldb::Status NewWritableFile(const std::string&, leveldb::WritableFile**) override;
  leveldb::Status NewAppendableFile(const std::string&, leveldb::WritableFile**) override;
  bool FileExists(const std::string& path) override;
  leveldb::Status GetChildren(const std::string& folder, std::vector<std::string>*) override;
  leveldb::Status RemoveFile(const std::string& path) override;
  leveldb::Status CreateDir(const std::string& folder) override;
  leveldb::Status RemoveDir(const std::string& folder) override;
  leveldb::Status GetFileSize(const std::string& path, uint64_t* size) override;
  leveldb::Status RenameFile(const std::string& from, const std::string& to) override;
  leveldb::Status LockFile(const std::string& path, leveldb::FileLock** lock) override;
  leveldb::Status UnlockFile(leveldb::FileLock* lock) override;
  leveldb::Status SyncFolder(const std::string& folder) override;

 private:
  class Writer;
  class Lock;
  /// The bytes of a file, which may have several names or none.
  struct Node {
    std::string data;
    size_t synced = 0;  // so many of them are durable
  };
  using NodePtr = std::shared_ptr<Node>;
  using Names = std::map<std::string, NodePtr>;
  /// A change of names that no sync has made durable yet.
  struct NameChange {
    std::string path;
    NodePtr node;      // null: the name was removed
    std::string from;  // of a rename: the name that went
  };

  static void Apply(const NameChange& change, Names& names);
  /// What the plan has for this step; its error, or OK.
  leveldb::Status Step(const std::string& path) CAIRN_REQUIRES(mutex_);
  leveldb::Status AppendTo(const std::string& path, Node& node, const leveldb::Slice& data);
  leveldb::Status SyncFile(const std::string& path, Node& node);
  leveldb::Status OpenToWrite(const std::string& path, bool append, leveldb::WritableFile** file);
  leveldb::Status Find(const std::string& path, NodePtr* node) const CAIRN_REQUIRES(mutex_);
  void MakeNamesDurable(const std::string& folder) CAIRN_REQUIRES(mutex_);
  void Reset() CAIRN_REQUIRES(mutex_);
  uint64_t SizeOfAll() const CAIRN_REQUIRES(mutex_);

  mutable base::Mutex mutex_;
  Names names_ CAIRN_GUARDED_BY(mutex_);
  Names durable_ CAIRN_GUARDED_BY(mutex_);
  std::vector<NameChange> changes_ CAIRN_GUARDED_BY(mutex_);
  std::set<std::string> folders_ CAIRN_GUARDED_BY(mutex_);
  std::set<std::string> locks_ CAIRN_GUARDED_BY(mutex_);

  std::string part_ CAIRN_GUARDED_BY(mutex_);
  Fault fault_ CAIRN_GUARDED_BY(mutex_) = Fault::kNone;
  uint64_t strike_at_ CAIRN_GUARDED_BY(mutex_) = 0;
  uint64_t steps_ CAIRN_GUARDED_BY(mutex_) = 0;
  uint64_t syncs_ CAIRN_GUARDED_BY(mutex_) = 0;
  uint64_t space_ CAIRN_GUARDED_BY(mutex_) = UINT64_MAX;
  bool struck_ CAIRN_GUARDED_BY(mutex_) = false;
  bool off_ CAIRN_GUARDED_BY(mutex_) = false;
};

}  // namespace cairn::test
