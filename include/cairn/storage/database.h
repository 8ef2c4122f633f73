// One LevelDB database with the settings that Cairn trusts: paranoid checks, checksums on every
// read, logs synced before they are rotated away. Safe from any thread.
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

namespace cairn::storage {

struct DatabaseOptions {
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

  /// With `sync`, returns only when the batch and all batches before it would survive a power cut.
  Status Write(Batch& batch, bool sync);

  /// Calls `visit` with every key from `first` on that begins with `prefix`, in order, until it
  /// returns false. A consistent snapshot; views are valid during the call only.
  Status Scan(ByteSpan prefix, ByteSpan first,
              const std::function<bool(ByteSpan key, ByteSpan value)>& visit) const;

  /// The greatest key that begins with `prefix`; nothing if there is none.
  Result<std::optional<Bytes>> LastKey(ByteSpan prefix) const;

  /// Bytes of the files.
  uint64_t DiskBytes() const;

 private:
  Database();
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace cairn::storage
