// Runs a fuzz target over the files of a folder, and over mutations of each, with any compiler.
//
// The mutations are always the same ones: what fails, fails again.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <vector>

#include <time.h>

#include "cairn/base/assert.h"
#include "tests/fuzz/targets.h"

namespace {

using cairn::Bytes;
using cairn::fuzz::Target;

std::vector<std::filesystem::path> FilesIn(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

Bytes ReadFile(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return Bytes(std::istreambuf_iterator<char>(file), {});
}

/// Changes a few places: a byte replaced, a bit turned, a stretch cut out or repeated.
Bytes Mutate(Bytes bytes, std::mt19937& random) {
  for (uint32_t changes = 1 + random() % 3; changes > 0 && !bytes.empty(); --changes) {
    const size_t at = random() % bytes.size();
    const auto place = bytes.begin() + static_cast<std::ptrdiff_t>(at);
    const size_t stretch = 1 + random() % std::min<size_t>(8, bytes.size() - at);
    switch (random() % 4) {
      case 0: bytes[at] = static_cast<uint8_t>(random()); break;
      case 1: bytes[at] ^= static_cast<uint8_t>(1u << random() % 8); break;
      case 2: bytes.erase(place, place + static_cast<std::ptrdiff_t>(stretch)); break;
      default: {
        const Bytes copy(place, place + static_cast<std::ptrdiff_t>(stretch));
        bytes.insert(place, copy.begin(), copy.end());
      }
    }
  }
  return bytes;
}

/// No input may take longer, whatever is in it. Sanitizers and -O0 slow runs down about tenfold,
/// and what is quadratic shows all the same.
constexpr double kMostSeconds = 5;

double CpuSeconds() {
  timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

void RunInTime(const Target& target, const Bytes& input) {
  const double start = CpuSeconds();
  target.run(input);
  CAIRN_ASSERT(CpuSeconds() - start < kMostSeconds);
}

int Replay(const Target& target, const std::filesystem::path& folder, int mutations) {
  const auto files = FilesIn(folder);
  if (files.empty()) {
    std::fprintf(stderr, "%s: no files\n", folder.c_str());
    return 1;
  }
  for (const auto& path : files) {
    // Said first, so that a crash's last line is the file.
    std::printf("%s\n", path.filename().c_str());
    std::fflush(stdout);
    const Bytes bytes = ReadFile(path);
    RunInTime(target, bytes);
    std::mt19937 random(1);
    for (int i = 0; i < mutations; ++i) RunInTime(target, Mutate(bytes, random));
  }
  std::printf("%zu files, %d mutations of each\n", files.size(), mutations);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const bool with_mutations = argc == 5 && std::strcmp(argv[3], "--mutations") == 0;
  const Target* target = argc >= 2 ? cairn::fuzz::FindTarget(argv[1]) : nullptr;
  if (target == nullptr || (argc != 3 && !with_mutations)) {
    std::fprintf(stderr, "usage: fuzz_replay TARGET FOLDER [--mutations N]\ntargets:");
    for (const Target& each : cairn::fuzz::Targets()) {
      std::fprintf(stderr, " %s", std::string(each.name).c_str());
    }
    std::fprintf(stderr, "\n");
    return 2;
  }
  return Replay(*target, argv[2], with_mutations ? std::atoi(argv[4]) : 0);
}
