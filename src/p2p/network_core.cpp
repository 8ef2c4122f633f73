// The sockets: how connections come and go, and what the rest of the node asks about them.
#include "src/p2p/network_core.h"

#include <algorithm>

#include "cairn/base/log.h"
#include "cairn/p2p/peers_file.h"

namespace cairn::p2p {
namespace {

using std::chrono::steady_clock;

/// The system's time may be set while we wait for it.
constexpr std::chrono::seconds kLongestWait{60};
constexpr std::chrono::milliseconds kShortestWait{1};

/// Tells whether a peer is the one that the operator calls `name`, which must outlive this: by what
/// it was connected to by, or by its address.
auto IsCalled(const std::string& name, uint16_t default_port) {
  return [&name, endpoint = wire::Endpoint::Parse(name, default_port)](const std::string& other,
                                                                       const wire::Endpoint& at) {
    return other == name || (endpoint && at == *endpoint);
  };
}

}  // namespace

Network::Core::Core(const NetworkOptions& options, const Needs& needs)
    : options_(options),
      clock_(needs.clock),
      ledger_(needs.ledger),
      workers_(needs.workers),
      chain_(needs.ledger),
      mempool_(needs.pool),
      pool_(needs.pool, needs.ledger),
      addresses_(Random::FromSystem()),
      local_(options.discover),
      discouraged_(Random::FromSystem()),
      listeners_(io_, [this](Tcp::socket socket,
                             const ListenAddress& at) { OnAccepted(std::move(socket), at); }),
      dialer_(io_, options_),
      upload_target_(options.upload_target),
      active_(options.active),
      errands_(needs.ledger, needs.pool),
      tip_watch_(needs.ledger) {
  LoadFiles();
  CollectLocalAddresses();
  const Protocol::Needs protocol_needs{.settings = options_.protocol,
                                       .chain = chain_,
                                       .pool = pool_,
                                       .effects = *this,
                                       .addresses = addresses_,
                                       .local = local_,
                                       .random = Random::FromSystem()};
  protocol_ = std::make_unique<Protocol>(protocol_needs, Now());
}

Status Network::Core::Start() {
  if (Status bound = listeners_.Bind(options_.listen); !bound) return bound;
  const auto started = steady_clock::now();
  for (const std::string& name : options_.connect) manual_.Add(name, false, started);
  for (const std::string& name : options_.add_nodes) manual_.Add(name, true, started);
  if (options_.protocol.automatic_outbound && !options_.folder.empty()) {
    protocol_->SetAnchors(TakeAnchors(options_.folder / "anchors.dat", chain_.params().magic));
  }
  Post([this] {
    listeners_.Start();
    if (options_.force_dns_seed) AskSeeds(false);
    for (const std::string& name : options_.seed_nodes) {
      ConnectOnce(name, ConnectionType::kAddressFetch);
    }
    DialManually();
    ArmTimer();
    SaveAddressesLater();
  });
  thread_ = std::jthread([this] {
    log::SetThreadName("net");
    io_.run();
  });
  listening_ = mempool_.Listen([this](const mempool::PoolEvent& event) {
    // What a reorganisation gave back, or what was here before a restart, is news to nobody.
    using enum mempool::Origin::Source;
    const auto source = event.origin.source;
    if (!event.added || source == kBlock || source == kSaved) return;
    Post([this, transaction = event.tx] {
      Tell([&](Protocol& protocol, Instant now) { protocol.TransactionAdded(transaction, now); });
    });
  });
  tip_watch_.Start(
      [this](const ledger::HeaderEntry& tip) { OnTip(tip); },
      [this](const BlockPtr& block) {
        chain_.Remember(block);
        Post([this, block] {
          Tell([&](Protocol& protocol, Instant now) { protocol.BlockChecked(block, now); });
        });
      });
  return {};
}

/// On the thread that watches the tip.
void Network::Core::OnTip(const ledger::HeaderEntry& tip) {
  if (!ledger_.IsInitialBlockDownload() && chain_.RecentBlock(tip.hash) == nullptr) {
    if (auto bytes = ledger_.ReadBlock(tip)) {
      if (auto block = Block::Parse(*std::move(bytes))) chain_.Remember(*std::move(block));
    }
  }
  Post([this] { Tell([](Protocol& protocol, Instant now) { protocol.TipChanged(now); }); });
}

void Network::Core::Stop() {
  if (!thread_.joinable()) return;
  Ask([this] { BeginStop(); });
  if (listening_) mempool_.Unlisten(*std::exchange(listening_, std::nullopt));
  tip_watch_.Stop();
  errands_.Stop();
  outstanding_.WaitForNone();
  keep_running_.reset();
  io_.stop();
  thread_.join();
  SaveAddresses();
  if (options_.protocol.automatic_outbound) SaveAnchorPeers();
}

void Network::Core::BeginStop() {
  stopping_ = true;
  listeners_.Close();
  dialer_.Cancel();
  dialer_.resolver().Close();
  deadline_.cancel();
  manual_deadline_.cancel();
  save_deadline_.cancel();
  for (auto& [id, peer] : peers_) peer.connection->Close();
}

Instant Network::Core::Now() const {
  if (clock_.IsMocked()) return Instant(std::chrono::seconds(clock_.Now()));
  const auto now = std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
  latest_ = std::max(latest_, now);
  return latest_;
}

void Network::Core::ArmTimer() {
  const Instant next = protocol_->NextDeadline();
  if (next == armed_) return;
  armed_ = next;
  deadline_.cancel();
  const Instant now = Now();
  // Mock time stands still until somebody moves it.
  if (next == kNever || (clock_.IsMocked() && next > now)) return;
  const Duration wait = std::clamp<Duration>(next - now, kShortestWait, kLongestWait);
  deadline_.expires_after(wait);
  deadline_.async_wait([this](const SocketError& cancelled) {
    if (cancelled) return;
    armed_ = kNever;
    Tell([](Protocol& protocol, Instant at) { protocol.Advance(at); });
  });
}

void Network::Core::OnClockChanged() {
  latest_ = Instant();
  armed_ = kNever;
  deadline_.cancel();
  Tell([](Protocol& protocol, Instant now) { protocol.Advance(now); });
}

// --- connections come

int Network::Core::CountInbound() const {
  return static_cast<int>(std::count_if(peers_.begin(), peers_.end(), [](const auto& item) {
    return item.second.type == ConnectionType::kInbound;
  }));
}

Permissions Network::Core::PermissionsOf(const wire::NetAddress& address, bool inbound) const {
  Permissions permissions = kNoPermission;
  for (const WhitelistEntry& entry : options_.whitelist) {
    const bool applies = inbound ? entry.inbound : entry.outbound;
    if (applies && entry.subnet.Contains(address)) permissions |= entry.permissions;
  }
  return permissions;
}

PeerId Network::Core::Add(Tcp::socket socket, Peer peer, NewConnection connection) {
  SocketError ignored;
  connection.id = next_id_++;
  connection.endpoint = peer.endpoint;
  connection.local = FromSocket(socket.local_endpoint(ignored));
  connection.type = peer.type;
  peer.connection = std::make_shared<Connection>(std::move(socket), *this, connection.id);
  const auto shared = peer.connection;
  LOG_DEBUG(log::kNet, "peer={}: {} connection with {}", connection.id, NameOf(peer.type),
            peer.name);
  peers_.emplace(connection.id, std::move(peer));
  Tell([&](Protocol& protocol, Instant now) { protocol.Connected(connection, now); });
  shared->Start();
  return connection.id;
}

void Network::Core::OnAccepted(Tcp::socket socket, const ListenAddress& at) {
  SocketError gone;
  wire::Endpoint endpoint = FromSocket(socket.remote_endpoint(gone));
  if (gone || !active_) return;
  if (options_.reachable.contains(wire::Network::kCjdns)) {
    endpoint.address = endpoint.address.AsCjdns();
  }
  NewConnection connection;
  connection.permissions = at.permissions | PermissionsOf(endpoint.address, true);
  connection.onion = at.onion;
  const bool exempt = Has(connection.permissions, kNoBanPermission);
  if (!exempt && bans_.IsBanned(endpoint.address, UnixSecondsOf(Now()))) {
    LOG_DEBUG(log::kNet, "connection from {} dropped (banned)", endpoint.ToString());
    return;
  }
  Add(std::move(socket), {nullptr, endpoint, endpoint.ToString(), ConnectionType::kInbound},
      connection);
}

void Network::Core::DialNamed(const std::string& name, ConnectionType type,
                              std::function<void(std::optional<PeerId>)> done) {
  const auto target = DialTarget::Parse(name, chain_.params().p2p_port);
  if (!target || !active_) {
    LOG_DEBUG(log::kNet, "no connection to {}: {}", name,
              target ? "the network is switched off" : "this is no address");
    return Post([done = std::move(done)] { done(std::nullopt); });
  }
  LOG_DEBUG(log::kNet, "trying {} connection {}", NameOf(type), name);
  dialer_.Dial(*target, [this, name, type, done = std::move(done)](Result<Dialed> dialed) {
    if (stopping_) return;
    if (!dialed || !active_) {
      LOG_DEBUG(log::kNet, "connection to {} failed: {}", name,
                dialed ? "the network is switched off" : dialed.error().message);
      return done(std::nullopt);
    }
    NewConnection connection;
    connection.permissions = PermissionsOf(dialed->endpoint.address, false);
    if (bans_.IsBanned(dialed->endpoint.address, UnixSecondsOf(Now()))) {
      LOG_DEBUG(log::kNet, "no connection to {}: it is banned", name);
      return done(std::nullopt);
    }
    const wire::Endpoint endpoint = dialed->endpoint;
    done(Add(std::move(dialed->socket), {nullptr, endpoint, name, type}, connection));
  });
}

void Network::Core::ConnectOnce(const std::string& name, ConnectionType type) {
  if (IsConnected(name)) return;
  DialNamed(name, type, [](std::optional<PeerId>) {});
}

bool Network::Core::IsConnected(const std::string& name) const {
  const auto is_called = IsCalled(name, chain_.params().p2p_port);
  return std::any_of(peers_.begin(), peers_.end(), [&](const auto& item) {
    return is_called(item.second.name, item.second.endpoint);
  });
}

void Network::Core::DialManually() {
  const auto now = steady_clock::now();
  while (const ManualPeers::Entry* entry = manual_.TakeDue(now)) {
    const std::string name = entry->name;
    if (IsConnected(name)) {
      manual_.OnFailed(name, now);
      continue;
    }
    DialNamed(name, ConnectionType::kManual, [this, name](std::optional<PeerId> peer) {
      const auto then = steady_clock::now();
      peer ? manual_.OnConnected(name, *peer, then) : manual_.OnFailed(name, then);
      ArmManualTimer();
    });
  }
  ArmManualTimer();
}

void Network::Core::ArmManualTimer() {
  const auto next = manual_.NextTry();
  if (stopping_ || !next) return;
  manual_deadline_.expires_at(*next);
  manual_deadline_.async_wait([this](const SocketError& cancelled) {
    if (!cancelled && !stopping_) DialManually();
  });
}

bool Network::Core::AddNode(const std::string& name) {
  const bool added = manual_.Add(name, true, steady_clock::now());
  DialManually();
  return added;
}

bool Network::Core::RemoveNode(const std::string& name) { return manual_.Remove(name); }

// --- and go

void Network::Core::Remove(PeerId id) {
  if (peers_.erase(id) == 0 || stopping_) return;
  Tell([&](Protocol& protocol, Instant now) { protocol.Disconnected(id, now); });
  manual_.OnGone(id, steady_clock::now());
  ArmManualTimer();
}

void Network::Core::OnEnded(Connection& connection, const std::string& why) {
  LOG_DEBUG(log::kNet, "peer={} is gone: {}", connection.id(), why);
  Remove(connection.id());
}

bool Network::Core::DisconnectPeer(PeerId peer) {
  if (!peers_.contains(peer)) return false;
  Disconnect(peer, "asked by RPC");
  return true;
}

bool Network::Core::DisconnectNamed(const std::string& name) {
  bool found = false;
  for (const auto& [id, peer] : peers_) {
    if (peer.name != name && peer.endpoint.ToString() != name) continue;
    Disconnect(id, "asked by RPC");
    found = true;
  }
  return found;
}

void Network::Core::SetActive(bool active) {
  if (active == active_) return;
  active_ = active;
  LOG_INFO("network is {}", active ? "active" : "inactive");
  if (active) return DialManually();
  for (const auto& [id, peer] : peers_) Disconnect(id, "the network is switched off");
}

// --- reports

PeerReport Network::Core::ReportOf(PeerInfo info) const {
  PeerReport report;
  if (const auto found = peers_.find(info.id); found != peers_.end()) {
    report.traffic = found->second.connection->traffic();
    report.name = found->second.name;
  }
  report.info = std::move(info);
  return report;
}

std::vector<PeerReport> Network::Core::Peers() const {
  std::vector<PeerReport> reports;
  for (PeerInfo& info : protocol_->Peers(Now())) reports.push_back(ReportOf(std::move(info)));
  return reports;
}

NetworkState Network::Core::State() const {
  NetworkState state;
  state.active = active_;
  state.inbound = CountInbound();
  state.outbound = static_cast<int>(peers_.size()) - state.inbound;
  state.local_addresses = local_.Entries();
  std::vector<int64_t> offsets;
  for (const PeerInfo& info : protocol_->Peers(Now())) {
    if (info.handshaken && info.type != ConnectionType::kInbound) {
      offsets.push_back(info.time_offset);
    }
  }
  if (!offsets.empty()) {
    const auto middle = offsets.begin() + static_cast<std::ptrdiff_t>(offsets.size() / 2);
    std::nth_element(offsets.begin(), middle, offsets.end());
    state.time_offset = *middle;
  }
  return state;
}

TrafficTotals Network::Core::Totals() const {
  const Instant now = Now();
  TrafficTotals totals = totals_;
  totals.upload_target = upload_target_.bytes();
  totals.target_reached = upload_target_.IsReached(false, now);
  totals.serves_old_blocks = !upload_target_.IsReached(true, now);
  totals.bytes_left = upload_target_.BytesLeft(now);
  totals.seconds_left = upload_target_.SecondsLeft(now);
  return totals;
}

std::vector<AddedNode> Network::Core::AddedNodes() const {
  std::vector<AddedNode> nodes;
  const std::vector<PeerReport> peers = Peers();
  for (const ManualPeers::Entry& entry : manual_.entries()) {
    if (!entry.listed) continue;
    AddedNode node{entry.name, {}};
    const auto is_called = IsCalled(entry.name, chain_.params().p2p_port);
    for (const PeerReport& peer : peers) {
      if (is_called(peer.name, peer.info.endpoint)) node.connections.push_back(peer);
    }
    nodes.push_back(std::move(node));
  }
  return nodes;
}

}  // namespace cairn::p2p
