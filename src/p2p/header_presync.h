// Headers of a chain that has not yet shown enough work, without storing them.
//
// Headers of low difficulty cost nothing, so whoever stores them as they come can be made to run
// out of memory. The chain is therefore fetched twice. The first time only one salted bit is kept
// of every few hundred headers, until the work is enough; the second time the headers are held
// against those bits, and released to be stored once enough bits behind them have proven that this
// is the chain that had the work. Memory of one peer: at most some 100 kB of bits for a real chain,
// and 1.2 MB of buffered headers in the second pass. Not safe to share between threads.
#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <vector>

#include "cairn/ledger/header_entry.h"
#include "cairn/primitives/header.h"
#include "cairn/primitives/u256.h"
#include "consensus/params.h"

namespace cairn::p2p {

class HeaderPresync {
 public:
  static constexpr int kCommitmentPeriod = 641;     // headers per bit
  static constexpr size_t kReleaseBehind = 15'002;  // headers that must follow before release

  enum class Phase : uint8_t { kFirstPass, kSecondPass, kDone };

  struct Progress {
    bool ok = true;     // false: the peer is of no use for this; `reason` says why
    bool more = false;  // ask with `Locator()` for what follows
    std::string reason;
    std::vector<Header> released;  // to be stored: they lead to enough work
  };

  /// `start` is the last header that is known; `minimum_work` what the whole chain must show.
  /// `salt` must be unpredictable. `now` bounds how long an honest chain can be.
  HeaderPresync(const consensus::Params& params, const ledger::HeaderEntry& start,
                const U256& minimum_work, uint64_t salt, int64_t now);

  /// Whether that header is the one after the last.
  bool Continues(const Header& header) const { return header.previous == last_hash_; }
  /// The next headers and their hashes, with valid proofs of work and each on the one before.
  /// `full` says that the message held as many as it may, so that more are to be expected.
  Progress Process(std::span<const Header> headers, std::span<const BlockHash> hashes, bool full);

  /// Hashes for the next getheaders: the last header seen, then the start's.
  std::vector<BlockHash> Locator() const;

  Phase phase() const { return phase_; }
  /// Of the last header seen in the present pass.
  int height() const { return height_; }
  /// Bytes held.
  size_t MemoryUse() const;

 private:
  Progress FirstPass(std::span<const Header> headers, std::span<const BlockHash> hashes, bool full);
  Progress SecondPass(std::span<const Header> headers, std::span<const BlockHash> hashes,
                      bool full);
  /// Counts the next header in; false if its difficulty is impossible.
  bool Follow(const Header& header, const BlockHash& hash);
  void BeginSecondPass();
  bool IsPermittedTransition(int height, uint32_t old_bits, uint32_t new_bits) const;
  bool CommitmentOf(const BlockHash& hash) const;
  void ReleaseReady(std::vector<Header>& released);

  const consensus::Params& params_;
  const ledger::HeaderEntry& start_;
  const U256 minimum_work_;
  const uint64_t salt_;
  const int offset_;  // which headers leave a bit: another choice for every peer
  size_t max_commitments_;

  Phase phase_ = Phase::kFirstPass;
  int height_;
  BlockHash last_hash_;
  uint32_t last_bits_;
  U256 work_;
  std::vector<bool> commitments_;
  size_t next_commitment_ = 0;  // to be held against, in the second pass
  std::deque<Header> buffer_;
  bool enough_ = false;  // the second pass has seen enough work: everything may go
};

}  // namespace cairn::p2p
