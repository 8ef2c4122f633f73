// Block templates: the block that could follow the tip, all but its nonce.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "cairn/base/clock.h"
#include "cairn/ledger/chain_view.h"
#include "cairn/mempool/mempool.h"
#include "cairn/primitives/block.h"
#include "consensus/rules/transaction.h"

namespace cairn::mining {

/// How much of a block the transactions of the pool may take, in weight units, and what they must
/// pay. Bitcoin Core's defaults.
struct TemplateLimits {
  uint64_t weight = consensus::kMaxBlockWeight;  // -blockmaxweight
  uint64_t reserved_weight = 8000;               // -blockreservedweight: header, count, coinbase
  mempool::FeeRate min_rate{1000};               // -blockmintxfee
};

struct TemplateOptions {
  Bytes payout_script;  // receives the subsidy and all fees
  /// -blockversion, which counts only where blocks are mined on demand; else BIP9 decides.
  std::optional<int32_t> version;
  /// Where the transactions come from; null: there are none. Outlives whoever has the options.
  mempool::Mempool* pool = nullptr;
  TemplateLimits limits{};
  /// Tells templates apart that are searched at the same time: it stands in the coinbase.
  std::optional<uint32_t> extra_nonce{};
  /// In place of those of the pool, without their fees.
  std::vector<TransactionPtr> chosen{};
};

struct BlockTemplate {
  Header header;  // nonce 0
  int height = 0;
  std::vector<TransactionPtr> transactions;  // the coinbase first
  uint64_t reserved_weight = 0;              // for header, count and coinbase

  /// The whole block under a header, which is the template's with another nonce or time.
  BlockPtr Finish(const Header& solved) const;
};

/// The transactions that a template on `view` should have. From the pool only once it stands on the
/// view's tip, for which it is waited; none if the tip has moved on meanwhile.
std::vector<mempool::SelectedTransaction> SelectTransactions(const ledger::ChainView& view,
                                                             const TemplateOptions& options);

/// The header at another time, or at the earliest that the chain allows, with the target of then.
Header AtTime(Header header, const ledger::ChainView& view, UnixSeconds now);

/// The earliest time that the block above `view` may have.
uint32_t EarliestTime(const ledger::ChainView& view);

/// Pure: the same view, options, time and transactions (parents first) give the same template, byte
/// for byte the one that Bitcoin Core 28 makes. The time is `now`, or the earliest that the chain
/// allows.
BlockTemplate BuildTemplate(const ledger::ChainView& view, const TemplateOptions& options,
                            UnixSeconds now,
                            std::span<const mempool::SelectedTransaction> transactions = {});

}  // namespace cairn::mining
