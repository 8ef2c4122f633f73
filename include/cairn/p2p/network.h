// The network of peers as the daemon has it: `Protocol` driven by sockets, the clock and the
// ledger.
//
// One thread owns all sockets and the protocol; the rest of the node asks it through the members of
// `Network`, which may be called from any thread and wait for the answer.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "cairn/base/clock.h"
#include "cairn/base/result.h"
#include "cairn/base/worker_pool.h"
#include "cairn/ledger/ledger.h"
#include "cairn/mempool/mempool.h"
#include "cairn/p2p/address_book.h"
#include "cairn/p2p/ban_list.h"
#include "cairn/p2p/local_addresses.h"
#include "cairn/p2p/peer_info.h"
#include "cairn/p2p/settings.h"
#include "cairn/p2p/types.h"
#include "cairn/wire/subnet.h"

namespace cairn::p2p {

/// Bytes per peer above which reading from it rests.
struct BufferLimits {
  size_t send = 1'000'000;     // -maxsendbuffer
  size_t receive = 5'000'000;  // -maxreceivebuffer
};

struct ListenAddress {
  wire::Endpoint endpoint;
  Permissions permissions = kNoPermission;
  bool onion = false;     // who comes in here came through our onion service
  bool required = false;  // the node does not start without it
};

/// -whitelist: what peers of a subnet may do.
struct WhitelistEntry {
  wire::Subnet subnet;
  Permissions permissions = kNoPermission;
  bool inbound = true;
  bool outbound = false;
};

struct Proxy {
  wire::Endpoint endpoint;
  bool randomize = true;  // fresh credentials for each peer, so that Tor gives each its own circuit
};

struct NetworkOptions {
  Settings protocol;
  std::filesystem::path folder;  // of peers.dat, anchors.dat and banlist.json
  std::vector<ListenAddress> listen;
  std::vector<WhitelistEntry> whitelist;
  std::vector<std::string> connect;     // -connect
  std::vector<std::string> add_nodes;   // -addnode
  std::vector<std::string> seed_nodes;  // -seednode
  std::chrono::milliseconds connect_timeout{5000};
  BufferLimits buffers;
  uint64_t upload_target = 0;  // -maxuploadtarget, bytes a day; 0: no limit
  std::map<wire::Network, Proxy> proxies;
  std::optional<Proxy> name_proxy;  // names are not looked up here, but by this proxy
  std::set<wire::Network> reachable;
  std::vector<wire::Endpoint> external;  // -externalip
  bool discover = true;                  // -discover
  bool dns_seed = true;                  // -dnsseed
  bool force_dns_seed = false;           // -forcednsseed
  bool fixed_seeds = true;               // -fixedseeds
  std::chrono::seconds ban_time{86400};  // -bantime
  bool look_up_names = true;             // -dns
  bool active = true;                    // -networkactive
};

/// What went over one connection. `CountX` is given the command of the message.
struct Traffic {
  uint64_t sent = 0;
  uint64_t received = 0;
  Instant last_sent;      // epoch: never
  Instant last_received;  // epoch: never
  std::map<std::string, uint64_t, std::less<>> sent_by;
  std::map<std::string, uint64_t, std::less<>> received_by;  // unknown ones under "*other*"

  void CountSent(std::string_view command, size_t bytes);
  void CountReceived(std::string_view command, size_t bytes);
};

struct PeerReport {
  PeerInfo info;
  Traffic traffic;
  std::string name;  // as it was asked for, else the address
};

struct TrafficTotals {
  uint64_t sent = 0;
  uint64_t received = 0;
  uint64_t upload_target = 0;  // bytes a day; 0: no limit
  bool target_reached = false;
  bool serves_old_blocks = true;
  uint64_t bytes_left = 0;  // of the target, in the present cycle
  int64_t seconds_left = 0;
};

struct AddedNode {
  std::string name;
  std::vector<PeerReport> connections;
};

/// What getnetworkinfo tells, as far as it changes.
struct NetworkState {
  bool active = true;
  int inbound = 0;
  int outbound = 0;
  int64_t time_offset = 0;  // seconds, the median of the outbound peers' clocks less ours
  std::vector<LocalAddress> local_addresses;
};

/// New and tried ones, by network.
using AddressCounts = std::map<wire::Network, std::pair<size_t, size_t>>;

enum class AddResult { kAdded, kNotNew, kNotTried };

class Network {
 public:
  /// All must outlive the network.
  struct Needs {
    const Clock& clock;
    ledger::Ledger& ledger;
    mempool::Mempool& pool;
    WorkerPool& workers;
  };

  Network(NetworkOptions options, const Needs& needs);
  ~Network();
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;

  /// Binds the listening sockets and starts the threads. The text of an error is fit to be shown
  /// after "Error: ".
  Status Start();
  /// Ends all connections, within seconds.
  void Stop();

  const NetworkOptions& options() const { return options_; }

  std::vector<PeerReport> Peers();
  NetworkState State();
  TrafficTotals Totals();

  /// False if it is in the list already, or is not.
  bool AddNode(const std::string& name);
  bool RemoveNode(const std::string& name);
  std::vector<AddedNode> AddedNodes();
  /// Opens a connection once. Returns at once.
  void ConnectOnce(const std::string& name, ConnectionType type);
  /// False if nobody has that address, or that id.
  bool Disconnect(const std::string& name);
  bool Disconnect(PeerId peer);

  void SetActive(bool active);
  void SendPings();
  /// The reason if it cannot be done.
  std::optional<std::string> FetchBlock(PeerId peer, const BlockHash& hash);
  /// False if there is no such peer.
  bool SendRaw(PeerId peer, const std::string& command, Bytes payload);

  /// Announces a transaction of the pool, once more if need be.
  void Announce(const TransactionPtr& transaction);
  /// Announces our own transactions that no peer has asked for.
  void AnnounceUnbroadcast();

  // Addresses and bans.
  std::vector<wire::PeerAddress> KnownAddresses(size_t most, std::optional<wire::Network> network);
  AddResult AddKnownAddress(const wire::PeerAddress& peer, bool tried);
  std::vector<PlacedAddress> AddressTable(Table table);
  AddressCounts CountAddresses();
  /// For `seconds` from now on; zero is -bantime. With `absolute` it is the moment that it ends.
  /// False if the subnet is banned.
  bool Ban(const wire::Subnet& subnet, int64_t seconds, bool absolute);
  /// False if it was not.
  bool Unban(const wire::Subnet& subnet);
  void ClearBans();
  BanList::Bans Bans();

  /// To be called when mock time was set.
  void ClockChanged();
  /// Returns once the protocol has seen the present tip.
  void Synchronize();

 private:
  class Core;

  const NetworkOptions options_;
  std::unique_ptr<Core> core_;
};

}  // namespace cairn::p2p
