// Double hashes of messages of different lengths, side by side.
//
// Messages are sorted by their number of blocks, so that those of a group end together and no lane
// runs empty. Work goes in batches whose bookkeeping fits on the stack.
#include <algorithm>
#include <cstring>

#include "cairn/base/endian.h"
#include "cairn/crypto/sha256_constants.h"
#include "src/crypto/sha256_kernel.h"

namespace cairn::crypto {
namespace {

constexpr size_t kBlockBytes = 64;
constexpr size_t kLengthBytes = 8;
constexpr size_t kBatch = 1024;

size_t BytesIn(const Pieces& pieces) {
  size_t bytes = 0;
  for (const ByteSpan piece : pieces) bytes += piece.size();
  return bytes;
}

/// Blocks of a message with its padding: at least a one bit and the length.
size_t BlocksIn(const Pieces& pieces) {
  return (BytesIn(pieces) + 1 + kLengthBytes + kBlockBytes - 1) / kBlockBytes;
}

/// The blocks of one message. They are read where the message lies, but for those that straddle
/// pieces and those with padding: these are put together here.
class BlockReader {
 public:
  void Start(const Pieces& pieces) {
    runs_ = 0;
    built_ = 0;
    size_t filled = 0;  // of the block that is being built
    for (ByteSpan piece : pieces) {
      if (filled != 0) {
        const ByteSpan front = piece.first(std::min(piece.size(), kBlockBytes - filled));
        filled += Build(filled, front);
        piece = piece.subspan(front.size());
        if (filled == kBlockBytes) filled = EndBuiltBlock();
      }
      if (const size_t whole = piece.size() / kBlockBytes; whole != 0) {
        run_[runs_++] = {piece.data(), whole};
        piece = piece.subspan(whole * kBlockBytes);
      }
      filled += Build(filled, piece);
    }
    BuildPadding(filled, BytesIn(pieces));
    next_run_ = 1;
    current_ = run_[0];
  }

  /// The next block. To be called no more often than there are blocks.
  const uint8_t* Next() {
    if (current_.blocks == 0) current_ = run_[next_run_++];
    const uint8_t* block = current_.data;
    current_.data += kBlockBytes;
    --current_.blocks;
    return block;
  }

 private:
  /// Blocks that lie one after another.
  struct Run {
    const uint8_t* data;
    size_t blocks;
  };

  static constexpr size_t kPieces = std::tuple_size_v<Pieces>;
  static constexpr size_t kMaxBuilt = kPieces - 1 + 2;  // one at each seam, two at the end
  static constexpr size_t kMaxRuns = kPieces + kPieces - 1 + 1;

  size_t Build(size_t filled, ByteSpan bytes) {
    if (!bytes.empty()) std::memcpy(block_[built_] + filled, bytes.data(), bytes.size());
    return bytes.size();
  }

  size_t EndBuiltBlock() {
    run_[runs_++] = {block_[built_++], 1};
    return 0;
  }

  void BuildPadding(size_t filled, size_t message_bytes) {
    const size_t blocks = filled + 1 + kLengthBytes <= kBlockBytes ? 1 : 2;
    uint8_t* start = block_[built_];
    uint8_t* end = start + blocks * kBlockBytes;
    start[filled] = 0x80;
    std::memset(start + filled + 1, 0, blocks * kBlockBytes - filled - 1 - kLengthBytes);
    StoreBig<uint64_t>(end - kLengthBytes, uint64_t{message_bytes} * 8);
    run_[runs_++] = {start, blocks};
  }

  Run current_;
  size_t next_run_;
  size_t runs_;
  size_t built_;
  Run run_[kMaxRuns];
  uint8_t block_[kMaxBuilt][kBlockBytes];
};

/// The messages of a batch by rising number of blocks.
class Order {
 public:
  explicit Order(std::span<const Pieces> messages) {
    size_t begin[kBuckets + 1] = {};
    for (size_t i = 0; i < messages.size(); ++i) {
      blocks_[i] = BlocksIn(messages[i]);
      ++begin[BucketOf(blocks_[i]) + 1];
    }
    for (size_t i = 0; i < kBuckets; ++i) begin[i + 1] += begin[i];
    const size_t first_long = begin[kBuckets - 1];
    for (size_t i = 0; i < messages.size(); ++i) {
      index_[begin[BucketOf(blocks_[i])]++] = static_cast<uint16_t>(i);
    }
    std::sort(index_ + first_long, index_ + messages.size(),
              [this](uint16_t a, uint16_t b) { return blocks_[a] < blocks_[b]; });
  }

  /// The message at a position in the order, and how many blocks it has.
  size_t MessageAt(size_t position) const { return index_[position]; }
  size_t BlocksAt(size_t position) const { return blocks_[index_[position]]; }

 private:
  /// One bucket for each common number of blocks, the last for all that are longer.
  static constexpr size_t kBuckets = 64;
  static size_t BucketOf(size_t blocks) { return std::min(blocks, kBuckets) - 1; }

  uint16_t index_[kBatch];
  size_t blocks_[kBatch];
};

/// Hashes the messages at positions `first` to `first + count`, at most one for each lane.
void HashGroup(const Sha256Kernel& kernel, std::span<const Pieces> messages, const Order& order,
               size_t first, size_t count, Digest* out) {
  static constexpr uint8_t kIdleBlock[kBlockBytes] = {};
  const size_t lanes = kernel.lanes;
  alignas(64) uint32_t state[8 * kMaxLanes];
  alignas(64) uint32_t ended_state[8 * kMaxLanes];
  BlockReader readers[kMaxLanes];
  const uint8_t* blocks[kMaxLanes];
  std::fill(blocks, blocks + kMaxLanes, kIdleBlock);
  for (size_t i = 0; i < 8; ++i) {
    std::fill(state + i * lanes, state + (i + 1) * lanes, kInitialState[i]);
  }
  for (size_t lane = 0; lane < count; ++lane) {
    readers[lane].Start(messages[order.MessageAt(first + lane)]);
  }

  size_t ended = 0;  // lanes: the short messages are in the low ones
  const auto copy_ended = [&](uint32_t* to, const uint32_t* from, size_t lane) {
    for (size_t i = 0; i < 8; ++i) to[i * lanes + lane] = from[i * lanes + lane];
  };
  const size_t steps = order.BlocksAt(first + count - 1);
  for (size_t step = 0; step < steps; ++step) {
    for (; order.BlocksAt(first + ended) == step; ++ended) {
      copy_ended(ended_state, state, ended);
      blocks[ended] = kIdleBlock;
    }
    for (size_t lane = ended; lane < count; ++lane) blocks[lane] = readers[lane].Next();
    kernel.compress(state, blocks);
  }
  for (size_t lane = 0; lane < ended; ++lane) copy_ended(state, ended_state, lane);

  Digest digests[kMaxLanes];
  kernel.finish(digests[0].data(), state);
  for (size_t lane = 0; lane < count; ++lane) {
    out[order.MessageAt(first + lane)] = digests[lane];
  }
}

void RunBatch(const Sha256Kernel& wide, size_t worth, const Sha256Kernel& narrow,
              std::span<const Pieces> messages, Digest* out) {
  const Order order(messages);
  for (size_t first = 0; first < messages.size(); first += wide.lanes) {
    const size_t count = std::min(wide.lanes, messages.size() - first);
    size_t blocks = 0;
    for (size_t i = 0; i < count; ++i) blocks += order.BlocksAt(first + i);
    const size_t steps = order.BlocksAt(first + count - 1);
    if (blocks >= worth * steps) {
      HashGroup(wide, messages, order, first, count, out);
      continue;
    }
    for (size_t i = 0; i < count; i += narrow.lanes) {
      HashGroup(narrow, messages, order, first + i, std::min(narrow.lanes, count - i), out);
    }
  }
}

}  // namespace

void RunMany(const Sha256Kernel& wide, size_t worth, const Sha256Kernel& narrow,
             std::span<const Pieces> messages, Digest* out) {
  while (!messages.empty()) {
    const size_t batch = std::min(messages.size(), kBatch);
    RunBatch(wide, worth, narrow, messages.first(batch), out);
    messages = messages.subspan(batch);
    out += batch;
  }
}

}  // namespace cairn::crypto
