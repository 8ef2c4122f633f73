#include "src/p2p/upload_target.h"

#include <algorithm>

#include "consensus/rules/transaction.h"

namespace cairn::p2p {
namespace {

constexpr uint64_t kLargestBlock = consensus::kMaxBlockWeight;  // of bytes that weigh least
constexpr std::chrono::minutes kBlockSpacing{10};

}  // namespace

void UploadTarget::Count(uint64_t sent, Instant now) {
  if (now >= cycle_end_) {
    cycle_end_ = now + kCycle;
    sent_ = 0;
  }
  sent_ += sent;
}

bool UploadTarget::IsReached(bool for_history, Instant now) const {
  if (bytes_ == 0) return false;
  const uint64_t sent = SentInCycle(now);
  if (!for_history) return sent >= bytes_;
  const auto blocks = static_cast<uint64_t>(std::chrono::seconds(SecondsLeft(now)) / kBlockSpacing);
  const uint64_t reserved = blocks * kLargestBlock;
  return reserved >= bytes_ || sent >= bytes_ - reserved;
}

uint64_t UploadTarget::BytesLeft(Instant now) const {
  return bytes_ - std::min(bytes_, SentInCycle(now));
}

int64_t UploadTarget::SecondsLeft(Instant now) const {
  if (bytes_ == 0) return 0;
  const Duration left = now < cycle_end_ ? cycle_end_ - now : kCycle;
  return std::chrono::duration_cast<std::chrono::seconds>(left).count();
}

}  // namespace cairn::p2p
