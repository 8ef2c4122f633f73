// What a node must find in its coins at the tip of a made chain, in the terms of Bitcoin Core's
// gettxoutsetinfo.
#pragma once

#include "cairn/crypto/sha256.h"
#include "tests/bench/chain_maker/made_chain.h"

namespace cairn::bench {

struct UtxoSummary {
  uint64_t count = 0;                // "txouts"
  Amount total = 0;                  // "total_amount"
  crypto::Digest serialized_hash{};  // "hash_serialized_3"
  crypto::Digest muhash{};           // "muhash"
};

UtxoSummary SummariseUtxos(const MadeChain& chain);

}  // namespace cairn::bench
