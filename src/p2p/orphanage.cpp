#include "src/p2p/orphanage.h"

#include <algorithm>
#include <iterator>

namespace cairn::p2p {
namespace {

/// With what it takes to find it by its parents.
size_t MemoryOf(const Transaction& transaction) {
  constexpr size_t kNode = 96;
  return sizeof(Transaction) + 4 * kNode + transaction.bytes.size() +
         transaction.inputs.size() * (sizeof(TxIn) + kNode) +
         transaction.outputs.size() * sizeof(TxOut);
}

}  // namespace

bool Orphanage::Add(TransactionPtr transaction, PeerId peer, Instant now) {
  if (Contains(transaction->wtxid) || transaction->Weight() > kMostWeight) return false;
  const uint64_t number = ++last_number_;
  const size_t bytes = MemoryOf(*transaction);
  by_wtxid_.emplace(transaction->wtxid, number);
  for (const TxIn& input : transaction->inputs) by_parent_.emplace(input.prevout, number);
  Share& share = shares_[peer];
  share.orphans.insert(number);
  share.bytes += bytes;
  bytes_ += bytes;
  orphans_.emplace(number, Orphan{std::move(transaction), peer, now + kLifetime, bytes});
  return true;
}

void Orphanage::EraseAt(Orphans::iterator orphan) {
  const auto& [number, what] = *orphan;
  by_wtxid_.erase(what.transaction->wtxid);
  for (const TxIn& input : what.transaction->inputs) by_parent_.erase({input.prevout, number});
  const auto share = shares_.find(what.peer);
  share->second.orphans.erase(number);
  share->second.work.erase(number);
  share->second.bytes -= what.bytes;
  if (share->second.orphans.empty()) shares_.erase(share);
  bytes_ -= what.bytes;
  orphans_.erase(orphan);
}

void Orphanage::Erase(const Wtxid& wtxid) {
  const auto found = by_wtxid_.find(wtxid);
  if (found != by_wtxid_.end()) EraseAt(orphans_.find(found->second));
}

void Orphanage::EraseOf(PeerId peer) {
  const auto share = shares_.find(peer);
  if (share == shares_.end()) return;
  const std::set<uint64_t> numbers = share->second.orphans;
  for (const uint64_t number : numbers) EraseAt(orphans_.find(number));
}

size_t Orphanage::EraseFor(const Block& block) {
  if (orphans_.empty()) return 0;
  std::set<uint64_t> numbers;
  for (const Transaction& transaction : block.transactions()) {
    for (const TxIn& input : transaction.inputs) {
      for (auto at = by_parent_.lower_bound({input.prevout, 0});
           at != by_parent_.end() && at->first == input.prevout; ++at) {
        numbers.insert(at->second);
      }
    }
  }
  for (const uint64_t number : numbers) EraseAt(orphans_.find(number));
  return numbers.size();
}

const Orphanage::Share& Orphanage::LargestShare() const {
  const bool too_many = orphans_.size() > limits_.count;
  const auto less = [&](const auto& a, const auto& b) {
    return too_many ? a.second.orphans.size() < b.second.orphans.size()
                    : a.second.bytes < b.second.bytes;
  };
  return std::max_element(shares_.begin(), shares_.end(), less)->second;
}

size_t Orphanage::Shrink(Random& random) {
  size_t erased = 0;
  while (orphans_.size() > limits_.count || bytes_ > limits_.bytes) {
    // Any of them, so that its owner cannot tell which stays.
    const std::set<uint64_t>& numbers = LargestShare().orphans;
    const auto victim =
        std::next(numbers.begin(), static_cast<ptrdiff_t>(random.Below(numbers.size())));
    EraseAt(orphans_.find(*victim));
    ++erased;
  }
  return erased;
}

void Orphanage::Advance(Instant now) {
  while (!orphans_.empty() && orphans_.begin()->second.expiry <= now) EraseAt(orphans_.begin());
}

Instant Orphanage::NextDeadline() const {
  return orphans_.empty() ? kNever : orphans_.begin()->second.expiry;
}

std::set<uint64_t> Orphanage::NumbersOfChildren(const Transaction& parent) const {
  std::set<uint64_t> numbers;
  OutPoint output{parent.txid, 0};
  for (auto at = by_parent_.lower_bound({output, 0});
       at != by_parent_.end() && at->first.txid == parent.txid; ++at) {
    if (at->first.index >= parent.outputs.size()) break;
    numbers.insert(at->second);
  }
  return numbers;
}

std::vector<Orphanage::Child> Orphanage::ChildrenOf(const Transaction& parent) const {
  std::vector<Child> children;
  for (const uint64_t number : NumbersOfChildren(parent)) {
    const Orphan& orphan = orphans_.at(number);
    children.push_back({orphan.transaction, orphan.peer});
  }
  return children;
}

void Orphanage::AddWork(const Transaction& parent) {
  for (const uint64_t number : NumbersOfChildren(parent)) {
    shares_.at(orphans_.at(number).peer).work.insert(number);
  }
}

bool Orphanage::HasWork(PeerId peer) const {
  const auto share = shares_.find(peer);
  return share != shares_.end() && !share->second.work.empty();
}

std::vector<PeerId> Orphanage::Workers() const {
  std::vector<PeerId> workers;
  for (const auto& [peer, share] : shares_) {
    if (!share.work.empty()) workers.push_back(peer);
  }
  return workers;
}

TransactionPtr Orphanage::TakeWork(PeerId peer) {
  if (!HasWork(peer)) return nullptr;
  std::set<uint64_t>& work = shares_.at(peer).work;
  const uint64_t number = *work.begin();
  work.erase(work.begin());
  return orphans_.at(number).transaction;
}

size_t Orphanage::CountOf(PeerId peer) const {
  const auto share = shares_.find(peer);
  return share == shares_.end() ? 0 : share->second.orphans.size();
}

size_t Orphanage::BytesOf(PeerId peer) const {
  const auto share = shares_.find(peer);
  return share == shares_.end() ? 0 : share->second.bytes;
}

}  // namespace cairn::p2p
