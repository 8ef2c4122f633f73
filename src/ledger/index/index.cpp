#include "src/ledger/index/index.h"

#include <algorithm>
#include <utility>

#include "cairn/base/assert.h"
#include "cairn/base/reader.h"
#include "cairn/base/writer.h"

namespace cairn::ledger {
namespace {

// What to do where the files are damaged.
constexpr const char* kWayOut = "delete its folder in indexes/, and it will be built anew";
constexpr std::string_view kTipKey("\0tip", 4);
constexpr std::string_view kHashPrefix("\0b", 2);  // height to hash

Bytes HashKey(int height) {
  Bytes key;
  Writer(key).Raw(AsBytes(kHashPrefix)).Big(static_cast<uint32_t>(height));
  return key;
}

}  // namespace

Bytes BlockRowKey(uint8_t prefix, const IndexTip& block) {
  Bytes key;
  key.reserve(1 + 4 + BlockHash::kSize);
  Writer(key).U8(prefix).Big(static_cast<uint32_t>(block.height)).Raw(block.hash.span());
  return key;
}

tl::unexpected<Error> BadIndexData(std::string_view name) {
  return Fail(ErrorCode::kCorruption,
              std::string(name) + " has data that cannot be read; " + kWayOut);
}

Result<std::unique_ptr<Index>> Index::Open(const std::filesystem::path& indexes,
                                           const storage::DatabaseOptions& options,
                                           std::unique_ptr<const IndexKind> kind) {
  std::unique_ptr<Index> index(new Index(std::move(kind)));
  const std::string folder(index->kind_->folder());
  storage::DatabaseOptions named = options;
  named.name = "indexes/" + folder;
  named.way_out = kWayOut;
  auto opened = storage::Database::Open(indexes / folder, named, index->kind_->format());
  if (!opened) return tl::unexpected(opened.error());
  index->database_ = *std::move(opened);
  if (Status read = index->ReadStanding(); !read) return tl::unexpected(read.error());
  return index;
}

Status Index::ReadStanding() {
  const auto found = database_->Get(AsBytes(kTipKey));
  if (!found) return tl::unexpected(found.error());
  // A new database, or one in which a reset was cut short.
  if (!*found) return DeleteRows();
  Reader reader(**found);
  const uint32_t height = reader.U32();
  working_.tip.hash.bytes = reader.Array<32>();
  const ByteSpan state = reader.Take(reader.Remaining());
  if (!reader.ok() || height > INT32_MAX) return BadIndexData(name());
  working_.tip.height = static_cast<int>(height);
  working_.state.assign(state.begin(), state.end());
  base::MutexLock lock(mutex_);
  published_ = flushed_ = working_.tip;
  return {};
}

// ---- Following ----

Result<bool> Index::Covers(const IndexTip& block) const {
  if (block.height > working_.tip.height) return false;
  if (block.height == working_.tip.height) return block.hash == working_.tip.hash;
  const auto hash = FindStaged(HashKey(block.height));
  if (!hash) return tl::unexpected(hash.error());
  if (!*hash) return BadIndexData(name());
  return Equal(**hash, block.hash.span());
}

Result<Followed> Index::Append(const BlockPlace& place, ByteSpan digest) {
  if (place.height != working_.tip.height + 1 || place.previous != working_.tip.hash) {
    const auto covered = Covers(place.tip());
    if (!covered) return tl::unexpected(covered.error());
    return *covered ? Followed::kCovered : Followed::kElsewhere;
  }
  RowList rows;
  rows.Put(HashKey(place.height), place.hash.span());
  auto state = kind_->Connect(place, digest, working_.state, rows);
  if (!state) return tl::unexpected(state.error());
  Stage(std::move(rows), {place.tip(), *std::move(state)});
  return Followed::kDone;
}

Result<Followed> Index::Unwind(const BlockPlace& place, ByteSpan digest) {
  if (place.tip() != working_.tip) {
    return place.height > working_.tip.height ? Followed::kCovered : Followed::kElsewhere;
  }
  RowList rows;
  rows.Delete(HashKey(place.height));
  const auto lookup = [this](ByteSpan key) { return FindStaged(key); };
  auto state = kind_->Disconnect(place, digest, working_.state, lookup, rows);
  if (!state) return tl::unexpected(state.error());
  Stage(std::move(rows), {{place.height - 1, place.previous}, *std::move(state)});
  return Followed::kDone;
}

void Index::Stage(RowList rows, Standing standing) {
  staged_bytes_ += rows.MemoryBytes();
  staged_.push_back(std::move(rows));
  working_ = std::move(standing);
}

Result<std::optional<Bytes>> Index::FindStaged(ByteSpan key) const {
  // Only a long reorganisation stages many blocks, and hardly any row is looked for then.
  for (auto list = staged_.rbegin(); list != staged_.rend(); ++list) {
    std::optional<RowChange> last;
    list->ForEach([&](ByteSpan changed, const RowChange& change) {
      if (std::ranges::equal(changed, key)) last.emplace(change);
    });
    if (!last) continue;
    if (!*last) return std::nullopt;
    return Bytes((*last)->begin(), (*last)->end());
  }
  return Get(key);
}

void Index::Publish() {
  base::MutexLock lock(mutex_);
  for (const RowList& rows : staged_) active_->Apply(rows);
  published_ = working_.tip;
  staged_.clear();
  staged_bytes_ = 0;
}

bool Index::Freeze() {
  Publish();
  base::MutexLock lock(mutex_);
  if (frozen_ != nullptr) return false;
  if (active_->rows().empty()) return true;
  frozen_ = std::exchange(active_, std::make_shared<RowTable>());
  frozen_standing_ = working_;
  return true;
}

Status Index::Reset() {
  {
    base::MutexLock lock(mutex_);
    CAIRN_ASSERT(frozen_ == nullptr);
    active_ = std::make_shared<RowTable>();
    published_ = flushed_ = {};
  }
  staged_.clear();
  staged_bytes_ = 0;
  working_ = {};
  storage::Batch batch;
  batch.Delete(AsBytes(kTipKey));
  if (Status written = database_->Write(batch, true); !written) return written;
  return DeleteRows();
}

Status Index::DeleteRows() {
  const Bytes first_row = {1}, beyond(64, 0xff);
  if (Status deleted = database_->DeleteRange(HashKey(0), HashKey(-1), false); !deleted) {
    return deleted;
  }
  return database_->DeleteRange(first_row, beyond, true);
}

// ---- Writing ----

Status Index::WriteFrozen() {
  TablePtr frozen;
  Standing standing;
  {
    base::MutexLock lock(mutex_);
    frozen = frozen_;
    standing = frozen_standing_;
  }
  if (frozen == nullptr) return {};
  storage::Batch batch;
  for (const auto& [key, change] : frozen->rows()) {
    if (change) {
      batch.Put(key, *change);
    } else {
      batch.Delete(key);
    }
  }
  if (standing.tip.height < 0) {
    batch.Delete(AsBytes(kTipKey));
  } else {
    Bytes record;
    Writer(record)
        .U32(static_cast<uint32_t>(standing.tip.height))
        .Raw(standing.tip.hash.span())
        .Raw(standing.state);
    batch.Put(AsBytes(kTipKey), record);
  }
  if (Status written = database_->Write(batch, true); !written) return written;
  base::MutexLock lock(mutex_);
  frozen_.reset();
  flushed_ = standing.tip;
  return {};
}

// ---- Reading ----

IndexTip Index::flushed_tip() const {
  base::MutexLock lock(mutex_);
  return flushed_;
}

IndexTip Index::tip() const {
  base::MutexLock lock(mutex_);
  return published_;
}

size_t Index::MemoryBytes() const {
  base::MutexLock lock(mutex_);
  return staged_bytes_ + active_->MemoryBytes() + (frozen_ != nullptr ? frozen_->MemoryBytes() : 0);
}

Result<std::optional<Bytes>> Index::Get(ByteSpan key) const {
  {
    // A row is in the database before it leaves the frozen table, so none is missed on its way.
    base::MutexLock lock(mutex_);
    for (const RowTable* table : {active_.get(), frozen_.get()}) {
      const RowChange* change = table != nullptr ? table->Find(key) : nullptr;
      if (change == nullptr) continue;
      if (!*change) return std::nullopt;
      return Bytes((*change)->begin(), (*change)->end());
    }
  }
  return database_->Get(key);
}

Status Index::Scan(ByteSpan prefix, ByteSpan first, const Visitor& visit) const {
  // What is in memory goes before what is in the database.
  std::map<Bytes, std::optional<Bytes>> changed;
  {
    base::MutexLock lock(mutex_);
    for (const RowTable* table : {frozen_.get(), active_.get()}) {
      if (table == nullptr) continue;
      const auto& rows = table->rows();
      for (auto row = rows.lower_bound(first); row != rows.end(); ++row) {
        const auto& [key, change] = *row;
        if (!AsText(key).starts_with(AsText(prefix))) break;
        std::optional<Bytes>& value = changed[Bytes(key.begin(), key.end())];
        value.reset();
        if (change) value.emplace(change->begin(), change->end());
      }
    }
  }
  auto next = changed.begin();
  bool more = true;
  const auto visit_changed_before = [&](std::optional<ByteSpan> key) {
    for (; more && next != changed.end() && (!key || AsText(next->first) < AsText(*key)); ++next) {
      if (next->second) more = visit(next->first, *next->second);
    }
    return more;
  };
  Status scanned = database_->Scan(prefix, first, [&](ByteSpan key, ByteSpan value) {
    if (!visit_changed_before(key)) return false;
    if (next != changed.end() && Equal(next->first, key)) return true;  // comes in its turn
    return more = visit(key, value);
  });
  if (!scanned) return scanned;
  visit_changed_before(std::nullopt);
  return {};
}

}  // namespace cairn::ledger
