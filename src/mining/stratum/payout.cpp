#include "src/mining/stratum/payout.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "consensus/rules/transaction.h"

namespace cairn::mining::stratum {
namespace {

// Header, number of transactions, and the coinbase but for what it pays; its script and the witness
// commitment are as long as they can be.
constexpr uint64_t kWeightOfTheRest = 1600;
constexpr uint64_t kWeightOfOutput = uint64_t{43} * kWitnessScaleFactor;  // the longest address

/// total * work / sum, rounded down; exact as long as work is below 2^192.
Amount Part(Amount total, const U256& work, const U256& sum) {
  const auto amount = static_cast<uint64_t>(total);
  U256 product = (work * static_cast<uint32_t>(amount >> 32)) << 32;
  product += work * static_cast<uint32_t>(amount);
  return static_cast<Amount>((product / sum).Low64());
}

}  // namespace

std::vector<Payee> Ranked(std::span<const Payee> payees) {
  std::map<Bytes, U256> by_script;
  for (const Payee& payee : payees) by_script[payee.script] += payee.work;
  std::vector<Payee> ranked;
  for (auto& [script, work] : by_script) {
    if (!work.IsZero()) ranked.push_back({script, work});
  }
  std::stable_sort(ranked.begin(), ranked.end(),
                   [](const Payee& a, const Payee& b) { return a.work > b.work; });
  return ranked;
}

uint64_t WorkOfShare(double difficulty) {
  return std::max<uint64_t>(static_cast<uint64_t>(std::round(difficulty * kHashesOfDifficultyOne)),
                            1);
}

size_t RoomForPayouts(uint64_t weight) {
  const uint64_t taken = weight + kWeightOfTheRest;
  if (taken >= consensus::kMaxBlockWeight) return 1;
  const uint64_t room = (consensus::kMaxBlockWeight - taken) / kWeightOfOutput;
  return static_cast<size_t>(std::clamp<uint64_t>(room, 1, kMostPayouts));
}

std::vector<TransactionDraft::Output> ShareOut(Amount total, std::span<const Payee> payees,
                                               size_t most) {
  const std::vector<Payee> ranked = Ranked(payees);
  U256 sum;
  for (const Payee& payee : ranked) sum += payee.work;
  std::vector<TransactionDraft::Output> outputs;
  Amount left = total;
  for (const Payee& payee : ranked) {
    const Amount amount = Part(total, payee.work, sum);
    // The first one is paid whatever is left; those that follow one who gets dust get no more.
    if (!outputs.empty() && (outputs.size() >= most || amount < kLeastPayout)) break;
    outputs.push_back({amount, payee.script});
    left -= amount;
  }
  if (!outputs.empty()) outputs[0].value += left;
  return outputs;
}

}  // namespace cairn::mining::stratum
