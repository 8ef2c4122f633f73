// The messages that announce blocks and transactions by their hash, and ask for them.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "cairn/primitives/hash.h"

namespace cairn::wire {

/// Names a thing: what it is, or in which form it is wanted, and its hash. Any type may come.
struct InvItem {
  enum Type : uint32_t {
    kTx = 1,             // by txid
    kBlock = 2,          // without witness
    kFilteredBlock = 3,  // BIP37: `merkleblock`, and what matched
    kCompactBlock = 4,   // BIP152
    kWtx = 5,            // BIP339: by wtxid
    kWitness = 1 << 30,  // BIP144: with witness, joined to kTx or kBlock in `getdata`
    kWitnessTx = kTx | kWitness,
    kWitnessBlock = kBlock | kWitness,
  };
  static constexpr size_t kSize = 36;

  uint32_t type = 0;
  std::array<uint8_t, 32> hash{};

  static InvItem Of(const Txid& txid) { return {kTx, txid.bytes}; }
  static InvItem Of(const Wtxid& wtxid) { return {kWtx, wtxid.bytes}; }
  static InvItem Of(const BlockHash& block, uint32_t type = kBlock) { return {type, block.bytes}; }

  /// Some form of a block.
  bool IsBlock() const {
    return type == kBlock || type == kFilteredBlock || type == kCompactBlock ||
           type == kWitnessBlock;
  }
  /// Some form of a transaction.
  bool IsTransaction() const { return type == kTx || type == kWtx || type == kWitnessTx; }

  Txid txid() const { return {hash}; }
  Wtxid wtxid() const { return {hash}; }
  BlockHash block() const { return {hash}; }

  friend bool operator==(const InvItem&, const InvItem&) = default;
};

inline constexpr size_t kMostInvItems = 50'000;

/// Here is something new.
struct Inv {
  static constexpr std::string_view kCommand = "inv";

  std::vector<InvItem> items;
};

/// Asks for things.
struct GetData {
  static constexpr std::string_view kCommand = "getdata";

  std::vector<InvItem> items;
};

/// The answer to `getdata` for what is not there.
struct NotFound {
  static constexpr std::string_view kCommand = "notfound";

  std::vector<InvItem> items;
};

/// Asks for an `inv` of the whole mempool (BIP35).
struct GetMempool {
  static constexpr std::string_view kCommand = "mempool";
};

}  // namespace cairn::wire
