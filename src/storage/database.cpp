#include "cairn/storage/database.h"

#include <system_error>
#include <utility>

#include <leveldb/cache.h>
#include <leveldb/db.h>
#include <leveldb/env.h>
#include <leveldb/filter_policy.h>
#include <leveldb/write_batch.h>

#include "cairn/base/log.h"
#include "src/storage/syncing_env.h"

namespace cairn::storage {
namespace {

constexpr int kBloomBitsPerKey = 10;
// Sorts before every other key of every table.
constexpr std::string_view kFormatKey("\0format", 7);

leveldb::Slice AsSlice(ByteSpan bytes) {
  if (bytes.empty()) return {};  // LevelDB compares from the pointer, which may be null here
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

ByteSpan AsSpan(const leveldb::Slice& slice) {
  return {reinterpret_cast<const uint8_t*>(slice.data()), slice.size()};
}

Error ToError(const leveldb::Status& status, const std::string& what) {
  const ErrorCode code = status.IsCorruption() ? ErrorCode::kCorruption : ErrorCode::kIo;
  return Error{code, what + ": " + status.ToString()};
}

/// Sends LevelDB's own messages to our log.
class LogBridge final : public leveldb::Logger {
 public:
  void Logv(const char* format, std::va_list arguments) override {
    if (!log::IsEnabled(log::kLevelDb)) return;
    char line[1024];
    vsnprintf(line, sizeof line, format, arguments);
    log::Write(log::Level::kDebug, log::kLevelDb, {__FILE__, __LINE__, __func__}, line);
  }
};

}  // namespace

struct Batch::Impl {
  leveldb::WriteBatch batch;
};

Batch::Batch() : impl_(std::make_unique<Impl>()) {}
Batch::~Batch() = default;
Batch::Batch(Batch&&) noexcept = default;
Batch& Batch::operator=(Batch&&) noexcept = default;

void Batch::Put(ByteSpan key, ByteSpan value) {
  impl_->batch.Put(AsSlice(key), AsSlice(value));
  ++count_;
}

void Batch::Delete(ByteSpan key) {
  impl_->batch.Delete(AsSlice(key));
  ++count_;
}

size_t Batch::ApproximateBytes() const { return impl_->batch.ApproximateSize(); }

/// Members in the order in which LevelDB needs them alive.
struct Database::Impl {
  std::string name;
  std::filesystem::path folder;
  LogBridge logger;
  std::unique_ptr<leveldb::Env> env;
  std::unique_ptr<leveldb::Cache> cache;
  std::unique_ptr<const leveldb::FilterPolicy> filter;
  std::unique_ptr<leveldb::DB> db;

  leveldb::Options MakeOptions(const DatabaseOptions& options) {
    env = MakeSyncingEnv(leveldb::Env::Default(), folder.string());
    cache.reset(leveldb::NewLRUCache(options.cache_bytes));
    if (options.bloom_filter) filter.reset(leveldb::NewBloomFilterPolicy(kBloomBitsPerKey));
    leveldb::Options result;
    result.create_if_missing = true;
    // Without it, 26 of 43 flipped table bytes gave wrong values silently.
    result.paranoid_checks = true;
    result.env = env.get();
    result.info_log = &logger;
    result.block_cache = cache.get();
    result.filter_policy = filter.get();
    result.write_buffer_size = options.write_buffer_bytes;
    result.max_open_files = options.max_open_files;
    result.max_file_size = options.table_bytes;
    result.compression = leveldb::kNoCompression;
    return result;
  }

  static leveldb::ReadOptions Reading(const leveldb::Snapshot* snapshot = nullptr) {
    leveldb::ReadOptions options;
    options.verify_checksums = true;
    options.snapshot = snapshot;
    return options;
  }

  Result<bool> Find(const leveldb::ReadOptions& options, ByteSpan key, std::string& value) const {
    const leveldb::Status status = db->Get(options, AsSlice(key), &value);
    if (status.IsNotFound()) return false;
    if (!status.ok()) return tl::unexpected(ToError(status, "cannot read from " + name));
    return true;
  }

  Result<std::optional<Bytes>> Get(const leveldb::ReadOptions& options, ByteSpan key) const {
    std::string value;
    const auto found = Find(options, key, value);
    if (!found) return tl::unexpected(found.error());
    if (!*found) return std::nullopt;
    const ByteSpan bytes = AsBytes(value);
    return Bytes(bytes.begin(), bytes.end());
  }

  Status Scan(leveldb::ReadOptions options, ByteSpan prefix, ByteSpan first,
              const Visitor& visit) const {
    options.fill_cache = false;
    const std::unique_ptr<leveldb::Iterator> at(db->NewIterator(options));
    for (at->Seek(AsSlice(first)); at->Valid() && at->key().starts_with(AsSlice(prefix));
         at->Next()) {
      if (!visit(AsSpan(at->key()), AsSpan(at->value()))) break;
    }
    if (at->status().ok()) return {};
    return tl::unexpected(ToError(at->status(), "cannot read from " + name));
  }
};

Database::Database() : impl_(std::make_unique<Impl>()) {}
Database::~Database() = default;

Result<std::unique_ptr<Database>> Database::Open(const std::filesystem::path& folder,
                                                 const DatabaseOptions& options,
                                                 std::string_view format) {
  std::error_code failed;
  std::filesystem::create_directories(folder, failed);
  if (failed)
    return Fail(ErrorCode::kIo, "cannot create " + folder.string() + ": " + failed.message());
  std::unique_ptr<Database> database(new Database);
  Impl& impl = *database->impl_;
  impl.folder = folder;
  impl.name = folder.filename().string();
  leveldb::DB* opened = nullptr;
  const leveldb::Status status =
      leveldb::DB::Open(impl.MakeOptions(options), folder.string(), &opened);
  if (!status.ok()) return tl::unexpected(ToError(status, "cannot open " + folder.string()));
  impl.db.reset(opened);

  const auto found = database->Get(AsBytes(kFormatKey));
  if (!found) return tl::unexpected(found.error());
  if (!*found) {
    Batch batch;
    batch.Put(AsBytes(kFormatKey), AsBytes(format));
    if (const Status written = database->Write(batch, true); !written) {
      return tl::unexpected(written.error());
    }
  } else if (AsText(**found) != format) {
    return Fail(ErrorCode::kCorruption,
                folder.string() + " has the format \"" + std::string(AsText(**found)) +
                    "\", this program writes \"" + std::string(format) + "\"");
  }
  return database;
}

Result<std::optional<Bytes>> Database::Get(ByteSpan key) const {
  return impl_->Get(Impl::Reading(), key);
}

Result<bool> Database::Find(ByteSpan key, std::string& value) const {
  return impl_->Find(Impl::Reading(), key, value);
}

Status Database::Write(Batch& batch, bool sync) {
  leveldb::WriteOptions options;
  options.sync = sync;
  const leveldb::Status status = impl_->db->Write(options, &batch.impl_->batch);
  if (sync && LostSync(*impl_->env)) {
    return Fail(ErrorCode::kIo, "cannot write to " + impl_->name + ": a log could not be synced");
  }
  if (!status.ok()) return tl::unexpected(ToError(status, "cannot write to " + impl_->name));
  return {};
}

Status Database::Sync() {
  Batch nothing;
  return Write(nothing, true);
}

Status Database::Scan(ByteSpan prefix, ByteSpan first, const Visitor& visit) const {
  return impl_->Scan(Impl::Reading(), prefix, first, visit);
}

std::unique_ptr<Snapshot> Database::TakeSnapshot() const {
  return std::unique_ptr<Snapshot>(new Snapshot(*this));
}

Result<std::optional<Bytes>> Database::LastKey(ByteSpan prefix) const {
  const std::unique_ptr<leveldb::Iterator> at(impl_->db->NewIterator(Impl::Reading()));
  Bytes beyond(prefix.begin(), prefix.end());
  while (!beyond.empty() && beyond.back() == 0xff) beyond.pop_back();
  if (beyond.empty()) {
    at->SeekToLast();
  } else {
    ++beyond.back();
    at->Seek(AsSlice(beyond));
    if (at->Valid()) {
      at->Prev();
    } else if (at->status().ok()) {
      at->SeekToLast();
    }
  }
  if (!at->status().ok()) {
    return tl::unexpected(ToError(at->status(), "cannot read from " + impl_->name));
  }
  if (!at->Valid() || !at->key().starts_with(AsSlice(prefix))) return std::nullopt;
  const ByteSpan key = AsSpan(at->key());
  return Bytes(key.begin(), key.end());
}

Status Database::DeleteRange(ByteSpan first, ByteSpan last, bool sync) {
  constexpr size_t kBatchBytes = 1 << 20;
  Bytes from(first.begin(), first.end());
  for (bool more = true; more;) {
    more = false;
    Batch batch;
    const Status scanned = Scan({}, from, [&](ByteSpan key, ByteSpan) {
      if (AsSlice(key).compare(AsSlice(last)) > 0) return false;
      more = batch.ApproximateBytes() >= kBatchBytes;
      if (more) {
        from.assign(key.begin(), key.end());
      } else {
        batch.Delete(key);
      }
      return !more;
    });
    if (!scanned) return scanned;
    if (batch.IsEmpty()) break;
    if (Status written = Write(batch, sync && !more); !written) return written;
  }
  return {};
}

Status Database::CompactRange(ByteSpan first, ByteSpan last) {
  const leveldb::Slice begin = AsSlice(first);
  const leveldb::Slice end = AsSlice(last);
  impl_->db->CompactRange(&begin, &end);
  // LevelDB returns nothing here, but refuses every write once a compaction has failed.
  Batch nothing;
  return Write(nothing, false);
}

Status Database::FlushMemory() {
  const Bytes beyond(64, 0xff);  // behind every key, where there is nothing else to compact
  return CompactRange(beyond, beyond);
}

uint64_t Database::DiskBytes() const { return DiskBytesOf(*impl_->env); }

Status Database::Destroy(const std::filesystem::path& folder) {
  leveldb::Env& env = *leveldb::Env::Default();
  std::vector<std::string> files;
  if (!env.GetChildren(folder.string(), &files).ok()) return {};
  for (const std::string& file : files) {
    if (file == "." || file == "..") continue;
    const leveldb::Status removed = env.RemoveFile((folder / file).string());
    if (!removed.ok()) return tl::unexpected(ToError(removed, "cannot delete " + folder.string()));
  }
  const leveldb::Status removed = env.RemoveDir(folder.string());
  if (!removed.ok()) return tl::unexpected(ToError(removed, "cannot delete " + folder.string()));
  return {};
}

Snapshot::Snapshot(const Database& database)
    : database_(database), snapshot_(database.impl_->db->GetSnapshot()) {}

Snapshot::~Snapshot() { database_.impl_->db->ReleaseSnapshot(snapshot_); }

Result<std::optional<Bytes>> Snapshot::Get(ByteSpan key) const {
  return database_.impl_->Get(Database::Impl::Reading(snapshot_), key);
}

Result<bool> Snapshot::Find(ByteSpan key, std::string& value) const {
  return database_.impl_->Find(Database::Impl::Reading(snapshot_), key, value);
}

Status Snapshot::Scan(ByteSpan prefix, ByteSpan first, const Visitor& visit) const {
  return database_.impl_->Scan(Database::Impl::Reading(snapshot_), prefix, first, visit);
}

}  // namespace cairn::storage
