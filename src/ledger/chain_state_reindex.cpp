// Making everything anew from the stored blocks (-reindex), or the coins alone
// (-reindex-chainstate).
//
// The second needs no more than to forget the coins: what is stored is connected again, as after a
// crash. The first has nothing but the records of blocks/bodies, in the order in which they came:
// it reads which headers they have, puts those in the order of the chain, and then takes each block
// as if it had just been submitted, but where it lies. It may be cut off at any moment: a mark in
// blocks/index lets the next start go on.

#include <algorithm>
#include <cmath>
#include <deque>
#include <unordered_map>
#include <utility>

#include "cairn/base/log.h"
#include "src/ledger/chain_state.h"
#include "src/ledger/memory_shares.h"
#include "src/ledger/parents_first.h"

namespace cairn::ledger {
namespace {

constexpr uint64_t kRecordsAtOnce = 64;
constexpr size_t kBlocksAhead = 16;

/// What one record turned out to be.
struct ScannedRecord {
  storage::RecordKind kind = storage::RecordKind::kBody;
  BlockHash block;
  Header header;  // of a body
  bool found = false;
  bool damaged = false;
  Status status;  // a failure to read that is no damage
};

ScannedRecord ScanRecord(const storage::BlockStore& store, uint64_t sequence) {
  ScannedRecord scanned;
  const auto record = store.ReadRecord(sequence);
  if (!record) {
    scanned.damaged = record.error().code == ErrorCode::kCorruption;
    if (!scanned.damaged) scanned.status = tl::unexpected(record.error());
    return scanned;
  }
  if (!*record) return scanned;
  scanned.kind = (*record)->kind;
  const Bytes& payload = (*record)->payload;
  if (scanned.kind == storage::RecordKind::kBody && payload.size() >= Header::kSize) {
    scanned.header = Header::From(ByteSpan(payload).first<Header::kSize>());
    scanned.block = scanned.header.Hash();
    scanned.found = true;
  }
  if (scanned.kind == storage::RecordKind::kUndo && payload.size() >= BlockHash::kSize) {
    scanned.block = BlockHash::From(ByteSpan(payload).first<BlockHash::kSize>());
    scanned.found = true;
  }
  return scanned;
}

}  // namespace

struct ChainState::FoundRecords {
  struct Body {
    Header header;
    uint64_t sequence = 0;
  };
  std::unordered_map<BlockHash, Body, UnsaltedHasher> bodies;
  std::unordered_map<BlockHash, uint64_t, UnsaltedHasher> undos;
  uint64_t damaged = 0;
};

/// A block whose header has its place, and where its records lie.
struct ChainState::FoundBlock {
  HeaderEntry* entry = nullptr;
  StoredRecords stored;
};

Status ChainState::DestroyWhatIsRemade() {
  if (!options_.reindex && !options_.reindex_coins) return {};
  if (!options_.reindex) {
    if (Status possible = CheckCoinsCanBeRemade(); !possible) return possible;
  }
  // The rows last: while they are there, a start without the option goes on with what is left.
  LOG_INFO("Deleting the coins, to make them anew from the stored blocks");
  if (Status gone = storage::CoinStore::Destroy(options_.coins_folder); !gone) return gone;
  if (!options_.reindex) return {};
  LOG_INFO("Deleting the indexes and what is known of the stored blocks, to make it anew");
  if (Status gone = IndexSet::Destroy(options_.indexes_folder, params_); !gone) return gone;
  return storage::BlockStore::DestroyIndex(options_.blocks_folder);
}

/// Looks before anything is deleted.
Status ChainState::CheckCoinsCanBeRemade() const {
  const auto store =
      storage::BlockStore::Open(options_.blocks_folder, BlockStoreBytes(options_.cache_bytes));
  if (!store) return tl::unexpected(store.error());
  bool pruned = false;
  Status scanned = (*store)->ForEachRow(
      [&](const storage::HeaderRow& row) { pruned = pruned || row.IsPruned(); });
  if (!scanned || !pruned) return scanned;
  return cairn::Fail(ErrorCode::kInvalid,
                     "the coins cannot be made anew, since old blocks are pruned; -reindex fetches "
                     "all blocks again");
}

Status ChainState::Reindex() {
  auto found = ScanRecords();
  if (!found) return tl::unexpected(found.error());
  if (IsInterrupted()) return {};
  if (found->damaged > 0) {
    LOG_WARNING("{} stored records are damaged: their blocks count as never stored",
                found->damaged);
  }
  const auto blocks = AcceptFoundHeaders(*found);
  if (!blocks) return tl::unexpected(blocks.error());
  // What is needed from here on is a tenth of it. The cache of coins takes its place.
  *found = {};
  LOG_INFO("Reindexing {} stored blocks, up to height {}", blocks->size(),
           tree_.best_header()->height);
  if (Status accepted = AcceptFoundBodies(*blocks); !accepted) return accepted;
  if (IsInterrupted() || !failure().empty()) return {};
  if (Status flushed = FlushNow(); !flushed) return flushed;
  // A pruned store begins anew; of another nothing is given up that may be of use later.
  const bool begins_anew = pruner_ != nullptr && refused_records_ == 0;
  if (begins_anew) {
    if (Status deleted = DeleteLeftovers(); !deleted) return deleted;
  }
  if (begins_anew || left_out_.size() + refused_records_ == 0) {
    if (Status done = block_store_->SetReindexing(false); !done) return done;
  } else {
    LOG_WARNING("{} stored blocks cannot be placed yet and {} are refused: each start tries again",
                left_out_.size(), refused_records_);
  }
  LOG_INFO("Reindexed: height {}", tip_->height);
  return {};
}

Result<ChainState::FoundRecords> ChainState::ScanRecords() {
  FoundRecords found;
  ProgressClock clock;
  const uint64_t first = block_store_->first_sequence();
  const uint64_t end = block_store_->next_sequence();
  LOG_INFO("Reading {} stored records", end - first);
  for (uint64_t from = first; from < end && !IsInterrupted(); from += kRecordsAtOnce) {
    std::vector<ScannedRecord> scanned(std::min(kRecordsAtOnce, end - from));
    workers_.ForEach(scanned.size(),
                     [&](size_t i) { scanned[i] = ScanRecord(*block_store_, from + i); });
    for (size_t i = 0; i < scanned.size(); ++i) {
      const ScannedRecord& record = scanned[i];
      if (!record.status) return tl::unexpected(record.status.error());
      found.damaged += record.damaged ? 1 : 0;
      if (!record.found) continue;
      if (record.kind == storage::RecordKind::kUndo) {
        found.undos.insert_or_assign(record.block, from + i);
      } else {
        found.bodies.emplace(record.block, FoundRecords::Body{record.header, from + i});
      }
    }
    if (clock.IsDue()) {
      LOG_INFO("Reading stored records: {} of {}, {} records/s", from - first, end - first,
               std::llround(clock.PerSecond(static_cast<double>(from - first))));
    }
  }
  return found;
}

/// Parents come before their children; what leads to no known block is left out.
Result<std::vector<ChainState::FoundBlock>> ChainState::AcceptFoundHeaders(FoundRecords& found) {
  ByParent<BlockHash> children;
  for (const auto& [hash, body] : found.bodies) children.emplace(body.header.previous, hash);
  std::vector<FoundBlock> blocks;
  Status clock_is_right;
  // Besides genesis, all that was known when this was cut off before: some of it may be pruned.
  std::deque<BlockHash> known;
  for (const HeaderEntry& entry : tree_.entries()) known.push_back(entry.hash);
  TakeParentsFirst(children, std::move(known), [&](const std::vector<BlockHash>& group) {
    std::vector<BlockHash> accepted;
    for (const BlockHash& hash : group) {
      const SubmitResult result = AcceptHeader(found.bodies.at(hash).header, hash);
      if (result.outcome == BlockOutcome::kStored || result.outcome == BlockOutcome::kDuplicate) {
        const auto undo = found.undos.find(hash);
        blocks.push_back(
            {tree_.Find(hash),
             {found.bodies.at(hash).sequence, undo != found.undos.end() ? undo->second : 0}});
        accepted.push_back(hash);
      } else if (result.reason == "time-too-new") {
        clock_is_right =
            cairn::Fail(ErrorCode::kInvalid, "stored block " + hash.ToString() +
                                                 " lies in the future: is the clock right?");
      } else {
        LOG_INFO("Stored block {} refused: {}", hash, result.reason);
        ++refused_records_;
      }
    }
    return accepted;
  });
  if (!clock_is_right) return tl::unexpected(clock_is_right.error());
  // Of two branches the one whose block was stored first is met first, as it was then.
  std::ranges::stable_sort(blocks, {}, [](const FoundBlock& block) {
    return std::pair(block.entry->height, block.stored.body);
  });
  for (const auto& [parent, hash] : children) left_out_[hash] = found.bodies.at(hash).sequence;
  if (pruner_ != nullptr) {
    // Nothing may be pruned from beneath what is yet to be read.
    for (const FoundBlock& block : blocks) {
      if (block.entry->tx_count == 0) pruner_->Add(block.stored.body, block.entry, 0);
    }
  }
  return blocks;
}

Status ChainState::AcceptFoundBodies(const std::vector<FoundBlock>& blocks) {
  struct Begun {
    FoundBlock found;
    std::future<BlockCheck> block;
  };
  // Workers read and check for us: even where memory runs out, nothing goes before they are done.
  struct Ahead : std::deque<Begun> {
    ~Ahead() {
      for (Begun& begun : *this) {
        if (begun.block.valid()) begun.block.wait();
      }
    }
  } ahead;
  const auto begin = [&](const FoundBlock& found) {
    const auto task =
        std::make_shared<std::packaged_task<BlockCheck()>>([this, sequence = found.stored.body] {
          auto bytes = block_store_->ReadBody(sequence);
          return Check(bytes ? Block::Parse(*std::move(bytes)) : tl::unexpected(bytes.error()));
        });
    ahead.push_back({found, task->get_future()});
    workers_.Run([task] { (*task)(); });
  };

  progress_.emplace(Progress{"Reindexing", tip_->height, ProgressClock()});
  size_t next = 0;
  while (!IsInterrupted() && failure().empty()) {
    for (; next < blocks.size() && ahead.size() < kBlocksAhead; ++next) {
      const bool done_before = blocks[next].entry->tx_count != 0;  // this run was cut off
      if (!done_before) begin(blocks[next]);
    }
    if (ahead.empty()) break;
    const BlockCheck checked = ahead.front().block.get();
    const FoundBlock found = ahead.front().found;
    ahead.pop_front();
    SettleReady();
    if (checked.block == nullptr) {
      LOG_WARNING("Stored block {} cannot be read: {}", found.entry->hash, checked.malformed);
    } else if (!checked.verdict) {
      RefuseBlock(*checked.block, checked.verdict.error());
      ++refused_records_;
    } else {
      const auto note = [this](const SubmitResult& result) {
        if (result.outcome == BlockOutcome::kRejected) ++refused_records_;
      };
      AcceptBlock(*checked.verdict, note, found.stored);
    }
  }
  SettleAll();
  progress_.reset();
  if (!failure().empty()) return cairn::Fail(ErrorCode::kIo, failure());
  return {};
}

uint64_t ChainState::TakeLeftOut(const Block& block) {
  const auto found = left_out_.find(block.hash());
  if (found == left_out_.end()) return 0;
  const uint64_t sequence = found->second;
  left_out_.erase(found);
  const auto bytes = block_store_->ReadBody(sequence);
  return bytes && std::ranges::equal(*bytes, block.bytes()) ? sequence : 0;
}

}  // namespace cairn::ledger
