// The messages of the peer protocol as typed values, and their codec.
//
// Pure functions, from any thread. Whatever the bytes are, decoding ends with a message or an
// error, and takes no more memory than a small multiple of them.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "cairn/base/bytes.h"
#include "cairn/base/result.h"
#include "cairn/wire/addresses.h"
#include "cairn/wire/blocks.h"
#include "cairn/wire/filters.h"
#include "cairn/wire/handshake.h"
#include "cairn/wire/inventory.h"

namespace cairn::wire {

/// A message of a command that we do not know, obsolete ones included. The protocol ignores it.
struct Unknown {
  std::string command;
};

/// A payload that is sent as it stands: a stored block that need not be parsed, or what goes to
/// many peers and is written once. Never decoded.
struct RawMessage {
  std::string command;
  std::shared_ptr<const Bytes> payload;
};

using Message = std::variant<Unknown, RawMessage, Version, Verack, SendAddrV2, WtxidRelay,
                             SendTxReconciliation, SendHeaders, SendCompact, FeeFilter, Ping, Pong,
                             Addr, AddrV2, GetAddr, Inv, GetData, NotFound, GetMempool, GetHeaders,
                             GetBlocks, Headers, BlockMessage, TxMessage, CompactBlock, GetBlockTxn,
                             BlockTxn, GetCFilters, CFilter, GetCFHeaders, CFHeaders, GetCFCheckpt,
                             CFCheckpt, FilterLoad, FilterAdd, FilterClear, MerkleBlock>;

/// Decodes a payload, which is taken over. Bytes behind the last field are ignored. There are two
/// kinds of failure, as Bitcoin Core treats them in two ways:
/// - `kCorruption`: the bytes end too early or are malformed. The message is passed over.
/// - `kInvalid`: they break a limit of the protocol. The peer misbehaves.
Result<Message> Decode(std::string_view command, Bytes payload);

/// A view into the message or of a constant.
std::string_view CommandOf(const Message& message);

Bytes EncodePayload(const Message& message);

/// The commands that `Decode` knows.
std::span<const std::string_view> KnownCommands();

}  // namespace cairn::wire
