// The lowest priority, for a user who may leave it again and for one who may not.
#include "src/mining/idle_priority.h"

#include <thread>

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace cairn::mining {
namespace {

constexpr uid_t kNobody = 65534;

/// What the calling thread has while it is to be idle; it may be left so.
int PolicyWhile(bool wanted) {
  const IdlePriority idle(wanted);
  return sched_getscheduler(0);
}

TEST(IdlePriority, IsTakenOnWhereItIsWanted) {
  std::thread([] {
    EXPECT_EQ(PolicyWhile(false), SCHED_OTHER);
    EXPECT_EQ(PolicyWhile(true), SCHED_IDLE);
  }).join();
  EXPECT_EQ(sched_getscheduler(0), SCHED_OTHER) << "other threads keep theirs";
}

TEST(IdlePriority, IsTakenOnByOrdinaryUsersToo) {
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const rlimit none{};
    bool well = setrlimit(RLIMIT_NICE, &none) == 0;
    if (geteuid() == 0) well = setuid(kNobody) == 0 && well;
    _exit(well && PolicyWhile(true) == SCHED_IDLE ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
}

}  // namespace
}  // namespace cairn::mining
