#include "src/ledger/index/coin_stats_index.h"

#include "cairn/base/reader.h"
#include "cairn/base/writer.h"
#include "consensus/subsidy.h"

namespace cairn::ledger {
namespace {

constexpr uint8_t kPrefix = 's';

void AppendTotals(Bytes& out, const CoinTotals& totals) {
  Writer(out)
      .U64(totals.txouts)
      .U64(totals.bogosize)
      .I64(totals.total_amount)
      .I64(totals.total_unspendable_amount);
}

CoinTotals ReadTotals(Reader& reader) {
  CoinTotals totals;
  totals.txouts = reader.U64();
  totals.bogosize = reader.U64();
  totals.total_amount = reader.I64();
  totals.total_unspendable_amount = reader.I64();
  return totals;
}

void AppendBlockStats(Bytes& out, const BlockCoinStats& stats) {
  Writer(out)
      .I64(stats.txouts)
      .I64(stats.bogosize)
      .I64(stats.total_amount)
      .I64(stats.prevout_spent)
      .I64(stats.coinbase)
      .I64(stats.new_outputs_ex_coinbase)
      .I64(stats.unspendable.genesis_block)
      .I64(stats.unspendable.bip30)
      .I64(stats.unspendable.scripts)
      .I64(stats.unspendable.unclaimed_rewards);
}

BlockCoinStats ReadBlockStats(Reader& reader) {
  BlockCoinStats stats;
  stats.txouts = reader.I64();
  stats.bogosize = reader.I64();
  stats.total_amount = reader.I64();
  stats.prevout_spent = reader.I64();
  stats.coinbase = reader.I64();
  stats.new_outputs_ex_coinbase = reader.I64();
  stats.unspendable.genesis_block = reader.I64();
  stats.unspendable.bip30 = reader.I64();
  stats.unspendable.scripts = reader.I64();
  stats.unspendable.unclaimed_rewards = reader.I64();
  return stats;
}

/// The statistics of a block and its quotient of MuHash; or the totals of a chain and its.
template <typename Stats, Stats (*kRead)(Reader&)>
std::optional<std::pair<Stats, crypto::MuHash>> ReadWithHash(ByteSpan bytes) {
  Reader reader(bytes);
  const Stats stats = kRead(reader);
  const auto hash = crypto::MuHash::Deserialize(reader.Take(crypto::MuHash::kNumberSize));
  if (!reader.ok() || !reader.AtEnd() || !hash) return std::nullopt;
  return std::pair(stats, *hash);
}

/// The state is the totals and the quotient of MuHash of the whole set.
class CoinStatsIndexKind final : public IndexKind {
 public:
  explicit CoinStatsIndexKind(const consensus::Params& params) : params_(params) {}

  std::string_view name() const override { return kCoinStatsIndex; }
  std::string_view folder() const override { return "coinstats"; }
  std::string_view format() const override { return "cairn coin statistics index 1"; }
  bool NeedsSpentCoins() const override { return true; }

  /// What the block does, with the division done already: it is most of the work for small blocks.
  Bytes Digest(const Block& block, int height, std::span<const Coin* const> spent) const override {
    Bytes digest;
    AppendBlockStats(digest,
                     CountBlock(block, spent, height, consensus::SubsidyAt(height, params_)));
    Append(digest, HashBlockCoins(block, spent, height).SerializeQuotient());
    return digest;
  }

  Result<Bytes> Connect(const BlockPlace& place, ByteSpan digest, ByteSpan state,
                        RowList& rows) const override {
    auto step = ReadStep(digest, state);
    if (!step) return BadIndexData(name());
    step->totals.Connect(step->block);
    step->set.InsertAll(step->change);
    Bytes row;
    AppendTotals(row, step->totals);
    AppendBlockStats(row, step->block);
    Append(row, step->set.Finalize());
    rows.Put(BlockRowKey(kPrefix, place.tip()), row);
    return StateOf(*step);
  }

  Result<Bytes> Disconnect(const BlockPlace& place, ByteSpan digest, ByteSpan state,
                           const RowLookup&, RowList&) const override {
    if (place.height == 0) return Bytes();
    auto step = ReadStep(digest, state);
    if (!step) return BadIndexData(name());
    step->totals.Disconnect(step->block);
    step->set.RemoveAll(step->change);
    return StateOf(*step);
  }

 private:
  struct Step {
    CoinTotals totals;
    crypto::MuHash set;
    BlockCoinStats block;
    crypto::MuHash change;
  };

  static std::optional<Step> ReadStep(ByteSpan digest, ByteSpan state) {
    const auto block = ReadWithHash<BlockCoinStats, ReadBlockStats>(digest);
    if (!block) return std::nullopt;
    Step step = {{}, {}, block->first, block->second};
    if (state.empty()) return step;
    const auto before = ReadWithHash<CoinTotals, ReadTotals>(state);
    if (!before) return std::nullopt;
    step.totals = before->first;
    step.set = before->second;
    return step;
  }

  static Bytes StateOf(const Step& step) {
    Bytes state;
    AppendTotals(state, step.totals);
    Append(state, step.set.SerializeQuotient());
    return state;
  }

  const consensus::Params& params_;
};

}  // namespace

std::unique_ptr<const IndexKind> MakeCoinStatsIndexKind(const consensus::Params& params) {
  return std::make_unique<CoinStatsIndexKind>(params);
}

Result<std::optional<CoinStatsAt>> FindCoinStats(const IndexReader& coin_stats,
                                                 const IndexTip& block) {
  const auto found = coin_stats.Get(BlockRowKey(kPrefix, block));
  if (!found) return tl::unexpected(found.error());
  if (!*found) return std::nullopt;
  Reader reader(**found);
  CoinStatsAt stats;
  stats.totals = ReadTotals(reader);
  stats.block = ReadBlockStats(reader);
  stats.muhash = reader.Array<32>();
  if (!reader.ok() || !reader.AtEnd()) return BadIndexData(coin_stats.name());
  return stats;
}

}  // namespace cairn::ledger
