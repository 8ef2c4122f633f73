// A protocol instance with a chain, a pool and peers that the test plays, to see which transactions
// it asks for, judges and announces.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include "cairn/p2p/address_book.h"
#include "cairn/p2p/local_addresses.h"
#include "cairn/p2p/protocol.h"
#include "tests/support/block_maker.h"
#include "tests/support/fake_pool.h"
#include "tests/support/ledger_world.h"

namespace cairn::test {

/// Blocks on regtest's genesis; all of them are recent.
class PlayedChain : public p2p::Chain {
 public:
  PlayedChain() {
    auto& genesis = entries_.emplace_back(std::make_unique<ledger::HeaderEntry>());
    genesis->header = Header::From(ByteSpan(params_.genesis_block).first<Header::kSize>());
    genesis->hash = params_.genesis_hash;
    genesis->chain_work = consensus::WorkOf(genesis->header.bits);
    SetTip(genesis.get());
  }

  /// The block of these transactions becomes the tip.
  BlockPtr Mine(const std::vector<TransactionPtr>& transactions) {
    return MineOn(view_->tip, transactions);
  }
  BlockPtr MineOn(const ledger::HeaderEntry* parent,
                  const std::vector<TransactionPtr>& transactions) {
    BlockPlan plan;
    plan.transactions = transactions;
    plan.tag = static_cast<uint32_t>(entries_.size());
    const BlockPtr block = MakeBlock(params_, Place::Of(parent), plan).block;
    auto& entry = entries_.emplace_back(std::make_unique<ledger::HeaderEntry>());
    entry->header = block->header();
    entry->hash = block->hash();
    entry->parent = parent;
    entry->height = parent->height + 1;
    entry->chain_work = parent->chain_work + consensus::WorkOf(entry->header.bits);
    blocks_[block->hash()] = block;
    SetTip(entry.get());
    return block;
  }

  const consensus::Params& params() const override { return params_; }
  ledger::ChainViewPtr View() const override { return view_; }
  const ledger::HeaderEntry* Find(const BlockHash& hash) const override {
    for (const auto& entry : entries_) {
      if (entry->hash == hash) return entry.get();
    }
    return nullptr;
  }
  bool IsInitialBlockDownload() const override { return far_behind; }
  int FirstStoredHeight() const override { return 0; }
  BlockPtr RecentBlock(const BlockHash& hash) const override {
    const auto found = blocks_.find(hash);
    return found == blocks_.end() ? nullptr : found->second;
  }

  bool far_behind = false;

 private:
  void SetTip(const ledger::HeaderEntry* tip) {
    auto view = std::make_shared<ledger::ChainView>();
    view->params = &params_;
    view->tip = view->best_header = tip;
    view->heights = ledger::HeightIndex().With(tip);
    view_ = view;
  }

  consensus::Params params_ = ChainNamed("regtest");
  std::vector<std::unique_ptr<ledger::HeaderEntry>> entries_;
  std::map<BlockHash, BlockPtr> blocks_;
  ledger::ChainViewPtr view_;
};

/// A peer as the test plays it.
struct PlayedPeer {
  p2p::ConnectionType type = p2p::ConnectionType::kInbound;
  p2p::Permissions permissions = p2p::kNoPermission;
  bool wtxid_relay = true;
  bool wants_transactions = true;
  p2p::Services services = wire::kNodeNetwork | wire::kNodeWitness;
};

class TransactionWorld : public p2p::Effects {
 public:
  using PeerId = p2p::PeerId;

  explicit TransactionWorld(p2p::Settings chosen = {}) : settings(std::move(chosen)) {
    settings.ping_timeout = std::chrono::hours(100'000);  // nobody answers them here
    settings.automatic_outbound = false;
    protocol = std::make_unique<p2p::Protocol>(
        p2p::Protocol::Needs{settings, chain, pool, *this, book, local, p2p::Random(1)}, now);
  }

  PeerId Connect(const PlayedPeer& peer = {}) {
    const PeerId id = last_id_++;
    p2p::NewConnection connection;
    connection.id = id;
    connection.endpoint = {wire::NetAddress::Ipv4(8, static_cast<uint8_t>(id), 1, 1), 8333};
    connection.type = peer.type;
    connection.permissions = peer.permissions;
    protocol->Connected(connection, now);
    wire::Version version;
    version.services = peer.services;
    version.time = p2p::UnixSecondsOf(now);
    version.nonce = 1'000 + static_cast<uint64_t>(id);
    version.relay = peer.wants_transactions;
    Receive(id, version);
    if (peer.wtxid_relay) Receive(id, wire::WtxidRelay{});
    Receive(id, wire::Verack{});
    return id;
  }
  PeerId ConnectOutbound() { return Connect({.type = p2p::ConnectionType::kManual}); }

  void Receive(PeerId id, wire::Message message) {
    protocol->Received(id, std::move(message), 100, now);
  }
  void ReceiveTx(PeerId id, const TransactionPtr& transaction) {
    Receive(id, wire::TxMessage{transaction});
  }
  void Announce(PeerId id, const std::vector<wire::InvItem>& items) {
    Receive(id, wire::Inv{items});
  }
  void Announce(PeerId id, const TransactionPtr& transaction) {
    Announce(id, {wire::InvItem::Of(transaction->wtxid)});
  }

  /// It has entered the pool, and others are to hear of it.
  void Enter(const TransactionPtr& transaction, Amount fee = 10'000, int ancestors = 1) {
    pool.Add(transaction, fee, ancestors);
    protocol->TransactionAdded(transaction, now);
  }
  void Judge(PeerId id, const TransactionPtr& transaction, p2p::TransactionFate fate) {
    if (fate == p2p::TransactionFate::kAccepted) Enter(transaction);
    p2p::TransactionVerdict verdict;
    verdict.fate = fate;
    verdict.reason = "because";
    protocol->TransactionJudged(id, transaction, verdict, now);
  }
  /// The peer sends it, and that becomes of it.
  void SendAndJudge(PeerId id, const TransactionPtr& transaction, p2p::TransactionFate fate) {
    submitted.clear();
    ReceiveTx(id, transaction);
    ASSERT_EQ(submitted.size(), 1u);
    Judge(id, transaction, fate);
  }
  void Mine(const std::vector<TransactionPtr>& transactions = {}) {
    chain.Mine(transactions);
    for (const TransactionPtr& one : transactions) pool.Remove(one);
    protocol->TipChanged(now);
  }

  /// Time passes, and whatever is due on the way happens when it is due.
  void Pass(p2p::Duration time) {
    const p2p::Instant end = now + time;
    for (p2p::Instant next = protocol->NextDeadline(); next <= end;
         next = protocol->NextDeadline()) {
      now = std::max(now, next);
      protocol->Advance(now);
    }
    now = end;
  }

  /// What was sent to the peer since the last question.
  template <typename Type>
  std::vector<Type> Take(PeerId id) {
    std::vector<Type> taken;
    std::vector<wire::Message>& messages = sent_[id];
    for (auto it = messages.begin(); it != messages.end();) {
      if (const Type* message = std::get_if<Type>(&*it)) {
        taken.push_back(*message);
        it = messages.erase(it);
      } else {
        ++it;
      }
    }
    return taken;
  }
  /// The items of all messages of that type.
  template <typename Type>
  std::vector<wire::InvItem> TakeItems(PeerId id) {
    std::vector<wire::InvItem> items;
    for (const Type& message : Take<Type>(id)) {
      items.insert(items.end(), message.items.begin(), message.items.end());
    }
    return items;
  }
  std::optional<std::string> DisconnectReason(PeerId id) const {
    const auto found = disconnected.find(id);
    if (found == disconnected.end()) return std::nullopt;
    return found->second;
  }

  void Send(PeerId id, wire::Message message) override { sent_[id].push_back(std::move(message)); }
  void Disconnect(PeerId id, const std::string& reason) override { disconnected[id] = reason; }
  void Discourage(const wire::NetAddress& address) override { discouraged.push_back(address); }
  bool IsUnwelcome(const wire::NetAddress&) const override { return false; }
  void PauseReading(PeerId, bool) override {}
  void SubmitHeaders(PeerId, std::vector<Header>) override {}
  void SubmitBlock(PeerId, BlockPtr) override {}
  void SubmitTransaction(PeerId id, TransactionPtr transaction) override {
    submitted.emplace_back(id, std::move(transaction));
  }
  void ReadBlock(PeerId, const ledger::HeaderEntry&) override {}
  void ReadFilters(PeerId, p2p::FilterQuery) override {}
  void Connect(const wire::Endpoint&, p2p::ConnectionType) override {}
  void AskSeeds(bool) override {}

  p2p::Instant now{std::chrono::seconds(1'296'690'000)};  // soon after regtest's genesis
  p2p::Settings settings;
  PlayedChain chain;
  FakePool pool;
  p2p::AddressBook book{p2p::Random(2)};
  p2p::LocalAddresses local{false};
  std::unique_ptr<p2p::Protocol> protocol;
  std::vector<std::pair<PeerId, TransactionPtr>> submitted;
  std::map<PeerId, std::string> disconnected;
  std::vector<wire::NetAddress> discouraged;

 private:
  std::map<PeerId, std::vector<wire::Message>> sent_;
  PeerId last_id_ = 0;
};

/// A transaction with a witness that spends an output of the one of that number.
inline TransactionPtr SomeTransaction(uint32_t number, const std::vector<OutPoint>& coins = {}) {
  TransactionDraft draft;
  const Txid nobody = Txid{crypto::Sha256Of(std::array<uint8_t, 1>{0})};
  if (coins.empty()) draft.inputs.push_back({{nobody, number}, {}, 1, {{1, 2, 3}}});
  for (const OutPoint& coin : coins) draft.inputs.push_back({coin, {}, 1, {{1, 2, 3}}});
  draft.outputs.push_back({1000, {OP_1}});
  draft.outputs.push_back({2000, {OP_1}});
  draft.lock_time = number;
  return draft.Finish();
}

}  // namespace cairn::test
