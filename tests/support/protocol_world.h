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
inline BlockPtr Mutated(const BlockPtr& block) {
  TransactionDraft coinbase = TransactionDraft::From(block->transactions()[0]);
  coinbase.inputs[0].witness = {Bytes(32, 1)};
  return JoinBlock(block->header(), std::vector<TransactionPtr>{coinbase.Finish()});
}

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

  static consensus::Params Regtest() { return genesis::BuiltInChain("regtest").value(); }

  /// It connects to nobody by itself.
  static p2p::Settings Quiet() {
    p2p::Settings quiet;
    quiet.automatic_outbound = false;
    return quiet;
  }

  explicit ProtocolWorld(consensus::Params params = Regtest(), p2p::Settings chosen = Quiet(),
                         uint64_t seed = 1)
      : settings(std::move(chosen)),
        chain(std::move(params)),
        addresses(p2p::Random(seed)),
        now(std::chrono::seconds(chain.View()->tip->header.time + 600)),
        protocol(std::make_unique<p2p::Protocol>(
            p2p::Protocol::Needs{settings, chain, pool, *this, addresses, local,
                                 p2p::Random(seed + 1)},
            now)) {}

  // -- connections --

  /// Connects and shakes hands; forgets what was sent meanwhile but what comes behind `verack`.
  p2p::PeerId Join(const Joining& joining) {
    const p2p::PeerId id = Connect(joining);
    Receive(id, VersionOf(joining));
    if (joining.wtxid_relay) Receive(id, wire::WtxidRelay{});
    if (joining.address_v2) Receive(id, wire::SendAddrV2{});
    Forget(id);
    Receive(id, wire::Verack{});
    if (joining.compact) Receive(id, wire::SendCompact{false, 2});
    return id;
  }
  p2p::PeerId Join(p2p::ConnectionType type = p2p::ConnectionType::kFullRelay) {
    Joining joining;
    joining.type = type;
    return Join(joining);
  }
  p2p::PeerId JoinInbound() { return Join(p2p::ConnectionType::kInbound); }

  /// One that tells of these blocks at once.
  p2p::PeerId JoinWith(const std::vector<BlockPtr>& blocks) {
    const p2p::PeerId peer = Join();
    Announce(peer, blocks);
    return peer;
  }

  /// Connects only.
  p2p::PeerId Connect(const Joining& joining) {
    p2p::NewConnection connection;
    connection.id = next_peer_++;
    connection.endpoint = EndpointOf(connection.id);
    connection.type = joining.type;
    connection.permissions = joining.permissions;
    protocol->Connected(connection, now);
    Settle();
    return connection.id;
  }
  /// The peer hangs up.
  void Leave(p2p::PeerId peer) {
    protocol->Disconnected(peer, now);
    Settle();
  }

  static wire::Endpoint EndpointOf(p2p::PeerId id) {
    wire::Endpoint endpoint;
    endpoint.address = wire::NetAddress::Ipv4(8, static_cast<uint8_t>(id / 256),
                                              static_cast<uint8_t>(id % 256), 8);
    endpoint.port = 8333;
    return endpoint;
  }
  wire::Version VersionOf(const Joining& joining) const {
    wire::Version version;
    version.version = joining.version;
    version.services = joining.services;
    version.time = p2p::UnixSecondsOf(now);
    version.nonce = 0x1234 + static_cast<uint64_t>(next_peer_);
    version.user_agent = "/Test/";
    version.relay = joining.relay;
    return version;
  }

  // -- what happens --

  void Receive(p2p::PeerId peer, wire::Message message, size_t bytes = 100) {
    protocol->Received(peer, std::move(message), bytes, now);
    Settle();
  }
  /// The peer tells of headers, and sends the blocks if asked to.
  void Announce(p2p::PeerId peer, const std::vector<BlockPtr>& blocks) {
    Receive(peer, wire::Headers{HeadersOf(blocks)});
  }
  void Deliver(p2p::PeerId peer, const BlockPtr& block) {
    Receive(peer, wire::BlockMessage{block}, block->bytes().size());
  }
  /// It sends those of the blocks that it was asked for; whether there were any.
  bool DeliverAsked(p2p::PeerId peer, const std::vector<BlockPtr>& blocks) {
    std::map<BlockHash, BlockPtr> by_hash;
    for (const BlockPtr& block : blocks) by_hash[block->hash()] = block;
    const std::vector<BlockHash> asked = TakeAsked(peer);
    for (const BlockHash& hash : asked) Deliver(peer, by_hash.at(hash));
    return !asked.empty();
  }
  /// Blocks that this node made itself, or got from elsewhere than its peers.
  void Mine(const std::vector<BlockPtr>& blocks) {
    for (const BlockPtr& block : blocks) JudgeBlock(block);
    Settle();
  }
  void Mine(int count, uint32_t tag = 0) { Mine(chain.Make(count, tag)); }

  /// Time passes; what is due happens when it is.
  void Wait(p2p::Duration duration) {
    const p2p::Instant end = now + duration;
    while (true) {
      const p2p::Instant next = protocol->NextDeadline();
      if (next > end) break;
      now = std::max(now, next);
      protocol->Advance(now);
      Settle();
      if (protocol->NextDeadline() <= now) {  // it must not ask for the same moment again
        ADD_FAILURE() << "the deadline does not move";
        break;
      }
    }
    now = end;
  }

  // -- what was asked for --

  /// Kinds of questions that are not answered by themselves.
  unsigned hold = 0;
  std::deque<Question> questions;

  /// Answers the oldest question, and whatever else follows that is not held.
  void Answer() {
    ASSERT_FALSE(questions.empty());
    Question question = std::move(questions.front());
    questions.pop_front();
    Reply(question);
    Settle();
  }
  void AnswerAll() {
    while (!questions.empty()) Answer();
  }

  // -- what came out --

  std::map<p2p::PeerId, std::string> gone;  // whom the protocol disconnected, and why
  std::vector<wire::NetAddress> discouraged;
  bool upload_exhausted = false;  // as much was sent as -maxuploadtarget allows

  /// All messages of a kind that were sent to the peer, and forgets them.
  template <typename M>
  std::vector<M> Take(p2p::PeerId peer) {
    std::vector<M> taken;
    std::vector<wire::Message>& messages = sent_[peer];
    for (wire::Message& one : messages) {
      if (M* message = std::get_if<M>(&one)) taken.push_back(std::move(*message));
    }
    std::erase_if(messages,
                  [](const wire::Message& one) { return std::holds_alternative<M>(one); });
    return taken;
  }
  /// The commands of what was sent to the peer, in order, pings apart; and forgets it all.
  std::vector<std::string> TakeCommands(p2p::PeerId peer) {
    std::vector<std::string> commands;
    for (const wire::Message& one : sent_[peer]) {
      const std::string command(wire::CommandOf(one));
      if (command != "ping") commands.push_back(command);
    }
    Forget(peer);
    return commands;
  }
  /// The blocks that the peer was asked for since the last call, in whatever form.
  std::vector<BlockHash> TakeAsked(p2p::PeerId peer) {
    std::vector<BlockHash> asked;
    for (const wire::GetData& message : Take<wire::GetData>(peer)) {
      for (const wire::InvItem& item : message.items) {
        if (item.IsBlock()) asked.push_back(item.block());
      }
    }
    return asked;
  }
  void Forget(p2p::PeerId peer) { sent_.erase(peer); }
  void Forget() { sent_.clear(); }
  bool IsGone(p2p::PeerId peer) const { return gone.contains(peer); }
  bool IsDiscouraged(p2p::PeerId peer) const { return IsUnwelcome(EndpointOf(peer).address); }
  p2p::PeerInfo InfoOf(p2p::PeerId peer) const {
    for (p2p::PeerInfo& info : protocol->Peers(now)) {
      if (info.id == peer) return info;
    }
    ADD_FAILURE() << "no peer " << peer;
    return {};
  }

  // -- p2p::Effects --
  void Send(p2p::PeerId peer, wire::Message message) override {
    sent_[peer].push_back(std::move(message));
  }
  void Disconnect(p2p::PeerId peer, const std::string& reason) override {
    gone.emplace(peer, reason);
    hanging_up_.push_back(peer);
  }
  void Discourage(const wire::NetAddress& address) override { discouraged.push_back(address); }
  bool IsUnwelcome(const wire::NetAddress& address) const override {
    return std::find(discouraged.begin(), discouraged.end(), address) != discouraged.end();
  }
  void PauseReading(p2p::PeerId, bool) override {}
  void SubmitHeaders(p2p::PeerId peer, std::vector<Header> headers) override {
    Question question{kHeaders, peer, {}, {}, {}, nullptr, {}};
    question.headers = std::move(headers);
    questions.push_back(std::move(question));
  }
  void SubmitBlock(p2p::PeerId peer, BlockPtr block) override {
    questions.push_back({kBlocks, peer, {}, std::move(block), {}, nullptr, {}});
  }
  void SubmitTransaction(p2p::PeerId peer, TransactionPtr transaction) override {
    questions.push_back({kTransactions, peer, {}, {}, std::move(transaction), nullptr, {}});
  }
  void ReadBlock(p2p::PeerId peer, const ledger::HeaderEntry& entry) override {
    questions.push_back({kReads, peer, {}, {}, {}, &entry, {}});
  }
  void ReadFilters(p2p::PeerId peer, p2p::FilterQuery query) override {
    questions.push_back({kFilters, peer, {}, {}, {}, nullptr, std::move(query)});
  }
  bool UploadTargetReached(bool) const override { return upload_exhausted; }
  void Connect(const wire::Endpoint&, p2p::ConnectionType) override {}
  void AskSeeds(bool) override {}

  /// How transactions are judged; accepted and put into the pool unless a test says otherwise.
  std::function<p2p::TransactionVerdict(const TransactionPtr&)> judge_transaction =
      [this](const TransactionPtr& transaction) {
        p2p::TransactionVerdict verdict;
        verdict.fate = p2p::TransactionFate::kAccepted;
        pool.Add(transaction);
        return verdict;
      };
  /// What the index of filters answers.
  std::function<std::vector<wire::Message>(const p2p::FilterQuery&)> read_filters =
      [](const p2p::FilterQuery&) { return std::vector<wire::Message>{}; };

  p2p::Settings settings;
  FakeChain chain;
  FakePool pool;
  p2p::AddressBook addresses;
  p2p::LocalAddresses local{false};
  p2p::Instant now;
  std::unique_ptr<p2p::Protocol> protocol;

 protected:
  /// Answers and hangs up until nothing is open but what is held.
  void Settle() {
    while (true) {
      if (!hanging_up_.empty()) {
        const p2p::PeerId peer = hanging_up_.front();
        hanging_up_.pop_front();
        protocol->Disconnected(peer, now);
        continue;
      }
      const auto next = std::find_if(questions.begin(), questions.end(),
                                     [&](const Question& one) { return (hold & one.kind) == 0; });
      if (next == questions.end()) return;
      const Question question = std::move(*next);
      questions.erase(next);
      Reply(question);
    }
  }

 private:
  p2p::BlockVerdict JudgeBlock(const BlockPtr& block) {
    const ledger::HeaderEntry* before = chain.View()->tip;
    if (consensus::CheckBlock(block, chain.params())) protocol->BlockChecked(block, now);
    p2p::BlockVerdict verdict = chain.AcceptBlock(block);
    if (chain.View()->tip != before) protocol->TipChanged(now);
    return verdict;
  }

  void Reply(const Question& question) {
    switch (question.kind) {
      case kHeaders:
        protocol->HeadersJudged(question.peer, chain.AcceptHeaders(question.headers), now);
        return;
      case kBlocks:
        protocol->BlockJudged(question.peer, question.block->hash(), JudgeBlock(question.block),
                              now);
        return;
      case kTransactions: {
        const p2p::TransactionVerdict verdict = judge_transaction(question.transaction);
        if (verdict.fate == p2p::TransactionFate::kAccepted) {
          protocol->TransactionAdded(question.transaction, now);
        }
        protocol->TransactionJudged(question.peer, question.transaction, verdict, now);
        return;
      }
      case kReads: {
        const BlockPtr block = chain.BlockOf(question.entry->hash);
        Bytes bytes;
        if (block != nullptr) bytes.assign(block->bytes().begin(), block->bytes().end());
        protocol->BlockRead(question.peer, *question.entry, bytes, now);
        return;
      }
      case kFilters:
        protocol->FiltersRead(question.peer, read_filters(*question.filters), now);
        return;
    }
  }

  p2p::PeerId next_peer_ = 0;
  std::map<p2p::PeerId, std::vector<wire::Message>> sent_;
  std::deque<p2p::PeerId> hanging_up_;
};

}  // namespace cairn::test
