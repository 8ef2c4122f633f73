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
    env = MakeSyncingEnv(leveldb::Env::Default());
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

  static leveldb::ReadOptions Reading() {
    leveldb::ReadOptions options;
    options.verify_checksums = true;
    return options;
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
  std::string value;
  const leveldb::Status status = impl_->db->Get(Impl::Reading(), AsSlice(key), &value);
  if (status.IsNotFound()) return std::nullopt;
  if (!status.ok()) return tl::unexpected(ToError(status, "cannot read from " + impl_->name));
  const ByteSpan bytes = AsBytes(value);
  return Bytes(bytes.begin(), bytes.end());
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

Status Database::Scan(ByteSpan prefix, ByteSpan first,
                      const std::function<bool(ByteSpan, ByteSpan)>& visit) const {
  leveldb::ReadOptions options = Impl::Reading();
  options.fill_cache = false;
  const std::unique_ptr<leveldb::Iterator> at(impl_->db->NewIterator(options));
  for (at->Seek(AsSlice(first)); at->Valid() && at->key().starts_with(AsSlice(prefix));
       at->Next()) {
    if (!visit(AsSpan(at->key()), AsSpan(at->value()))) break;
  }
  if (!at->status().ok()) {
    return tl::unexpected(ToError(at->status(), "cannot read from " + impl_->name));
  }
  return {};
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

uint64_t Database::DiskBytes() const {
  uint64_t total = 0;
  std::error_code ignored;
  // Files come and go while LevelDB compacts: what vanishes under our eyes is passed over.
  std::filesystem::directory_iterator file(impl_->folder, ignored);
  for (const std::filesystem::directory_iterator end; !ignored && file != end;
       file.increment(ignored)) {
    std::error_code gone;
    const auto size = file->file_size(gone);
    if (!gone) total += size;
  }
  return total;
}

}  // namespace cairn::storage
