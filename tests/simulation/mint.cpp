#include "tests/simulation/mint.h"

#include <algorithm>

#include "cairn/base/assert.h"
#include "cairn/genesis/chain_file.h"
#include "consensus/rules/block.h"
#include "tests/support/block_maker.h"

namespace cairn::simulation {
namespace {

// The ids of transactions whose outputs exist begin with this; no hash does.
constexpr std::array<uint8_t, 12> kConfirmedMark = {'c', 'o', 'n', 'f', 'i', 'r',
                                                    'm', 'e', 'd', '0', '0', '0'};

constexpr size_t kSignatureSize = 71;
constexpr size_t kKeySize = 33;
constexpr Amount kOutputValue = 100'000;

consensus::Params Regtest() {
  auto params = genesis::BuiltInChain("regtest");
  CAIRN_ASSERT(params.has_value());
  return *std::move(params);
}

}  // namespace

Mint::Mint(uint64_t seed) : params_(Regtest()), random_(seed) {}

BlockPtr Mint::MakeBlock(const ledger::HeaderEntry& parent,
                         const std::vector<TransactionPtr>& transactions, p2p::Instant now,
                         bool invalid) {
  test::BlockPlan plan;
  plan.transactions = transactions;
  plan.tag = next_tag_++;
  plan.time = std::max(static_cast<uint32_t>(p2p::UnixSecondsOf(now)), parent.median_time + 1);
  BlockPtr block = test::MakeBlock(params_, test::Place::Of(&parent), plan).block;
  made_.emplace(block->hash(), block);
  if (invalid) invalid_.insert(block->hash());
  return block;
}

BlockPtr Mint::MakeMutated(const BlockPtr& block) {
  std::vector<TransactionPtr> transactions;
  for (const Transaction& transaction : block->transactions()) {
    transactions.push_back(TransactionPtr(block, &transaction));
  }
  transactions.push_back(MakeTransaction());
  return test::JoinBlock(block->header(), transactions);
}

const std::vector<Header>& Mint::LowWorkHeaders(size_t count) {
  if (low_work_.size() < count) {
    low_work_ = test::HeadersOn(params_, test::Place::Genesis(params_), count, 1);
  }
  return low_work_;
}

Header Mint::MakeUnsolvedHeader(const ledger::HeaderEntry& parent, p2p::Instant now) {
  Header header = parent.header;
  header.previous = parent.hash;
  header.time = static_cast<uint32_t>(p2p::UnixSecondsOf(now));
  test::SolveHeader(header, params_, false);
  return header;
}

Header Mint::MakeBadTimeHeader(const ledger::HeaderEntry& parent) {
  Header header = parent.header;
  header.previous = parent.hash;
  header.time = parent.median_time;
  test::SolveHeader(header, params_);
  return header;
}

TransactionPtr Mint::MakeTransaction(bool orphan) {
  TransactionDraft draft;
  const uint64_t inputs = 1 + random_.Below(3);
  for (uint64_t i = 0; i < inputs; ++i) {
    TransactionDraft::Input& input = draft.inputs.emplace_back();
    std::array<uint8_t, 32>& txid = input.prevout.txid.bytes;
    random_.Fill(txid);
    if (!orphan) std::copy(kConfirmedMark.begin(), kConfirmedMark.end(), txid.begin());
    StoreLittle(txid.data() + 16, next_coin_++);
    input.prevout.index = static_cast<uint32_t>(random_.Below(2));
    input.witness = {random_.Fill(kSignatureSize), random_.Fill(kKeySize)};
  }
  for (uint64_t i = 1 + random_.Below(3); i > 0; --i) {
    Bytes script = {0x00, 20};  // P2WPKH
    Append(script, random_.Fill(20));
    draft.outputs.push_back({kOutputValue, std::move(script)});
  }
  return draft.Finish();
}

bool Mint::IsConfirmed(const Txid& txid) {
  return std::equal(kConfirmedMark.begin(), kConfirmedMark.end(), txid.bytes.begin());
}

consensus::Verdict Mint::Judge(BlockPtr& block, const ledger::HeaderEntry& parent) const {
  const auto made = made_.find(block->hash());
  if (made == made_.end()) return JudgeAnew(block, parent);
  const BlockPtr& own = made->second;
  if (own != block) {
    if (!Equal(own->bytes(), block->bytes())) return JudgeAnew(block, parent);
    block = own;
  }
  const auto known = verdicts_.find(own.get());
  if (known != verdicts_.end()) return known->second;
  return verdicts_.emplace(own.get(), JudgeAnew(block, parent)).first->second;
}

BlockPtr Mint::FindBlock(ByteSpan bytes) const {
  if (bytes.size() < Header::kSize) return nullptr;
  const auto found = made_.find(Header::From(bytes.first<Header::kSize>()).Hash());
  const bool same = found != made_.end() && Equal(found->second->bytes(), bytes);
  return same ? found->second : nullptr;
}

consensus::Verdict Mint::JudgeAnew(const BlockPtr& block, const ledger::HeaderEntry& parent) const {
  const auto checked = consensus::CheckBlock(block, params_);
  if (!checked) return tl::unexpected(checked.error());
  const ledger::EntryAncestors ancestors(&parent);
  return consensus::AcceptBlock({*block, params_, ancestors});
}

}  // namespace cairn::simulation
