// Scanning in plain C++, one hash at a time: what runs everywhere.
#include <utility>

#include "cairn/base/endian.h"
#include "cairn/crypto/sha256_round.h"
#include "src/mining/hash/scan_kernel.h"

namespace cairn::mining {
namespace {

// Enough that the schedule, which they share, hardly counts.
constexpr size_t kVersions = 8;
constexpr size_t kDecidingRound = 60;  // its e is the last word of the hash

/// `at` has the sum of constant and word of each round.
template <size_t kFirst, size_t... t>
inline void Rounds(uint32_t* state, const uint32_t* at, std::index_sequence<t...>) {
  (crypto::Sha256Round<kFirst + t>(state, at[kFirst + t]), ...);
}

/// Fills in the rounds from `first` to the last. `word` has what stands before.
void FillTable(uint32_t* table, uint32_t (&word)[64], size_t first, size_t last) {
  for (size_t t = first; t <= last; ++t) {
    word[t] = word[t - 16] + crypto::SmallSigma0(word[t - 15]) + word[t - 7] +
              crypto::SmallSigma1(word[t - 2]);
    table[t] = crypto::kRoundConstants[t] + word[t];
  }
}

void FillTailTable(uint32_t* table, const HashPlan& plan, uint32_t nonce) {
  uint32_t word[64];
  for (size_t t = 0; t < kFirstWords; ++t) {
    table[t] = plan.table[t];
    word[t] = plan.table[t] - crypto::kRoundConstants[t];
  }
  word[3] = nonce;
  FillTable(table, word, kFirstWords, 63);
}

/// The word of the double hash that weighs most. `state` is that after the nonce's round.
uint32_t HighestWord(const uint32_t* midstate, const uint32_t* state, const uint32_t* tail_table) {
  uint32_t working[8];
  for (size_t i = 0; i < 8; ++i) working[(60 + i) % 8] = state[i];
  Rounds<4>(working, tail_table, std::make_index_sequence<60>());
  uint32_t word[64], table[64];
  for (size_t t = 0; t < 16; ++t) {
    word[t] = t < 8 ? midstate[t] + working[t] : kDigestPlan.table[t] - crypto::kRoundConstants[t];
    table[t] = crypto::kRoundConstants[t] + word[t];
  }
  FillTable(table, word, 16, kDecidingRound);
  for (size_t i = 0; i < 8; ++i) working[i] = crypto::kInitialState[i];
  Rounds<0>(working, table, std::make_index_sequence<kDecidingRound + 1>());
  constexpr size_t kE = (64 - (kDecidingRound + 1) + 4) % 8;
  return ByteSwap(crypto::kInitialState[7] + working[kE]);
}

size_t ScanNonces(const NonceInput& input, uint32_t first, size_t groups, Candidates& candidates) {
  for (size_t i = 0; i < groups; ++i) {
    if (candidates.count == Candidates::kRoom) return i;
    const uint32_t nonce = first + static_cast<uint32_t>(i);
    uint32_t table[64], state[8];
    FillTailTable(table, input.plan, ByteSwap(nonce));
    for (size_t w = 0; w < 8; ++w) state[w] = input.plan.state[w];
    state[0] += ByteSwap(nonce);
    state[4] += ByteSwap(nonce);
    if (HighestWord(input.midstate, state, table) > input.limit) continue;
    candidates.at[candidates.count++] = {0, nonce};
  }
  return groups;
}

size_t ScanVersions(const VersionInput& input, uint32_t first, size_t count,
                    Candidates& candidates) {
  for (size_t i = 0; i < count; ++i) {
    if (candidates.count + kVersions > Candidates::kRoom) return i;
    const uint32_t nonce = first + static_cast<uint32_t>(i);
    uint32_t table[64];
    FillTailTable(table, input.plan, ByteSwap(nonce));
    for (size_t version = 0; version < kVersions; ++version) {
      uint32_t midstate[8], state[8];
      for (size_t w = 0; w < 8; ++w) {
        midstate[w] = input.midstates[w * kVersions + version];
        state[w] = input.states[w * kVersions + version];
      }
      state[0] += ByteSwap(nonce);
      state[4] += ByteSwap(nonce);
      if (HighestWord(midstate, state, table) > input.limit) continue;
      candidates.at[candidates.count++] = {static_cast<uint32_t>(version), nonce};
    }
  }
  return count;
}

constexpr ScanFunctions kFunctions = {ScanNonces, ScanVersions};

}  // namespace

ScanKernel PortableScanKernel() { return {"portable", 1, kVersions, &kFunctions}; }

}  // namespace cairn::mining
