// What the protocol asks to be done, and what connections tell it.
#include "cairn/base/log.h"
#include "src/p2p/network_core.h"

namespace cairn::p2p {
namespace {

/// Seeds look only for nodes that serve blocks with witnesses, if they are asked under such a name.
constexpr Services kSeedServices = wire::kNodeNetwork | wire::kNodeWitness;
constexpr std::string_view kSeedPrefix = "x9.";
/// What a seed names was seen so long ago, for all that we know.
constexpr std::chrono::hours kAgeOfSeeded{5 * 24};

}  // namespace

// --- from the connections

void Network::Core::OnMessage(Connection& connection, wire::Message message, size_t bytes) {
  LOG_DEBUG(log::kNet, "received: {} ({} bytes) peer={}", wire::CommandOf(message), bytes,
            connection.id());
  Tell([&](Protocol& protocol, Instant now) {
    protocol.Received(connection.id(), std::move(message), bytes, now);
  });
}

void Network::Core::OnMalformed(Connection& connection, const std::string& what) {
  Tell([&](Protocol& protocol, Instant now) {
    protocol.ReceivedMalformed(connection.id(), what, now);
  });
}

void Network::Core::OnTraffic(size_t sent, size_t received) {
  totals_.sent += sent;
  totals_.received += received;
  if (sent > 0) upload_target_.Count(sent, Now());
}

void Network::Core::OnRoom(Connection& connection) {
  Tell([&](Protocol& protocol, Instant now) { protocol.RoomMade(connection.id(), now); });
}

void Network::Core::RunElsewhere(std::function<void()> work, std::function<void()> done) {
  outstanding_.Begin();
  workers_.Run([this, work = std::move(work), done = std::move(done)]() mutable {
    work();
    Post(std::move(done));
    outstanding_.End();
  });
}

// --- from the protocol

void Network::Core::Send(PeerId id, wire::Message message) {
  const auto found = peers_.find(id);
  if (found == peers_.end()) return;
  const std::string command(wire::CommandOf(message));
  Bytes frame = wire::EncodeFrame(magic(), message);
  LOG_DEBUG(log::kNet, "sending {} ({} bytes) peer={}", command,
            frame.size() - wire::FrameHeader::kSize, id);
  found->second.connection->Send(command, std::move(frame));
}

bool Network::Core::HasRoom(PeerId id) {
  const auto found = peers_.find(id);
  return found == peers_.end() || found->second.connection->HasRoom();
}

bool Network::Core::SendRaw(PeerId id, const std::string& command, const Bytes& payload) {
  const auto found = peers_.find(id);
  if (found == peers_.end()) return false;
  found->second.connection->Send(command, wire::EncodeFrame(magic(), command, payload));
  return true;
}

void Network::Core::Disconnect(PeerId id, const std::string& reason) {
  const auto found = peers_.find(id);
  if (found == peers_.end() || found->second.connection->IsClosed()) return;
  LOG_DEBUG(log::kNet, "disconnecting peer={}: {}", id, reason);
  found->second.connection->Close();
  Post([this, id] { Remove(id); });  // later: callers may be going through the peers
}

void Network::Core::Discourage(const wire::NetAddress& address) {
  LOG_DEBUG(log::kNet, "{} is discouraged", address.ToString());
  discouraged_.Add(address);
}

void Network::Core::PauseReading(PeerId id, bool pause) {
  if (const auto found = peers_.find(id); found != peers_.end()) {
    found->second.connection->PauseReading(pause);
  }
}

void Network::Core::SubmitHeaders(PeerId peer, std::vector<Header> headers) {
  errands_.SubmitHeaders(std::move(headers), [this, peer](HeadersVerdict verdict) {
    Post([this, peer, verdict = std::move(verdict)] {
      Tell([&](Protocol& protocol, Instant now) { protocol.HeadersJudged(peer, verdict, now); });
    });
  });
}

void Network::Core::SubmitBlock(PeerId peer, BlockPtr block) {
  const BlockHash hash = block->hash();
  const size_t bytes = block->bytes().size();
  if (const auto found = peers_.find(peer); found != peers_.end()) {
    found->second.connection->AddUnjudged(bytes);
  }
  errands_.SubmitBlock(std::move(block), [this, peer, hash, bytes](BlockVerdict verdict) {
    Post([this, peer, hash, bytes, verdict = std::move(verdict)] {
      if (const auto found = peers_.find(peer); found != peers_.end()) {
        found->second.connection->RemoveUnjudged(bytes);
      }
      Tell(
          [&](Protocol& protocol, Instant now) { protocol.BlockJudged(peer, hash, verdict, now); });
    });
  });
}

void Network::Core::SubmitTransaction(PeerId peer, TransactionPtr transaction) {
  errands_.SubmitTransaction(transaction, peer,
                             [this, peer, transaction](TransactionVerdict verdict) {
                               Post([this, peer, transaction, verdict = std::move(verdict)] {
                                 Tell([&](Protocol& protocol, Instant now) {
                                   protocol.TransactionJudged(peer, transaction, verdict, now);
                                 });
                               });
                             });
}

void Network::Core::SubmitPair(PeerId peer, TransactionPtr parent, TransactionPtr child) {
  errands_.SubmitPair(parent, child, peer, [this, peer, parent, child](PairVerdict verdict) {
    Post([this, peer, parent, child, verdict = std::move(verdict)] {
      Tell([&](Protocol& protocol, Instant now) {
        protocol.PairJudged(peer, parent, child, verdict, now);
      });
    });
  });
}

void Network::Core::ReadBlock(PeerId peer, const ledger::HeaderEntry& entry) {
  errands_.ReadBlock(entry, [this, peer, &entry](Bytes bytes) {
    Post([this, peer, &entry, bytes = std::move(bytes)]() mutable {
      Tell([&](Protocol& protocol, Instant now) {
        protocol.BlockRead(peer, entry, std::move(bytes), now);
      });
    });
  });
}

void Network::Core::ReadFilters(PeerId peer, FilterQuery query) {
  errands_.ReadFilters(std::move(query.request), [this, peer](std::vector<wire::Message> replies) {
    Post([this, peer, replies = std::move(replies)]() mutable {
      Tell([&](Protocol& protocol, Instant now) {
        protocol.FiltersRead(peer, std::move(replies), now);
      });
    });
  });
}

bool Network::Core::UploadTargetReached(bool for_history) const {
  return upload_target_.IsReached(for_history, Now());
}

void Network::Core::Connect(const wire::Endpoint& endpoint, ConnectionType type) {
  DialNamed(endpoint.ToString(), type, [this, endpoint, type](std::optional<PeerId> peer) {
    if (peer) return;
    Tell([&](Protocol& protocol, Instant now) { protocol.ConnectFailed(endpoint, type, now); });
  });
}

void Network::Core::AskSeeds(bool fixed) {
  const consensus::Params& params = chain_.params();
  struct Harvest {
    std::vector<wire::PeerAddress> found;
    size_t open = 0;
  };
  const auto harvest = std::make_shared<Harvest>();
  const auto add = [this, harvest](const wire::Endpoint& endpoint) {
    harvest->found.push_back({endpoint, kSeedServices, UnixSecondsOf(Now() - kAgeOfSeeded)});
  };
  const auto finish = [this, harvest] {
    if (--harvest->open > 0) return;
    Tell([&](Protocol& protocol, Instant now) { protocol.AddressesFound(harvest->found, now); });
  };
  ++harvest->open;
  if (!(fixed ? options_.fixed_seeds : options_.dns_seed)) return Post(finish);
  if (fixed) {
    for (const std::string& seed : params.fixed_seeds) {
      if (const auto endpoint = wire::Endpoint::Parse(seed, params.p2p_port)) add(*endpoint);
    }
  } else if (options_.name_proxy || !options_.look_up_names) {
    // Names are the proxy's to look up: whoever answers at a seed's name is asked for addresses.
    for (const std::string& seed : params.dns_seeds) {
      ConnectOnce(seed, ConnectionType::kAddressFetch);
    }
  } else {
    for (const std::string& seed : params.dns_seeds) {
      ++harvest->open;
      dialer_.resolver().LookUp(
          std::string(kSeedPrefix) + seed,
          [add, finish, port = params.p2p_port](const std::vector<wire::NetAddress>& addresses) {
            for (const wire::NetAddress& address : addresses) add({address, port});
            finish();
          });
    }
  }
  Post(finish);
}

}  // namespace cairn::p2p
