#include "cairn/mining/block_template.h"

#include <algorithm>
#include <array>
#include <utility>

#include "cairn/base/assert.h"
#include "cairn/base/endian.h"
#include "cairn/mining/last_template.h"
#include "cairn/primitives/merkle.h"
#include "cairn/primitives/script.h"
#include "consensus/deployments.h"
#include "consensus/rules/block.h"
#include "consensus/rules/header.h"
#include "consensus/rules/transaction.h"
#include "consensus/subsidy.h"
#include "consensus/work.h"

namespace cairn::mining {
namespace {

using ledger::ChainView;
using ledger::EntryAncestors;

constexpr size_t kWitnessNonceSize = 32;
// What a template leaves for the coinbase.
constexpr uint64_t kReservedSigops = 400;

/// BIP141's root over no transactions but the coinbase, whose own place is zero.
crypto::Digest WitnessRootOf(const std::vector<TransactionPtr>& behind_coinbase) {
  std::vector<crypto::Digest> leaves(1);
  for (const TransactionPtr& tx : behind_coinbase) leaves.push_back(tx->wtxid.bytes);
  return ComputeMerkleRoot(std::move(leaves)).root;
}

TransactionPtr MakeCoinbase(const consensus::Params& params, int height,
                            const TemplateOptions& options, Amount fees,
                            const std::vector<TransactionPtr>& behind) {
  TransactionDraft draft;
  TransactionDraft::Input input;
  // BIP34's height; the zero behind it brings the script of the first heights to two bytes.
  ScriptBuilder script_sig;
  script_sig.Number(height).Op(OP_0);
  if (options.extra_nonce) {
    std::array<uint8_t, sizeof(uint32_t)> bytes;
    StoreLittle(bytes.data(), *options.extra_nonce);
    script_sig.Push(bytes);
  }
  input.script_sig = script_sig.Take();
  const Bytes nonce(kWitnessNonceSize, 0);
  if (consensus::IsSegwitActive(height, params)) input.witness = {nonce};
  draft.inputs.push_back(std::move(input));
  draft.outputs.push_back({consensus::SubsidyAt(height, params) + fees, options.payout_script});
  draft.outputs.push_back({0, consensus::WitnessCommitmentScript(WitnessRootOf(behind), nonce)});
  return draft.Finish();
}

}  // namespace

uint32_t EarliestTime(const ChainView& view) {
  const consensus::RetargetRules& rules = view.params->retarget;
  int64_t earliest = int64_t{view.tip->median_time} + 1;
  if (rules.timewarp_guard && (view.Height() + 1) % rules.Interval() == 0) {
    earliest = std::max(earliest, int64_t{view.tip->header.time} - consensus::kMaxTimewarpSeconds);
  }
  return static_cast<uint32_t>(earliest);
}

Header AtTime(Header header, const ChainView& view, UnixSeconds now) {
  header.time = static_cast<uint32_t>(std::max<UnixSeconds>(EarliestTime(view), now));
  header.bits = consensus::NextBits(EntryAncestors(view.tip), header.time, view.params->retarget);
  return header;
}

BlockPtr BlockTemplate::Finish(const Header& solved) const {
  auto block = Block::Parse(SerializeBlock(solved, transactions));
  CAIRN_ASSERT(block.has_value());
  return *std::move(block);
}

TemplateSize SizeOf(const BlockTemplate& block) {
  TemplateSize size{block.reserved_weight, 0};
  for (size_t i = 1; i < block.transactions.size(); ++i) {
    size.weight += block.transactions[i]->Weight();
    ++size.transactions;
  }
  return size;
}

std::vector<mempool::SelectedTransaction> SelectTransactions(const ChainView& view,
                                                             const TemplateOptions& options) {
  std::vector<mempool::SelectedTransaction> result;
  for (const TransactionPtr& tx : options.chosen) result.push_back({tx, 0, 0});
  if (!result.empty() || options.pool == nullptr) return result;
  const TemplateLimits& limits = options.limits;
  options.pool->FollowTip();
  mempool::Selection selection = options.pool->Select(
      {.weight = limits.weight - std::min(limits.weight, limits.reserved_weight),
       .sigops_cost = consensus::kMaxBlockSigopsCost - kReservedSigops,
       .min_rate = limits.min_rate});
  if (selection.tip != view.tip) return result;
  return std::move(selection.transactions);
}

BlockTemplate BuildTemplate(const ChainView& view, const TemplateOptions& options, UnixSeconds now,
                            std::span<const mempool::SelectedTransaction> transactions) {
  const consensus::Params& params = *view.params;
  const EntryAncestors ancestors(view.tip);
  BlockTemplate result;
  result.height = view.Height() + 1;
  result.reserved_weight = options.limits.reserved_weight;
  Amount fees = 0;
  for (const mempool::SelectedTransaction& selected : transactions) {
    result.transactions.push_back(selected.tx);
    fees += selected.fee;
  }
  TransactionPtr coinbase = MakeCoinbase(params, result.height, options, fees, result.transactions);
  result.transactions.insert(result.transactions.begin(), std::move(coinbase));
  const auto states = consensus::NextStates(view.tip->states, ancestors, params);
  const bool may_choose_version = params.retarget.never;
  result.header.version = may_choose_version && options.version
                              ? *options.version
                              : consensus::VersionToMine(states, params);
  result.header.previous = view.tip->hash;
  result.header.merkle_root = {TransactionMerkleRoot(result.transactions).root};
  result.header = AtTime(result.header, view, now);
  return result;
}

}  // namespace cairn::mining
