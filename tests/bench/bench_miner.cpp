// How fast each scan kernel of the miner hashes headers, beside OpenSSL's double hash of 80 bytes.
//
// Rounds are interleaved: in each one every candidate does its share in turn, timed by the CPU
// clock of its thread, so that a busy machine troubles all alike. The clock of the core is
// calibrated before and after each share by a chain of additions that take a cycle each. Figures
// are medians over the rounds and, with --threads, over the threads, which run at the same time.
#include <algorithm>
#include <barrier>
#include <cstdio>
#include <functional>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>

#include "cairn/mining/nonce_scan.h"
#include "tests/bench/bench_options.h"
#include "tests/bench/measure.h"

namespace {

using cairn::Header;
using cairn::U256;
using cairn::bench::Median;
using cairn::bench::ThreadCpuSeconds;
using cairn::mining::NonceScan;
using cairn::mining::ScanHit;
using cairn::mining::ScanKernel;

/// Cycles per second of the core, as it runs now.
double CoreClock() {
  constexpr uint64_t kSteps = 4000;
  constexpr uint64_t kAdditions = 32;  // of a step, each waiting for the one before
  const double start = ThreadCpuSeconds();
  uint64_t sum = 1;
  for (uint64_t i = 0; i < kSteps; ++i) {
#pragma GCC unroll 32
    for (uint64_t j = 0; j < kAdditions; ++j) {
      sum += i;
      asm volatile("" : "+r"(sum));  // so that they are not made one
    }
  }
  return static_cast<double>(kSteps * kAdditions) / (ThreadCpuSeconds() - start);
}

struct Figures {
  std::vector<double> cycles;   // per hash
  std::vector<double> seconds;  // per hash
};

struct Candidate {
  std::string name;
  std::function<uint64_t(uint32_t first)> run;  // gives the number of hashes
};

void OpensslDouble(const uint8_t* message, size_t size, uint8_t* out) {
  SHA256_CTX context;
  SHA256_Init(&context);
  SHA256_Update(&context, message, size);
  SHA256_Final(out, &context);
  SHA256_Init(&context);
  SHA256_Update(&context, out, SHA256_DIGEST_LENGTH);
  SHA256_Final(out, &context);
}

Candidate OfOpenssl(const Header& header) {
  return {"double-hash openssl", [header](uint32_t first) {
            constexpr uint32_t kHashes = 1024;
            auto raw = header.Serialize();
            uint8_t digest[SHA256_DIGEST_LENGTH];
            for (uint32_t i = 0; i < kHashes; ++i) {
              cairn::StoreLittle(&raw[76], first + i);
              OpensslDouble(raw.data(), raw.size(), digest);
            }
            return uint64_t{kHashes};
          }};
}

Candidate OfKernel(const ScanKernel& kernel, const Header& header, bool rolling) {
  std::vector<int32_t> versions(rolling ? kernel.versions : 1);
  std::iota(versions.begin(), versions.end(), header.version);
  auto scan = std::make_shared<NonceScan>(kernel, header, U256(), versions);
  const uint64_t nonces = 8192 / versions.size();
  return {(rolling ? "version-rolling " : "nonce-only ") + std::string(kernel.name),
          [scan, nonces](uint32_t first) {
            std::vector<ScanHit> hits;
            return scan->Run(first, nonces, hits);
          }};
}

std::vector<Candidate> AllCandidates() {
  Header header;
  header.version = 0x20000000;
  header.time = 1'700'000'000;
  header.bits = 0x17053894;
  std::vector<Candidate> candidates;
  for (const bool rolling : {true, false}) {
    for (const ScanKernel& kernel : cairn::mining::AvailableScanKernels()) {
      candidates.push_back(OfKernel(kernel, header, rolling));
    }
  }
  candidates.push_back(OfOpenssl(header));
  return candidates;
}

void MeasureOnce(const Candidate& candidate, double slice, Figures& figures) {
  const double clock_before = CoreClock();
  const double start = ThreadCpuSeconds();
  double taken = 0;
  uint64_t hashes = 0;
  while (taken < slice) {
    hashes += candidate.run(static_cast<uint32_t>(hashes));
    taken = ThreadCpuSeconds() - start;
  }
  const double clock = (clock_before + CoreClock()) / 2;
  figures.seconds.push_back(taken / static_cast<double>(hashes));
  figures.cycles.push_back(figures.seconds.back() * clock);
}

/// Measures all candidates on several threads at once, in step.
std::vector<Figures> MeasureAll(const std::vector<Candidate>& candidates, uint64_t threads,
                                uint64_t rounds, double slice) {
  std::vector<std::vector<Figures>> each(threads, std::vector<Figures>(candidates.size()));
  std::barrier together(static_cast<std::ptrdiff_t>(threads));
  {
    std::vector<std::jthread> running;
    for (std::vector<Figures>& figures : each) {
      running.emplace_back([&] {
        for (uint64_t round = 0; round < rounds; ++round) {
          for (size_t i = 0; i < candidates.size(); ++i) {
            together.arrive_and_wait();
            MeasureOnce(candidates[i], slice, figures[i]);
          }
        }
      });
    }
  }
  std::vector<Figures> all = each[0];
  for (uint64_t thread = 1; thread < threads; ++thread) {
    for (size_t i = 0; i < candidates.size(); ++i) {
      const Figures& more = each[thread][i];
      all[i].cycles.insert(all[i].cycles.end(), more.cycles.begin(), more.cycles.end());
      all[i].seconds.insert(all[i].seconds.end(), more.seconds.begin(), more.seconds.end());
    }
  }
  return all;
}

}  // namespace

int main(int argc, char** argv) {
  uint64_t threads = 1, rounds = 41, milliseconds = 10;
  std::string only;
  const bool quick = argc == 2 && std::string(argv[1]) == "--quick";
  if (quick) {
    rounds = 3;
    milliseconds = 1;
  } else if (!cairn::bench::ParseBenchOptions(argc, argv,
                                              {{{"--threads", &threads},
                                                {"--rounds", &rounds},
                                                {"--milliseconds", &milliseconds}},
                                               {{"--only", &only}}}) ||
             threads == 0 || rounds == 0) {
    std::fprintf(stderr,
                 "usage: bench_miner [--quick | --threads=N --rounds=N --milliseconds=N "
                 "--only=PART_OF_A_NAME]\n");
    return 1;
  }
  std::vector<Candidate> candidates = AllCandidates();
  std::erase_if(candidates, [&](const Candidate& candidate) {
    return candidate.name.find(only) == std::string::npos;
  });
  const std::vector<Figures> figures =
      MeasureAll(candidates, threads, rounds, static_cast<double>(milliseconds) * 1e-3);
  for (size_t i = 0; i < candidates.size(); ++i) {
    std::printf("%s %.1f cycles/hash %.2f MH/s\n", candidates[i].name.c_str(),
                Median(figures[i].cycles), 1e-6 / Median(figures[i].seconds));
  }
  return 0;
}
