#include "src/p2p/header_presync.h"

#include <algorithm>

#include "cairn/crypto/hash.h"
#include "consensus/work.h"

namespace cairn::p2p {
namespace {

/// By the rule of the median of eleven, a chain can gain at most six blocks per second.
constexpr int64_t kMaxBlocksPerSecond = 6;

HeaderPresync::Progress Refuse(std::string reason) {
  HeaderPresync::Progress progress;
  progress.ok = false;
  progress.reason = std::move(reason);
  return progress;
}

HeaderPresync::Progress AskForMore() {
  HeaderPresync::Progress progress;
  progress.more = true;
  return progress;
}

}  // namespace

HeaderPresync::HeaderPresync(const consensus::Params& params, const ledger::HeaderEntry& start,
                             const U256& minimum_work, uint64_t salt, int64_t now)
    : params_(params),
      start_(start),
      minimum_work_(minimum_work),
      salt_(salt),
      offset_(static_cast<int>(salt % kCommitmentPeriod)),
      height_(start.height),
      last_hash_(start.hash),
      last_bits_(start.header.bits),
      work_(start.chain_work) {
  const int64_t seconds = std::max<int64_t>(0, now - start.median_time) + 2 * 60 * 60;
  max_commitments_ = static_cast<size_t>(kMaxBlocksPerSecond * seconds / kCommitmentPeriod) + 1;
}

bool HeaderPresync::CommitmentOf(const BlockHash& hash) const {
  return (crypto::SipHash24(salt_, ~salt_, hash.span()) & 1) != 0;
}

bool HeaderPresync::IsPermittedTransition(int height, uint32_t old_bits, uint32_t new_bits) const {
  const consensus::RetargetRules& rules = params_.retarget;
  if (rules.allow_min_difficulty) return true;
  if (height % rules.Interval() != 0) return old_bits == new_bits;
  // A retarget moves by at most a factor of four, up to what rounding to compact form takes away.
  const U256 old_target = DecodeCompact(old_bits).target;
  const U256 new_target = DecodeCompact(new_bits).target;
  const U256 easiest = std::min(old_target << 2, rules.limit);
  const U256 hardest = old_target >> 2;
  return new_target <= DecodeCompact(EncodeCompact(easiest)).target &&
         new_target >= DecodeCompact(EncodeCompact(hardest)).target;
}

HeaderPresync::Progress HeaderPresync::Process(std::span<const Header> headers,
                                               std::span<const BlockHash> hashes, bool full) {
  if (headers.empty() || phase_ == Phase::kDone) return {};
  if (headers.front().previous != last_hash_) {
    return Refuse("headers do not continue where they ended");
  }
  return phase_ == Phase::kFirstPass ? FirstPass(headers, hashes, full)
                                     : SecondPass(headers, hashes, full);
}

bool HeaderPresync::Follow(const Header& header, const BlockHash& hash) {
  if (!IsPermittedTransition(height_ + 1, last_bits_, header.bits)) return false;
  ++height_;
  last_hash_ = hash;
  last_bits_ = header.bits;
  work_ += consensus::WorkOf(header.bits);
  return true;
}

HeaderPresync::Progress HeaderPresync::FirstPass(std::span<const Header> headers,
                                                 std::span<const BlockHash> hashes, bool full) {
  for (size_t i = 0; i < headers.size(); ++i) {
    if (!Follow(headers[i], hashes[i])) return Refuse("impossible change of difficulty");
    if (height_ % kCommitmentPeriod == offset_) {
      if (commitments_.size() >= max_commitments_) {
        return Refuse("more headers than time allows");
      }
      commitments_.push_back(CommitmentOf(last_hash_));
    }
  }
  if (work_ >= minimum_work_) {
    BeginSecondPass();
    return AskForMore();
  }
  if (!full) return Refuse("its chain has too little work");
  return AskForMore();
}

void HeaderPresync::BeginSecondPass() {
  phase_ = Phase::kSecondPass;
  height_ = start_.height;
  last_hash_ = start_.hash;
  last_bits_ = start_.header.bits;
  work_ = start_.chain_work;
}

HeaderPresync::Progress HeaderPresync::SecondPass(std::span<const Header> headers,
                                                  std::span<const BlockHash> hashes, bool full) {
  for (size_t i = 0; i < headers.size(); ++i) {
    if (!Follow(headers[i], hashes[i])) return Refuse("impossible change of difficulty");
    if (work_ >= minimum_work_) enough_ = true;
    if (!enough_ && height_ % kCommitmentPeriod == offset_) {
      if (next_commitment_ == commitments_.size() ||
          CommitmentOf(last_hash_) != commitments_[next_commitment_++]) {
        return Refuse("another chain than at first");
      }
    }
    buffer_.push_back(headers[i]);
  }
  Progress progress;
  ReleaseReady(progress.released);
  if (enough_) {
    phase_ = Phase::kDone;
    return progress;
  }
  if (!full) {
    progress.ok = false;
    progress.reason = "its chain ends before the work that it showed";
    return progress;
  }
  progress.more = true;
  return progress;
}

void HeaderPresync::ReleaseReady(std::vector<Header>& released) {
  const size_t keep = enough_ ? 0 : kReleaseBehind;
  while (buffer_.size() > keep) {
    released.push_back(buffer_.front());
    buffer_.pop_front();
  }
}

std::vector<BlockHash> HeaderPresync::Locator() const {
  std::vector<BlockHash> hashes{last_hash_};
  if (last_hash_ != start_.hash) hashes.push_back(start_.hash);
  return hashes;
}

size_t HeaderPresync::MemoryUse() const {
  return commitments_.size() / 8 + buffer_.size() * sizeof(Header);
}

}  // namespace cairn::p2p
