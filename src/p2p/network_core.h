// The inside of `Network`: the protocol, its sockets, and what it asks to be done.
//
// All but `Start`, `Stop` and `Ask` runs on the network thread, which never waits for anybody.
#pragma once

#include <future>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include "cairn/p2p/network.h"
#include "cairn/p2p/protocol.h"
#include "src/p2p/connection.h"
#include "src/p2p/dialer.h"
#include "src/p2p/errands.h"
#include "src/p2p/ledger_chain.h"
#include "src/p2p/listeners.h"
#include "src/p2p/manual_peers.h"
#include "src/p2p/outstanding.h"
#include "src/p2p/shared_pool.h"
#include "src/p2p/tip_watch.h"
#include "src/p2p/upload_target.h"

namespace cairn::p2p {

class Network::Core final : public ConnectionHost, public Effects {
 public:
  Core(const NetworkOptions& options, const Needs& needs);
  ~Core() { Stop(); }

  Status Start();
  void Stop();

  /// The answer of `question()`, which runs on the network thread. Nothing is asked any more once
  /// the network stops; the answer is then the empty one.
  template <typename Question>
  auto Ask(Question question) {
    using Answer = decltype(question());
    std::promise<Answer> promise;
    auto answer = promise.get_future();
    if (!thread_.joinable()) {
      if constexpr (std::is_void_v<Answer>) {
        return;
      } else {
        return Answer{};
      }
    }
    net::post(io_, [&] {
      if constexpr (std::is_void_v<Answer>) {
        question();
        promise.set_value();
      } else {
        promise.set_value(question());
      }
    });
    return answer.get();
  }

  // What RPC asks; on the network thread.
  std::vector<PeerReport> Peers() const;
  NetworkState State() const;
  TrafficTotals Totals() const;
  bool AddNode(const std::string& name);
  bool RemoveNode(const std::string& name);
  std::vector<AddedNode> AddedNodes() const;
  void ConnectOnce(const std::string& name, ConnectionType type);
  bool DisconnectNamed(const std::string& name);
  bool DisconnectPeer(PeerId peer);
  void SetActive(bool active);
  bool SendRaw(PeerId peer, const std::string& command, const Bytes& payload);
  std::vector<wire::PeerAddress> KnownAddresses(size_t most, std::optional<wire::Network> network);
  AddResult AddKnownAddress(const wire::PeerAddress& peer, bool tried);
  std::vector<PlacedAddress> AddressTable(Table table) const { return addresses_.Entries(table); }
  AddressCounts CountAddresses() const;
  bool Ban(const wire::Subnet& subnet, int64_t seconds, bool absolute);
  bool Unban(const wire::Subnet& subnet);
  void ClearBans();
  BanList::Bans Bans() { return bans_.Entries(UnixSecondsOf(Now())); }

  /// Gives an input to the protocol, with the time, and sees to its next deadline.
  template <typename Input>
  void Tell(Input input) {
    if (stopping_) return;
    input(*protocol_, Now());
    ArmTimer();
  }
  /// The same from any other thread; returns once the protocol has had the input.
  template <typename Input>
  void TellAndWait(Input input) {
    Ask([&] { Tell(input); });
  }
  void OnClockChanged();

  // ConnectionHost
  const wire::Magic& magic() const override { return chain_.params().magic; }
  const BufferLimits& limits() const override { return options_.buffers; }
  Instant Now() const override;
  void OnMessage(Connection& connection, wire::Message message, size_t bytes) override;
  void OnMalformed(Connection& connection, const std::string& what) override;
  void OnEnded(Connection& connection, const std::string& why) override;
  void OnTraffic(size_t sent, size_t received) override;
  void OnRoom(Connection& connection) override;
  void RunElsewhere(std::function<void()> work, std::function<void()> done) override;

  // Effects
  void Send(PeerId peer, wire::Message message) override;
  bool HasRoom(PeerId peer) override;
  void Disconnect(PeerId peer, const std::string& reason) override;
  void Discourage(const wire::NetAddress& address) override;
  bool IsUnwelcome(const wire::NetAddress& address) const override;
  void PauseReading(PeerId peer, bool pause) override;
  void SubmitHeaders(PeerId peer, std::vector<Header> headers) override;
  void SubmitBlock(PeerId peer, BlockPtr block) override;
  void SubmitTransaction(PeerId peer, TransactionPtr transaction) override;
  void SubmitPair(PeerId peer, TransactionPtr parent, TransactionPtr child) override;
  void ReadBlock(PeerId peer, const ledger::HeaderEntry& entry) override;
  void ReadFilters(PeerId peer, FilterQuery query) override;
  bool UploadTargetReached(bool for_history) const override;
  void Connect(const wire::Endpoint& endpoint, ConnectionType type) override;
  void AskSeeds(bool fixed) override;

 private:
  struct Peer {
    std::shared_ptr<Connection> connection;
    wire::Endpoint endpoint;
    std::string name;
    ConnectionType type = ConnectionType::kInbound;
  };
  using Peers_ = std::map<PeerId, Peer>;

  /// Runs `job` on the network thread; from any thread.
  template <typename Job>
  void Post(Job job) {
    net::post(io_, std::move(job));
  }

  void OnTip(const ledger::HeaderEntry& tip);
  void BeginStop();
  void OnAccepted(Tcp::socket socket, const ListenAddress& at);
  void DialNamed(const std::string& name, ConnectionType type,
                 std::function<void(std::optional<PeerId>)> done);
  PeerId Add(Tcp::socket socket, Peer peer, NewConnection connection);
  void Remove(PeerId id);
  Permissions PermissionsOf(const wire::NetAddress& address, bool inbound) const;
  int CountInbound() const;
  bool IsConnected(const std::string& name) const;
  PeerReport ReportOf(PeerInfo info) const;
  void ArmTimer();
  void LoadFiles();
  void SaveAddresses();
  void SaveAddressesLater();
  void SaveBanList();
  void CollectLocalAddresses();
  void SaveAnchorPeers();
  void DialManually();
  void ArmManualTimer();

  const NetworkOptions& options_;
  const Clock& clock_;
  ledger::Ledger& ledger_;
  WorkerPool& workers_;
  LedgerChain chain_;
  mempool::Mempool& mempool_;
  SharedPool pool_;
  AddressBook addresses_;
  LocalAddresses local_;
  BanList bans_;
  Discouraged discouraged_;
  std::unique_ptr<Protocol> protocol_;

  net::io_context io_{1};
  net::executor_work_guard<net::io_context::executor_type> keep_running_{io_.get_executor()};
  net::steady_timer deadline_{io_};
  net::steady_timer manual_deadline_{io_};
  net::steady_timer save_deadline_{io_};
  Instant armed_ = kNever;
  mutable Instant latest_;  // what `Now` gave last, of the system's clock
  Listeners listeners_;
  Dialer dialer_;
  Peers_ peers_;
  PeerId next_id_ = 0;
  TrafficTotals totals_;
  UploadTarget upload_target_;
  ManualPeers manual_;
  bool active_ = true;
  bool stopping_ = false;

  Outstanding outstanding_;            // work elsewhere that will post to `io_`
  std::optional<uint64_t> listening_;  // to the pool
  Errands errands_;
  TipWatch tip_watch_;
  std::jthread thread_;
};

}  // namespace cairn::p2p
