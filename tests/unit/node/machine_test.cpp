// Memory and cores, read from files as Linux shows them.
#include "cairn/node/machine.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include "tests/unit/node/support.h"

namespace cairn::node {
namespace {

constexpr uint64_t kMiB = 1 << 20;

class Machine : public testing::Test {
 protected:
  Machine() {
    folder_.Write("proc/meminfo", "MemTotal:       16777216 kB\nMemFree:         1000 kB\n");
  }
  MachineReadings Read(unsigned cores = 8) { return ReadMachine(folder_.path(), cores); }
  TempFolder folder_;
};

TEST_F(Machine, WithoutCgroupsIsAllOurs) {
  EXPECT_EQ(Read().physical_memory, 16384 * kMiB);
  EXPECT_EQ(Read().memory_limit, std::nullopt);
  EXPECT_EQ(DefaultMemoryBudget(Read()), 4096 * kMiB);
  EXPECT_EQ(UsableCores(Read()), 8u);
}

TEST_F(Machine, ObeysTheTightestLimitOfVersion2) {
  folder_.Write("proc/self/cgroup", "0::/user.slice/job\n");
  folder_.Write("sys/fs/cgroup/user.slice/job/memory.max", "max\n");
  folder_.Write("sys/fs/cgroup/user.slice/memory.max", "1073741824\n");
  folder_.Write("sys/fs/cgroup/user.slice/job/cpu.max", "250000 100000\n");
  folder_.Write("sys/fs/cgroup/user.slice/cpu.max", "max 100000\n");
  EXPECT_EQ(Read().memory_limit, 1024 * kMiB);
  EXPECT_EQ(DefaultMemoryBudget(Read()), 256 * kMiB);
  EXPECT_EQ(Read().core_limit, 2.5);
  EXPECT_EQ(UsableCores(Read()), 3u);
}

TEST_F(Machine, FindsAContainersLimitAtTheTop) {
  folder_.Write("proc/self/cgroup", "0::/docker/0123abc\n");
  folder_.Write("sys/fs/cgroup/memory.max", "536870912\n");
  folder_.Write("sys/fs/cgroup/cpu.max", "50000 100000\n");
  EXPECT_EQ(Read().memory_limit, 512 * kMiB);
  EXPECT_EQ(UsableCores(Read()), 1u);
}

TEST_F(Machine, ObeysVersion1) {
  folder_.Write("proc/self/cgroup", "12:memory:/job\n5:cpu,cpuacct:/job\n1:name=systemd:/x\n");
  folder_.Write("sys/fs/cgroup/memory/job/memory.limit_in_bytes", "2147483648\n");
  folder_.Write("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  folder_.Write("sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_quota_us", "150000\n");
  folder_.Write("sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(DefaultMemoryBudget(Read()), 512 * kMiB);
  EXPECT_EQ(UsableCores(Read()), 2u);
}

TEST_F(Machine, TakesVersion1sHugeNumbersForNoLimit) {
  folder_.Write("proc/self/cgroup", "12:memory:/job\n5:cpu:/job\n");
  folder_.Write("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  folder_.Write("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n");
  folder_.Write("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(DefaultMemoryBudget(Read()), 4096 * kMiB);
  EXPECT_EQ(UsableCores(Read()), 8u);
}

TEST_F(Machine, WithBothVersionsObeysBoth) {
  folder_.Write("proc/self/cgroup", "3:memory:/a\n0::/b\n");
  folder_.Write("sys/fs/cgroup/memory/a/memory.limit_in_bytes", "1073741824\n");
  folder_.Write("sys/fs/cgroup/unified/b/memory.max", "536870912\n");
  EXPECT_EQ(Read().memory_limit, 512 * kMiB);
}

TEST_F(Machine, PassesOverNonsense) {
  folder_.Write("proc/self/cgroup", "nonsense\n:\n0::\n\n2:cpu:/../..\n");
  folder_.Write("sys/fs/cgroup/memory.max", "lots\n");
  folder_.Write("sys/fs/cgroup/cpu.max", "-1 0\n");
  EXPECT_EQ(Read().memory_limit, std::nullopt);
  EXPECT_EQ(Read().core_limit, std::nullopt);
}

TEST(MemoryBudget, StaysWithinReason) {
  const auto budget_of = [](uint64_t mebibytes) {
    MachineReadings readings;
    readings.physical_memory = mebibytes * kMiB;
    return DefaultMemoryBudget(readings) / kMiB;
  };
  EXPECT_EQ(budget_of(64), 32u);
  EXPECT_EQ(budget_of(2048), 512u);
  EXPECT_EQ(budget_of(1 << 20), 8192u);
  EXPECT_EQ(DefaultMemoryBudget({}) / kMiB, 450u);
}

TEST(MemoryBudget, IsWhatTheOptionSays) {
  EXPECT_EQ(MemoryBudget(100, {}), 100 * kMiB);
  EXPECT_EQ(MemoryBudget(0, {}), 4 * kMiB);
  EXPECT_EQ(MemoryBudget(-5, {}), 4 * kMiB);
  EXPECT_EQ(MemoryBudget(INT64_MAX, {}), uint64_t{1} << 50);
  EXPECT_EQ(MemoryBudget(std::nullopt, {}), DefaultMemoryBudget({}));
}

TEST(WorkerThreads, FollowPar) {
  MachineReadings eight;
  eight.cores = 8;
  EXPECT_EQ(WorkerThreads(0, eight), 8u);
  EXPECT_EQ(WorkerThreads(3, eight), 3u);
  EXPECT_EQ(WorkerThreads(12, eight), 12u);
  EXPECT_EQ(WorkerThreads(-3, eight), 5u);
  EXPECT_EQ(WorkerThreads(-8, eight), 1u);
  EXPECT_EQ(WorkerThreads(INT64_MIN, eight), 1u);
  EXPECT_EQ(WorkerThreads(INT64_MAX, eight), 256u);
  eight.core_limit = 0.2;
  EXPECT_EQ(WorkerThreads(0, eight), 1u);
}

TEST(ThisMachine, HasMemoryAndCores) {
  const MachineReadings readings = ReadMachine();
  EXPECT_GE(UsableCores(readings), 1u);
  ASSERT_TRUE(readings.physical_memory);
  EXPECT_GT(*readings.physical_memory, 64 * kMiB);
}

TEST(Files, PeersComeFirst) {
  const uint64_t wanted = WantedFiles(125, 2);
  auto all = ShareFiles(wanted, 125, 2);
  ASSERT_TRUE(all.has_value());
  EXPECT_EQ(all->peers, 125);
  EXPECT_EQ(all->rpc, 256u);
  EXPECT_EQ(ShareFiles(1 << 20, 125, 2)->rpc, 256u);
  EXPECT_EQ(ShareFiles(wanted - 100, 125, 2)->peers, 125);
  EXPECT_EQ(ShareFiles(wanted - 100, 125, 2)->rpc, 156u);
  EXPECT_EQ(ShareFiles(wanted - 240, 125, 2)->rpc, 16u);
  EXPECT_EQ(ShareFiles(wanted - 250, 125, 2)->peers, 115);
  EXPECT_EQ(ShareFiles(wanted - 250, 125, 2)->rpc, 16u);
  EXPECT_EQ(ShareFiles(wanted - 365, 125, 2)->peers, 0);
  const auto none = ShareFiles(wanted - 366, 125, 2);
  ASSERT_FALSE(none.has_value());
  EXPECT_EQ(none.error().message,
            "Not enough file descriptors available. 175 available, 176 required.");
}

TEST(Files, TheLimitIsRaisedNoFurtherThanTheSystemAllows) {
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit low = before;
  low.rlim_cur = 64;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &low), 0);
  EXPECT_EQ(RaiseFileLimit(10), 64u);
  EXPECT_EQ(RaiseFileLimit(100), 100u);
  EXPECT_EQ(RaiseFileLimit(uint64_t{before.rlim_max} + 1), before.rlim_max);
  setrlimit(RLIMIT_NOFILE, &before);
}

}  // namespace
}  // namespace cairn::node
