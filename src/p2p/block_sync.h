// Block sync: fetches the blocks that we lack from many peers at once, in a window that moves with
// the chain, and hands them over to be judged.
//
// A block is asked of one peer at a time; compact blocks, which anybody may push to us, are put
// together from up to three at once, so that one of them cannot keep it from us. A peer that keeps
// the window from moving, or does not deliver at all, is disconnected and its blocks are asked of
// others. What has been handed over and not been judged is bounded, so that memory is.
#pragma once

#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cairn/wire/compact_block.h"
#include "src/p2p/core.h"

namespace cairn::p2p {

/// A block that a peer was asked for.
struct BlockInFlight {
  const ledger::HeaderEntry* entry = nullptr;
  std::unique_ptr<wire::CompactBlockAssembly> assembly;  // while parts of it are awaited
  Instant asked{};
};

struct BlockSyncPeer {
  std::list<BlockInFlight> in_flight;                // in the order of asking
  const ledger::HeaderEntry* last_common = nullptr;  // of its chain and ours; null: none known
  Instant delivering_since;         // when the oldest of what is in flight became its next task
  Instant stalling_since = kNever;  // it has kept the window from moving since
  Instant resting_until{};          // it lacked what it was asked for: it is not asked until then
  Instant last_block{};             // epoch: it never gave us a new one
  /// What it was asked for and others delivered first: it must answer all the same.
  struct Owed {
    BlockHash hash;
    Instant asked{};
  };
  std::vector<Owed> owed;
  int judging = 0;  // blocks from it without a verdict yet
  int late = 0;     // blocks in a row that others delivered in its stead
};

class HeaderSync;

class BlockSync {
 public:
  static constexpr int kPerPeer = 16;         // in flight
  static constexpr int kWindow = 1024;        // blocks above the last one that we share with it
  static constexpr size_t kMostJudging = 64;  // blocks handed over without a verdict
  static constexpr size_t kMostJudgingBytes = 48u << 20;

  BlockSync(Core& core, HeaderSync& headers) : core_(core), headers_(headers) {}

  void OnGone(Peer& peer);
  void Advance();
  Instant NextDeadline() const { return next_help_; }
  Instant DeadlineOf(const Peer& peer) const;

  /// Asks whoever has room for what we lack.
  void Schedule();
  /// Near the end of the chain: asks the peer whose header this is for what leads to it, at once.
  void FetchDirectly(Peer& peer, const ledger::HeaderEntry& last);

  /// A whole block came, in whatever way. `reconstructed`: from a compact block that was announced
  /// before it was validated, so that its sender vouches for nothing but the header.
  void OnBlock(Peer& peer, BlockPtr block, bool reconstructed = false);
  /// Whether a block can be dealt with before those that came before it have been judged. If not,
  /// one of them may be its parent.
  bool MayFollow(const Block& block) const;
  void OnNotFound(Peer& peer, const BlockHash& hash);
  /// Something of a block that it was asked for has come from the peer.
  static void OnAnswer(Peer& peer, const BlockHash& hash);
  /// `peer` is null if it has gone meanwhile.
  void OnVerdict(Peer* peer, const BlockHash& hash, const BlockVerdict& verdict);

  /// Asks that peer for a block, as `getblockfrompeer` does; the reason if it cannot be done.
  std::optional<std::string> Fetch(Peer& peer, const BlockHash& hash);

  /// Our tip is so young that what is announced is probably on it.
  bool IsNearTip() const;
  bool IsInFlight(const BlockHash& hash) const { return in_flight_.contains(hash); }
  bool IsInFlightFrom(const BlockHash& hash, PeerId peer) const;
  /// Who was asked for it, the first one first.
  std::vector<PeerId> AskedFor(const BlockHash& hash) const;
  /// Nothing but that block, if at all, is in flight.
  bool IsOnlyInFlight(const BlockHash& hash) const {
    return in_flight_.empty() || (in_flight_.size() == 1 && in_flight_.contains(hash));
  }
  bool IsJudged(const BlockHash& hash) const { return judging_.contains(hash); }
  /// What that peer was asked for; null if it was not.
  BlockInFlight* FlightOf(Peer& peer, const BlockHash& hash);
  /// From now on the block is awaited from that peer, too.
  BlockInFlight& MarkInFlight(Peer& peer, const ledger::HeaderEntry& entry);
  /// Asks for the whole of a block that is in flight from that peer.
  void AskInFull(Peer& peer, const ledger::HeaderEntry& entry);
  /// The block is not coming from that peer.
  void Release(const BlockHash& hash, PeerId peer);
  /// The block is not awaited any more.
  void Release(const BlockHash& hash);

 private:
  struct Judged {
    size_t bytes = 0;
    bool reconstructed = false;
    Instant asked{};  // when its sender was asked for it
  };
  struct Wanted {
    std::vector<const ledger::HeaderEntry*> blocks;
    PeerId staller = -1;  // nothing is wanted because it has not delivered
  };

  bool HasRoom() const;
  Wanted FindWanted(Peer& peer, size_t most) const;
  void UpdateCommon(Peer& peer) const;
  bool CanServe(const Peer& peer) const;
  bool MayAsk(const Peer& peer) const;
  void ScheduleFor(Peer& peer);
  void Ask(Peer& peer, const std::vector<const ledger::HeaderEntry*>& blocks, bool compact);
  void ReleaseFrom(PeerId peer, const BlockHash& hash);
  /// Near the tip nobody waits long for one peer: the next one is asked, too.
  void AskOthers();
  Peer* OtherFor(const ledger::HeaderEntry& entry, const std::vector<PeerId>& asked);
  /// `peer` has delivered a good block: who was asked for it, too, and has not?
  void NoteLate(Peer& peer, const BlockHash& hash, Instant asked);
  /// Whether an unasked block is worth its place on the disk; punishes what no honest peer sends.
  bool IsWelcome(Peer& peer, const Block& block, const ledger::HeaderEntry* entry);
  Instant DeliveryDeadline(const Peer& peer) const;
  /// When it must have answered for what it owes.
  Instant AnswerDeadline(const Peer& peer) const;
  int Deliverers() const;
  void Refused(Peer& peer, const BlockHash& hash, const Judged& judged,
               const BlockVerdict& verdict);

  Core& core_;
  HeaderSync& headers_;
  std::map<BlockHash, std::vector<PeerId>> in_flight_;  // who was asked, in order
  std::map<BlockHash, Judged> judging_;
  size_t judging_bytes_ = 0;
  Instant next_help_ = kNever;                        // when to look who might deliver what is late
  Duration stall_timeout_ = std::chrono::seconds(2);  // doubles with each staller, and recovers
};

}  // namespace cairn::p2p
