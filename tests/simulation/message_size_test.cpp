#include "tests/simulation/message_size.h"

#include <gtest/gtest.h>

#include "tests/simulation/memory_ledger.h"
#include "tests/simulation/mint.h"

namespace cairn::simulation {
namespace {

wire::PeerAddress AddressOf(uint8_t last, uint64_t services) {
  wire::PeerAddress address;
  address.endpoint = {wire::NetAddress::Ipv4(11, 1, 1, last), 8333};
  address.services = services;
  return address;
}

std::vector<wire::Message> Samples() {
  Mint mint(7);
  const p2p::Instant now{std::chrono::hours(500'000)};
  MemoryLedger ledger(mint, now);
  std::vector<TransactionPtr> transactions;
  for (int i = 0; i < 300; ++i) transactions.push_back(mint.MakeTransaction());
  const BlockPtr block = mint.MakeBlock(*ledger.tip(), transactions, now);
  wire::Version version;
  version.user_agent = "/Cairn/";
  wire::CompactBlock compact;
  compact.header = block->header();
  compact.short_ids.assign(299, 5);
  compact.prefilled = {{0, transactions[0]}, {280, transactions[1]}};
  wire::AddrV2 addresses{{AddressOf(1, 1), AddressOf(2, 1033)}};
  const std::vector<wire::InvItem> items(260, wire::InvItem::Of(block->hash()));
  return {version,
          wire::Verack{},
          wire::SendAddrV2{},
          wire::WtxidRelay{},
          wire::SendTxReconciliation{},
          wire::SendHeaders{},
          wire::SendCompact{},
          wire::FeeFilter{1000},
          wire::Ping{5},
          wire::Pong{5},
          wire::Pong{},
          wire::Addr{addresses.addresses},
          addresses,
          wire::GetAddr{},
          wire::Inv{items},
          wire::GetData{items},
          wire::NotFound{},
          wire::GetMempool{},
          wire::GetHeaders{{{block->hash()}, {}}},
          wire::GetBlocks{{{}, {}}},
          wire::Headers{{block->header(), block->header()}},
          wire::BlockMessage{block},
          wire::TxMessage{transactions[0]},
          compact,
          wire::GetBlockTxn{block->hash(), {0, 1, 255, 600}},
          wire::BlockTxn{block->hash(), transactions},
          wire::GetCFilters{},
          wire::CFHeaders{},
          wire::FilterLoad{}};
}

TEST(MessageSize, IsThatOfTheEncoding) {
  for (const wire::Message& message : Samples()) {
    EXPECT_EQ(PayloadSize(message), wire::EncodePayload(message).size())
        << wire::CommandOf(message);
  }
}

}  // namespace
}  // namespace cairn::simulation
