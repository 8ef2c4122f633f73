#include "cairn/node/machine.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <sched.h>
#include <sys/resource.h>

#include "src/node/option_words.h"

namespace cairn::node {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kMebibyte = 1 << 20;

std::string FirstLine(const fs::path& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

std::optional<uint64_t> ReadNumber(const fs::path& path) {
  const auto number = ParseInteger(FirstLine(path));
  if (!number || *number < 0) return std::nullopt;
  return static_cast<uint64_t>(*number);
}

template <typename T>
void Tighten(std::optional<T>& limit, std::optional<T> other) {
  if (other && (!limit || *other < *limit)) limit = other;
}

std::optional<uint64_t> PhysicalMemory(const fs::path& root) {
  std::ifstream file(root / "proc/meminfo");
  for (std::string name, unit; file >> name;) {
    uint64_t kibibytes = 0;
    file >> kibibytes;
    std::getline(file, unit);
    if (name == "MemTotal:") return kibibytes * 1024;
  }
  return std::nullopt;
}

/// The quota of cgroup v2's cpu.max, "QUOTA PERIOD" or "max PERIOD".
std::optional<double> ReadCpuMax(const fs::path& path) {
  std::istringstream line(FirstLine(path));
  double quota = 0;
  double period = 0;
  if (!(line >> quota >> period) || quota <= 0 || period <= 0) return std::nullopt;
  return quota / period;
}

std::optional<double> ReadCfsQuota(const fs::path& folder) {
  const auto quota = ReadNumber(folder / "cpu.cfs_quota_us");  // -1 for none
  const auto period = ReadNumber(folder / "cpu.cfs_period_us");
  if (!quota || !period || *quota == 0 || *period == 0) return std::nullopt;
  return static_cast<double>(*quota) / static_cast<double>(*period);
}

/// The cgroup's folder and those above it up to `top`. In a container the path is often the host's
/// and does not exist here, but the container's own limits then stand in `top`.
std::vector<fs::path> UpTo(const fs::path& top, const fs::path& cgroup) {
  std::vector<fs::path> folders;
  for (fs::path at = cgroup.relative_path(); !at.empty(); at = at.parent_path()) {
    folders.push_back(top / at);
  }
  folders.push_back(top);
  return folders;
}

void ReadVersion2(const fs::path& top, const fs::path& cgroup, MachineReadings& readings) {
  for (const fs::path& folder : UpTo(top, cgroup)) {
    Tighten(readings.memory_limit, ReadNumber(folder / "memory.max"));  // or "max"
    Tighten(readings.core_limit, ReadCpuMax(folder / "cpu.max"));
  }
}

void ReadVersion1(const fs::path& mounts, const std::string& controllers, const fs::path& cgroup,
                  MachineReadings& readings) {
  std::istringstream names(controllers);
  for (std::string name; std::getline(names, name, ',');) {
    if (name != "memory" && name != "cpu") continue;
    // The mount may be called after one controller or after all that share it.
    for (const std::string& mount : {name, controllers}) {
      for (const fs::path& folder : UpTo(mounts / mount, cgroup)) {
        Tighten(readings.memory_limit, ReadNumber(folder / "memory.limit_in_bytes"));
        Tighten(readings.core_limit, ReadCfsQuota(folder));
      }
    }
  }
}

/// Each line of /proc/self/cgroup is ID:CONTROLLERS:PATH; version 2 has no controllers there.
void ReadCgroups(const fs::path& root, MachineReadings& readings) {
  const fs::path mounts = root / "sys/fs/cgroup";
  std::ifstream file(root / "proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {
    const size_t first = line.find(':');
    const size_t second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const fs::path cgroup = line.substr(second + 1);
    if (controllers.empty()) {
      ReadVersion2(mounts, cgroup, readings);
      ReadVersion2(mounts / "unified", cgroup, readings);  // where both versions are mounted
    } else {
      ReadVersion1(mounts, controllers, cgroup, readings);
    }
  }
}

}  // namespace

MachineReadings ReadMachine(const fs::path& root, unsigned cores) {
  MachineReadings readings;
  readings.cores = cores;
  readings.physical_memory = PhysicalMemory(root);
  ReadCgroups(root, readings);
  return readings;
}

MachineReadings ReadMachine() {
  cpu_set_t set;
  const bool known = sched_getaffinity(0, sizeof set, &set) == 0;
  const int cores = known ? CPU_COUNT(&set) : static_cast<int>(std::thread::hardware_concurrency());
  return ReadMachine("/", static_cast<unsigned>(std::max(1, cores)));
}

unsigned UsableCores(const MachineReadings& readings) {
  const unsigned cores = std::max(1u, readings.cores);
  if (!readings.core_limit) return cores;
  const double quota = std::ceil(*readings.core_limit);
  return quota < cores ? std::max(1u, static_cast<unsigned>(quota)) : cores;
}

uint64_t DefaultMemoryBudget(const MachineReadings& readings) {
  static constexpr uint64_t kLeast = 32 * kMebibyte;
  static constexpr uint64_t kMost = 8192 * kMebibyte;
  static constexpr uint64_t kUnknown = 450 * kMebibyte;
  std::optional<uint64_t> memory = readings.physical_memory;
  // Version 1 says "no limit" by a number beyond any machine.
  Tighten(memory, readings.memory_limit);
  return memory ? std::clamp(*memory / 4, kLeast, kMost) : kUnknown;
}

uint64_t MemoryBudget(std::optional<int64_t> mebibytes, const MachineReadings& readings) {
  static constexpr int64_t kLeast = 4;
  static constexpr int64_t kMost = int64_t{1} << 30;  // a pebibyte: keeps the product in range
  if (!mebibytes) return DefaultMemoryBudget(readings);
  return static_cast<uint64_t>(std::clamp(*mebibytes, kLeast, kMost)) * kMebibyte;
}

unsigned WorkerThreads(int64_t par, const MachineReadings& readings) {
  static constexpr int64_t kMost = 256;
  const int64_t cores = UsableCores(readings);
  const int64_t wanted = par > 0 ? par : cores + std::max(par, -cores);
  return static_cast<unsigned>(std::clamp<int64_t>(wanted, 1, kMost));
}

// -- files --

namespace {

/// Databases, logs, files that are read or written for a moment, pipes of the event loops.
constexpr uint64_t kOtherFiles = 150;
/// Manual connections do not count as others do.
constexpr uint64_t kManualPeers = 8;
constexpr uint64_t kLeastRpc = 16;
constexpr uint64_t kMostRpc = 256;

uint64_t LeastFiles(size_t listeners) { return kOtherFiles + kManualPeers + kLeastRpc + listeners; }

}  // namespace

uint64_t RaiseFileLimit(uint64_t wanted) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return wanted;  // nobody says that there is a limit
  if (limit.rlim_cur >= wanted) return limit.rlim_cur;
  const rlimit raised{std::min<rlim_t>(wanted, limit.rlim_max), limit.rlim_max};
  return setrlimit(RLIMIT_NOFILE, &raised) == 0 ? raised.rlim_cur : limit.rlim_cur;
}

uint64_t WantedFiles(int wanted_peers, size_t listeners) {
  return LeastFiles(listeners) + static_cast<uint64_t>(wanted_peers) + kMostRpc - kLeastRpc;
}

Result<FileShares> ShareFiles(uint64_t available, int wanted_peers, size_t listeners) {
  const uint64_t least = LeastFiles(listeners);
  if (available < least) {
    return Invalid("Not enough file descriptors available. " + std::to_string(available) +
                   " available, " + std::to_string(least) + " required.");
  }
  uint64_t left = available - least;
  FileShares shares;
  shares.peers = static_cast<int>(std::min(left, static_cast<uint64_t>(wanted_peers)));
  left -= static_cast<uint64_t>(shares.peers);
  shares.rpc = static_cast<size_t>(kLeastRpc + std::min(left, kMostRpc - kLeastRpc));
  return shares;
}

}  // namespace cairn::node
