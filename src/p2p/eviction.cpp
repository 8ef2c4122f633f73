#include "src/p2p/eviction.h"

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <utility>

namespace cairn::p2p {
namespace {

using Candidates = std::vector<EvictionCandidate>;

constexpr size_t kByGroup = 4;
constexpr size_t kByPing = 8;
constexpr size_t kByTransaction = 4;
constexpr size_t kByBlockOnly = 8;
constexpr size_t kByBlock = 4;

/// Takes up to `count` candidates off: those that come last in the order and are eligible.
void Protect(Candidates& candidates, size_t count,
             const std::function<bool(const EvictionCandidate&, const EvictionCandidate&)>& worse,
             const std::function<bool(const EvictionCandidate&)>& eligible) {
  std::sort(candidates.begin(), candidates.end(), worse);
  for (size_t at = candidates.size(); at-- > 0 && count > 0;) {
    if (!eligible(candidates[at])) continue;
    candidates.erase(candidates.begin() + static_cast<ptrdiff_t>(at));
    --count;
  }
}

bool All(const EvictionCandidate&) { return true; }

bool IsYounger(const EvictionCandidate& a, const EvictionCandidate& b) {
  return std::pair(a.connected_at, a.id) > std::pair(b.connected_at, b.id);
}

bool IsSlower(const EvictionCandidate& a, const EvictionCandidate& b) {
  const auto ping = [](const EvictionCandidate& peer) {
    return peer.ping_least.count() < 0 ? Duration::max() : peer.ping_least;
  };
  return std::pair(ping(a), a.id) > std::pair(ping(b), b.id);
}

/// Half of what remains stays by seniority; up to half of that half is kept for the networks that
/// are at a disadvantage by their latency, those with the fewest connections first.
void ProtectByAge(Candidates& candidates) {
  const size_t total = candidates.size() / 2;
  const size_t reserved = total / 2;
  size_t spent = 0;
  const std::array<std::function<bool(const EvictionCandidate&)>, 4> slow = {
      [](const auto& peer) { return peer.network == wire::Network::kCjdns; },
      [](const auto& peer) { return peer.network == wire::Network::kI2p; },
      [](const auto& peer) { return peer.local; },
      [](const auto& peer) { return peer.network == wire::Network::kTorV3; }};
  std::vector<std::pair<long, size_t>> order;
  for (size_t i = 0; i < slow.size(); ++i) {
    order.emplace_back(std::count_if(candidates.begin(), candidates.end(), slow[i]), i);
  }
  std::sort(order.begin(), order.end());
  size_t left = slow.size();
  for (const auto& [count, which] : order) {
    const size_t share = (reserved - spent) / left--;
    const size_t before = candidates.size();
    Protect(candidates, share, IsYounger, slow[which]);
    spent += before - candidates.size();
  }
  Protect(candidates, total - spent, IsYounger, All);
}

}  // namespace

std::optional<PeerId> SelectForEviction(Candidates candidates) {
  std::erase_if(candidates, [](const auto& peer) { return peer.permitted; });
  Protect(
      candidates, kByGroup,
      [](const auto& a, const auto& b) {
        return std::pair(a.keyed_group, a.id) < std::pair(b.keyed_group, b.id);
      },
      All);
  Protect(candidates, kByPing, IsSlower, All);
  Protect(
      candidates, kByTransaction,
      [](const auto& a, const auto& b) {
        return std::tuple(a.last_transaction, a.relays_transactions, -a.id) <
               std::tuple(b.last_transaction, b.relays_transactions, -b.id);
      },
      All);
  const auto older_block = [](const auto& a, const auto& b) {
    return std::tuple(a.last_block, a.serves_blocks, -a.id) <
           std::tuple(b.last_block, b.serves_blocks, -b.id);
  };
  Protect(candidates, kByBlockOnly, older_block,
          [](const auto& peer) { return !peer.relays_transactions && peer.serves_blocks; });
  Protect(candidates, kByBlock, older_block, All);
  ProtectByAge(candidates);
  if (candidates.empty()) return std::nullopt;

  const bool unwanted = std::any_of(candidates.begin(), candidates.end(),
                                    [](const auto& peer) { return peer.prefers_others; });
  if (unwanted) {
    std::erase_if(candidates, [](const auto& peer) { return !peer.prefers_others; });
  }
  std::map<uint64_t, Candidates> groups;
  for (const EvictionCandidate& peer : candidates) groups[peer.keyed_group].push_back(peer);
  for (auto& [key, group] : groups) std::sort(group.begin(), group.end(), IsYounger);
  const auto largest =
      std::max_element(groups.begin(), groups.end(), [](const auto& a, const auto& b) {
        return std::pair(a.second.size(), a.second.front().connected_at) <
               std::pair(b.second.size(), b.second.front().connected_at);
      });
  return largest->second.front().id;
}

}  // namespace cairn::p2p
