#include "src/ledger/index/index_set.h"

#include <algorithm>
#include <utility>

#include "cairn/base/log.h"
#include "src/ledger/index/coin_stats_index.h"
#include "src/ledger/index/filter_index.h"
#include "src/ledger/index/tx_index.h"

namespace cairn::ledger {
namespace {

std::vector<std::unique_ptr<const IndexKind>> KindsOf(const IndexOptions& options,
                                                      const consensus::Params& params) {
  std::vector<std::unique_ptr<const IndexKind>> kinds;
  if (options.transactions) kinds.push_back(MakeTxIndexKind());
  if (options.block_filters) kinds.push_back(MakeFilterIndexKind());
  if (options.coin_stats) kinds.push_back(MakeCoinStatsIndexKind(params));
  return kinds;
}

}  // namespace

Result<std::unique_ptr<IndexSet>> IndexSet::Open(const std::filesystem::path& folder,
                                                 const IndexOptions& options,
                                                 const consensus::Params& params, uint64_t budget) {
  return Open(folder, KindsOf(options, params), budget);
}

Status IndexSet::Destroy(const std::filesystem::path& folder, const consensus::Params& params) {
  for (const auto& kind : KindsOf({true, true, true}, params)) {
    if (Status gone = storage::Database::Destroy(folder / kind->folder()); !gone) return gone;
  }
  return {};
}

Result<std::unique_ptr<IndexSet>> IndexSet::Open(
    const std::filesystem::path& folder, std::vector<std::unique_ptr<const IndexKind>> kinds,
    uint64_t budget) {
  std::unique_ptr<IndexSet> set(new IndexSet);
  const uint64_t share = kinds.empty() ? 0 : budget / kinds.size();
  storage::DatabaseOptions options;
  options.bloom_filter = true;
  options.cache_bytes = std::max<uint64_t>(share / 2, 1 << 20);
  options.write_buffer_bytes = std::clamp<uint64_t>(share / 4, 1 << 20, 64 << 20);
  for (auto& kind : kinds) {
    auto opened = Index::Open(folder, options, std::move(kind));
    if (!opened) return tl::unexpected(opened.error());
    set->entries_.push_back(std::make_unique<Entry>());
    set->entries_.back()->index = *std::move(opened);
  }
  return set;
}

IndexSet::~IndexSet() { Stop(); }

void IndexSet::Attach(Entry& entry) {
  entry.index->SetSynced(true);
  entry.attached = true;
}

void IndexSet::Detach(Entry& entry) {
  LOG_INFO("{} stands at block {} of another branch: bringing it here in the background",
           entry.index->name(), entry.index->working_tip().height);
  entry.index->SetSynced(false);
  base::MutexLock lock(mutex_);
  entry.attached = false;
  interrupted_ = true;
  changed_.NotifyAll();
}

Status IndexSet::Begin(const IndexTip& tip) {
  for (const auto& entry : entries_) {
    const auto covers = entry->index->Covers(tip);
    if (!covers) return tl::unexpected(covers.error());
    if (*covers) Attach(*entry);
  }
  return {};
}

Status IndexSet::BeginAtGenesis(const Block& genesis) {
  const BlockPlace place{0, genesis.hash(), genesis.header().previous};
  for (const auto& entry : entries_) {
    if (entry->index->working_tip().height >= 0) continue;
    const auto appended =
        entry->index->Append(place, entry->index->kind().Digest(genesis, place.height, {}));
    if (!appended) return tl::unexpected(appended.error());
    entry->index->Publish();
  }
  return Begin({place.height, place.hash});
}

void IndexSet::Start(ChainSource& source, WorkerPool& workers) {
  if (entries_.empty()) return;
  builder_ = std::jthread([this, &source, &workers] {
    log::SetThreadName("indexes");
    Build(source, workers);
  });
}

void IndexSet::Stop() {
  {
    base::MutexLock lock(mutex_);
    stopping_ = true;
    interrupted_ = true;
    changed_.NotifyAll();
  }
  if (builder_.joinable()) builder_.join();
}

std::vector<Index*> IndexSet::Detached() const {
  std::vector<Index*> detached;
  for (const auto& entry : entries_) {
    if (!entry->attached) detached.push_back(entry->index.get());
  }
  return detached;
}

void IndexSet::Build(ChainSource& source, WorkerPool& workers) {
  for (;;) {
    std::vector<Index*> group;
    {
      base::MutexLock lock(mutex_);
      while (!stopping_ && Detached().empty()) changed_.Wait(mutex_);
      if (stopping_) return;
      interrupted_ = false;
      group = Detached();
    }
    const Status built = CatchUp(std::move(group), source, workers, interrupted_);
    if (built) continue;
    if (built.error().code == ErrorCode::kStopped) return;  // in the midst of handing one over
    LOG_ERROR("{}", built.error().message);
    return source.Fail(built.error());
  }
}

Status IndexSet::Append(const BlockPlace& place, const Block& block,
                        std::span<const Coin* const> spent, Digests digests) {
  digests.resize(entries_.size());
  for (size_t i = 0; i < entries_.size(); ++i) {
    Entry& entry = *entries_[i];
    if (!entry.attached) continue;
    if (digests[i].empty()) digests[i] = entry.index->kind().Digest(block, place.height, spent);
    const auto appended = entry.index->Append(place, digests[i]);
    if (!appended) return tl::unexpected(appended.error());
    if (*appended == Followed::kElsewhere) Detach(entry);
  }
  return {};
}

Status IndexSet::Unwind(const BlockPlace& place, const Block& block,
                        std::span<const Coin* const> spent) {
  for (const auto& entry : entries_) {
    if (!entry->attached) continue;
    const auto unwound =
        entry->index->Unwind(place, entry->index->kind().Digest(block, place.height, spent));
    if (!unwound) return tl::unexpected(unwound.error());
    if (*unwound == Followed::kElsewhere) Detach(*entry);
  }
  return {};
}

void IndexSet::Publish() {
  for (const auto& entry : entries_) {
    if (entry->attached) entry->index->Publish();
  }
}

IndexSet::Frozen IndexSet::Freeze() {
  Frozen frozen;
  for (const auto& entry : entries_) {
    if (entry->attached && entry->index->Freeze()) frozen.push_back(entry->index.get());
  }
  return frozen;
}

Result<bool> IndexSet::TakeOver(Index& index, const IndexTip& tip) {
  auto covers = index.Covers(tip);
  if (!covers || !*covers) return covers;
  for (const auto& entry : entries_) {
    if (entry->index.get() == &index) Attach(*entry);
  }
  return true;
}

Status IndexSet::WriteFrozen(const Frozen& frozen) {
  for (Index* index : frozen) {
    if (Status written = index->WriteFrozen(); !written) return written;
  }
  return {};
}

IndexSet::Digests IndexSet::Digest(const Block& block, int height,
                                   std::span<const Coin* const> spent) const {
  Digests digests(entries_.size());
  for (size_t i = 0; i < entries_.size(); ++i) {
    if (!entries_[i]->attached) continue;
    digests[i] = entries_[i]->index->kind().Digest(block, height, spent);
  }
  return digests;
}

std::vector<const IndexReader*> IndexSet::readers() const {
  std::vector<const IndexReader*> all;
  for (const auto& entry : entries_) all.push_back(entry->index.get());
  return all;
}

const IndexReader* IndexSet::Find(std::string_view name) const {
  for (const auto& entry : entries_) {
    if (entry->index->name() == name) return entry->index.get();
  }
  return nullptr;
}

int IndexSet::LowestFlushedHeight() const {
  int lowest = INT32_MAX;
  for (const auto& entry : entries_) {
    lowest = std::min(lowest, entry->index->flushed_tip().height);
  }
  return lowest;
}

int IndexSet::LowestDetachedHeight() const {
  int lowest = INT32_MAX;
  for (const Index* index : Detached()) lowest = std::min(lowest, index->flushed_tip().height);
  return lowest;
}

size_t IndexSet::MemoryBytes() const {
  size_t bytes = 0;
  for (const auto& entry : entries_) bytes += entry->index->MemoryBytes();
  return bytes;
}

}  // namespace cairn::ledger
