// Header sync: learns from every peer which chain it has, and asks for headers that we lack.
//
// Headers come before blocks, and none is stored before its chain shows enough work. While we are
// far behind, one peer at a time is asked; when it has told all, the others are.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "src/p2p/core.h"
#include "src/p2p/header_presync.h"

namespace cairn::p2p {

/// What headers that are being judged came in.
enum class HeadersFrom : uint8_t {
  kHeaders,       // a headers message
  kCompactBlock,  // a compact block, which waits for the verdict
  kBlock          // a block that is not worth storing
};

/// Headers that are being judged.
struct JudgedHeaders {
  HeadersFrom from = HeadersFrom::kHeaders;
  bool full = false;    // the message was full
  bool is_new = false;  // the last one was not known
};

struct HeaderSyncPeer {
  const ledger::HeaderEntry* best_known = nullptr;  // the most work that it surely has
  BlockHash last_unknown;    // the last hash that it announced and we do not know; zero: none
  bool started = false;      // it was asked for its chain
  bool finished = false;     // it has told all of it once
  bool asked_early = false;  // it announced a block before its turn came, and was asked for headers
  Instant deadline = kNever;  // of the first answer while we are far behind
  Instant last_request{};     // of the getheaders that is not answered; epoch: none is
  std::unique_ptr<HeaderPresync> presync;
  int poor_chains = 0;  // offered in a row that had, or would have yet to show, too little work
  std::optional<JudgedHeaders> judging;

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
  void OnTip() { StartWhereWanted(); }
  void Advance();
  Instant DeadlineOf(const Peer& peer) const;

  void OnHeaders(Peer& peer, const wire::Headers& message);
  /// Of headers that came in a message of that name, or are to be treated so.
  void OnVerdict(Peer& peer, const JudgedHeaders& judged, const HeadersVerdict& verdict);
  /// Hands over a header that came with a block and is not known, on a parent that is. The verdict
  /// is for whoever handed it over.
  void SubmitOne(Peer& peer, const Header& header, HeadersFrom from);
  /// Blames the peer for what is invalid, as far as it is to blame. False if it was.
  bool Excuse(Peer& peer, const HeadersVerdict& verdict);

  /// Blocks that the peer announced by their hashes alone.
  void OnInventory(Peer& peer, const wire::Inv& inv);
  /// The peer has the block of that hash, whether we know it or not.
  void Announced(Peer& peer, const BlockHash& hash);
  /// Asks for what lies between our best header and the peer's, unless an answer is still due.
  void AskFromBest(Peer& peer);

  /// The peer has that block. `is_new`: this is how we came to know its header.
  void Learned(Peer& peer, const ledger::HeaderEntry& entry, bool is_new);
  /// What the peer announced before its header came may be known by now.
  void ResolveUnknown(Peer& peer);

 private:
  void StartWhereWanted();
  void Start(Peer& peer);
  bool AskFrom(Peer& peer, const ledger::HeaderEntry* last_known);
  void AskPresync(Peer& peer);
  /// It has told all that it has, or all that is of use.
  void Finish(Peer& peer);
  /// Takes the message if it belongs to what was begun; true if nothing is left to be done.
  bool ContinuePresync(Peer& peer, const std::vector<Header>& headers,
                       std::span<const BlockHash> hashes);
  /// Headers on a known parent, each on the one before, with proof of work.
  void Judge(Peer& peer, const std::vector<Header>& headers, std::span<const BlockHash> hashes,
             const ledger::HeaderEntry& parent);
  void Submit(Peer& peer, std::vector<Header> headers, const JudgedHeaders& judged);
  bool IsFarBehind() const;

  Core& core_;
  BlockHash last_early_;  // the block for which a peer was last asked before its turn
};

/// The ledger's word for what was refused before.
inline constexpr std::string_view kKnownInvalid = "duplicate-invalid";

/// The hashes of a getheaders whose answer begins behind `last` or where the chains part.
std::vector<BlockHash> LocatorOf(const ledger::HeaderEntry* last);

/// The least work that a chain must show before its headers are stored.
U256 WorkThreshold(const Chain& chain);

}  // namespace cairn::p2p
