// Makes regtest blocks without a miner: valid ones, and ones that break exactly one rule.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "cairn/ledger/header_entry.h"
#include "cairn/primitives/block.h"
#include "cairn/primitives/merkle.h"
#include "cairn/primitives/script.h"
#include "consensus/params.h"
#include "consensus/rules/block.h"
#include "consensus/subsidy.h"
#include "consensus/work.h"

namespace cairn::test {

/// What a block must know of the one before it.
struct Place {
  BlockHash hash;
  int height = 0;
  uint32_t time = 0;

  static Place Of(const ledger::HeaderEntry* entry) {
    return {entry->hash, entry->height, entry->header.time};
  }
  static Place Genesis(const consensus::Params& params) {
    const auto raw = ByteSpan(params.genesis_block).first<Header::kSize>();
    return {params.genesis_hash, 0, Header::From(raw).time};
  }
};

struct BlockPlan {
  std::vector<TransactionPtr> transactions;  // behind the coinbase
  Amount fees = 0;                           // what the coinbase takes beyond the subsidy
  Bytes payout = {OP_1};                     // anybody can spend it
  uint32_t tag = 0;                          // makes blocks differ that are otherwise the same
  bool commit_to_witness = true;
  std::optional<uint32_t> time;  // else one second after the parent
  int32_t version = 0x20000000;
  std::optional<uint32_t> bits;                          // else regtest's
  std::function<void(TransactionDraft&)> edit_coinbase;  // the last word on the coinbase
  std::function<void(Header&)> edit_header;              // before the nonce is searched
};

struct MadeBlock {
  BlockPtr block;
  Place place;
};

/// Searches the lowest nonce that solves the header; `solved` false looks for one that does not.
inline void SolveHeader(Header& header, const consensus::Params& params, bool solved = true) {
  header.nonce = 0;
  while (consensus::MeetsTarget(header.Hash(), header.bits, params.retarget) != solved) {
    ++header.nonce;
  }
}

inline MerkleRoot RootOf(std::span<const TransactionPtr> transactions) {
  return {TransactionMerkleRoot(transactions).root};
}

/// A block of any transactions under any header; never fails.
inline BlockPtr JoinBlock(const Header& header, std::span<const TransactionPtr> transactions) {
  return Block::Parse(SerializeBlock(header, transactions)).value();
}

inline TransactionPtr MakeCoinbase(const consensus::Params& params, int height,
                                   const BlockPlan& plan) {
  const Bytes nonce(32, 0);
  TransactionDraft draft;
  auto& input = draft.inputs.emplace_back();
  Bytes tag(4);
  StoreLittle(tag.data(), plan.tag);
  input.script_sig = ScriptBuilder().Number(height).Push(tag).Take();
  draft.outputs.push_back({consensus::SubsidyAt(height, params) + plan.fees, plan.payout});
  if (plan.commit_to_witness) {
    std::vector<crypto::Digest> leaves(1);
    for (const TransactionPtr& tx : plan.transactions) leaves.push_back(tx->wtxid.bytes);
    const auto root = ComputeMerkleRoot(std::move(leaves)).root;
    input.witness = {nonce};
    draft.outputs.push_back({0, consensus::WitnessCommitmentScript(root, nonce)});
  }
  if (plan.edit_coinbase) plan.edit_coinbase(draft);
  return draft.Finish();
}

/// The block that follows `parent` as the plan says, with proof of work.
inline MadeBlock MakeBlock(const consensus::Params& params, const Place& parent,
                           const BlockPlan& plan = {}) {
  const int height = parent.height + 1;
  std::vector<TransactionPtr> transactions = {MakeCoinbase(params, height, plan)};
  transactions.insert(transactions.end(), plan.transactions.begin(), plan.transactions.end());
  Header header;
  header.version = plan.version;
  header.previous = parent.hash;
  header.merkle_root = RootOf(transactions);
  header.time = plan.time.value_or(parent.time + 1);
  header.bits = plan.bits.value_or(params.retarget.limit_bits);
  if (plan.edit_header) plan.edit_header(header);
  SolveHeader(header, params);
  BlockPtr block = JoinBlock(header, transactions);
  return {block, {block->hash(), height, header.time}};
}

/// Blocks with nothing but coinbases, one on another.
inline std::vector<MadeBlock> MakeChain(const consensus::Params& params, Place parent, int count,
                                        uint32_t tag = 0) {
  std::vector<MadeBlock> chain;
  for (int i = 0; i < count; ++i) {
    BlockPlan plan;
    plan.tag = tag;
    chain.push_back(MakeBlock(params, parent, plan));
    parent = chain.back().place;
  }
  return chain;
}

/// Headers with work one on another, of blocks that nobody has. `bits`: else regtest's.
inline std::vector<Header> HeadersOn(const consensus::Params& params, const Place& parent,
                                     size_t count, uint32_t tag = 0,
                                     std::optional<uint32_t> bits = {}) {
  std::vector<Header> headers;
  BlockHash previous = parent.hash;
  for (size_t i = 0; i < count; ++i) {
    Header& header = headers.emplace_back();
    header.version = 0x20000000;
    header.previous = previous;
    header.merkle_root.bytes[0] = static_cast<uint8_t>(tag);
    header.time = parent.time + static_cast<uint32_t>(i) + 1;
    header.bits = bits.value_or(params.retarget.limit_bits);
    SolveHeader(header, params);
    previous = header.Hash();
  }
  return headers;
}

inline OutPoint OutputOf(const Transaction& tx, uint32_t index = 0) { return {tx.txid, index}; }

/// Spends an output that anybody can spend into one of the same kind.
inline TransactionPtr MakeSpend(const OutPoint& prevout, Amount value) {
  TransactionDraft draft;
  draft.inputs.emplace_back().prevout = prevout;
  draft.outputs.push_back({value, {OP_1}});
  return draft.Finish();
}

}  // namespace cairn::test
