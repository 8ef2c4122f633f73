#include "cairn/p2p/network.h"

#include <utility>

#include "src/p2p/network_core.h"

namespace cairn::p2p {
namespace {

/// Commands that nobody knows are counted together: a peer must not fill our memory with names.
std::string_view Counted(std::string_view command) {
  for (const std::string_view known : wire::KnownCommands()) {
    if (known == command) return command;
  }
  return "*other*";
}

void Count(std::map<std::string, uint64_t, std::less<>>& counts, std::string_view command,
           size_t bytes) {
  const std::string_view name = Counted(command);
  const auto found = counts.find(name);
  found != counts.end() ? found->second += bytes : counts[std::string(name)] = bytes;
}

}  // namespace

void Traffic::CountSent(std::string_view command, size_t bytes) { Count(sent_by, command, bytes); }

void Traffic::CountReceived(std::string_view command, size_t bytes) {
  Count(received_by, command, bytes);
}

Network::Network(NetworkOptions options, const Needs& needs)
    : options_(std::move(options)), core_(std::make_unique<Core>(options_, needs)) {}

Network::~Network() = default;

Status Network::Start() { return core_->Start(); }
void Network::Stop() { core_->Stop(); }

std::vector<PeerReport> Network::Peers() {
  return core_->Ask([this] { return core_->Peers(); });
}

NetworkState Network::State() {
  return core_->Ask([this] { return core_->State(); });
}

TrafficTotals Network::Totals() {
  return core_->Ask([this] { return core_->Totals(); });
}

bool Network::AddNode(const std::string& name) {
  return core_->Ask([&] { return core_->AddNode(name); });
}

bool Network::RemoveNode(const std::string& name) {
  return core_->Ask([&] { return core_->RemoveNode(name); });
}

std::vector<AddedNode> Network::AddedNodes() {
  return core_->Ask([this] { return core_->AddedNodes(); });
}

void Network::ConnectOnce(const std::string& name, ConnectionType type) {
  core_->Ask([&] { core_->ConnectOnce(name, type); });
}

bool Network::Disconnect(const std::string& name) {
  return core_->Ask([&] { return core_->DisconnectNamed(name); });
}

bool Network::Disconnect(PeerId peer) {
  return core_->Ask([&] { return core_->DisconnectPeer(peer); });
}

void Network::SetActive(bool active) {
  core_->Ask([&] { core_->SetActive(active); });
}

void Network::SendPings() {
  core_->TellAndWait([](Protocol& protocol, Instant now) { protocol.SendPings(now); });
}

std::optional<std::string> Network::FetchBlock(PeerId peer, const BlockHash& hash) {
  std::optional<std::string> reason;
  core_->TellAndWait(
      [&](Protocol& protocol, Instant now) { reason = protocol.FetchBlock(peer, hash, now); });
  return reason;
}

bool Network::SendRaw(PeerId peer, const std::string& command, Bytes payload) {
  return core_->Ask([&] { return core_->SendRaw(peer, command, payload); });
}

void Network::Announce(const TransactionPtr& transaction) {
  core_->TellAndWait(
      [&](Protocol& protocol, Instant now) { protocol.TransactionAdded(transaction, now); });
}

void Network::AnnounceUnbroadcast() {
  core_->TellAndWait([](Protocol& protocol, Instant now) { protocol.AnnounceUnbroadcast(now); });
}

std::vector<wire::PeerAddress> Network::KnownAddresses(size_t most,
                                                       std::optional<wire::Network> network) {
  return core_->Ask([&] { return core_->KnownAddresses(most, network); });
}

AddResult Network::AddKnownAddress(const wire::PeerAddress& peer, bool tried) {
  return core_->Ask([&] { return core_->AddKnownAddress(peer, tried); });
}

std::vector<PlacedAddress> Network::AddressTable(Table table) {
  return core_->Ask([&] { return core_->AddressTable(table); });
}

AddressCounts Network::CountAddresses() {
  return core_->Ask([&] { return core_->CountAddresses(); });
}

bool Network::Ban(const wire::Subnet& subnet, int64_t seconds, bool absolute) {
  return core_->Ask([&] { return core_->Ban(subnet, seconds, absolute); });
}

bool Network::Unban(const wire::Subnet& subnet) {
  return core_->Ask([&] { return core_->Unban(subnet); });
}

void Network::ClearBans() {
  core_->Ask([this] { core_->ClearBans(); });
}

BanList::Bans Network::Bans() {
  return core_->Ask([this] { return core_->Bans(); });
}

void Network::ClockChanged() {
  core_->Ask([this] { core_->OnClockChanged(); });
}

void Network::Synchronize() {
  core_->TellAndWait([](Protocol& protocol, Instant now) { protocol.TipChanged(now); });
}

}  // namespace cairn::p2p
