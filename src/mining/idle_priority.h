// The scheduling priority of threads that hash for hours.
#pragma once

namespace cairn::mining {

/// While it lives the calling thread gets only the time that no other wants, where the system knows
/// such a thing. To be held while hashing, not while others may wait for the thread.
class IdlePriority {
 public:
  explicit IdlePriority(bool wanted);
  ~IdlePriority();
  IdlePriority(const IdlePriority&) = delete;
  IdlePriority& operator=(const IdlePriority&) = delete;

 private:
  bool lowered_ = false;
};

}  // namespace cairn::mining
