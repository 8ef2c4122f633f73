// What a SHA-256 implementation provides, and the loops that all of them share.
//
// A kernel hashes `lanes` messages side by side. It knows neither tails nor lengths: the functions
// below feed it whole groups and fill up the last one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "cairn/crypto/sha256.h"

namespace cairn::crypto {

inline constexpr size_t kMaxLanes = 16;

struct Sha256Kernel {
  size_t lanes;

  /// Compresses one block of 64 bytes into the state of each lane: `blocks` points to one per lane,
  /// word w of lane i stands at `state[w * lanes + i]`.
  void (*compress)(uint32_t* state, const uint8_t* const* blocks);

  /// The second hash of a double hash: `state` holds the first. Writes 32 bytes for each lane.
  void (*finish)(uint8_t* out, const uint32_t* state);

  /// Double hashes of exactly `lanes` messages of 64 or 80 bytes that lie one after another. All of
  /// `in` is read before `out` is written.
  void (*d64)(uint8_t* out, const uint8_t* in);
  void (*d80)(uint8_t* out, const uint8_t* in);
};

/// The tests' and the node's name for a kernel, and the kernel itself.
struct Sha256Candidate {
  Sha256Backend backend;
  const Sha256Kernel* kernel;
};

/// The kernels that this CPU can run, `portable` first.
const std::vector<Sha256Candidate>& AvailableCandidates();

void TransformPortable(uint32_t* state, const uint8_t* blocks, size_t count);
Sha256Candidate PortableCandidate();

/// Adds the kernels that the CPU can run, if any.
void AddShaniCandidate(std::vector<Sha256Candidate>& candidates);
void AddLaneCandidates(std::vector<Sha256Candidate>& candidates);

void RunD64(const Sha256Kernel& kernel, uint8_t* out, const uint8_t* in, size_t count);
void RunD80(const Sha256Kernel& kernel, Digest* out, const uint8_t* in, size_t count);

/// Double hashes of messages of any lengths. A group that would keep at least `worth` lanes of
/// `wide` busy on average is hashed there, the others on `narrow`.
void RunMany(const Sha256Kernel& wide, size_t worth, const Sha256Kernel& narrow,
             std::span<const Pieces> messages, Digest* out);

/// A kernel, bound to plain functions.
template <const Sha256Kernel& kKernel>
Sha256Candidate CandidateOf(std::string_view name,
                            void (*transform)(uint32_t*, const uint8_t*, size_t)) {
  Sha256Backend backend;
  backend.name = name;
  backend.lanes = kKernel.lanes;
  backend.transform = transform;
  backend.d64 = [](uint8_t* out, const uint8_t* in, size_t count) {
    RunD64(kKernel, out, in, count);
  };
  backend.d80 = [](Digest* out, const uint8_t* in, size_t count) {
    RunD80(kKernel, out, in, count);
  };
  backend.many = [](std::span<const Pieces> messages, Digest* out) {
    RunMany(kKernel, 1, kKernel, messages, out);
  };
  return {backend, &kKernel};
}

}  // namespace cairn::crypto
