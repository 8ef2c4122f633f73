// The fuzz targets: functions that must come back from any bytes, and find our promises kept.
//
// A broken promise ends the process (CAIRN_ASSERT), as does what the sanitizers see. Targets keep
// no state between inputs, so that an input alone repeats what it did.
#pragma once

#include <span>
#include <string_view>

#include "cairn/base/bytes.h"

namespace cairn::fuzz {

struct Target {
  std::string_view name;
  void (*run)(ByteSpan input);
};

/// All targets, by name.
std::span<const Target> Targets();

/// Null if there is none of that name.
const Target* FindTarget(std::string_view name);

/// What `FuzzDecoders` can be asked for: the targets that decode, and what is too small to be one.
enum class Decoder : uint8_t {
  kTransaction,
  kBlock,
  kHeader,
  kAddress,
  kChainFile,
  kHeaderRow,
  kCoin,
  kUndo,
  kAmount,
  kJson,
  kHex,
  kBase58,
  kBech32,
  kScript,
  kSignature,
  kBootstrap,
  kMerkleProof,
  kDescriptor,
  kGolombSet,
  kMuHash,
};
inline constexpr size_t kDecoders = 20;

/// Any string is or is not an address or a private key, and any script has or has not an address.
void FuzzAddress(ByteSpan input);
/// Blocks: parsing, the rules of their bodies, of their place and of their money.
void FuzzBlock(ByteSpan input);
/// A chain file loads, or its error names the line.
void FuzzChainFile(ByteSpan input);
/// Every decoder of outside bytes; the first byte is a `Decoder`.
void FuzzDecoders(ByteSpan input);
/// Spends with real signatures, sound and damaged: the deferring run ends as the exact one.
void FuzzDeferring(ByteSpan input);
/// Any text is or is not a descriptor, and descriptors say again what they said.
void FuzzDescriptor(ByteSpan input);
/// The header rules on any ancestors.
void FuzzHeader(ByteSpan input);
/// The graph of the pool under any operations, against a naive model.
void FuzzMempool(ByteSpan input);
/// What is stored of peers and said of them in text, and a life of the address book; the first byte
/// chooses.
void FuzzPeers(ByteSpan input);
/// The whole pool on a chain that grows and is taken back, under any operations.
void FuzzPool(ByteSpan input);
/// Any scripts under any flags, with an invented curve.
void FuzzScript(ByteSpan input);
/// Lines of miners and of pools, a whole session of our miner with any pool and of our pool with
/// any miner, and names of pools; the first byte is a `StratumInput`.
void FuzzStratum(ByteSpan input);
/// A transaction is parsed and written back, with the same ids.
void FuzzTransaction(ByteSpan input);
/// Every message of peers, their frames, and what is made of compact blocks and Bloom filters. The
/// first byte is one of `WireChoices`.
void FuzzWire(ByteSpan input);

/// By the first byte, modulo their number: the commands of `wire::KnownCommands`, and then these.
inline constexpr std::string_view kWireExtras[] = {"(frame)", "(assembly)", "(bloom)"};
size_t WireChoices();
std::string_view WireChoiceName(size_t choice);

enum class StratumInput : uint8_t { kMinerLine, kPoolLine, kPool, kUrl, kMiner };

}  // namespace cairn::fuzz
