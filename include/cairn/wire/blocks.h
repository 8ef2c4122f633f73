// The messages that carry headers, blocks and transactions, compact blocks (BIP152) included.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "cairn/primitives/block.h"
#include "cairn/primitives/header.h"

namespace cairn::wire {

/// Hashes of the sender's chain from its tip down, ever further apart, and where to stop; zero
/// means as far as the message goes.
struct Locator {
  static constexpr size_t kMostHashes = 101;

  std::vector<BlockHash> hashes;
  BlockHash stop;
};

/// Asks for the headers behind the last block of the locator that both know.
struct GetHeaders {
  static constexpr std::string_view kCommand = "getheaders";

  Locator locator;
};

/// The same, for an `inv` of the blocks.
struct GetBlocks {
  static constexpr std::string_view kCommand = "getblocks";

  Locator locator;
};

struct Headers {
  static constexpr std::string_view kCommand = "headers";
  static constexpr size_t kMostHeaders = 2000;
  // A count of transactions, which is zero, follows each header.

  std::vector<Header> headers;
};

/// A whole block, parsed and hashed.
struct BlockMessage {
  static constexpr std::string_view kCommand = "block";

  BlockPtr block;
};

/// A transaction, with its witness if it has one.
struct TxMessage {
  static constexpr std::string_view kCommand = "tx";

  TransactionPtr transaction;
};

/// The first 48 bits of a salted hash of a wtxid (BIP152).
using ShortId = uint64_t;

/// A block in which most transactions are given by their short ids.
struct CompactBlock {
  static constexpr std::string_view kCommand = "cmpctblock";

  struct Prefilled {
    uint16_t index = 0;  // in the block
    TransactionPtr transaction;
  };

  Header header;
  uint64_t nonce = 0;                // salts the short ids, together with the header
  std::vector<ShortId> short_ids;    // of those that are not prefilled, in block order
  std::vector<Prefilled> prefilled;  // ascending

  size_t TransactionCount() const { return short_ids.size() + prefilled.size(); }
};

/// Asks for transactions of a block that came as a compact one.
struct GetBlockTxn {
  static constexpr std::string_view kCommand = "getblocktxn";

  BlockHash block;
  std::vector<uint16_t> indexes;  // ascending
};

/// The answer, in the order asked for.
struct BlockTxn {
  static constexpr std::string_view kCommand = "blocktxn";

  BlockHash block;
  std::vector<TransactionPtr> transactions;
};

}  // namespace cairn::wire
