// What the protocol sees of the node, and what it asks of it. The daemon implements these with the
// ledger, the pool and sockets; the simulator with memory; tests with recorders.
//
// The protocol calls them on the thread that drives it. None may call back into the protocol before
// returning: answers come later, as inputs (see protocol.h).
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "cairn/ledger/chain_view.h"
#include "cairn/p2p/types.h"
#include "cairn/primitives/block.h"
#include "cairn/primitives/transaction.h"
#include "cairn/wire/message.h"
#include "cairn/wire/net_address.h"
#include "consensus/params.h"

namespace cairn::p2p {

/// The chain as it stands: answers at once, from memory.
class Chain {
 public:
  virtual ~Chain() = default;

  virtual const consensus::Params& params() const = 0;
  virtual ledger::ChainViewPtr View() const = 0;
  /// The header of that hash on any branch, or null.
  virtual const ledger::HeaderEntry* Find(const BlockHash& hash) const = 0;
  virtual bool IsInitialBlockDownload() const = 0;
  /// The lowest height from which on all blocks of the best chain are stored: 0 unless pruned.
  virtual int FirstStoredHeight() const = 0;
  /// A block that was checked or connected lately, without reading the disk; null if it is none of
  /// those few.
  virtual BlockPtr RecentBlock(const BlockHash& hash) const = 0;
};

/// A transaction of the pool as relay sees it.
struct PoolTransaction {
  TransactionPtr transaction;
  Amount fee = 0;  // satoshis
  int64_t virtual_size = 0;
  Instant added;
  int ancestors = 0;      // in the pool, itself included
  uint64_t sequence = 0;  // ascends from one to the next that enters the pool
};

class Pool {
 public:
  virtual ~Pool() = default;

  /// Null, or the transaction; valid until the next call.
  virtual const PoolTransaction* Find(const Wtxid& wtxid) const = 0;
  virtual const PoolTransaction* Find(const Txid& txid) const = 0;
  /// The same question where no more is wanted, which is often.
  virtual bool Contains(const Wtxid& wtxid) const { return Find(wtxid) != nullptr; }
  virtual bool Contains(const Txid& txid) const { return Find(txid) != nullptr; }
  /// Whether a coin of a confirmed or pooled transaction of that id is known: a parent that need
  /// not be asked for.
  virtual bool KnowsParent(const Txid& txid) const = 0;
  /// Everything in the pool, for BIP35.
  virtual void ForEach(const std::function<void(const PoolTransaction&)>& visit) const = 0;
  /// The same for compact blocks, those first that a block is most likely to have.
  virtual std::vector<TransactionPtr> Transactions() const {
    std::vector<TransactionPtr> all;
    ForEach([&all](const PoolTransaction& entry) { all.push_back(entry.transaction); });
    return all;
  }
  /// The least fee rate that gets in: satoshis per 1,000 virtual bytes.
  virtual Amount FeeFloor() const = 0;
  /// The least fee rate of an empty pool (-minrelaytxfee).
  virtual Amount RelayFee() const { return 1000; }
  /// Of the last change; no transaction of the pool has a higher one.
  virtual uint64_t Sequence() const { return 0; }

  /// Our own transactions that no peer has asked for yet.
  virtual std::vector<TransactionPtr> Unbroadcast() const { return {}; }
  /// A peer has asked for it, so that it is on its way.
  virtual void ForgetUnbroadcast(const Txid&) {}
};

/// Filters of blocks (BIP157), from the index.
struct FilterQuery {
  wire::Message request;  // getcfilters, getcfheaders or getcfcheckpt, checked already
};

/// What became of headers.
struct HeadersVerdict {
  const ledger::HeaderEntry* last = nullptr;  // the last one that was accepted, known ones included
  std::string reason;                         // why the next one was refused; empty if none was
  bool invalid = false;                       // it broke a rule for ever
};

enum class BlockFate : uint8_t {
  kConnected,  // part of the best chain
  kStored,     // good so far: a side chain, or ancestors are missing
  kDuplicate,
  kInvalid,    // it breaks a rule, for ever
  kMutated,    // these bytes do not belong to the header; another copy may do
  kOrphan,     // its parent is unknown
  kPremature,  // from the future
  kFailed      // our own failure: nobody's fault
};

struct BlockVerdict {
  BlockFate fate = BlockFate::kFailed;
  std::string reason;
  const ledger::HeaderEntry* entry = nullptr;  // where the header is known
};

enum class TransactionFate : uint8_t {
  kAccepted,
  kKnown,
  kOrphan,           // inputs are missing
  kInvalid,          // breaks consensus: the sender is at fault
  kPolicy,           // refused by our rules of relay, or its witness is wrong: another with this
                     // txid may do
  kPolicyInputs,     // likewise, but no witness makes a transaction of this txid acceptable
  kWitnessStripped,  // its witness is missing: nothing is said of the one that has it
  kReconsiderable,   // its fee alone is too low; with a child it may do
  kFailed            // our own failure
};

struct TransactionVerdict {
  TransactionFate fate = TransactionFate::kFailed;
  std::string reason;
  std::vector<TransactionPtr> replaced;  // what it pushed out
};

/// What became of a parent and a child that were handed over together.
struct PairVerdict {
  TransactionVerdict parent;
  TransactionVerdict child;
  std::string reason;  // why they were refused together; empty: both are in the pool
};

/// What the protocol asks to be done. Each is said once; those that name an answer get exactly one.
class Effects {
 public:
  virtual ~Effects() = default;

  virtual void Send(PeerId peer, wire::Message message) = 0;
  /// Whether that peer has taken enough of what was sent to it that more may be prepared. If not,
  /// `RoomMade` follows once it has.
  virtual bool HasRoom(PeerId peer) = 0;
  /// Ends the connection; `Disconnected` follows. What was sent before need not arrive.
  virtual void Disconnect(PeerId peer, const std::string& reason) = 0;
  /// The address misbehaved: prefer others for a while.
  virtual void Discourage(const wire::NetAddress& address) = 0;
  /// Banned or discouraged: not to be connected to, nor told to others.
  virtual bool IsUnwelcome(const wire::NetAddress& address) const = 0;
  /// Read nothing more from that peer's socket, or go on.
  virtual void PauseReading(PeerId peer, bool pause) = 0;

  /// Answer: `HeadersJudged`.
  virtual void SubmitHeaders(PeerId peer, std::vector<Header> headers) = 0;
  /// Answer: `BlockJudged`. Blocks of one peer are judged in the order of these calls.
  virtual void SubmitBlock(PeerId peer, BlockPtr block) = 0;
  /// Answer: `TransactionJudged`.
  virtual void SubmitTransaction(PeerId peer, TransactionPtr transaction) = 0;
  /// A parent that pays too little by itself, and a child that may pay for it. Answer:
  /// `PairJudged`.
  virtual void SubmitPair(PeerId peer, TransactionPtr parent, TransactionPtr child) = 0;
  /// Answer: `BlockRead`.
  virtual void ReadBlock(PeerId peer, const ledger::HeaderEntry& entry) = 0;
  /// Answer: `FiltersRead`.
  virtual void ReadFilters(PeerId peer, FilterQuery query) = 0;

  /// Whether as much was sent as -maxuploadtarget allows; `for_history`: as may be spent on old
  /// blocks, which leaves room for the new ones of the rest of the day.
  virtual bool UploadTargetReached(bool for_history) const {
    (void)for_history;
    return false;
  }

  /// Open a connection; `Connected` follows, or `ConnectFailed`.
  virtual void Connect(const wire::Endpoint& endpoint, ConnectionType type) = 0;
  /// Ask the DNS seeds, or take the fixed ones, for addresses: `AddressesFound` follows.
  virtual void AskSeeds(bool fixed) = 0;
};

}  // namespace cairn::p2p
