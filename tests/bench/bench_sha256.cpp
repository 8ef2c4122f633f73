// How fast each SHA-256 backend is, beside OpenSSL doing the same work in the same run.
//
// Rounds are interleaved: in each one every candidate does its share in turn, timed by the CPU
// clock of the thread, so that a busy machine troubles all alike. Figures are medians over the
// rounds. MB/s count the bytes of the messages, hashes/s the digests (of double hashes in all but
// the first).
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>

#include "cairn/crypto/sha256.h"
#include "tests/bench/measure.h"

namespace {

using cairn::Bytes;
using cairn::ByteSpan;
using cairn::bench::Median;
using cairn::bench::ThreadCpuSeconds;
using cairn::crypto::Digest;
using cairn::crypto::Pieces;
using cairn::crypto::Sha256Backend;

constexpr size_t kLongMessageBytes = 1 << 20;
constexpr size_t kMessages = 2048;

/// Messages of every operation, the same for all candidates.
struct Input {
  Bytes bytes;
  std::vector<Pieces> transactions;
  size_t transaction_bytes = 0;

  Input() : bytes(kLongMessageBytes) {
    std::mt19937 random(1);
    for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random());
    for (size_t i = 0; i < kMessages; ++i) {
      const size_t size = 200 + random() % 401;
      const ByteSpan whole = ByteSpan(bytes).subspan(random() % (bytes.size() - size), size);
      // With a witness, a txid is the hash of version, inputs and outputs, and lock time.
      const bool in_pieces = i % 2 == 0;
      transactions.push_back(in_pieces
                                 ? Pieces{whole.first(4), whole.subspan(4, size - 8), whole.last(4)}
                                 : Pieces{whole});
      transaction_bytes += size;
    }
  }
};

/// One kind of work, done once from start to end.
struct Work {
  std::string name;
  size_t bytes;
  size_t hashes;
  std::function<void(Digest* out)> openssl;
  std::function<void(const Sha256Backend&, Digest* out)> ours;
};

void OpensslDouble(const Pieces& pieces, Digest* out) {
  SHA256_CTX context;
  SHA256_Init(&context);
  for (const ByteSpan piece : pieces) SHA256_Update(&context, piece.data(), piece.size());
  SHA256_Final(out->data(), &context);
  SHA256_Init(&context);
  SHA256_Update(&context, out->data(), out->size());
  SHA256_Final(out->data(), &context);
}

/// Init, Update, Final, twice, without the loop over pieces.
void OpensslDouble(const uint8_t* message, size_t size, Digest* out) {
  SHA256_CTX context;
  SHA256_Init(&context);
  SHA256_Update(&context, message, size);
  SHA256_Final(out->data(), &context);
  SHA256_Init(&context);
  SHA256_Update(&context, out->data(), out->size());
  SHA256_Final(out->data(), &context);
}

Work LongMessage(const Input& input) {
  return {"one long message", kLongMessageBytes, 1,
          [&input](Digest* out) {
            SHA256_CTX context;
            SHA256_Init(&context);
            SHA256_Update(&context, input.bytes.data(), kLongMessageBytes);
            SHA256_Final(out->data(), &context);
          },
          [&input](const Sha256Backend& backend, Digest* out) {
            std::array<uint32_t, 8> state = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                             0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
            backend.transform(state.data(), input.bytes.data(), kLongMessageBytes / 64);
            static_assert(kLongMessageBytes * 8 == 0x80 << 16);
            std::array<uint8_t, 64> padding = {0x80};
            padding[61] = 0x80;
            backend.transform(state.data(), padding.data(), 1);
            for (size_t i = 0; i < 32; ++i) {
              (*out)[i] = static_cast<uint8_t>(state[i / 4] >> (24 - i % 4 * 8));
            }
          }};
}

std::vector<Work> AllWork(const Input& input) {
  const uint8_t* bytes = input.bytes.data();
  return {
      LongMessage(input),
      {"64-byte pairs", kMessages * 64, kMessages,
       [bytes](Digest* out) {
         for (size_t i = 0; i < kMessages; ++i) OpensslDouble(bytes + 64 * i, 64, &out[i]);
       },
       [bytes](const Sha256Backend& backend, Digest* out) {
         backend.d64(out[0].data(), bytes, kMessages);
       }},
      {"80-byte headers", kMessages * 80, kMessages,
       [bytes](Digest* out) {
         for (size_t i = 0; i < kMessages; ++i) OpensslDouble(bytes + 80 * i, 80, &out[i]);
       },
       [bytes](const Sha256Backend& backend, Digest* out) { backend.d80(out, bytes, kMessages); }},
      {"transactions", input.transaction_bytes, kMessages,
       [&input](Digest* out) {
         for (size_t i = 0; i < kMessages; ++i) OpensslDouble(input.transactions[i], &out[i]);
       },
       [&input](const Sha256Backend& backend, Digest* out) {
         backend.many(input.transactions, out);
       }}};
}

struct Candidate {
  std::string name;
  std::function<void(Digest* out)> run;
  std::vector<double> seconds;  // for the work done once, in each round
};

double SecondsOnce(const Candidate& candidate, double slice, std::vector<Digest>& out) {
  const double start = ThreadCpuSeconds();
  double now = start;
  int runs = 0;
  while (now - start < slice || runs == 0) {
    candidate.run(out.data());
    ++runs;
    now = ThreadCpuSeconds();
  }
  return (now - start) / runs;
}

struct Best {
  std::string name;
  double ratio = 0;
};

/// Measures and prints one kind of work. False if a backend's digests are not OpenSSL's.
bool Measure(const Work& work, int rounds, double slice, Best* best) {
  std::vector<Candidate> candidates = {{"OpenSSL", work.openssl, {}}};
  for (const Sha256Backend& backend : cairn::crypto::AvailableSha256Backends()) {
    candidates.push_back(
        {std::string(backend.name), [&](Digest* out) { work.ours(backend, out); }, {}});
  }
  const Sha256Backend& active = cairn::crypto::ActiveSha256Backend();
  candidates.push_back(
      {"active: " + std::string(active.name), [&](Digest* out) { work.ours(active, out); }, {}});

  std::vector<Digest> expected(kMessages), out(kMessages);
  work.openssl(expected.data());
  for (int round = 0; round < rounds; ++round) {
    for (Candidate& candidate : candidates) {
      candidate.seconds.push_back(SecondsOnce(candidate, slice, out));
      if (!std::equal(out.begin(), out.begin() + static_cast<long>(work.hashes),
                      expected.begin())) {
        std::printf("%s: %s differs from OpenSSL\n", work.name.c_str(), candidate.name.c_str());
        return false;
      }
    }
  }
  std::printf("\n%-28s %10s %14s %11s\n", work.name.c_str(), "MB/s", "hashes/s", "x OpenSSL");
  for (const Candidate& candidate : candidates) {
    const double seconds = Median(candidate.seconds);
    std::vector<double> ratios;
    for (int round = 0; round < rounds; ++round) {
      ratios.push_back(candidates[0].seconds[round] / candidate.seconds[round]);
    }
    const double ratio = Median(ratios);
    std::printf("  %-26s %10.1f %14.0f %11.2f\n", candidate.name.c_str(),
                static_cast<double>(work.bytes) / seconds / 1e6,
                static_cast<double>(work.hashes) / seconds, ratio);
    if (&candidate != &candidates[0] && ratio > best->ratio) *best = {candidate.name, ratio};
  }
  return true;
}

constexpr int kSkipped = 77;

/// Holds the best backend to a rate of double hashing 64-byte pairs, `least` times OpenSSL's. A
/// busy machine spoils a measurement but never improves it, so the best of several counts.
int Require(double least, const Input& input) {
  constexpr int kTries = 5;
  const auto backends = cairn::crypto::AvailableSha256Backends();
  const bool fast = std::any_of(backends.begin(), backends.end(), [](const Sha256Backend& backend) {
    return backend.name == "shani" || backend.name == "avx512";
  });
  if (!fast) {
    std::printf("skipped: this processor has neither SHA-NI nor AVX-512\n");
    return kSkipped;
  }
  const Work pairs = AllWork(input)[1];
  double ratio = 0;
  for (int i = 0; i < kTries && ratio < least; ++i) {
    Best best;
    if (!Measure(pairs, 21, 0.005, &best)) return 1;
    ratio = std::max(ratio, best.ratio);
  }
  std::printf("\nd64 best %.2f x OpenSSL, required are %.2f\n", ratio, least);
  return ratio >= least ? 0 : 1;
}

int MeasureAll(bool quick, const Input& input) {
  const int rounds = quick ? 3 : 21;
  const double slice = quick ? 0.0005 : 0.010;
  std::printf("active backend: %s\n",
              std::string(cairn::crypto::ActiveSha256Backend().name).c_str());
  if (!cairn::crypto::Sha256Notice().empty()) {
    std::printf("%s\n", std::string(cairn::crypto::Sha256Notice()).c_str());
  }
  Best best_d64;
  for (const Work& work : AllWork(input)) {
    Best best;
    if (!Measure(work, rounds, slice, &best)) return 1;
    if (work.name == "64-byte pairs") best_d64 = best;
  }
  std::printf("\nd64 best %s %.2f x OpenSSL\n", best_d64.name.c_str(), best_d64.ratio);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  constexpr std::string_view kRequire = "--require=";
  const std::string_view option = argc > 1 ? argv[1] : "";
  const Input input;
  if (option.starts_with(kRequire)) return Require(std::atof(argv[1] + kRequire.size()), input);
  if (!option.empty() && option != "--quick") {
    std::fprintf(stderr, "usage: bench_sha256 [--quick | --require=RATIO]\n");
    return 1;
  }
  return MeasureAll(option == "--quick", input);
}
