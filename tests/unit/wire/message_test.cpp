// Every message there and back, the bytes of some, and what is cut short.
#include "cairn/wire/message.h"

#include <gtest/gtest.h>

#include "cairn/base/hex.h"
#include "tests/support/wire_samples.h"

namespace cairn::wire {
namespace {

template <typename T>
T DecodedAs(Bytes payload) {
  auto message = Decode(T::kCommand, std::move(payload));
  EXPECT_TRUE(message.has_value()) << message.error().message;
  return std::get<T>(*message);
}

template <typename T>
Bytes Encoded(const T& message) {
  return EncodePayload(Message(message));
}

ErrorCode CodeOf(std::string_view command, Bytes payload) {
  const auto message = Decode(command, std::move(payload));
  EXPECT_FALSE(message.has_value());
  return message ? ErrorCode::kStopped : message.error().code;
}

TEST(MessageTest, SamplesAreOfAllCommandsInOrder) {
  const auto samples = test::SampleMessages();
  ASSERT_EQ(samples.size(), KnownCommands().size());
  for (size_t i = 0; i < samples.size(); ++i) {
    EXPECT_EQ(CommandOf(samples[i]), KnownCommands()[i]);
  }
}

TEST(MessageTest, EveryMessageComesBack) {
  for (const Message& sample : test::SampleMessages()) {
    SCOPED_TRACE(CommandOf(sample));
    const Bytes payload = EncodePayload(sample);
    const auto again = Decode(CommandOf(sample), payload);
    ASSERT_TRUE(again.has_value()) << again.error().message;
    EXPECT_EQ(again->index(), sample.index());
    EXPECT_EQ(EncodePayload(*again), payload);
  }
}

TEST(MessageTest, BytesBehindTheLastFieldAreIgnored) {
  for (const Message& sample : test::SampleMessages()) {
    SCOPED_TRACE(CommandOf(sample));
    const Bytes payload = EncodePayload(sample);
    Bytes longer = payload;
    Append(longer, Bytes(9, 0xab));
    const auto again = Decode(CommandOf(sample), longer);
    ASSERT_TRUE(again.has_value()) << again.error().message;
    EXPECT_EQ(EncodePayload(*again), payload);
  }
}

TEST(MessageTest, WhatIsCutShortIsMalformed) {
  for (const Message& sample : test::SampleMessages()) {
    SCOPED_TRACE(CommandOf(sample));
    const Bytes payload = EncodePayload(sample);
    const bool may_end_early =
        std::holds_alternative<Version>(sample) || std::holds_alternative<Pong>(sample);
    for (size_t size = 0; size < payload.size(); ++size) {
      const auto cut = Decode(CommandOf(sample), Bytes(payload.begin(), payload.begin() + size));
      if (may_end_early && cut) continue;
      ASSERT_FALSE(cut.has_value()) << size;
      EXPECT_EQ(cut.error().code, ErrorCode::kCorruption);
      EXPECT_FALSE(cut.error().message.empty());
    }
  }
}

TEST(MessageTest, UnknownCommandsAreMessages) {
  for (const std::string_view command : {"reject", "alert", "", "version ", "sketch"}) {
    const auto message = Decode(command, Bytes{1, 2, 3});
    ASSERT_TRUE(message.has_value());
    EXPECT_EQ(std::get<Unknown>(*message).command, command);
    EXPECT_EQ(CommandOf(*message), command);
  }
}

TEST(MessageTest, RawPayloadsAreSentAsTheyStand) {
  const Bytes payload = {1, 2, 3};
  const Message raw = RawMessage{"block", std::make_shared<const Bytes>(payload)};
  EXPECT_EQ(CommandOf(raw), "block");
  EXPECT_EQ(EncodePayload(raw), payload);
}

TEST(VersionTest, ReadsTheFieldsOfAnOldNode) {
  const auto version =
      DecodedAs<Version>(*FromHex("62ea0000"
                                  "0100000000000000"
                                  "11b2d05000000000"
                                  "010000000000000000000000000000000000ffff000000000000"
                                  "010000000000000000000000000000000000ffff000000000000"
                                  "3b2eb35d8ce61765"
                                  "0f2f5361746f7368693a302e372e322f"
                                  "c03e0300"));
  EXPECT_EQ(version.version, 60002);
  EXPECT_EQ(version.services, kNodeNetwork);
  EXPECT_EQ(version.time, 1355854353);
  EXPECT_EQ(version.nonce, 0x6517e68c5db32e3bu);
  EXPECT_EQ(version.user_agent, "/Satoshi:0.7.2/");
  EXPECT_EQ(version.start_height, 212672);
  EXPECT_TRUE(version.relay);
}

TEST(VersionTest, KeepsAllFields) {
  const Version sample = test::SampleVersion();
  const auto version = DecodedAs<Version>(Encoded(sample));
  EXPECT_EQ(version.receiver, sample.receiver);
  EXPECT_EQ(version.sender, sample.sender);
  EXPECT_EQ(version.receiver_services, sample.receiver_services);
  EXPECT_EQ(version.sender_services, sample.sender_services);
  EXPECT_FALSE(version.relay);
}

TEST(VersionTest, MayEndBehindAField) {
  const Bytes whole = Encoded(test::SampleVersion());
  const size_t agent = 1 + test::SampleVersion().user_agent.size();
  const std::vector<size_t> ends = {46, 80, 80 + agent, 84 + agent, 85 + agent};
  for (size_t size = 0; size <= whole.size(); ++size) {
    const auto version = Decode("version", Bytes(whole.begin(), whole.begin() + size));
    EXPECT_EQ(version.has_value(), std::count(ends.begin(), ends.end(), size) == 1) << size;
  }
}

TEST(VersionTest, BoundsTheUserAgent) {
  Version version;
  version.user_agent = std::string(Version::kMostUserAgent, 'a');
  EXPECT_EQ(DecodedAs<Version>(Encoded(version)).user_agent, version.user_agent);
  version.user_agent += 'a';
  EXPECT_EQ(CodeOf("version", Encoded(version)), ErrorCode::kCorruption);
}

TEST(VersionTest, HasNoTimeBefore1970) {
  Version version;
  version.time = -5;
  EXPECT_EQ(DecodedAs<Version>(Encoded(version)).time, 0);
}

TEST(PongTest, MayLackItsNonce) {
  EXPECT_EQ(DecodedAs<Pong>(Bytes(7, 1)).nonce, std::nullopt);
  EXPECT_EQ(DecodedAs<Pong>(Bytes(8, 0)).nonce, 0u);
}

TEST(HandshakeTest, BytesOfSmallMessages) {
  EXPECT_EQ(ToHex(Encoded(Ping{0x0102})), "0201000000000000");
  EXPECT_EQ(ToHex(Encoded(SendCompact{true, 2})), "010200000000000000");
  EXPECT_EQ(ToHex(Encoded(FeeFilter{1000})), "e803000000000000");
  EXPECT_EQ(ToHex(Encoded(SendTxReconciliation{1, 3})), "010000000300000000000000");
  EXPECT_TRUE(DecodedAs<SendCompact>(*FromHex("020200000000000000")).high_bandwidth);
  EXPECT_EQ(DecodedAs<FeeFilter>(Bytes(8, 0xff)).per_kvb, -1);
}

TEST(AddrTest, KnownBytes) {
  const auto addr =
      DecodedAs<Addr>(*FromHex("01e215104d010000000000000000000000000000000000ffff0a000001208d"));
  ASSERT_EQ(addr.addresses.size(), 1u);
  EXPECT_EQ(addr.addresses[0].endpoint.ToString(), "10.0.0.1:8333");
  EXPECT_EQ(addr.addresses[0].time, 0x4d1015e2);
  EXPECT_EQ(addr.addresses[0].services, kNodeNetwork);
}

TEST(AddrTest, KeepsAddresses) {
  EXPECT_EQ(DecodedAs<Addr>(Encoded(Addr{test::SampleAddresses()})).addresses,
            test::SampleAddresses());
  EXPECT_EQ(DecodedAs<AddrV2>(Encoded(AddrV2{test::SampleAddressesV2()})).addresses,
            test::SampleAddressesV2());
}

TEST(AddrTest, BoundsTheirNumber) {
  const std::vector<PeerAddress> most(kMostAddresses, test::SampleAddresses()[0]);
  const std::vector<PeerAddress> more(kMostAddresses + 1, test::SampleAddresses()[0]);
  EXPECT_EQ(DecodedAs<Addr>(Encoded(Addr{most})).addresses.size(), kMostAddresses);
  EXPECT_EQ(DecodedAs<AddrV2>(Encoded(AddrV2{most})).addresses.size(), kMostAddresses);
  EXPECT_EQ(CodeOf("addr", Encoded(Addr{more})), ErrorCode::kInvalid);
  EXPECT_EQ(CodeOf("addrv2", Encoded(AddrV2{more})), ErrorCode::kInvalid);
}

TEST(AddrTest, Bip155LengthsCount) {
  // Time, services, and then network, length and address as the test says, and the port.
  const auto addrv2 = [](uint8_t network, size_t size) {
    Bytes payload;
    Writer writer(payload);
    writer.CompactSize(1).U32(1).CompactSize(0).U8(network).VarBytes(Bytes(size, 1)).U16(0x8d20);
    return payload;
  };
  EXPECT_EQ(CodeOf("addrv2", addrv2(1, 5)), ErrorCode::kCorruption);
  EXPECT_EQ(CodeOf("addrv2", addrv2(4, 16)), ErrorCode::kCorruption);
  EXPECT_TRUE(DecodedAs<AddrV2>(addrv2(1, 4)).addresses[0].endpoint.address.IsValid());
  EXPECT_FALSE(DecodedAs<AddrV2>(addrv2(0xaa, 512)).addresses[0].endpoint.address.IsValid());
  EXPECT_EQ(CodeOf("addrv2", addrv2(0xaa, 513)), ErrorCode::kCorruption);
}

TEST(InventoryTest, KnownBytes) {
  const Bytes payload = Encoded(Inv{{InvItem::Of(Txid{}), InvItem::Of(BlockHash{}, 0x40000002)}});
  EXPECT_EQ(ToHex(payload),
            "02"
            "01000000" +
                std::string(64, '0') + "02000040" + std::string(64, '0'));
  EXPECT_EQ(DecodedAs<Inv>(payload).items[1].type, InvItem::kWitnessBlock);
  EXPECT_TRUE(DecodedAs<Inv>(payload).items[1].IsBlock());
  EXPECT_TRUE(DecodedAs<Inv>(payload).items[0].IsTransaction());
}

TEST(InventoryTest, BoundsTheNumberOfItems) {
  const std::vector<InvItem> most(kMostInvItems);
  const std::vector<InvItem> more(kMostInvItems + 1);
  EXPECT_EQ(DecodedAs<Inv>(Encoded(Inv{most})).items.size(), kMostInvItems);
  EXPECT_EQ(DecodedAs<GetData>(Encoded(GetData{most})).items.size(), kMostInvItems);
  EXPECT_EQ(CodeOf("inv", Encoded(Inv{more})), ErrorCode::kInvalid);
  EXPECT_EQ(CodeOf("getdata", Encoded(GetData{more})), ErrorCode::kInvalid);
  EXPECT_EQ(CodeOf("notfound", Encoded(NotFound{more})), ErrorCode::kCorruption);
}

TEST(HeadersTest, BoundTheirNumber) {
  Headers headers;
  headers.headers.resize(Headers::kMostHeaders, test::HeaderNumbered(1));
  EXPECT_EQ(DecodedAs<Headers>(Encoded(headers)).headers, headers.headers);
  headers.headers.push_back(test::HeaderNumbered(2));
  EXPECT_EQ(CodeOf("headers", Encoded(headers)), ErrorCode::kInvalid);
  // Whatever follows: no more is read.
  EXPECT_EQ(CodeOf("headers", *FromHex("fdd107")), ErrorCode::kInvalid);
}

TEST(HeadersTest, BoundTheLocator) {
  GetHeaders headers;
  headers.locator.hashes.resize(Locator::kMostHashes);
  EXPECT_EQ(DecodedAs<GetHeaders>(Encoded(headers)).locator.hashes.size(), Locator::kMostHashes);
  headers.locator.hashes.emplace_back();
  EXPECT_EQ(CodeOf("getheaders", Encoded(headers)), ErrorCode::kInvalid);
  EXPECT_EQ(CodeOf("getblocks", Encoded(GetBlocks{headers.locator})), ErrorCode::kInvalid);
}

TEST(TxTest, IsTheSameWithBytesBehindIt) {
  const TransactionPtr sample = test::TransactionNumbered(1);
  Bytes payload(sample->bytes.begin(), sample->bytes.end());
  payload.resize(payload.size() + 1000);
  const auto message = DecodedAs<TxMessage>(payload);
  EXPECT_EQ(message.transaction->wtxid, sample->wtxid);
  EXPECT_EQ(message.transaction->txid, sample->txid);
  EXPECT_TRUE(message.transaction->has_witness);
}

TEST(BlockTest, DropsBytesBehindIt) {
  const BlockPtr sample = test::SampleBlock();
  Bytes payload(sample->bytes().begin(), sample->bytes().end());
  payload.resize(payload.size() + 1000);
  const auto message = DecodedAs<BlockMessage>(payload);
  EXPECT_TRUE(Equal(message.block->bytes(), sample->bytes()));
  EXPECT_EQ(message.block->Weight(), sample->Weight());
}

TEST(CompactBlockTest, KnownBytes) {
  CompactBlock compact = test::SampleCompactBlock();
  const std::string hex = ToHex(Encoded(compact));
  EXPECT_EQ(hex.substr(2 * Header::kSize, 16), "8877665544332211");
  EXPECT_EQ(hex.substr(2 * Header::kSize + 16, 2 + 3 * 12),
            "03"
            "060504030201"
            "ffffffffffff"
            "000000000000");
  const auto again = DecodedAs<CompactBlock>(Encoded(compact));
  EXPECT_EQ(again.short_ids, compact.short_ids);
  EXPECT_EQ(again.prefilled[1].index, 3);
  EXPECT_EQ(again.prefilled[1].transaction->wtxid, compact.prefilled[1].transaction->wtxid);
}

TEST(CompactBlockTest, HasNoMoreThan65535Transactions) {
  CompactBlock compact = test::SampleCompactBlock();
  compact.short_ids.assign(65533, 1);
  EXPECT_EQ(DecodedAs<CompactBlock>(Encoded(compact)).TransactionCount(), 65535u);
  compact.short_ids.push_back(1);
  EXPECT_EQ(CodeOf("cmpctblock", Encoded(compact)), ErrorCode::kCorruption);
}

TEST(GetBlockTxnTest, IndexesAreDifferences) {
  const std::string hash(64, '0');
  EXPECT_EQ(ToHex(Encoded(GetBlockTxn{BlockHash{}, {0, 1, 5, 300}})), hash +
                                                                          "04"
                                                                          "000003fd2601");
  EXPECT_EQ(DecodedAs<GetBlockTxn>(*FromHex(hash + "02fdfeff00")).indexes,
            (std::vector<uint16_t>{65534, 65535}));
  EXPECT_EQ(CodeOf("getblocktxn", *FromHex(hash + "02fdffff00")), ErrorCode::kCorruption);
  EXPECT_EQ(CodeOf("getblocktxn", *FromHex(hash + "01fe00000100")), ErrorCode::kCorruption);
}

TEST(GetBlockTxnTest, MayAskForEveryTransaction) {
  GetBlockTxn all;
  for (uint32_t i = 0; i <= 0xffff; ++i) all.indexes.push_back(static_cast<uint16_t>(i));
  const Bytes payload = Encoded(all);
  EXPECT_EQ(DecodedAs<GetBlockTxn>(payload).indexes, all.indexes);
}

TEST(FiltersTest, BoundTheNumberOfHashes) {
  CFHeaders headers;
  headers.hashes.resize(GetCFHeaders::kMostBlocks);
  EXPECT_EQ(DecodedAs<CFHeaders>(Encoded(headers)).hashes.size(), headers.hashes.size());
  headers.hashes.emplace_back();
  EXPECT_EQ(CodeOf("cfheaders", Encoded(headers)), ErrorCode::kInvalid);
}

TEST(FiltersTest, BoundTheBloomFilter) {
  FilterLoad load{Bytes(FilterLoad::kMostBytes, 1), FilterLoad::kMostFunctions, 0, 0};
  EXPECT_EQ(DecodedAs<FilterLoad>(Encoded(load)).bits, load.bits);
  ++load.functions;
  EXPECT_EQ(CodeOf("filterload", Encoded(load)), ErrorCode::kInvalid);
  --load.functions;
  load.bits.push_back(1);
  EXPECT_EQ(CodeOf("filterload", Encoded(load)), ErrorCode::kInvalid);
  EXPECT_EQ(DecodedAs<FilterAdd>(Encoded(FilterAdd{Bytes(520, 1)})).element.size(), 520u);
  EXPECT_EQ(CodeOf("filteradd", Encoded(FilterAdd{Bytes(521, 1)})), ErrorCode::kInvalid);
}

TEST(FiltersTest, KnownBytes) {
  const std::string hash(64, '0');
  EXPECT_EQ(ToHex(Encoded(GetCFilters{0, 0x01020304, BlockHash{}})), "0004030201" + hash);
  EXPECT_EQ(ToHex(Encoded(CFilter{0, BlockHash{}, {0xaa, 0xbb}})), "00" + hash + "02aabb");
  EXPECT_EQ(ToHex(Encoded(CFCheckpt{0, BlockHash{}, {FilterHeader{}}})), "00" + hash + "01" + hash);
  EXPECT_EQ(ToHex(Encoded(FilterLoad{{0xb5, 0x0f}, 11, 0, FilterLoad::kAll})),
            "02b50f0b0000000000000001");
}

}  // namespace
}  // namespace cairn::wire
