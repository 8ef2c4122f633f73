// A message of every command, small ones with something in each field.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cairn/base/writer.h"
#include "cairn/wire/message.h"

namespace cairn::test {

template <typename AnyHash = BlockHash>
AnyHash HashNumbered(uint8_t number) {
  AnyHash hash;
  for (size_t i = 0; i < hash.bytes.size(); ++i) {
    hash.bytes[i] = static_cast<uint8_t>(number * 7 + i);
  }
  return hash;
}

/// Transactions that differ by their number; every other one has a witness.
inline TransactionPtr TransactionNumbered(uint32_t number) {
  TransactionDraft draft;
  auto& input = draft.inputs.emplace_back();
  input.prevout = {HashNumbered<Txid>(static_cast<uint8_t>(number)), number};
  input.script_sig = {0x51};
  if (number % 2 == 1) input.witness = {Bytes{1, 2, 3}, Bytes{}};
  draft.outputs.push_back({static_cast<Amount>(number), {0x51}});
  return draft.Finish();
}

inline std::vector<TransactionPtr> TransactionsNumbered(uint32_t from, uint32_t count) {
  std::vector<TransactionPtr> transactions;
  for (uint32_t i = 0; i < count; ++i) transactions.push_back(TransactionNumbered(from + i));
  return transactions;
}

inline Header HeaderNumbered(uint8_t number) {
  Header header;
  header.version = 0x20000000;
  header.previous = HashNumbered(number);
  header.merkle_root = HashNumbered<MerkleRoot>(static_cast<uint8_t>(number + 1));
  header.time = 1'700'000'000u + number;
  header.bits = 0x207fffff;
  header.nonce = number;
  return header;
}

inline wire::Version SampleVersion() {
  wire::Version version;
  version.services = wire::kNodeNetwork | wire::kNodeWitness;
  version.time = 1'700'000'000;
  version.receiver_services = wire::kNodeNetwork;
  version.receiver = {wire::NetAddress::Ipv4(1, 2, 3, 4), 8333};
  version.sender_services = wire::kNodeWitness;
  version.sender = {wire::NetAddress::Ipv4(5, 6, 7, 8), 18444};
  version.nonce = 0x0123456789abcdef;
  version.user_agent = "/Cairn:0.1.0/";
  version.start_height = 800'000;
  version.relay = false;
  return version;
}

inline std::vector<wire::PeerAddress> SampleAddresses() {
  return {{{wire::NetAddress::Ipv4(1, 2, 3, 4), 8333}, wire::kNodeNetwork, 1'700'000'000},
          {{*wire::NetAddress::Parse("2001:db9::1"), 18333}, 0x409, 1'700'000'001}};
}

/// Those, and one of a network that only `addrv2` can say.
inline std::vector<wire::PeerAddress> SampleAddressesV2() {
  auto addresses = SampleAddresses();
  const auto onion = wire::NetAddress::From(wire::Network::kTorV3, HashNumbered(9).span());
  addresses.push_back({{*onion, 8333}, 0x1'0000'0001, 1'700'000'002});
  return addresses;
}

inline std::vector<wire::InvItem> SampleItems() {
  return {wire::InvItem::Of(HashNumbered<Wtxid>(1)),
          wire::InvItem::Of(HashNumbered(2)),
          {wire::InvItem::kWitnessTx, HashNumbered(3).bytes}};
}

inline wire::Locator SampleLocator() { return {{HashNumbered(1), HashNumbered(2)}, {}}; }

inline BlockPtr SampleBlock(uint32_t transactions = 3) {
  return Block::Parse(SerializeBlock(HeaderNumbered(1), TransactionsNumbered(0, transactions)))
      .value();
}

inline wire::CompactBlock SampleCompactBlock() {
  wire::CompactBlock compact;
  compact.header = HeaderNumbered(1);
  compact.nonce = 0x1122334455667788;
  compact.short_ids = {0x010203040506, 0xffffffffffff, 0};
  compact.prefilled = {{0, TransactionNumbered(0)}, {3, TransactionNumbered(3)}};
  return compact;
}

/// One for each command that `Decode` knows, in its order.
inline std::vector<wire::Message> SampleMessages() {
  using namespace wire;  // NOLINT(google-build-using-namespace)
  const MerkleProof proof = MerkleProof::Of(*SampleBlock(5), {false, true, false, false, true});
  return {
      SampleVersion(),
      Verack{},
      SendAddrV2{},
      WtxidRelay{},
      SendTxReconciliation{1, 0x0102030405060708},
      SendHeaders{},
      SendCompact{true, 2},
      FeeFilter{1000},
      Ping{77},
      Pong{78},
      Addr{SampleAddresses()},
      AddrV2{SampleAddressesV2()},
      GetAddr{},
      Inv{SampleItems()},
      GetData{SampleItems()},
      NotFound{SampleItems()},
      GetMempool{},
      GetHeaders{SampleLocator()},
      GetBlocks{SampleLocator()},
      Headers{{HeaderNumbered(1), HeaderNumbered(2)}},
      BlockMessage{SampleBlock()},
      TxMessage{TransactionNumbered(1)},
      SampleCompactBlock(),
      GetBlockTxn{HashNumbered(1), {0, 1, 5, 300, 65535}},
      BlockTxn{HashNumbered(1), TransactionsNumbered(4, 2)},
      GetCFilters{0, 1000, HashNumbered(1)},
      CFilter{0, HashNumbered(1), {1, 2, 3}},
      GetCFHeaders{0, 1000, HashNumbered(2)},
      CFHeaders{0,
                HashNumbered(1),
                HashNumbered<FilterHeader>(2),
                {HashNumbered<FilterHash>(3), HashNumbered<FilterHash>(4)}},
      GetCFCheckpt{0, HashNumbered(1)},
      CFCheckpt{0, HashNumbered(1), {HashNumbered<FilterHeader>(2)}},
      FilterLoad{{0xff, 0x01}, 5, 0x12345678, FilterLoad::kAll},
      FilterAdd{{1, 2, 3}},
      FilterClear{},
      MerkleBlock{proof},
  };
}

}  // namespace cairn::test
