// The scheduling priority of threads that hash for hours.
#pragma once

namespace cairn::mining {

/// While it lives the calling thread gets only the time that no other wants, where the system knows
/// such a thing. To be held while hashing, not while others may wait for the thread.
///
/// Where the system does not let us raise a priority again, as it does not for most users, the
/// thread stays so for good. So it is only for threads that do nothing but mine: what they do
/// besides hashing, the coinbase of a template and handing over what was found, is little, and on
/// a machine that has no time to spare nothing is found either.
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
