#include "tests/simulation/node.h"

#include <algorithm>
#include <utility>

#include "consensus/work.h"
#include "tests/simulation/world.h"

namespace cairn::simulation {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr PeerId kNobody = -1;

constexpr Duration kTransactionTime = microseconds(200);
constexpr Duration kHeaderTime = microseconds(5);
constexpr Duration kReadTime = milliseconds(5);

constexpr size_t kSendBuffer = 1'000'000;  // as of -maxsendbuffer

}  // namespace

Node::Node(World& world, uint64_t seed)
    : world_(world),
      random_(seed),
      ledger_(world.mint(), world.now()),
      book_(random_.Fork()),
      discouraged_(random_.Fork()) {}

void Node::Settle(HostId id, const wire::Endpoint& endpoint) {
  id_ = id;
  local_.Add(endpoint, p2p::LocalScore::kManual);
}

void Node::Start() {
  ++life_;
  world_.network().SetOnline(id_, true);
  const p2p::Protocol::Needs needs{world_.settings(), ledger_, pool_, *this, book_, local_,
                                   random_.Fork()};
  protocol_ = std::make_unique<p2p::Protocol>(needs, world_.now());
  PlanWake();
}

void Node::Stop() {
  ++life_;
  protocol_.reset();
  for (const auto& [peer, contact] : contacts_) {
    if (contact.attacker) ++world_.statistics().contacts.ended;
  }
  contacts_.clear();
  wake_at_ = p2p::kNever;
  world_.network().SetOnline(id_, false);
}

std::vector<p2p::PeerInfo> Node::Peers() const {
  return protocol_ != nullptr ? protocol_->Peers(world_.now()) : std::vector<p2p::PeerInfo>();
}

size_t Node::OutboundCount() const {
  return static_cast<size_t>(
      std::count_if(contacts_.begin(), contacts_.end(),
                    [](const auto& item) { return item.second.IsOutbound(); }));
}

size_t Node::OutboundAttackers() const {
  return static_cast<size_t>(std::count_if(
      contacts_.begin(), contacts_.end(),
      [](const auto& item) { return item.second.IsOutbound() && item.second.attacker; }));
}

// -- time --

void Node::PlanWake() {
  const Instant due = protocol_->NextDeadline();
  if (due >= wake_at_) return;
  wake_at_ = std::max(due, world_.now());
  world_.events().Push(wake_at_, EventKind::kWake, id_);
}

void Node::Wake() {
  if (world_.now() != wake_at_ || protocol_ == nullptr) return;  // planned for an earlier life
  wake_at_ = p2p::kNever;
  if (protocol_->NextDeadline() <= world_.now()) {
    protocol_->Advance(world_.now());
    if (protocol_->NextDeadline() <= world_.now()) {
      // A protocol that always has something due would stop the world's time.
      ++world_.statistics().busy_deadlines;
      wake_at_ = world_.now() + milliseconds(1);
      world_.events().Push(wake_at_, EventKind::kWake, id_);
      return;
    }
  }
  PlanWake();
}

void Node::Later(Instant at, std::function<void()> what) {
  world_.events().PushCall(at, [this, life = life_, what = std::move(what)] {
    if (life != life_) return;
    what();
    PlanWake();
  });
}

Instant Node::LedgerTime(Duration needed) {
  ledger_free_ = std::max(ledger_free_, world_.now()) + needed;
  return ledger_free_;
}

// -- what the network says --

void Node::Connected(const p2p::NewConnection& connection) {
  const bool inbound = connection.type == ConnectionType::kInbound;
  const HostId other = world_.network().Opposite(id_, connection.id);
  if (protocol_ == nullptr || (inbound && IsUnwelcome(connection.endpoint.address))) {
    return world_.network().Close(id_, connection.id);
  }
  const bool attacker = world_.IsAttacker(other);
  contacts_[connection.id] = {connection.endpoint, connection.type, attacker, world_.now()};
  if (attacker) ++world_.statistics().contacts.begun;
  protocol_->Connected(connection, world_.now());
  PlanWake();
}

void Node::ConnectFailed(const wire::Endpoint& endpoint, ConnectionType type) {
  if (protocol_ == nullptr) return;
  protocol_->ConnectFailed(endpoint, type, world_.now());
  PlanWake();
}

void Node::Received(PeerId peer, wire::Message message, size_t bytes) {
  if (protocol_ == nullptr) return;
  protocol_->Received(peer, std::move(message), bytes, world_.now());
  PlanWake();
}

void Node::Disconnected(PeerId peer) {
  const auto found = contacts_.find(peer);
  if (protocol_ == nullptr || found == contacts_.end()) return;
  if (found->second.attacker) {
    Contacts& contacts = world_.statistics().contacts;
    ++contacts.ended;
    contacts.longest = std::max(contacts.longest, world_.now() - found->second.since);
  }
  contacts_.erase(found);
  protocol_->Disconnected(peer, world_.now());
  PlanWake();
}

// -- what the protocol asks for --

void Node::Send(PeerId peer, wire::Message message) {
  if (const auto* raw = std::get_if<wire::RawMessage>(&message)) message = world_.Typed(*raw);
  world_.network().Send(id_, peer, std::move(message));
}

bool Node::HasRoom(PeerId peer) {
  const Instant at = world_.network().RoomAt(id_, peer, kSendBuffer);
  if (at <= world_.now()) return true;
  const auto found = contacts_.find(peer);
  if (found == contacts_.end()) return true;
  if (!std::exchange(found->second.awaits_room, true))
    Later(at, [this, peer] { TellOfRoom(peer); });
  return false;
}

void Node::TellOfRoom(PeerId peer) {
  const auto found = contacts_.find(peer);
  if (found == contacts_.end()) return;
  found->second.awaits_room = false;
  if (HasRoom(peer)) protocol_->RoomMade(peer, world_.now());
}

void Node::Disconnect(PeerId peer, const std::string& reason) {
  std::string kind = world_.IsAttacker(world_.network().Opposite(id_, peer)) ? "attacker: " : "";
  kind += reason;
  std::erase_if(kind, [](char c) { return c >= '0' && c <= '9'; });
  world_.statistics().Disconnection(kind);
  world_.network().Close(id_, peer);
}

void Node::Discourage(const wire::NetAddress& address) {
  discouraged_.Add(address);
  const auto host = world_.network().HostAt(address);
  if (host && !world_.IsAttacker(*host)) ++world_.statistics().honest_discouraged;
}

bool Node::IsUnwelcome(const wire::NetAddress& address) const {
  return discouraged_.Contains(address);
}

void Node::PauseReading(PeerId peer, bool pause) {
  world_.network().PauseReading(id_, peer, pause);
}

void Node::SubmitHeaders(PeerId peer, std::vector<Header> headers) {
  const Duration needed = kHeaderTime * static_cast<Duration::rep>(headers.size());
  Later(LedgerTime(needed), [this, peer, headers = std::move(headers)] {
    protocol_->HeadersJudged(peer, ledger_.AcceptHeaders(headers), world_.now());
  });
}

void Node::SubmitBlock(PeerId peer, BlockPtr block) {
  const WorldOptions& options = world_.options();
  const auto bytes = static_cast<double>(block->bytes().size());
  const auto per_byte = [&](double seconds_per_byte) {
    return Duration(static_cast<Duration::rep>(bytes * seconds_per_byte * 1e6));
  };
  const Instant checked = LedgerTime(per_byte(options.check_seconds_per_byte));
  Later(checked, [this, block]() mutable {
    if (ledger_.Check(block)) protocol_->BlockChecked(block, world_.now());
  });
  const Instant connected =
      LedgerTime(options.block_base + per_byte(options.connect_seconds_per_byte));
  Later(connected, [this, peer, block] { Judge(peer, block); });
}

void Node::Judge(PeerId peer, const BlockPtr& block) {
  const LedgerStep step = ledger_.Submit(block);
  for (const BlockPtr& off : step.disconnected) pool_.TakeBack(off, world_.now());
  for (const BlockPtr& on : step.connected) {
    pool_.Confirm(*on);
    world_.statistics().BlockStored(on->hash(), id_, world_.now());
  }
  if (step.verdict.fate == p2p::BlockFate::kStored) {
    world_.statistics().BlockStored(block->hash(), id_, world_.now());
  }
  if (peer != kNobody) protocol_->BlockJudged(peer, block->hash(), step.verdict, world_.now());
  if (!step.tip_moved) return;
  world_.OnTip(*this);
  protocol_->TipChanged(world_.now());
}

void Node::Mine(size_t most_bytes) {
  const BlockPtr block =
      world_.mint().MakeBlock(*ledger_.tip(), pool_.Choose(most_bytes), world_.now());
  world_.OnBlockFound(block, id_);
  SubmitBlock(kNobody, block);
  PlanWake();
}

void Node::Remember(const TransactionPtr& transaction) { pool_.Submit(transaction, world_.now()); }

void Node::AddTransaction(const TransactionPtr& transaction) {
  const auto verdict = pool_.Submit(transaction, world_.now());
  if (verdict.fate != p2p::TransactionFate::kAccepted) return;
  protocol_->TransactionAdded(transaction, world_.now());
  PlanWake();
}

void Node::SubmitTransaction(PeerId peer, TransactionPtr transaction) {
  Later(LedgerTime(kTransactionTime), [this, peer, transaction = std::move(transaction)] {
    const auto verdict = pool_.Submit(transaction, world_.now());
    protocol_->TransactionJudged(peer, transaction, verdict, world_.now());
    if (verdict.fate == p2p::TransactionFate::kAccepted) {
      protocol_->TransactionAdded(transaction, world_.now());
    }
  });
}

/// Here nobody pays too little, so that it is not asked for.
void Node::SubmitPair(PeerId peer, TransactionPtr parent, TransactionPtr child) {
  Later(LedgerTime(kTransactionTime), [this, peer, parent, child] {
    p2p::PairVerdict verdict;
    verdict.reason = "not asked for";
    protocol_->PairJudged(peer, parent, child, verdict, world_.now());
  });
}

void Node::ReadBlock(PeerId peer, const ledger::HeaderEntry& entry) {
  Later(world_.now() + kReadTime, [this, peer, &entry] {
    const BlockPtr body = ledger_.Body(entry);
    Bytes bytes;
    if (body != nullptr) bytes.assign(body->bytes().begin(), body->bytes().end());
    protocol_->BlockRead(peer, entry, bytes, world_.now());
  });
}

void Node::ReadFilters(PeerId peer, p2p::FilterQuery) {
  Later(world_.now() + kReadTime, [this, peer] {  // there is no index
    protocol_->FiltersRead(peer, {}, world_.now());
  });
}

void Node::Connect(const wire::Endpoint& endpoint, ConnectionType type) {
  world_.network().Connect(id_, endpoint, type);
}

void Node::AskSeeds(bool) {
  constexpr int kAnswers = 60;
  Later(world_.now() + seconds(1), [this] {
    std::vector<wire::PeerAddress> found;
    for (int i = 0; i < kAnswers; ++i) {
      wire::PeerAddress address;
      address.endpoint = world_.AnyEndpoint(random_);
      address.services = world_.settings().services;
      address.time = p2p::UnixSecondsOf(world_.now());
      found.push_back(address);
    }
    protocol_->AddressesFound(found, world_.now());
  });
}

}  // namespace cairn::simulation
