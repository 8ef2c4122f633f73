#include "tests/bench/chain_maker/traffic.h"

#include <algorithm>

#include "cairn/base/writer.h"

namespace cairn::bench {
namespace {

/// A form of transaction, and how many of a thousand have it. The ranges include both ends.
struct Shape {
  unsigned share;
  uint64_t least_inputs, most_inputs;
  uint64_t least_outputs, most_outputs;
  bool data = false;  // with an OP_RETURN output besides
};

constexpr Shape kShapes[] = {
    {430, 1, 1, 2, 2},        // a payment with its change
    {140, 1, 1, 1, 1},        // a coin moved whole
    {150, 1, 1, 1, 2, true},  // tokens and timestamps
    {110, 2, 2, 2, 2},       {55, 2, 2, 1, 1}, {49, 3, 5, 1, 2}, {35, 1, 3, 5, 40},  // a payout
    {6, 1, 2, 40, 200},  // an exchange's payout
    {21, 6, 30, 1, 1},   // a consolidation
    {4, 50, 200, 1, 1},
};
constexpr uint64_t kConsolidation = 6;  // inputs, from which on any small coin will do

constexpr Amount kLeastOutput = 600;  // above what nodes call dust
constexpr Amount kLeastInput = 5'000;
constexpr Amount kLeastConsolidated = 1'000;
constexpr unsigned kFreshPermille = 80;  // of inputs, spent in the block that made them
constexpr size_t kMostFreshInputs = 5;
constexpr int kTries = 16;

constexpr Amount kSplitValue = kCoin / 10;
constexpr size_t kSplitOutputs = 100;

constexpr uint32_t kReplaceable = 0xfffffffd;  // BIP125
constexpr uint32_t kLocked = 0xfffffffe;

const Shape& DrawShape(Random& random) {
  auto at = static_cast<unsigned>(random.Below(1000));
  for (const Shape& shape : kShapes) {
    if (at < shape.share) return shape;
    at -= shape.share;
  }
  return kShapes[0];
}

Amount DrawFeeRate(Random& random) {
  const uint64_t floor = uint64_t{1} << random.Below(7);  // satoshis per virtual byte
  return static_cast<Amount>(floor + random.Below(floor));
}

}  // namespace

Traffic::Traffic(CoinPool& coins, const KeyRing& keys, Random& random, int height)
    : coins_(coins), keys_(keys), random_(random), height_(height) {}

bool Traffic::AddAnything(size_t most_inputs, uint32_t most_weight) {
  const Shape& shape = DrawShape(random_);
  const uint64_t inputs = random_.Between(shape.least_inputs, shape.most_inputs);
  PlannedTransaction plan;
  Gather(plan, std::min<size_t>(inputs, most_inputs), inputs >= kConsolidation);
  if (plan.spends.empty()) return false;
  AddOutputs(plan, random_.Between(shape.least_outputs, shape.most_outputs));
  if (shape.data) AddData(plan);
  ChooseLocks(plan);
  Weigh(plan);
  if (plan.weight > most_weight || !Divide(plan)) return GiveUp(plan);
  Accept(std::move(plan));
  return true;
}

bool Traffic::AddSplit(uint32_t most_weight) {
  const auto place = coins_.FirstOfValue(kSplitValue, split_from_);
  if (!place) return false;
  PlannedTransaction plan;
  plan.spends = {*place};
  plan.value = coins_[*place].value;
  coins_.Spend(*place);
  AddOutputs(plan, kSplitOutputs);
  Weigh(plan);
  if (plan.weight > most_weight) return GiveUp(plan);
  plan.fee = plan.weight;
  Amount left = plan.value - plan.fee;
  const Amount even = left / static_cast<Amount>(kSplitOutputs + kSplitOutputs / 8);
  for (PlannedOutput& output : plan.outputs) {
    output.value = even * static_cast<Amount>(random_.Between(500, 1500)) / 1000;
    if (&output == &plan.outputs.back()) output.value = left;
    left -= output.value;
  }
  split_from_ = *place + 1;
  Accept(std::move(plan));
  return true;
}

void Traffic::Gather(PlannedTransaction& plan, size_t count, bool any_value) {
  while (plan.spends.size() < count) {
    const auto place = DrawCoin(count <= kMostFreshInputs, any_value);
    if (!place) return;
    coins_.Spend(*place);
    const MadeCoin& coin = coins_[*place];
    plan.spends.push_back(*place);
    plan.value += coin.value;
    plan.depth = std::max(plan.depth, coin.depth);
  }
}

std::optional<size_t> Traffic::DrawCoin(bool may_be_fresh, bool any_value) {
  const Amount least = any_value ? kLeastConsolidated : kLeastInput;
  for (int i = 0; i < kTries; ++i) {
    const bool fresh = may_be_fresh && random_.Chance(kFreshPermille);
    const auto place = fresh ? coins_.DrawFresh(random_) : coins_.DrawOld(random_);
    if (place && coins_[*place].value >= least) return place;
  }
  return std::nullopt;
}

void Traffic::AddOutputs(PlannedTransaction& plan, size_t count) {
  for (size_t i = 0; i < count; ++i) plan.outputs.push_back({0, keys_.Draw(random_), {}});
}

void Traffic::AddData(PlannedTransaction& plan) {
  Bytes data;
  Writer writer(data);
  for (uint64_t words = random_.Between(1, 10); words > 0; --words) writer.U64(random_.Next());
  plan.outputs.push_back({0, std::nullopt, std::move(data)});
}

void Traffic::ChooseLocks(PlannedTransaction& plan) {
  if (random_.Chance(150)) plan.version = 1;
  if (random_.Chance(700)) {
    plan.sequence = kReplaceable;
  } else if (random_.Chance(400)) {
    plan.sequence = kLocked;
  }
  // Wallets lock to the present height, so that nobody gains by mining an older block again.
  const bool locked = plan.sequence == kLocked || random_.Chance(300);
  if (plan.sequence != TxIn::kFinalSequence && locked) {
    plan.lock_time = static_cast<uint32_t>(height_ - 1);
  }
}

void Traffic::Weigh(PlannedTransaction& plan) {
  constexpr size_t kVersionAndLockTime = 8;
  constexpr size_t kMarkerAndFlag = 2;
  constexpr size_t kValueSize = 8;
  constexpr size_t kDataPrefix = 3;  // OP_RETURN, OP_PUSHDATA1, length
  size_t stripped = kVersionAndLockTime + CompactSizeLength(plan.spends.size()) +
                    CompactSizeLength(plan.outputs.size());
  for (const PlannedOutput& output : plan.outputs) {
    stripped += kValueSize + 1;
    stripped += output.payee ? KeyRing::OutputScriptSize(output.payee->kind)
                             : kDataPrefix + output.data.size();
  }
  size_t weight = stripped * kWitnessScaleFactor + kMarkerAndFlag;
  for (const size_t place : plan.spends) weight += keys_.InputWeight(coins_[place].payee);
  plan.weight = static_cast<uint32_t>(weight);
}

bool Traffic::Divide(PlannedTransaction& plan) {
  const Amount size = (plan.weight + kWitnessScaleFactor - 1) / kWitnessScaleFactor;
  plan.fee = std::max(size, std::min(size * DrawFeeRate(random_), plan.value / 4));
  Amount left = plan.value - plan.fee;
  auto among = static_cast<Amount>(
      std::count_if(plan.outputs.begin(), plan.outputs.end(),
                    [](const PlannedOutput& output) { return output.payee.has_value(); }));
  if (left < kLeastOutput * among) return false;
  for (PlannedOutput& output : plan.outputs) {
    if (!output.payee) continue;
    const auto thousandths = static_cast<Amount>(random_.Below(2000));
    Amount share = left / among * thousandths / 1000;
    constexpr Amount kRound = 10'000;
    if (share > 10 * kRound && random_.Chance(300)) share -= share % kRound;
    const Amount most = left - kLeastOutput * (among - 1);
    output.value = among == 1 ? left : std::clamp(share, kLeastOutput, most);
    left -= output.value;
    --among;
  }
  return true;
}

void Traffic::Accept(PlannedTransaction plan) {
  plan.first_coin = coins_.size();
  for (size_t i = 0; i < plan.outputs.size(); ++i) {
    const PlannedOutput& output = plan.outputs[i];
    if (!output.payee) continue;
    MadeCoin coin;
    coin.outpoint.index = static_cast<uint32_t>(i);
    coin.value = output.value;
    coin.payee = *output.payee;
    coin.height = height_;
    coin.depth = static_cast<uint16_t>(plan.depth + 1);
    coins_.Add(coin);
  }
  inputs_ += plan.spends.size();
  weight_ += plan.weight;
  planned_.push_back(std::move(plan));
}

bool Traffic::GiveUp(const PlannedTransaction& plan) {
  for (const size_t place : plan.spends) coins_.Unspend(place);
  return false;
}

}  // namespace cairn::bench
