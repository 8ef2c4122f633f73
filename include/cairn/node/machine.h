// What this machine, or the container that we run in, lets us use; and the defaults that follow.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

namespace cairn::node {

/// Raw readings. Bytes, and cores as a fraction; nothing where there is no limit or no file.
struct MachineReadings {
  std::optional<uint64_t> physical_memory;
  std::optional<uint64_t> memory_limit;  // the tightest of the memory cgroups above us
  unsigned cores = 1;                    // that the scheduler may give us
  std::optional<double> core_limit;      // the tightest quota of the CPU cgroups above us
};

/// Reads /proc and /sys/fs/cgroup (version 1 and 2) below `root`. `cores` is how many there are.
MachineReadings ReadMachine(const std::filesystem::path& root, unsigned cores);
/// The same for the running system.
MachineReadings ReadMachine();

/// How many threads can run at once: the cores, no more than the quota rounded up, and at least
/// one.
unsigned UsableCores(const MachineReadings& readings);

/// The default of -dbcache in bytes: a quarter of the memory that we may use, within 32 MiB and 8
/// GiB.
uint64_t DefaultMemoryBudget(const MachineReadings& readings);

/// -dbcache in bytes; `mebibytes` is the option's value if it is given. At least 4 MiB.
uint64_t MemoryBudget(std::optional<int64_t> mebibytes, const MachineReadings& readings);

/// The worker threads that -par asks for: 0 is one per core, less than 0 leaves that many cores
/// free.
unsigned WorkerThreads(int64_t par, const MachineReadings& readings);

}  // namespace cairn::node
