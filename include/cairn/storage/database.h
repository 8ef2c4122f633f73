// One LevelDB database with the settings that Cairn trusts: paranoid checks, checksums on every
// read, and what was written with `sync` survives a power cut together with all that came before
// it, whatever a power cut leaves in the files (docs/formats/durability.md). Safe from any thread.
//
// An error names the database, what was tried and, where there is one, the way out. The first
// failed write is the last: every write after it fails with the same reason, so that nothing is
// ever written behind a gap.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "cairn/base/bytes.h"
#include "cairn/base/result.h"

namespace leveldb {
class Snapshot;
}

namespace cairn::storage {

struct DatabaseOptions {
  std::string name = {};                  // in messages; empty: that of the folder
  std::string way_out = {};               // what to do where the files are damaged, for messages
  uint64_t cache_bytes = 8 << 20;         // of uncompressed blocks read
  uint64_t write_buffer_bytes = 4 << 20;  // one table in memory; LevelDB may hold two
  bool bloom_filter = false;              // pays where absent keys are asked for
  uint64_t table_bytes = 2 << 20;         // size of a file before the next is begun
  int max_open_files = 64;
};

/// Changes that take effect together or not at all.
class Batch {
 public:
  Batch();
  ~Batch();
  Batch(Batch&&) noexcept;
  Batch& operator=(Batch&&) noexcept;

  void Put(ByteSpan key, ByteSpan value);
  void Delete(ByteSpan key);
  size_t ApproximateBytes() const;
  bool IsEmpty() const { return count_ == 0; }

 private:
  friend class Database;
  struct Impl;
  std::unique_ptr<Impl> impl_;
  size_t count_ = 0;
};

/// Is shown each key and value in order; false ends the scan. The views are valid during the call
/// only.
using Visitor = std::function<bool(ByteSpan key, ByteSpan value)>;

class Database;

/// A database as it was when the snapshot was taken, whatever is written since. For whole-set
/// reads, from any thread. While it stands, nothing that it sees can be freed on disk. The database
/// must outlive it.
class Snapshot {
 public:
  ~Snapshot();
  Snapshot(const Snapshot&) = delete;
  Snapshot& operator=(const Snapshot&) = delete;

  /// As those of `Database`.
  Result<std::optional<Bytes>> Get(ByteSpan key) const;
  Result<bool> Find(ByteSpan key, std::string& value) const;
  Status Scan(ByteSpan prefix, ByteSpan first, const Visitor& visit) const;

 private:
  friend class Database;
  explicit Snapshot(const Database& database);
  const Database& database_;
  const leveldb::Snapshot* snapshot_;
};

class Database {
 public:
  /// Creates the folder and the database where they are missing. `record` names the format; it is
  /// written into a new database, and one that carries another is refused.
  static Result<std::unique_ptr<Database>> Open(const std::filesystem::path& folder,
                                                const DatabaseOptions& options,
                                                std::string_view format);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  /// Nothing if there is no such key.
  Result<std::optional<Bytes>> Get(ByteSpan key) const;

  /// As `Get`, into a string that the caller can use again and again; false if there is no such
  /// key.
  Result<bool> Find(ByteSpan key, std::string& value) const;

  /// With `sync`, returns only when the batch and all batches before it would survive a power cut.
  Status Write(Batch& batch, bool sync);

  /// Makes all batches written so far durable.
  Status Sync();

  /// Calls `visit` with every key from `first` on that begins with `prefix`, in order, until it
  /// returns false. A consistent snapshot; to go on later, scan again from the key it stopped at.
  Status Scan(ByteSpan prefix, ByteSpan first, const Visitor& visit) const;

  std::unique_ptr<Snapshot> TakeSnapshot() const;

  /// The greatest key that begins with `prefix`; nothing if there is none.
  Result<std::optional<Bytes>> LastKey(ByteSpan prefix) const;

  /// Deletes the keys from `first` to `last`, both included, in batches of bounded size: a failure
  /// or a crash on the way leaves some of them. Their room on disk is freed by `CompactRange`.
  Status DeleteRange(ByteSpan first, ByteSpan last, bool sync);

  /// Rewrites the tables that hold keys from `first` to `last`, so that what was deleted there no
  /// longer takes room. Returns when that is done; reads and writes go on meanwhile.
  Status CompactRange(ByteSpan first, ByteSpan last);

  /// Moves all that was written so far from memory into a table of its own, so that it does not
  /// share one with what is written next. Returns when that is done.
  Status FlushMemory();

  /// Bytes of the files. Counted as they are written: costs nothing to ask.
  uint64_t DiskBytes() const;

  /// Deletes the database in `folder`, open nowhere, in one step: after a crash it is there whole
  /// or not at all. Fine if there is none.
  static Status Destroy(const std::filesystem::path& folder);

 private:
  friend class Snapshot;
  Database();
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace cairn::storage
