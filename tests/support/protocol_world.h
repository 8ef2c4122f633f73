// The peer protocol in a world of its own: a chain and a pool in memory, virtual time, and a record
// of all that it wanted done.
//
//   ProtocolWorld world;
//   const PeerId peer = world.Join({.type = ConnectionType::kInbound});
//   world.Receive(peer, wire::Ping{7});
//   EXPECT_EQ(world.Take<wire::Pong>(peer).size(), 1u);
//
// What the protocol hands over is judged at once, unless a test holds it back with `hold`; then
// `Answer` lets it go on.
#pragma once

#include <algorithm>
#include <deque>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "cairn/genesis/chain_file.h"
#include "cairn/p2p/address_book.h"
#include "cairn/p2p/local_addresses.h"
#include "cairn/p2p/protocol.h"
#include "tests/support/fake_chain.h"
#include "tests/support/fake_pool.h"

namespace cairn::test {

/// The same header over other bytes: the witness of the coinbase is not the one committed to.
BlockPtr Mutated(const BlockPtr& block);

class ProtocolWorld : public p2p::Effects {
 public:
  /// A kind of question that the protocol asks.
  enum Kind : unsigned { kHeaders = 1, kBlocks = 2, kTransactions = 4, kReads = 8, kFilters = 16 };

  struct Question {
    Kind kind{};
    p2p::PeerId peer = 0;
    std::vector<Header> headers;
    BlockPtr block;
    TransactionPtr transaction;
    const ledger::HeaderEntry* entry = nullptr;
    std::optional<p2p::FilterQuery> filters;
    TransactionPtr child = nullptr;  // of a pair
  };
  /// Who joins.
  struct Joining {
    p2p::ConnectionType type = p2p::ConnectionType::kFullRelay;
    p2p::Services services = wire::kNodeNetwork | wire::kNodeWitness;
    p2p::Permissions permissions = p2p::kNoPermission;
    bool relay = true;
    int32_t version = wire::kProtocolVersion;
    bool compact = true;  // it says sendcmpct
    bool wtxid_relay = true;
    bool address_v2 = true;
  };

  static consensus::Params Regtest();

  /// It connects to nobody by itself.
  static p2p::Settings Quiet();

  explicit ProtocolWorld(consensus::Params params = Regtest(), p2p::Settings chosen = Quiet(),
                         uint64_t seed = 1);
  ~ProtocolWorld() override;

  // -- connections --

  /// Connects and shakes hands; forgets what was sent meanwhile but what comes behind `verack`.
  p2p::PeerId Join(const Joining& joining);
  p2p::PeerId Join(p2p::ConnectionType type = p2p::ConnectionType::kFullRelay);
  p2p::PeerId JoinInbound() { return Join(p2p::ConnectionType::kInbound); }

  /// One that tells of these blocks at once.
  p2p::PeerId JoinWith(const std::vector<BlockPtr>& blocks);

  /// Connects only.
  p2p::PeerId Connect(const Joining& joining);
  /// The peer hangs up.
  void Leave(p2p::PeerId peer);

  static wire::Endpoint EndpointOf(p2p::PeerId id);
  wire::Version VersionOf(const Joining& joining) const;

  // -- what happens --

  void Receive(p2p::PeerId peer, wire::Message message, size_t bytes = 100);
  /// The peer tells of headers, and sends the blocks if asked to.
  void Announce(p2p::PeerId peer, const std::vector<BlockPtr>& blocks);
  void Deliver(p2p::PeerId peer, const BlockPtr& block);
  /// It sends those of the blocks that it was asked for; whether there were any.
  bool DeliverAsked(p2p::PeerId peer, const std::vector<BlockPtr>& blocks);
  /// Blocks that this node made itself, or got from elsewhere than its peers.
  void Mine(const std::vector<BlockPtr>& blocks);
  void Mine(int count, uint32_t tag = 0) { Mine(chain.Make(count, tag)); }

  /// Time passes; what is due happens when it is.
  void Wait(p2p::Duration duration);

  // -- what was asked for --

  /// Kinds of questions that are not answered by themselves.
  unsigned hold = 0;
  std::deque<Question> questions;

  /// Answers the oldest question, and whatever else follows that is not held.
  void Answer();
  void AnswerAll() {
    while (!questions.empty()) Answer();
  }

  // -- what came out --

  std::map<p2p::PeerId, std::string> gone;  // whom the protocol disconnected, and why
  std::vector<wire::NetAddress> discouraged;
  bool upload_exhausted = false;  // as much was sent as -maxuploadtarget allows

  /// For so many messages a peer has room, until a test takes them out and says that it has.
  size_t most_unsent = std::numeric_limits<size_t>::max();
  void MakeRoom(p2p::PeerId peer);

  /// All messages of a kind that were sent to the peer, and forgets them.
  template <typename M>
  std::vector<M> Take(p2p::PeerId peer) {
    std::vector<M> taken;
    for (wire::Message& one : TakeKind(peer, wire::Message(std::in_place_type<M>).index())) {
      taken.push_back(std::move(*std::get_if<M>(&one)));
    }
    return taken;
  }
  /// The commands of what was sent to the peer, in order, pings apart; and forgets it all.
  std::vector<std::string> TakeCommands(p2p::PeerId peer);
  /// The blocks that the peer was asked for since the last call, in whatever form.
  std::vector<BlockHash> TakeAsked(p2p::PeerId peer);
  void Forget(p2p::PeerId peer);
  void Forget();
  bool IsGone(p2p::PeerId peer) const { return gone.contains(peer); }
  bool IsDiscouraged(p2p::PeerId peer) const { return IsUnwelcome(EndpointOf(peer).address); }
  p2p::PeerInfo InfoOf(p2p::PeerId peer) const;

  // -- p2p::Effects --
  void Send(p2p::PeerId peer, wire::Message message) override;
  void Disconnect(p2p::PeerId peer, const std::string& reason) override;
  void Discourage(const wire::NetAddress& address) override;
  bool IsUnwelcome(const wire::NetAddress& address) const override;
  bool HasRoom(p2p::PeerId peer) override { return sent_[peer].size() < most_unsent; }
  void PauseReading(p2p::PeerId, bool) override {}
  void SubmitHeaders(p2p::PeerId peer, std::vector<Header> headers) override;
  void SubmitBlock(p2p::PeerId peer, BlockPtr block) override;
  void SubmitTransaction(p2p::PeerId peer, TransactionPtr transaction) override;
  void SubmitPair(p2p::PeerId peer, TransactionPtr parent, TransactionPtr child) override;
  void ReadBlock(p2p::PeerId peer, const ledger::HeaderEntry& entry) override;
  void ReadFilters(p2p::PeerId peer, p2p::FilterQuery query) override;
  bool UploadTargetReached(bool) const override { return upload_exhausted; }
  void Connect(const wire::Endpoint&, p2p::ConnectionType) override {}
  void AskSeeds(bool) override {}

  /// How transactions are judged; accepted and put into the pool unless a test says otherwise.
  std::function<p2p::TransactionVerdict(const TransactionPtr&)> judge_transaction;
  std::function<p2p::PairVerdict(const TransactionPtr&, const TransactionPtr&)> judge_pair;
  /// What the index of filters answers.
  std::function<std::vector<wire::Message>(const p2p::FilterQuery&)> read_filters;

  p2p::Settings settings;
  FakeChain chain;
  FakePool pool;
  p2p::AddressBook addresses;
  p2p::LocalAddresses local{false};
  p2p::Instant now;
  std::unique_ptr<p2p::Protocol> protocol;

 protected:
  /// Answers and hangs up until nothing is open but what is held.
  void Settle();

 private:
  /// `kind` is the index among the messages.
  std::vector<wire::Message> TakeKind(p2p::PeerId peer, size_t kind);
  p2p::BlockVerdict JudgeBlock(const BlockPtr& block);

  void Reply(const Question& question);

  p2p::PeerId next_peer_ = 0;
  std::map<p2p::PeerId, std::vector<wire::Message>> sent_;
  std::deque<p2p::PeerId> hanging_up_;
};

}  // namespace cairn::test
