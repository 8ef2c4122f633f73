// What this machine, or the container that we run in, lets us use; and the defaults that follow.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include "cairn/base/result.h"

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

/// How many files and sockets this process may have open, after trying to raise that to `wanted`.
uint64_t RaiseFileLimit(uint64_t wanted);

/// Connections that there are files for.
struct FileShares {
  int peers = 0;  // that are not manual
  size_t rpc = 0;
};

/// What is left of `available` files for connections, besides the databases and whatever else is
/// open: the peers that are wanted come first, then RPC. An error if there is too little for a
/// node.
Result<FileShares> ShareFiles(uint64_t available, int wanted_peers, size_t listeners);
/// What `ShareFiles` wants.
uint64_t WantedFiles(int wanted_peers, size_t listeners);

}  // namespace cairn::node
