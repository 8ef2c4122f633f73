// The name under which a peer speaks of a transaction: its txid or its wtxid (BIP339).
#pragma once

#include "cairn/crypto/hash.h"
#include "cairn/p2p/random.h"
#include "cairn/p2p/types.h"
#include "cairn/primitives/hash.h"
#include "cairn/primitives/transaction.h"
#include "cairn/wire/inventory.h"

namespace cairn::p2p {

/// A txid or a wtxid, where it does not matter which: without witness the two are the same.
using TransactionHash = Hash<struct TransactionHashMeaning>;

inline TransactionHash AnyHash(const Txid& txid) { return {txid.bytes}; }
inline TransactionHash AnyHash(const Wtxid& wtxid) { return {wtxid.bytes}; }

struct TransactionName {
  TransactionHash hash;
  bool by_wtxid = false;

  static TransactionName Of(const Txid& txid) { return {AnyHash(txid), false}; }
  static TransactionName Of(const Wtxid& wtxid) { return {AnyHash(wtxid), true}; }
  /// Of an item that names a transaction.
  static TransactionName Of(const wire::InvItem& item) {
    return {{item.hash}, item.type == wire::InvItem::kWtx};
  }

  Txid txid() const { return {hash.bytes}; }
  Wtxid wtxid() const { return {hash.bytes}; }

  friend bool operator==(const TransactionName&, const TransactionName&) = default;
};

/// A secret that makes what is derived from a hash unpredictable to those who choose the hashes.
struct Salt {
  uint64_t key0 = 0;
  uint64_t key1 = 0;

  static Salt From(Random& random) {
    const uint64_t key0 = random.Next();
    return {key0, random.Next()};
  }
  uint64_t Of(ByteSpan bytes) const { return crypto::SipHash24(key0, key1, bytes); }
};

}  // namespace cairn::p2p
