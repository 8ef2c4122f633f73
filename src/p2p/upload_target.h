// How much was sent in the present day, and how much may be (-maxuploadtarget).
#pragma once

#include <cstdint>

#include "cairn/p2p/types.h"

namespace cairn::p2p {

/// Without a clock: times come with each call.
class UploadTarget {
 public:
  static constexpr Duration kCycle = std::chrono::hours(24);

  /// Zero bytes are no limit.
  explicit UploadTarget(uint64_t bytes) : bytes_(bytes) {}

  void Count(uint64_t sent, Instant now);

  /// `for_history`: as much of it as may be spent on old blocks, so that the new ones of the rest
  /// of the day can still be sent.
  bool IsReached(bool for_history, Instant now) const;
  uint64_t bytes() const { return bytes_; }
  uint64_t BytesLeft(Instant now) const;
  int64_t SecondsLeft(Instant now) const;

 private:
  uint64_t SentInCycle(Instant now) const { return now < cycle_end_ ? sent_ : 0; }

  const uint64_t bytes_;
  uint64_t sent_ = 0;
  Instant cycle_end_;
};

}  // namespace cairn::p2p
