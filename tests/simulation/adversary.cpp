#include "tests/simulation/adversary.h"

#include <algorithm>
#include <array>
#include <utility>

#include "tests/simulation/world.h"

namespace cairn::simulation {
namespace {

using std::chrono::seconds;

constexpr std::array<std::pair<Attack, std::string_view>, 8> kNames = {{
    {Attack::kStall, "stall"},
    {Attack::kLieAboutHeaders, "header-lies"},
    {Attack::kLowWorkHeaders, "low-work"},
    {Attack::kInvalidBlocks, "invalid-blocks"},
    {Attack::kMutatedBlocks, "mutated-blocks"},
    {Attack::kFloodAddresses, "addr-flood"},
    {Attack::kFloodOrphans, "orphan-flood"},
    {Attack::kEclipse, "eclipse"},
}};

/// More than one message full, so that the victim asks for the rest; see `Scenario` for how much
/// work there is to stay below.
constexpr size_t kLowWorkHeaders = 2300;

constexpr size_t kOrphansAtOnce = 20;

/// Connections to the victim of an eclipse that each attacker holds.
constexpr size_t kEncircling = 6;

}  // namespace

std::string_view NameOf(Attack attack) {
  for (const auto& [one, name] : kNames) {
    if (one == attack) return name;
  }
  return "";
}

const std::vector<Attack>& AllAttacks() {
  static const std::vector<Attack> all = [] {
    std::vector<Attack> attacks;
    for (const auto& [attack, name] : kNames) attacks.push_back(attack);
    return attacks;
  }();
  return all;
}

Adversary::Adversary(World& world, Attack attack, uint64_t seed)
    : world_(world), attack_(attack), random_(seed) {}

void Adversary::Start(size_t connections) {
  if (attack_ == Attack::kEclipse) {
    Encircle();
    connections = 0;
  }
  for (size_t i = 0; i < connections; ++i) {
    const auto victim = static_cast<HostId>(random_.Below(world_.NodeCount()));
    world_.network().Connect(id_, world_.network().EndpointOf(victim), ConnectionType::kFullRelay);
  }
  world_.events().Push(world_.now() + Interval(), EventKind::kWake, id_);
}

/// Takes the victim's places for inbound connections.
void Adversary::Encircle() {
  for (size_t i = victims_.size(); i < kEncircling; ++i) {
    world_.network().Connect(id_, world_.network().EndpointOf(0), ConnectionType::kFullRelay);
  }
}

void Adversary::Send(PeerId peer, wire::Message message) {
  world_.network().Send(id_, peer, std::move(message));
}

void Adversary::Connected(const p2p::NewConnection& connection) {
  Victim& victim = victims_[connection.id];
  victim.outbound = connection.type != ConnectionType::kInbound;
  if (victim.outbound) SendVersion(connection.id);
}

void Adversary::ConnectFailed(const wire::Endpoint&, ConnectionType) {}

void Adversary::Disconnected(PeerId peer) { victims_.erase(peer); }

void Adversary::SendVersion(PeerId peer) {
  wire::Version version;
  version.services = wire::kNodeNetwork | wire::kNodeWitness | wire::kNodeNetworkLimited;
  version.sender_services = version.services;
  version.time = p2p::UnixSecondsOf(world_.now());
  version.nonce = random_.Next();
  version.user_agent = "/Satoshi:27.0.0/";
  version.start_height = world_.observer().tip()->height;
  Send(peer, version);
}

void Adversary::Received(PeerId peer, wire::Message message, size_t) {
  const auto found = victims_.find(peer);
  if (found == victims_.end()) return;
  Victim& victim = found->second;
  if (std::holds_alternative<wire::Version>(message)) {
    if (!victim.outbound) SendVersion(peer);
    Send(peer, wire::WtxidRelay{});
    Send(peer, wire::SendAddrV2{});
    Send(peer, wire::Verack{});
  } else if (std::holds_alternative<wire::Verack>(message)) {
    victim.ready = true;
    Send(peer, wire::SendHeaders{});
    Send(peer, wire::SendCompact{});
  } else if (const auto* ping = std::get_if<wire::Ping>(&message)) {
    Send(peer, wire::Pong{ping->nonce});
  } else if (const auto* headers = std::get_if<wire::GetHeaders>(&message)) {
    OnGetHeaders(peer, headers->locator);
  } else if (const auto* data = std::get_if<wire::GetData>(&message)) {
    OnGetData(peer, *data);
  }
}

void Adversary::OnGetHeaders(PeerId peer, const wire::Locator& locator) {
  if (attack_ == Attack::kLowWorkHeaders) return SendLowWork(peer, &locator);
  if (attack_ == Attack::kEclipse) return Send(peer, wire::Headers{});
  const MemoryLedger& chain = world_.observer();
  const ledger::ChainViewPtr view = chain.View();
  const ledger::HeaderEntry* last = view->At(0);
  for (const BlockHash& hash : locator.hashes) {
    const ledger::HeaderEntry* entry = chain.Find(hash);
    if (entry == nullptr || !view->Contains(entry)) continue;
    last = entry;
    break;
  }
  wire::Headers reply;
  for (int height = last->height + 1;
       height <= view->Height() && reply.headers.size() < wire::Headers::kMostHeaders; ++height) {
    reply.headers.push_back(view->At(height)->header);
  }
  Send(peer, std::move(reply));
}

void Adversary::OnGetData(PeerId peer, const wire::GetData& message) {
  if (attack_ == Attack::kStall) {
    const auto is_block = [](const wire::InvItem& item) { return item.IsBlock(); };
    // So far it has only told the truth.
    if (std::any_of(message.items.begin(), message.items.end(), is_block)) Note(victims_.at(peer));
    return;
  }
  if (attack_ == Attack::kEclipse) return;
  wire::NotFound missing;
  for (const wire::InvItem& item : message.items) {
    const auto offer = offers_.find(item.block());
    if (item.IsBlock() && offer != offers_.end()) {
      Send(peer, wire::BlockMessage{offer->second});
      continue;
    }
    const ledger::HeaderEntry* entry =
        item.IsBlock() ? world_.observer().Find(item.block()) : nullptr;
    BlockPtr body = entry != nullptr ? world_.observer().Body(*entry) : nullptr;
    if (body == nullptr) {
      missing.items.push_back(item);
    } else {
      Send(peer, wire::BlockMessage{std::move(body)});
    }
  }
  if (!missing.items.empty()) Send(peer, std::move(missing));
}

void Adversary::OnBlockFound(const BlockPtr& block) {
  const bool follows = attack_ == Attack::kStall || attack_ == Attack::kMutatedBlocks;
  if (!follows) return;
  if (attack_ == Attack::kMutatedBlocks) {
    offers_.clear();
    offers_[block->hash()] = world_.mint().MakeMutated(block);
  }
  for (auto& [peer, victim] : victims_) {
    if (!victim.ready) continue;
    if (attack_ == Attack::kMutatedBlocks) Note(victim);
    const bool unasked = attack_ == Attack::kMutatedBlocks && random_.Flip();
    if (unasked) {
      Send(peer, wire::BlockMessage{offers_[block->hash()]});
    } else {
      Send(peer, wire::Headers{{block->header()}});
    }
  }
}

Duration Adversary::Interval() const {
  switch (attack_) {
    case Attack::kStall:
    case Attack::kMutatedBlocks: return std::chrono::hours(24);  // blocks wake it
    case Attack::kLieAboutHeaders:
    case Attack::kInvalidBlocks: return seconds(60);
    case Attack::kLowWorkHeaders: return seconds(60);
    case Attack::kFloodAddresses: return seconds(10);
    case Attack::kFloodOrphans: return seconds(10);
    case Attack::kEclipse: return seconds(30);
  }
  return seconds(60);
}

void Adversary::Wake() {
  if (attack_ == Attack::kInvalidBlocks) offers_.clear();
  if (attack_ == Attack::kEclipse) Encircle();
  for (auto& [peer, victim] : victims_) {
    if (victim.ready) Act(peer, victim);
  }
  const double swing = 0.5 + random_.Unit();
  const auto wait =
      Duration(static_cast<Duration::rep>(swing * static_cast<double>(Interval().count())));
  world_.events().Push(world_.now() + wait, EventKind::kWake, id_);
}

void Adversary::Note(Victim& victim) {
  victim.first_act = std::min(victim.first_act, world_.now());
}

size_t Adversary::Lingering(Duration since) const {
  return static_cast<size_t>(std::count_if(
      victims_.begin(), victims_.end(),
      [&](const auto& victim) { return victim.second.first_act <= world_.now() - since; }));
}

void Adversary::Act(PeerId peer, Victim& victim) {
  if (attack_ != Attack::kStall && attack_ != Attack::kMutatedBlocks) Note(victim);
  const int turn = victim.acts++;
  switch (attack_) {
    case Attack::kStall:
    case Attack::kMutatedBlocks: return;
    case Attack::kLieAboutHeaders: return LieAboutHeaders(peer, turn + static_cast<int>(id_));
    case Attack::kLowWorkHeaders: return SendLowWork(peer, nullptr);
    case Attack::kInvalidBlocks: return SendInvalidBlock(peer);
    case Attack::kFloodAddresses: return SendAddresses(peer);
    case Attack::kFloodOrphans: return SendOrphans(peer);
    case Attack::kEclipse: return SendAddresses(peer);
  }
}

void Adversary::LieAboutHeaders(PeerId peer, int turn) {
  const ledger::HeaderEntry& tip = *world_.observer().tip();
  Mint& mint = world_.mint();
  wire::Headers headers;
  if (turn % 3 == 0) {
    headers.headers = {mint.MakeUnsolvedHeader(tip, world_.now())};
  } else if (turn % 3 == 1) {
    headers.headers = {mint.MakeBadTimeHeader(tip)};
  } else {
    // A gap: each is fine, but they do not follow one another.
    headers.headers = {tip.parent->header, tip.parent->parent->header};
  }
  Send(peer, std::move(headers));
}

void Adversary::SendLowWork(PeerId peer, const wire::Locator* locator) {
  const std::vector<Header>& all = world_.mint().LowWorkHeaders(kLowWorkHeaders);
  size_t first = 0;
  if (locator != nullptr && !locator->hashes.empty()) {
    const BlockHash& from = locator->hashes.front();
    while (first < all.size() && all[first].previous != from) ++first;
    if (first == all.size()) first = 0;
  }
  const size_t count = std::min(all.size() - first, wire::Headers::kMostHeaders);
  const auto begin = all.begin() + static_cast<std::ptrdiff_t>(first);
  Send(peer, wire::Headers{{begin, begin + static_cast<std::ptrdiff_t>(count)}});
}

void Adversary::SendInvalidBlock(PeerId peer) {
  const ledger::HeaderEntry& tip = *world_.observer().tip();
  const BlockPtr block = world_.mint().MakeBlock(tip, {}, world_.now(), true);
  offers_[block->hash()] = block;
  if (random_.Flip()) {
    Send(peer, wire::BlockMessage{block});
  } else {
    Send(peer, wire::Headers{{block->header()}});
  }
}

/// Made-up ones; in an eclipse only those of attackers, few enough to pass the ration.
void Adversary::SendAddresses(PeerId peer) {
  const bool eclipse = attack_ == Attack::kEclipse;
  wire::Addr message;
  const size_t count = eclipse ? 10 : wire::kMostAddresses;
  for (size_t i = 0; i < count; ++i) {
    wire::PeerAddress& address = message.addresses.emplace_back();
    if (eclipse) {
      const uint64_t number = world_.NodeCount() + random_.Below(world_.AttackerCount());
      address.endpoint = world_.network().EndpointOf(static_cast<HostId>(number));
    } else {
      const uint64_t bits = random_.Next();
      address.endpoint.address = wire::NetAddress::Ipv4(
          static_cast<uint8_t>(20 + bits % 80), static_cast<uint8_t>(bits >> 8),
          static_cast<uint8_t>(bits >> 16), static_cast<uint8_t>(bits >> 24));
      address.endpoint.port = world_.settings().listen_port;
    }
    address.services = wire::kNodeNetwork | wire::kNodeWitness;
    address.time = p2p::UnixSecondsOf(world_.now());
  }
  Send(peer, std::move(message));
}

void Adversary::SendOrphans(PeerId peer) {
  for (size_t i = 0; i < kOrphansAtOnce; ++i) {
    Send(peer, wire::TxMessage{world_.mint().MakeTransaction(true)});
  }
}

}  // namespace cairn::simulation
