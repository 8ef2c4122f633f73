// Frames: known ones, what must not be read on, and what is to be passed over.
#include "cairn/wire/frame.h"

#include <vector>

#include <gtest/gtest.h>

#include "cairn/base/hex.h"
#include "tests/support/wire_samples.h"

namespace cairn::wire {
namespace {

constexpr Magic kMainnet = {0xf9, 0xbe, 0xb4, 0xd9};

Result<FrameHeader> Parsed(const Bytes& frame) {
  return ParseFrameHeader(ByteSpan(frame).first<FrameHeader::kSize>(), kMainnet);
}

Bytes HeaderOf(std::string_view command, uint32_t length) {
  Bytes frame = EncodeFrame(kMainnet, command, {});
  StoreLittle(frame.data() + 16, length);
  return frame;
}

TEST(FrameTest, KnownBytes) {
  EXPECT_EQ(ToHex(EncodeFrame(kMainnet, Message(Verack{}))),
            "f9beb4d976657261636b000000000000000000005df6e0e2");
  EXPECT_EQ(ToHex(ChecksumOf(*FromHex("01e215104d010000000000000000000000000000000000ffff0a000001"
                                      "208d"))),
            "ed52399b");
}

TEST(FrameTest, EveryMessageComesBack) {
  for (const Message& sample : test::SampleMessages()) {
    SCOPED_TRACE(CommandOf(sample));
    const Bytes frame = EncodeFrame(kMainnet, sample);
    const auto header = Parsed(frame);
    ASSERT_TRUE(header.has_value()) << header.error().message;
    EXPECT_EQ(header->command, CommandOf(sample));
    const Bytes payload(frame.begin() + FrameHeader::kSize, frame.end());
    EXPECT_EQ(header->length, payload.size());
    EXPECT_EQ(header->checksum, ChecksumOf(payload));
    EXPECT_EQ(payload, EncodePayload(sample));
    EXPECT_EQ(EncodeFrame(kMainnet, CommandOf(sample), payload), frame);
    const auto shared = std::make_shared<const Bytes>(payload);
    EXPECT_EQ(EncodeFrame(kMainnet, RawMessage{std::string(CommandOf(sample)), shared}), frame);
  }
}

TEST(FrameTest, RefusesAnotherChain) {
  Bytes frame = HeaderOf("ping", 8);
  frame[0] ^= 1;
  EXPECT_EQ(Parsed(frame).error().code, ErrorCode::kInvalid);
}

TEST(FrameTest, RefusesWhatIsTooLong) {
  std::vector<std::string_view> commands(KnownCommands().begin(), KnownCommands().end());
  commands.push_back("badmsg");
  for (const std::string_view command : commands) {
    SCOPED_TRACE(command);
    EXPECT_TRUE(Parsed(HeaderOf(command, 4'000'000)).has_value());
    EXPECT_FALSE(Parsed(HeaderOf(command, 4'000'001)).has_value());
    EXPECT_FALSE(Parsed(HeaderOf(command, 0xffffffff)).has_value());
  }
}

/// What a later version of the protocol may append is passed over.
TEST(FrameTest, WhatFollowsTheFieldsIsPassedOver) {
  for (const Message& sample : test::SampleMessages()) {
    SCOPED_TRACE(CommandOf(sample));
    Bytes payload = EncodePayload(sample);
    payload.resize(payload.size() + 100'000);
    EXPECT_TRUE(Decode(CommandOf(sample), payload).has_value());
  }
}

TEST(FrameTest, NamesThatAreNoneAreEmpty) {
  Bytes frame = HeaderOf("ping", 8);
  EXPECT_EQ(Parsed(frame)->command, "ping");
  frame[4 + 6] = 'x';  // behind the zero
  EXPECT_EQ(Parsed(frame)->command, "");
  frame = HeaderOf("ping", 8);
  frame[4] = 0x7f;
  EXPECT_EQ(Parsed(frame)->command, "");
  EXPECT_EQ(Parsed(frame)->length, 8u);
  EXPECT_EQ(Parsed(HeaderOf("twelve_chars", 8))->command, "twelve_chars");
}

}  // namespace
}  // namespace cairn::wire
