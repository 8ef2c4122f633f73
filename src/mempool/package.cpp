#include "cairn/mempool/package.h"

#include <algorithm>
#include <set>

namespace cairn::mempool {
namespace {

bool Spends(const Transaction& tx, const Txid& txid) {
  return std::any_of(tx.inputs.begin(), tx.inputs.end(),
                     [&](const TxIn& input) { return input.prevout.txid == txid; });
}

}  // namespace

std::string CheckPackage(std::span<const TransactionPtr> package) {
  if (package.size() > kMaxPackageCount) return "package-too-many-transactions";
  uint64_t weight = 0;
  for (const TransactionPtr& tx : package) weight += tx->Weight();
  // One that is too large by itself is told so by itself.
  if (package.size() > 1 && weight > kMaxPackageWeight) return "package-too-large";
  std::set<Txid> later;
  for (const TransactionPtr& tx : package) {
    if (!later.insert(tx->txid).second) return "package-contains-duplicates";
  }
  std::set<OutPoint> spent;
  bool conflict = false;
  for (const TransactionPtr& tx : package) {
    for (const TxIn& input : tx->inputs) {
      if (later.contains(input.prevout.txid)) return "package-not-sorted";
    }
    later.erase(tx->txid);
  }
  for (const TransactionPtr& tx : package) {
    std::set<OutPoint> own;
    // Whether one spends a coin twice by itself is a rule of consensus, and told as that.
    for (const TxIn& input : tx->inputs) own.insert(input.prevout);
    for (const OutPoint& outpoint : own) conflict |= !spent.insert(outpoint).second;
  }
  return conflict ? "conflict-in-package" : "";
}

bool IsChildWithParents(std::span<const TransactionPtr> package) {
  if (package.size() < 2) return false;
  const Transaction& child = *package.back();
  const auto parents = package.first(package.size() - 1);
  return std::all_of(parents.begin(), parents.end(), [&](const TransactionPtr& parent) {
    const bool independent =
        std::none_of(parents.begin(), parents.end(),
                     [&](const TransactionPtr& other) { return Spends(*parent, other->txid); });
    return independent && Spends(child, parent->txid);
  });
}

}  // namespace cairn::mempool
