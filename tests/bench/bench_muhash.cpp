// What a coin costs in MuHash: each step of inserting an element, and what a division costs.
//
// Every figure is the median over rounds of the CPU time of the thread, in microseconds. The
// keystream stands beside OpenSSL's, with its context made before and only the key set anew.
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include <openssl/evp.h>

#include "cairn/crypto/muhash.h"
#include "src/crypto/chacha20.h"
#include "src/crypto/num3072.h"
#include "tests/bench/measure.h"

namespace {

using namespace cairn::crypto;
using cairn::Bytes;
using cairn::bench::Median;
using cairn::bench::ThreadCpuSeconds;

struct Candidate {
  std::string name;
  std::function<void()> run;
  std::vector<double> microseconds;
};

double MicrosecondsOnce(const std::function<void()>& run, double slice) {
  const double start = ThreadCpuSeconds();
  double now = start;
  int runs = 0;
  while (now - start < slice) {
    for (int i = 0; i < 10; ++i) run();
    runs += 10;
    now = ThreadCpuSeconds();
  }
  return (now - start) / runs * 1e6;
}

Num3072 SomeNumber() {
  Num3072 number;
  uint64_t word = 1;
  for (uint64_t& limb : number) limb = word = word * 6364136223846793005 + 1442695040888963407;
  return number;
}

}  // namespace

int main(int argc, char** argv) {
  const bool quick = argc > 1 && std::strcmp(argv[1], "--quick") == 0;
  if (argc > 1 && !quick) {
    std::fprintf(stderr, "usage: bench_muhash [--quick]\n");
    return 1;
  }
  // Each step takes its last result, so that none can be left out or begun early.
  Bytes keystream(kKeystreamBytes), zeroes(kKeystreamBytes), nonce(16);
  Num3072 number = SomeNumber();
  const Num3072 factor = SomeNumber();
  constexpr size_t kCoinBytes = 75;  // of a coin with a P2PKH script
  Bytes coin(kCoinBytes);
  MuHash set;

  std::vector<Candidate> candidates;
  for (const KeystreamKernel& kernel : AvailableKeystreamKernels()) {
    candidates.push_back({"keystream, " + std::string(kernel.name),
                          [&] { kernel.run(keystream.data(), keystream.data()); },
                          {}});
  }
  EVP_CIPHER_CTX* context = EVP_CIPHER_CTX_new();
  EVP_EncryptInit_ex(context, EVP_chacha20(), nullptr, keystream.data(), nonce.data());
  candidates.push_back({"keystream, OpenSSL",
                        [&] {
                          int size = 0;
                          EVP_EncryptInit_ex(context, nullptr, nullptr, keystream.data(),
                                             nonce.data());
                          EVP_EncryptUpdate(context, keystream.data(), &size, zeroes.data(),
                                            static_cast<int>(zeroes.size()));
                        },
                        {}});
  for (const Num3072Kernel& kernel : AvailableNum3072Kernels()) {
    candidates.push_back({"multiplication, " + std::string(kernel.name),
                          [&] { kernel.multiply(number, factor); },
                          {}});
  }
  candidates.push_back({"inverse", [&] { number = InverseOf(number); }, {}});
  candidates.push_back({"SHA-256 of a coin", [&] { coin[0] = Sha256Of(coin)[0]; }, {}});
  candidates.push_back({"insert a coin",
                        [&] {
                          set.Insert(coin);
                          ++coin[0];
                        },
                        {}});
  candidates.push_back({"finalize", [&] { coin[1] = set.Remove(coin).Finalize()[0]; }, {}});

  const int rounds = quick ? 3 : 21;
  for (int round = 0; round < rounds; ++round) {
    for (Candidate& candidate : candidates) {
      candidate.microseconds.push_back(MicrosecondsOnce(candidate.run, quick ? 0.0005 : 0.010));
    }
  }
  for (const Candidate& candidate : candidates) {
    std::printf("%-28s %8.3f us\n", candidate.name.c_str(), Median(candidate.microseconds));
  }
  EVP_CIPHER_CTX_free(context);
  return 0;
}
