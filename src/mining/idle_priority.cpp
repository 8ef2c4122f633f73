#include "src/mining/idle_priority.h"

#include <pthread.h>
#include <sched.h>

namespace cairn::mining {

IdlePriority::IdlePriority(bool wanted) {
#ifdef SCHED_IDLE
  const sched_param none{};
  lowered_ = wanted && pthread_setschedparam(pthread_self(), SCHED_IDLE, &none) == 0;
#else
  static_cast<void>(wanted);
#endif
}

// Refused to who may not raise a priority (sched(7), RLIMIT_NICE of setrlimit(2)).
IdlePriority::~IdlePriority() {
  const sched_param none{};
  if (lowered_) pthread_setschedparam(pthread_self(), SCHED_OTHER, &none);
}

}  // namespace cairn::mining
