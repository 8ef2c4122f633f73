// Header sync: learns from every peer which chain it has, and asks for headers that we lack.
//
// Headers come before blocks, and none is stored before its chain shows enough work. While we are
// far behind, one peer at a time is asked; when it has told all, the others are.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "src/p2p/core.h"
#include "src/p2p/header_presync.h"

namespace cairn::p2p {

struct HeaderSyncPeer {
  const ledger::HeaderEntry* best_known = nullptr;  // the most work that it surely has
  BlockHash last_unknown;     // the last hash that it announced and we do not know; zero: none
  bool started = false;       // it was asked for its chain
  bool finished = false;      // it has told all of it once
  Instant deadline = kNever;  // of the first answer while we are far behind
  Instant last_request{};     // of the getheaders that is not answered; epoch: none is
  std::unique_ptr<HeaderPresync> presync;
  bool judging_full = false;  // of the headers that are being judged: the message was full

  /// The peer has that block, and so all before it.
  void Knows(const ledger::HeaderEntry& entry) {
    if (best_known == nullptr || entry.chain_work >= best_known->chain_work) best_known = &entry;
  }
};

class HeaderSync {
 public:
  explicit HeaderSync(Core& core) : core_(core) {}

  void OnReady(Peer& peer);
  void OnGone(Peer& peer);
  void Advance();
  Instant NextDeadline() const;

  void OnHeaders(Peer& peer, const wire::Headers& message);
  void OnVerdict(Peer& peer, const HeadersVerdict& verdict);
  /// The peer announced a block by its hash alone.
  void OnBlockAnnounced(Peer& peer, const BlockHash& hash);
  /// A header that arrived by itself, such as a compact block's, on a parent that we do not know.
  void OnUnconnected(Peer& peer, const BlockHash& hash);

  /// What the peer announced before its header came may be known by now.
  void ResolveUnknown(Peer& peer);
  /// The least work that a chain must show before its headers are stored.
  U256 WorkThreshold() const;

 private:
  void StartWhereWanted();
  void Start(Peer& peer);
  bool AskFrom(Peer& peer, const ledger::HeaderEntry* last_known);
  void AskPresync(Peer& peer);
  /// It has told all that it has, or all that is of use.
  void Finish(Peer& peer);
  /// Headers on a known parent, each on the one before, with proof of work.
  void Judge(Peer& peer, std::vector<Header> headers, const ledger::HeaderEntry& parent);
  bool HaveProofOfWork(std::span<const Header> headers) const;
  void Submit(Peer& peer, std::vector<Header> headers, bool full);
  bool IsFarBehind() const;

  Core& core_;
};

/// The hashes of a getheaders whose answer begins behind `last` or where the chains part.
std::vector<BlockHash> LocatorOf(const ledger::HeaderEntry* last);

}  // namespace cairn::p2p
