// Block sync: fetches the blocks that we lack from many peers at once, in a window that moves with
// the chain, and hands them over to be judged.
//
// Every block is asked of one peer at a time. A peer that keeps the window from moving, or does not
// deliver at all, is disconnected and its blocks are asked of others. What has been handed over and
// not been judged is bounded, so that memory is.
#pragma once

#include <list>
#include <map>
#include <optional>
#include <string>

#include "src/p2p/core.h"

namespace cairn::p2p {

struct BlockSyncPeer {
  struct InFlight {
    const ledger::HeaderEntry* entry = nullptr;
    Instant asked;
  };
  std::list<InFlight> in_flight;                     // in the order of asking
  const ledger::HeaderEntry* last_common = nullptr;  // of its chain and ours; null: none known
  Instant delivering_since;         // when the oldest of what is in flight became its next task
  Instant stalling_since = kNever;  // it has kept the window from moving since
  Instant last_block{};             // epoch: it never gave us a new one
  int judging = 0;                  // blocks from it without a verdict yet
};

class BlockSync {
 public:
  static constexpr int kPerPeer = 16;         // in flight
  static constexpr int kWindow = 1024;        // blocks above the last one that we share with it
  static constexpr size_t kMostJudging = 64;  // blocks handed over without a verdict
  static constexpr size_t kMostJudgingBytes = 48u << 20;

  explicit BlockSync(Core& core) : core_(core) {}

  void OnGone(Peer& peer);
  void Advance();
  Instant NextDeadline() const;

  /// Asks whoever has room for what we lack.
  void Schedule();

  /// A whole block came, in whatever way. `reconstructed`: from a compact block that was announced
  /// before it was validated, so that its sender vouches for nothing but the header.
  void OnBlock(Peer& peer, BlockPtr block, bool reconstructed = false);
  void OnNotFound(Peer& peer, const BlockHash& hash);
  /// `peer` is null if it has gone meanwhile.
  void OnVerdict(Peer* peer, const BlockHash& hash, const BlockVerdict& verdict);

  /// Asks that peer for a block, as `getblockfrompeer` does; the reason if it cannot be done.
  std::optional<std::string> Fetch(Peer& peer, const BlockHash& hash);

  bool IsInFlight(const BlockHash& hash) const { return in_flight_.contains(hash); }
  bool IsInFlightFrom(const BlockHash& hash, PeerId peer) const;
  bool IsJudged(const BlockHash& hash) const { return judging_.contains(hash); }
  /// From now on the block is awaited from that peer: it announced a compact one.
  void MarkInFlight(Peer& peer, const ledger::HeaderEntry& entry);
  /// The block is not coming from there.
  void Release(const BlockHash& hash);

 private:
  struct Judged {
    size_t bytes = 0;
    PeerId peer = 0;
    bool reconstructed = false;
    bool requested = false;
  };
  struct Wanted {
    std::vector<const ledger::HeaderEntry*> blocks;
    PeerId staller = -1;  // nothing is wanted because it has not delivered
  };

  bool HasRoom() const;
  Wanted FindWanted(Peer& peer, size_t most) const;
  void UpdateCommon(Peer& peer) const;
  bool MayAsk(const Peer& peer) const;
  bool CanAskCompact(const Peer& peer, const Wanted& wanted) const;
  void Ask(Peer& peer, const Wanted& wanted);
  Instant DeliveryDeadline(const Peer& peer) const;
  int Deliverers() const;
  void Punish(Peer& peer, const Judged& judged, const BlockVerdict& verdict);

  Core& core_;
  std::map<BlockHash, PeerId> in_flight_;
  std::map<BlockHash, Judged> judging_;
  size_t judging_bytes_ = 0;
  Duration stall_timeout_ = std::chrono::seconds(2);  // doubles with each staller, and recovers
};

}  // namespace cairn::p2p
