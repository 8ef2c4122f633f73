// The peer protocol in a world where the test judges the transactions itself, to see which ones it
// asks for, hands over and announces.
#pragma once

#include <array>
#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/protocol_world.h"

namespace cairn::test {

/// A peer as the test plays it.
struct PlayedPeer {
  p2p::ConnectionType type = p2p::ConnectionType::kInbound;
  p2p::Permissions permissions = p2p::kNoPermission;
  bool wtxid_relay = true;
  bool wants_transactions = true;
};

class TransactionWorld : public ProtocolWorld {
 public:
  using PeerId = p2p::PeerId;

  explicit TransactionWorld(p2p::Settings chosen = {})
      : ProtocolWorld(Regtest(), Patient(std::move(chosen)), 0) {}

  PeerId Join(const PlayedPeer& peer = {}) {
    Joining joining;
    joining.type = peer.type;
    joining.permissions = peer.permissions;
    joining.relay = peer.wants_transactions;
    joining.compact = false;
    joining.wtxid_relay = peer.wtxid_relay;
    joining.address_v2 = false;
    return ProtocolWorld::Join(joining);
  }
  PeerId JoinOutbound() { return Join({.type = p2p::ConnectionType::kManual}); }

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
    Settle();
  }
  void Judge(PeerId id, const TransactionPtr& transaction, p2p::TransactionFate fate) {
    if (fate == p2p::TransactionFate::kAccepted) Enter(transaction);
    p2p::TransactionVerdict verdict;
    verdict.fate = fate;
    verdict.reason = "because";
    protocol->TransactionJudged(id, transaction, verdict, now);
    Settle();
  }
  /// The pool's word on the pair that was handed over last. What was accepted enters.
  void JudgePair(p2p::TransactionFate of_parent, p2p::TransactionFate of_child) {
    ASSERT_FALSE(pairs.empty());
    const Pair pair = pairs.back();
    p2p::PairVerdict verdict;
    verdict.parent = {of_parent, "because", {}};
    verdict.child = {of_child, "because", {}};
    if (of_child != p2p::TransactionFate::kAccepted) verdict.reason = "because";
    if (of_parent == p2p::TransactionFate::kAccepted) Enter(pair.parent);
    if (of_child == p2p::TransactionFate::kAccepted) Enter(pair.child);
    protocol->PairJudged(pair.peer, pair.parent, pair.child, verdict, now);
    Settle();
  }
  /// The peer sends it, and that becomes of it.
  void SendAndJudge(PeerId id, const TransactionPtr& transaction, p2p::TransactionFate fate) {
    submitted.clear();
    ReceiveTx(id, transaction);
    ASSERT_EQ(submitted.size(), 1u);
    Judge(id, transaction, fate);
  }
  /// A block of these transactions becomes the tip.
  void Mine(const std::vector<TransactionPtr>& transactions = {}) {
    chain.MineOn(chain.View()->tip, transactions);
    for (const TransactionPtr& one : transactions) pool.Remove(one);
    protocol->TipChanged(now);
    Settle();
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
    const auto found = gone.find(id);
    if (found == gone.end()) return std::nullopt;
    return found->second;
  }

  void SubmitTransaction(PeerId id, TransactionPtr transaction) override {
    submitted.emplace_back(id, std::move(transaction));
  }

  void SubmitPair(PeerId id, TransactionPtr parent, TransactionPtr child) override {
    pairs.push_back({id, std::move(parent), std::move(child)});
  }

  std::vector<std::pair<PeerId, TransactionPtr>> submitted;
  struct Pair {
    PeerId peer = 0;
    TransactionPtr parent;
    TransactionPtr child;
  };
  std::vector<Pair> pairs;  // that were handed over together

 private:
  /// Nobody answers pings here, nor is anybody connected to.
  static p2p::Settings Patient(p2p::Settings settings) {
    settings.ping_timeout = std::chrono::hours(100'000);
    settings.automatic_outbound = false;
    return settings;
  }
};

/// A transaction with a witness that spends an output of the one of that number.
inline TransactionPtr SomeTransaction(uint32_t number, const std::vector<OutPoint>& coins = {}) {
  TransactionDraft draft;
  const Txid nobody = Txid{crypto::Sha256Of(std::array<uint8_t, 1>{0})};
  const auto spend = [&](const OutPoint& coin) {
    draft.inputs.push_back({coin, {}, TxIn::kFinalSequence, {{1, 2, 3}}});
  };
  if (coins.empty()) spend({nobody, number});
  for (const OutPoint& coin : coins) spend(coin);
  draft.outputs.push_back({1000, {OP_1}});
  draft.outputs.push_back({2000, {OP_1}});
  draft.lock_time = number;
  return draft.Finish();
}

}  // namespace cairn::test
