// A header in the tree of all known headers, with what is known of its block.
#pragma once

#include <atomic>
#include <cstdint>

#include "cairn/primitives/header.h"
#include "cairn/primitives/u256.h"
#include "consensus/deployments.h"
#include "consensus/views.h"

namespace cairn::ledger {

/// How far a block has been validated. Each step includes those before it.
enum class Validity : uint8_t {
  kHeader,     // the header keeps all header rules
  kBody,       // the block keeps all rules that need no coins, and its body is stored
  kConnected,  // it was connected once: all its spends and scripts were proven
};

/// Entries live as long as the ledger and never move, so plain pointers to them are safe. All but
/// the atomic members are constant once another thread can see the entry; the ledger's thread alone
/// changes the atomic ones.
class HeaderEntry {
 public:
  Header header;
  BlockHash hash;
  const HeaderEntry* parent = nullptr;
  const HeaderEntry* skip = nullptr;  // a far ancestor, for O(log n) descents
  int height = 0;
  U256 chain_work;               // of this block and all before it
  uint32_t median_time = 0;      // median time past with this block as the last
  consensus::Bip9States states;  // of the deployments, for this block
  uint64_t arrival = 0;          // rank among branches of equal work; the ledger thread's alone

  std::atomic<Validity> validity{Validity::kHeader};
  std::atomic<bool> failed{false};         // it, or a block before it, broke a rule
  std::atomic<uint64_t> body_sequence{0};  // of the stored body; 0: none
  std::atomic<uint64_t> undo_sequence{0};  // of the stored undo data; 0: none
  std::atomic<uint32_t> body_size{0};      // bytes
  std::atomic<uint32_t> tx_count{0};       // of this block; 0: its body was never stored
  std::atomic<uint64_t> chain_tx_count{
      0};  // of the chain up to here; 0: a body is missing on the way

  bool HasBody() const { return body_sequence.load(std::memory_order_acquire) != 0; }
  /// Whether the body was stored, but is pruned by now.
  bool IsPruned() const { return !HasBody() && tx_count != 0; }

  /// The ancestor at a height from 0 to `this->height`; this entry itself at its own height.
  const HeaderEntry* Ancestor(int at) const;
};

/// The last block that two chains share.
const HeaderEntry* FindFork(const HeaderEntry* a, const HeaderEntry* b);

/// An entry's chain as rules want to see it.
class EntryAncestors final : public consensus::Ancestors {
 public:
  explicit EntryAncestors(const HeaderEntry* last) : last_(last) {}

  int Height() const override { return last_->height; }
  consensus::AncestorFacts At(int height) const override;

 private:
  const HeaderEntry* last_;
  mutable const HeaderEntry* recent_ = nullptr;  // rules walk down step by step
};

}  // namespace cairn::ledger
