#include "tests/support/protocol_world.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace cairn::test {

BlockPtr Mutated(const BlockPtr& block) {
  TransactionDraft coinbase = TransactionDraft::From(block->transactions()[0]);
  coinbase.inputs[0].witness = {Bytes(32, 1)};
  return JoinBlock(block->header(), std::vector<TransactionPtr>{coinbase.Finish()});
}

consensus::Params ProtocolWorld::Regtest() { return genesis::BuiltInChain("regtest").value(); }

p2p::Settings ProtocolWorld::Quiet() {
  p2p::Settings quiet;
  quiet.automatic_outbound = false;
  return quiet;
}

ProtocolWorld::ProtocolWorld(consensus::Params params, p2p::Settings chosen, uint64_t seed)
    : settings(std::move(chosen)),
      chain(std::move(params)),
      addresses(p2p::Random(seed)),
      now(std::chrono::seconds(chain.View()->tip->header.time + 600)),
      protocol(std::make_unique<p2p::Protocol>(
          p2p::Protocol::Needs{settings, chain, pool, *this, addresses, local,
                               p2p::Random(seed + 1)},
          now)) {
  judge_transaction = [this](const TransactionPtr& transaction) {
    p2p::TransactionVerdict verdict;
    verdict.fate = p2p::TransactionFate::kAccepted;
    pool.Add(transaction);
    return verdict;
  };
  judge_pair = [](const TransactionPtr&, const TransactionPtr&) {
    p2p::PairVerdict verdict;
    verdict.reason = "not judged";
    return verdict;
  };
  read_filters = [](const p2p::FilterQuery&) { return std::vector<wire::Message>{}; };
}

ProtocolWorld::~ProtocolWorld() = default;

p2p::PeerId ProtocolWorld::Join(const Joining& joining) {
  const p2p::PeerId id = Connect(joining);
  Receive(id, VersionOf(joining));
  if (joining.wtxid_relay) Receive(id, wire::WtxidRelay{});
  if (joining.address_v2) Receive(id, wire::SendAddrV2{});
  Forget(id);
  Receive(id, wire::Verack{});
  if (joining.compact) Receive(id, wire::SendCompact{false, 2});
  return id;
}

p2p::PeerId ProtocolWorld::Join(p2p::ConnectionType type) {
  Joining joining;
  joining.type = type;
  return Join(joining);
}

p2p::PeerId ProtocolWorld::JoinWith(const std::vector<BlockPtr>& blocks) {
  const p2p::PeerId peer = Join();
  Announce(peer, blocks);
  return peer;
}

p2p::PeerId ProtocolWorld::Connect(const Joining& joining) {
  p2p::NewConnection connection;
  connection.id = next_peer_++;
  connection.endpoint = EndpointOf(connection.id);
  connection.type = joining.type;
  connection.permissions = joining.permissions;
  protocol->Connected(connection, now);
  Settle();
  return connection.id;
}

void ProtocolWorld::Leave(p2p::PeerId peer) {
  protocol->Disconnected(peer, now);
  Settle();
}

wire::Endpoint ProtocolWorld::EndpointOf(p2p::PeerId id) {
  wire::Endpoint endpoint;
  endpoint.address =
      wire::NetAddress::Ipv4(8, static_cast<uint8_t>(id / 256), static_cast<uint8_t>(id % 256), 8);
  endpoint.port = 8333;
  return endpoint;
}

wire::Version ProtocolWorld::VersionOf(const Joining& joining) const {
  wire::Version version;
  version.version = joining.version;
  version.services = joining.services;
  version.time = p2p::UnixSecondsOf(now);
  version.nonce = 0x1234 + static_cast<uint64_t>(next_peer_);
  version.user_agent = "/Test/";
  version.relay = joining.relay;
  return version;
}

void ProtocolWorld::Receive(p2p::PeerId peer, wire::Message message, size_t bytes) {
  protocol->Received(peer, std::move(message), bytes, now);
  Settle();
}

void ProtocolWorld::Announce(p2p::PeerId peer, const std::vector<BlockPtr>& blocks) {
  Receive(peer, wire::Headers{HeadersOf(blocks)});
}

void ProtocolWorld::Deliver(p2p::PeerId peer, const BlockPtr& block) {
  Receive(peer, wire::BlockMessage{block}, block->bytes().size());
}

bool ProtocolWorld::DeliverAsked(p2p::PeerId peer, const std::vector<BlockPtr>& blocks) {
  std::map<BlockHash, BlockPtr> by_hash;
  for (const BlockPtr& block : blocks) by_hash[block->hash()] = block;
  const std::vector<BlockHash> asked = TakeAsked(peer);
  for (const BlockHash& hash : asked) Deliver(peer, by_hash.at(hash));
  return !asked.empty();
}

void ProtocolWorld::Mine(const std::vector<BlockPtr>& blocks) {
  for (const BlockPtr& block : blocks) JudgeBlock(block);
  Settle();
}

void ProtocolWorld::Wait(p2p::Duration duration) {
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

void ProtocolWorld::MakeRoom(p2p::PeerId peer) {
  protocol->RoomMade(peer, now);
  Settle();
}

void ProtocolWorld::Answer() {
  ASSERT_FALSE(questions.empty());
  Question question = std::move(questions.front());
  questions.pop_front();
  Reply(question);
  Settle();
}

std::vector<std::string> ProtocolWorld::TakeCommands(p2p::PeerId peer) {
  std::vector<std::string> commands;
  for (const wire::Message& one : sent_[peer]) {
    const std::string command(wire::CommandOf(one));
    if (command != "ping") commands.push_back(command);
  }
  Forget(peer);
  return commands;
}

std::vector<BlockHash> ProtocolWorld::TakeAsked(p2p::PeerId peer) {
  std::vector<BlockHash> asked;
  for (const wire::GetData& message : Take<wire::GetData>(peer)) {
    for (const wire::InvItem& item : message.items) {
      if (item.IsBlock()) asked.push_back(item.block());
    }
  }
  return asked;
}

p2p::PeerInfo ProtocolWorld::InfoOf(p2p::PeerId peer) const {
  for (p2p::PeerInfo& info : protocol->Peers(now)) {
    if (info.id == peer) return info;
  }
  ADD_FAILURE() << "no peer " << peer;
  return {};
}

void ProtocolWorld::Forget(p2p::PeerId peer) { sent_.erase(peer); }

void ProtocolWorld::Forget() { sent_.clear(); }

void ProtocolWorld::Send(p2p::PeerId peer, wire::Message message) {
  sent_[peer].push_back(std::move(message));
}

void ProtocolWorld::Disconnect(p2p::PeerId peer, const std::string& reason) {
  gone.emplace(peer, reason);
  hanging_up_.push_back(peer);
}

void ProtocolWorld::Discourage(const wire::NetAddress& address) { discouraged.push_back(address); }

bool ProtocolWorld::IsUnwelcome(const wire::NetAddress& address) const {
  return std::find(discouraged.begin(), discouraged.end(), address) != discouraged.end();
}

void ProtocolWorld::SubmitHeaders(p2p::PeerId peer, std::vector<Header> headers) {
  Question question{kHeaders, peer, {}, {}, {}, nullptr, {}};
  question.headers = std::move(headers);
  questions.push_back(std::move(question));
}

void ProtocolWorld::SubmitBlock(p2p::PeerId peer, BlockPtr block) {
  questions.push_back({kBlocks, peer, {}, std::move(block), {}, nullptr, {}});
}

void ProtocolWorld::SubmitTransaction(p2p::PeerId peer, TransactionPtr transaction) {
  questions.push_back({kTransactions, peer, {}, {}, std::move(transaction), nullptr, {}});
}

void ProtocolWorld::SubmitPair(p2p::PeerId peer, TransactionPtr parent, TransactionPtr child) {
  Question question{kTransactions, peer, {}, {}, std::move(parent), nullptr, {}};
  question.child = std::move(child);
  questions.push_back(std::move(question));
}

void ProtocolWorld::ReadBlock(p2p::PeerId peer, const ledger::HeaderEntry& entry) {
  questions.push_back({kReads, peer, {}, {}, {}, &entry, {}});
}

void ProtocolWorld::ReadFilters(p2p::PeerId peer, p2p::FilterQuery query) {
  questions.push_back({kFilters, peer, {}, {}, {}, nullptr, std::move(query)});
}

void ProtocolWorld::Settle() {
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

void ProtocolWorld::Reply(const Question& question) {
  switch (question.kind) {
    case kHeaders:
      protocol->HeadersJudged(question.peer, chain.AcceptHeaders(question.headers), now);
      return;
    case kBlocks:
      protocol->BlockJudged(question.peer, question.block->hash(), JudgeBlock(question.block), now);
      return;
    case kTransactions: {
      if (question.child != nullptr) {
        protocol->PairJudged(question.peer, question.transaction, question.child,
                             judge_pair(question.transaction, question.child), now);
        return;
      }
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

p2p::BlockVerdict ProtocolWorld::JudgeBlock(const BlockPtr& block) {
  const ledger::HeaderEntry* before = chain.View()->tip;
  if (consensus::CheckBlock(block, chain.params())) protocol->BlockChecked(block, now);
  p2p::BlockVerdict verdict = chain.AcceptBlock(block);
  if (chain.View()->tip != before) protocol->TipChanged(now);
  return verdict;
}

std::vector<wire::Message> ProtocolWorld::TakeKind(p2p::PeerId peer, size_t kind) {
  std::vector<wire::Message> taken, kept;
  for (wire::Message& one : sent_[peer]) {
    (one.index() == kind ? taken : kept).push_back(std::move(one));
  }
  sent_[peer] = std::move(kept);
  return taken;
}

}  // namespace cairn::test
