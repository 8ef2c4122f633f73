#include "src/p2p/fee_filter.h"

#include <algorithm>

#include "src/p2p/peer.h"

namespace cairn::p2p {
namespace {

using std::chrono::minutes;

constexpr int32_t kFeeFilterVersion = 70013;
constexpr Duration kInterval = minutes(10);
/// A change that matters is told within this time.
constexpr Duration kMostChangeDelay = minutes(5);

// The steps are Bitcoin Core's, satoshis per 1,000 virtual bytes.
constexpr double kLeastStep = 500;
constexpr double kMostStep = 1e7;
constexpr double kSpacing = 1.1;

}  // namespace

FeeFilters::FeeFilters(Core& core) : core_(core), steps_{0} {
  for (double step = kLeastStep; step <= kMostStep; step *= kSpacing) steps_.push_back(step);
}

bool FeeFilters::Wants(const Peer& peer) const {
  return peer.IsReady() && peer.handshake.version >= kFeeFilterVersion &&
         !peer.Allows(kForceRelayPermission) && peer.type() != ConnectionType::kBlockRelayOnly;
}

/// Down to the step below, but once in three times up to the one above.
Amount FeeFilters::Round(Amount rate) {
  auto step = std::lower_bound(steps_.begin(), steps_.end(), static_cast<double>(rate));
  if (step == steps_.end() || (step != steps_.begin() && core_.random.Below(3) != 0)) --step;
  return static_cast<Amount>(*step);
}

void FeeFilters::Update(Peer& peer, bool blocks_only_now, Amount floor) {
  FeeFilterPeer& state = peer.fee_filter;
  const Amount most = static_cast<Amount>(steps_.back());
  // Once we follow the chain closely, transactions are welcome at once.
  if (!blocks_only_now && state.sent == most) state.next = Instant{};
  if (core_.now >= state.next) {
    const Amount rate = std::max(blocks_only_now ? most : Round(floor), core_.pool.RelayFee());
    if (rate != state.sent) core_.Send(peer, wire::FeeFilter{rate});
    state.sent = rate;
    state.next = core_.Poisson(kInterval);
    return;
  }
  const bool changed = floor < 3 * state.sent / 4 || floor > 4 * state.sent / 3;
  if (!blocks_only_now && changed && core_.now + kMostChangeDelay < state.next) {
    const auto most_delay = static_cast<uint64_t>(kMostChangeDelay.count());
    state.next = core_.now + Duration(core_.random.Below(most_delay));
  }
}

void FeeFilters::Advance() {
  if (core_.settings.blocks_only) return;
  // We drop all announcements of transactions while we are far behind.
  const bool blocks_only_now = core_.chain.IsInitialBlockDownload();
  // While the pool is not full nothing is asked for but the fee of relay, which is no secret.
  Amount floor = core_.pool.FeeFloor();
  const Amount said = std::max(floor, core_.pool.RelayFee());
  if (floor <= core_.pool.RelayFee()) floor = 0;
  for (auto& [id, peer] : core_.peers) {
    if (!Wants(*peer)) continue;
    const bool same = floor == 0 && peer->fee_filter.sent == said;
    if (same && core_.now < peer->fee_filter.next) continue;
    Update(*peer, blocks_only_now, floor);
  }
}

Instant FeeFilters::DeadlineOf(const Peer& peer) const {
  return !core_.settings.blocks_only && Wants(peer) ? peer.fee_filter.next : kNever;
}

}  // namespace cairn::p2p
