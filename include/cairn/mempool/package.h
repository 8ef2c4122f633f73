// A child with its unconfirmed parents, submitted together so that the child can pay for them.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "cairn/mempool/admission.h"
#include "cairn/primitives/transaction.h"

namespace cairn::mempool {

inline constexpr size_t kMaxPackageCount = 25;
inline constexpr uint64_t kMaxPackageWeight = 404'000;

struct PackageResult {
  /// "success", "transaction failed", or what is wrong with the package as such: then there are no
  /// results.
  std::string message;
  std::vector<AdmissionResult> results;  // in the order of the transactions
};

/// What can be said of a package by itself: its size, that parents come first, and that nothing in
/// it spends a coin twice. Empty if all is well, else Bitcoin Core's word.
std::string CheckPackage(std::span<const TransactionPtr> package);

/// Whether the last one spends outputs of each of the others, and none of those of another.
bool IsChildWithParents(std::span<const TransactionPtr> package);

}  // namespace cairn::mempool
