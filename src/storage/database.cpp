#include "cairn/storage/database.h"

#include <cerrno>
#include <system_error>
#include <utility>
#include <vector>

#include <leveldb/cache.h>
#include <leveldb/db.h>
#include <leveldb/env.h>
#include <leveldb/filter_policy.h>
#include <leveldb/write_batch.h>

#include "cairn/base/log.h"
#include "cairn/storage/base_env.h"
#include "src/storage/folder_sync.h"
#include "src/storage/store_env.h"

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

/// The errors for which the disk is full, in the words that LevelDB passes on.
bool IsFullDisk(const std::string& message) {
  for (const int error : {ENOSPC, EDQUOT}) {
    if (message.find(std::generic_category().message(error)) != std::string::npos) return true;
  }
  return false;
}

/// `what` names the operation and the database.
Error ToError(const leveldb::Status& status, const std::string& what,
              const std::string& way_out = "") {
  Error error{status.IsCorruption() ? ErrorCode::kCorruption : ErrorCode::kIo,
              what + ": " + status.ToString()};
  if (status.IsCorruption() && !way_out.empty()) error.message += "; " + way_out;
  if (IsFullDisk(error.message)) error.message += "; the disk is full: make room, then start again";
  return error;
}

/// What is left of a database that is being deleted has this behind its folder's name.
constexpr const char* kDoomed = ".deleted";

leveldb::Status FinishDestroying(leveldb::Env& env, const std::string& folder) {
  const std::string doomed = folder + kDoomed;
  if (!env.FileExists(doomed)) return {};
  std::vector<std::string> files;
  leveldb::Status status = env.GetChildren(doomed, &files);
  for (const std::string& file : files) {
    if (status.ok() && file != "." && file != "..") status = env.RemoveFile(doomed + "/" + file);
  }
  return status.ok() ? env.RemoveDir(doomed) : status;
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
  std::string way_out;
  LogBridge logger;
  std::unique_ptr<StoreEnv> env;
  std::unique_ptr<leveldb::Cache> cache;
  std::unique_ptr<const leveldb::FilterPolicy> filter;
  std::unique_ptr<leveldb::DB> db;

  leveldb::Options MakeOptions(const DatabaseOptions& options) {
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
    if (!status.ok()) return tl::unexpected(ReadError(status));
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
    return tl::unexpected(ReadError(at->status()));
  }

  Error ReadError(const leveldb::Status& status) const {
    return ToError(status, "cannot read from " + name, way_out);
  }

  Error WriteError(const leveldb::Status& status) const {
    // The first failure tells more than what followed from it.
    const leveldb::Status first = env->failure();
    return ToError(first.ok() ? status : first, "cannot write to " + name, way_out);
  }
};

Database::Database() : impl_(std::make_unique<Impl>()) {}
Database::~Database() = default;

Result<std::unique_ptr<Database>> Database::Open(const std::filesystem::path& folder,
                                                 const DatabaseOptions& options,
                                                 std::string_view format) {
  std::unique_ptr<Database> database(new Database);
  Impl& impl = *database->impl_;
  impl.name = options.name.empty() ? folder.filename().string() : options.name;
  impl.way_out = options.way_out;
  const std::string what = "cannot open " + impl.name + " in " + folder.string();
  leveldb::Env* base = BaseEnv();
  FinishDestroying(*base, folder.string());
  leveldb::Status status = MakeFolders(*base, folder.string());
  if (!status.ok()) return tl::unexpected(ToError(status, what));
  impl.env = std::make_unique<StoreEnv>(base, folder.string());
  leveldb::DB* opened = nullptr;
  status = leveldb::DB::Open(impl.MakeOptions(options), folder.string(), &opened);
  if (!status.ok()) return tl::unexpected(ToError(status, what, impl.way_out));
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
  if (!status.ok()) return tl::unexpected(impl_->WriteError(status));
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
    return tl::unexpected(impl_->ReadError(at->status()));
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

uint64_t Database::DiskBytes() const { return impl_->env->DiskBytes(); }

Status Database::Destroy(const std::filesystem::path& folder) {
  leveldb::Env& env = *BaseEnv();
  FinishDestroying(env, folder.string());
  if (!env.FileExists(folder.string())) return {};
  leveldb::Status status = env.RenameFile(folder.string(), folder.string() + kDoomed);
  if (status.ok()) status = SyncFolder(env, folder.parent_path().string());
  if (status.ok()) status = FinishDestroying(env, folder.string());
  if (!status.ok()) return tl::unexpected(ToError(status, "cannot delete " + folder.string()));
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
