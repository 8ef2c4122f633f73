// The merkle root of transactions, computed level by level without any trick of the code under
// test.
#pragma once

#include <vector>

#include "cairn/crypto/sha256.h"
#include "cairn/primitives/transaction.h"

namespace cairn::test {

inline MerkleRoot NaiveRoot(const std::vector<TransactionPtr>& transactions) {
  std::vector<crypto::Digest> level;
  for (const TransactionPtr& transaction : transactions) level.push_back(transaction->txid.bytes);
  while (level.size() > 1) {
    if (level.size() % 2 == 1) level.push_back(level.back());
    std::vector<crypto::Digest> above;
    for (size_t i = 0; i < level.size(); i += 2) {
      Bytes pair(level[i].begin(), level[i].end());
      Append(pair, level[i + 1]);
      above.push_back(crypto::Sha256dOf(pair));
    }
    level = above;
  }
  return {level[0]};
}

}  // namespace cairn::test
