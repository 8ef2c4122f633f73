// The first stage of admission: what a transaction shows by itself and by its time.
#pragma once

#include <span>

#include "cairn/ledger/chain_view.h"
#include "cairn/mempool/policy.h"
#include "cairn/primitives/transaction.h"
#include "src/mempool/policy_rule.h"

namespace cairn::mempool {

/// A transaction on its own, that some block above the view's tip might contain.
struct LooseTransaction {
  const Transaction& tx;
  const PolicyOptions& policy;
  const ledger::ChainView& view;
};

struct LooseOutput {
  const TxOut& output;
  const PolicyOptions& policy;
};

// The tables, in the order in which they are asked. Those of form only where only standard
// transactions are wanted.
std::span<const PolicyRule<LooseTransaction>> FormRules();
std::span<const PolicyRule<TxIn>> InputFormRules();
std::span<const PolicyRule<LooseOutput>> OutputFormRules();
std::span<const PolicyRule<LooseTransaction>> DataRules();
std::span<const PolicyRule<LooseTransaction>> PlaceRules();

/// An output below this value costs more to spend than it is worth.
Amount DustThreshold(const TxOut& output, FeeRate dust_fee);

/// Consensus rules without coins, the tables of form, and finality.
Objection CheckStandard(const LooseTransaction& loose);

}  // namespace cairn::mempool
