// A block template as the server's miners get it: cut apart around the bytes of the coinbase that
// each of them varies, and put together again around what one of them found.
//
// Immutable; pure functions, from any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "cairn/base/bytes.h"
#include "cairn/crypto/sha256.h"
#include "cairn/mining/block_template.h"
#include "cairn/primitives/header.h"
#include "cairn/primitives/transaction.h"
#include "cairn/primitives/u256.h"
#include "src/mining/stratum/messages.h"

namespace cairn::mining::stratum {

/// Tells connections apart.
inline constexpr size_t kExtranonce1Size = 4;
/// Is the miner's to vary.
inline constexpr size_t kExtranonce2Size = 8;

using Outputs = std::vector<TransactionDraft::Output>;

struct ServedJob {
  uint64_t number = 0;  // ascends
  std::shared_ptr<const BlockTemplate> block;
  uint32_t earliest_time = 0;         // that a share may have
  uint32_t latest_time = 0xffffffff;  // with these bits
  bool clean = false;                 // whether the jobs before it are void
  Outputs payouts;  // in place of the template's first output; empty: each connection's own

  // What follows from these.
  Bytes coinbase1;
  std::vector<crypto::Digest> branch;
  U256 target;  // of the block
  double difficulty = 0;
  std::string line;  // the notice, with the number as the job's name; empty without `payouts`
};
using ServedJobPtr = std::shared_ptr<const ServedJob>;

/// The first six members of `job` are given. The template's coinbase has one input, and its first
/// output takes everything that the block earns.
ServedJobPtr MakeServedJob(ServedJob job);

/// "1f": what a job is called, whose number is 31.
std::string NameOf(uint64_t number);

/// The last repetition of a job whose coinbase is not that of another job.
inline constexpr uint32_t kMostRepeats = 255;

/// The notice under a name, of the job or of its repetition number `repeat`. `own_script` is paid
/// if the job has no payouts. No two notices of a server have the same coinbase, not even if the
/// job is repeated: many miners begin with the same extranonce again, and would do all work twice.
Notify NoticeOf(const ServedJob& job, std::string name, ByteSpan own_script, uint32_t repeat = 0);

/// The block's bytes under a header whose root is that of `coinbase`, which is without witness.
Bytes BlockOf(const ServedJob& job, const Header& header, Bytes coinbase);

}  // namespace cairn::mining::stratum
