#include "src/crypto/sha256_select.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>

namespace cairn::crypto {
namespace {

enum class Operation { kD64, kD80, kMany };

/// A group of messages for every operation, as long as transactions commonly are.
struct Sample {
  static constexpr size_t kTransactionBytes = 250;

  uint8_t bytes[kMaxLanes * kTransactionBytes] = {};
  Pieces pieces[kMaxLanes];
  Digest digests[kMaxLanes];

  Sample() {
    for (size_t i = 0; i < kMaxLanes; ++i) {
      pieces[i] = {ByteSpan(bytes + i * kTransactionBytes, kTransactionBytes)};
    }
  }
};

void HashGroup(const Sha256Kernel& kernel, Operation operation, Sample& sample) {
  switch (operation) {
    case Operation::kD64: return kernel.d64(sample.digests[0].data(), sample.bytes);
    case Operation::kD80: return kernel.d80(sample.digests[0].data(), sample.bytes);
    case Operation::kMany:
      return RunMany(kernel, 1, kernel, {sample.pieces, kernel.lanes}, sample.digests);
  }
}

/// How long a kernel takes for one full group, in nanoseconds. The best of a few tries, because
/// everything that can disturb a measurement makes it longer.
double NanosecondsPerGroup(const Sha256Kernel& kernel, Operation operation, Sample& sample) {
  using Clock = std::chrono::steady_clock;
  constexpr int kTries = 4;
  constexpr int kGroups = 3;
  double best = 0;
  for (int i = 0; i < kTries; ++i) {
    const Clock::time_point start = Clock::now();
    for (int group = 0; group < kGroups; ++group) HashGroup(kernel, operation, sample);
    const std::chrono::duration<double, std::nano> taken = Clock::now() - start;
    if (i == 0 || taken.count() < best) best = taken.count();
  }
  return best / kGroups;
}

struct Timing {
  const Sha256Candidate* candidate;
  double group;
  double message;
};

bool Faster(const Timing& a, const Timing& b) { return a.message < b.message; }

/// The fastest candidate when there are many messages, and the fastest among those with few lanes.
Sha256Pairing Measure(Operation operation, Sample& sample) {
  std::vector<Timing> all, few_lanes;
  for (const Sha256Candidate& candidate : AvailableCandidates()) {
    const double group = NanosecondsPerGroup(*candidate.kernel, operation, sample);
    all.push_back({&candidate, group, group / static_cast<double>(candidate.kernel->lanes)});
    if (candidate.kernel->lanes <= 2) few_lanes.push_back(all.back());
  }
  const Timing wide = *std::min_element(all.begin(), all.end(), Faster);
  const Timing narrow = *std::min_element(few_lanes.begin(), few_lanes.end(), Faster);
  const double worth = std::max(1.0, wide.group / std::max(1.0, narrow.message));
  return {wide.candidate->kernel, narrow.candidate->kernel,
          std::min(static_cast<size_t>(worth) + 1, wide.candidate->kernel->lanes)};
}

std::string_view NameOf(const Sha256Kernel* kernel) {
  for (const Sha256Candidate& candidate : AvailableCandidates()) {
    if (candidate.kernel == kernel) return candidate.backend.name;
  }
  return "?";
}

Sha256Selection SelectFastest() {
  Sample sample;
  Sha256Selection selection;
  selection.d64 = Measure(Operation::kD64, sample);
  selection.d80 = Measure(Operation::kD80, sample);
  selection.many = Measure(Operation::kMany, sample);
  const Sha256Kernel* single = selection.many.narrow;
  for (const Sha256Candidate& candidate : AvailableCandidates()) {
    if (candidate.kernel == single) selection.transform = candidate.backend.transform;
  }
  std::vector<std::string_view> names = {NameOf(single)};
  for (const Sha256Pairing& pairing : {selection.d64, selection.d80, selection.many}) {
    for (const Sha256Kernel* kernel : {pairing.narrow, pairing.wide}) {
      const std::string_view name = NameOf(kernel);
      if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    }
  }
  for (const std::string_view name : names) {
    if (!selection.name.empty()) selection.name += '+';
    selection.name += name;
  }
  return selection;
}

std::string NoticeOfUnknown(std::string_view wanted) {
  std::string notice = "CAIRN_SHA256=" + std::string(wanted) + " is not among";
  for (const Sha256Candidate& candidate : AvailableCandidates()) {
    notice += ' ';
    notice += candidate.backend.name;
  }
  return notice + "; using the fastest";
}

std::vector<Sha256Candidate> FindCandidates() {
  std::vector<Sha256Candidate> candidates = {PortableCandidate()};
  AddShaniCandidate(candidates);
  AddLaneCandidates(candidates);
  return candidates;
}

/// How many of `count` messages the wide kernel of a pairing should take.
size_t WideShare(const Sha256Pairing& pairing, size_t count) {
  const size_t rest = count % pairing.wide->lanes;
  return rest >= pairing.worth ? count : count - rest;
}

const Sha256Selection& Active() {
  static const Sha256Selection selection = [] {
    const char* wanted = std::getenv("CAIRN_SHA256");
    return SelectSha256(wanted != nullptr ? wanted : "");
  }();
  return selection;
}

std::vector<Sha256Backend> FindBackends() {
  std::vector<Sha256Backend> backends;
  for (const Sha256Candidate& candidate : AvailableCandidates()) {
    backends.push_back(candidate.backend);
  }
  return backends;
}

}  // namespace

const std::vector<Sha256Candidate>& AvailableCandidates() {
  static const std::vector<Sha256Candidate> candidates = FindCandidates();
  return candidates;
}

const std::vector<Sha256Backend>& AvailableSha256Backends() {
  static const std::vector<Sha256Backend> backends = FindBackends();
  return backends;
}

Sha256Selection SelectSha256(std::string_view wanted) {
  for (const auto& [backend, kernel] : AvailableCandidates()) {
    if (backend.name != wanted) continue;
    const Sha256Pairing pairing = {kernel, kernel, 1};
    return {std::string(wanted), "", backend.transform, pairing, pairing, pairing};
  }
  Sha256Selection selection = SelectFastest();
  if (!wanted.empty()) selection.notice = NoticeOfUnknown(wanted);
  return selection;
}

void RunD64(const Sha256Pairing& pairing, uint8_t* out, const uint8_t* in, size_t count) {
  const size_t wide = WideShare(pairing, count);
  RunD64(*pairing.wide, out, in, wide);
  RunD64(*pairing.narrow, out + sizeof(Digest) * wide, in + 64 * wide, count - wide);
}

void RunD80(const Sha256Pairing& pairing, Digest* out, const uint8_t* in, size_t count) {
  const size_t wide = WideShare(pairing, count);
  RunD80(*pairing.wide, out, in, wide);
  RunD80(*pairing.narrow, out + wide, in + 80 * wide, count - wide);
}

void Sha256d64(uint8_t* out, const uint8_t* in, size_t count) {
  RunD64(Active().d64, out, in, count);
}

void Sha256d80(Digest* out, const uint8_t* in, size_t count) {
  RunD80(Active().d80, out, in, count);
}

void Sha256dMany(std::span<const Pieces> messages, Digest* out) {
  const Sha256Pairing& pairing = Active().many;
  RunMany(*pairing.wide, pairing.worth, *pairing.narrow, messages, out);
}

const Sha256Backend& ActiveSha256Backend() {
  static const Sha256Backend backend = {Active().name, Active().transform,
                                        Sha256d64,     Sha256d80,
                                        Sha256dMany,   Active().d64.wide->lanes};
  return backend;
}

std::string_view Sha256Notice() { return Active().notice; }

}  // namespace cairn::crypto
