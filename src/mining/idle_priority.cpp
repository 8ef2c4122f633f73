#include "src/mining/idle_priority.h"

#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

namespace cairn::mining {

namespace {

/// Who may not raise a priority could never leave the lowest again (sched(7), setrlimit(2)).
bool MayComeBack() {
  rlimit limit{};
  const bool by_limit = getrlimit(RLIMIT_NICE, &limit) == 0 && limit.rlim_cur >= 20;
  return by_limit || geteuid() == 0;
}

}  // namespace

IdlePriority::IdlePriority(bool wanted) {
#ifdef SCHED_IDLE
  const sched_param none{};
  lowered_ =
      wanted && MayComeBack() && pthread_setschedparam(pthread_self(), SCHED_IDLE, &none) == 0;
#else
  static_cast<void>(wanted);
#endif
}

IdlePriority::~IdlePriority() {
  const sched_param none{};
  if (lowered_) pthread_setschedparam(pthread_self(), SCHED_OTHER, &none);
}

}  // namespace cairn::mining
