// Every backend that this CPU can run, and the mixture in use, against OpenSSL.
#include <gtest/gtest.h>

#include "cairn/crypto/sha256_constants.h"
#include "tests/unit/crypto/openssl_reference.h"

namespace cairn::crypto {
namespace {

using test::OpensslSha256;
using test::OpensslSha256d;
using test::RandomBytes;

/// Enough to fill the widest kernel four times over and leave every possible rest.
constexpr size_t kMostMessages = 70;
constexpr uint8_t kGuard = 0xa5;

class Sha256BackendTest : public testing::TestWithParam<Sha256Backend> {
 protected:
  const Sha256Backend& backend() const { return GetParam(); }

  /// A single SHA-256 by the backend's transform, with the padding made here.
  Digest TransformAll(Bytes message) const {
    const uint64_t bits = message.size() * 8;
    message.push_back(0x80);
    while (message.size() % 64 != 56) message.push_back(0);
    for (int shift = 56; shift >= 0; shift -= 8) {
      message.push_back(static_cast<uint8_t>(bits >> shift));
    }
    std::array<uint32_t, 8> state;
    std::copy(std::begin(kInitialState), std::end(kInitialState), state.begin());
    backend().transform(state.data(), message.data(), message.size() / 64);
    Digest digest;
    for (size_t i = 0; i < digest.size(); ++i) {
      digest[i] = static_cast<uint8_t>(state[i / 4] >> (24 - 8 * (i % 4)));
    }
    return digest;
  }

  void ExpectMany(const std::vector<Pieces>& messages) const {
    std::vector<Digest> digests(messages.size() + 1);
    digests.back().fill(kGuard);
    backend().many(messages, digests.data());
    for (size_t i = 0; i < messages.size(); ++i) {
      Bytes whole;
      for (const ByteSpan piece : messages[i]) Append(whole, piece);
      ASSERT_EQ(digests[i], OpensslSha256d(whole))
          << "message " << i << " of " << messages.size() << ", " << whole.size() << " bytes";
    }
    for (const uint8_t byte : digests.back()) ASSERT_EQ(byte, kGuard);
  }
};

TEST_P(Sha256BackendTest, TransformsBlocks) {
  RandomBytes random(1);
  for (size_t size = 0; size <= 300; ++size) {
    const Bytes message = random.Next(size);
    ASSERT_EQ(TransformAll(message), OpensslSha256(message)) << size << " bytes";
  }
  const Bytes large = random.Next(100'003);
  EXPECT_EQ(TransformAll(large), OpensslSha256(large));
}

TEST_P(Sha256BackendTest, HashesPairsOfAnyCount) {
  RandomBytes random(2);
  for (size_t count = 0; count <= kMostMessages; ++count) {
    const Bytes in = random.Next(64 * count);
    Bytes out(32 * count + 1, kGuard);
    backend().d64(out.data(), in.data(), count);
    for (size_t i = 0; i < count; ++i) {
      const Digest expected = OpensslSha256d(ByteSpan(in).subspan(64 * i, 64));
      ASSERT_TRUE(Equal(ByteSpan(out).subspan(32 * i, 32), expected)) << i << " of " << count;
    }
    ASSERT_EQ(out.back(), kGuard) << count;
  }
}

TEST_P(Sha256BackendTest, HashesPairsInPlace) {
  RandomBytes random(3);
  for (size_t count = 0; count <= kMostMessages; ++count) {
    const Bytes in = random.Next(64 * count);
    Bytes level = in;
    backend().d64(level.data(), level.data(), count);
    for (size_t i = 0; i < count; ++i) {
      const Digest expected = OpensslSha256d(ByteSpan(in).subspan(64 * i, 64));
      ASSERT_TRUE(Equal(ByteSpan(level).subspan(32 * i, 32), expected)) << i << " of " << count;
    }
    const ByteSpan behind = ByteSpan(level).subspan(32 * count);
    ASSERT_TRUE(Equal(behind, ByteSpan(in).subspan(32 * count))) << count;
  }
}

TEST_P(Sha256BackendTest, HashesHeadersOfAnyCount) {
  RandomBytes random(4);
  for (size_t count = 0; count <= kMostMessages; ++count) {
    const Bytes in = random.Next(80 * count);
    std::vector<Digest> out(count + 1);
    out.back().fill(kGuard);
    backend().d80(out.data(), in.data(), count);
    for (size_t i = 0; i < count; ++i) {
      ASSERT_EQ(out[i], OpensslSha256d(ByteSpan(in).subspan(80 * i, 80))) << i << " of " << count;
    }
    for (const uint8_t byte : out.back()) ASSERT_EQ(byte, kGuard);
  }
}

TEST_P(Sha256BackendTest, ReadsAndWritesAtAnyAddress) {
  RandomBytes random(5);
  constexpr size_t kCount = 33;
  const Bytes in = random.Next(80 * kCount + 16);
  Bytes out(32 * kCount + 16);
  for (size_t offset = 1; offset < 16; ++offset) {
    backend().d64(out.data() + offset, in.data() + offset, kCount);
    for (size_t i = 0; i < kCount; ++i) {
      const Digest expected = OpensslSha256d(ByteSpan(in).subspan(offset + 64 * i, 64));
      ASSERT_TRUE(Equal(ByteSpan(out).subspan(offset + 32 * i, 32), expected)) << offset;
    }
    std::vector<Digest> digests(kCount);
    backend().d80(digests.data(), in.data() + offset, kCount);
    for (size_t i = 0; i < kCount; ++i) {
      ASSERT_EQ(digests[i], OpensslSha256d(ByteSpan(in).subspan(offset + 80 * i, 80))) << offset;
    }
  }
}

TEST_P(Sha256BackendTest, HashesManyMessagesOfEveryLength) {
  RandomBytes random(6);
  std::vector<Bytes> owned;
  std::vector<Pieces> messages;
  for (size_t size = 0; size <= 300; ++size) owned.push_back(random.Next(size));
  for (const Bytes& message : owned) messages.push_back({message});
  ExpectMany(messages);
}

TEST_P(Sha256BackendTest, HashesMessagesInPieces) {
  RandomBytes random(7);
  for (size_t count = 0; count <= kMostMessages; ++count) {
    std::vector<Bytes> owned;
    std::vector<Pieces> messages;
    for (size_t i = 0; i < count; ++i) {
      // Short pieces for the seams, now and then a long one, sometimes none.
      for (int piece = 0; piece < 3; ++piece) {
        const size_t below = random.Below(8) == 0 ? 500 : random.Below(3) == 0 ? 1 : 130;
        owned.push_back(random.Next(random.Below(below)));
      }
    }
    for (size_t i = 0; i < count; ++i) {
      messages.push_back({owned[3 * i], owned[3 * i + 1], owned[3 * i + 2]});
    }
    ExpectMany(messages);
  }
}

TEST_P(Sha256BackendTest, CutsAMessageAnywhere) {
  RandomBytes random(8);
  const Bytes whole = random.Next(200);
  std::vector<Pieces> messages;
  for (size_t first = 0; first <= whole.size(); ++first) {
    for (size_t second = first; second <= whole.size(); second += 7) {
      const ByteSpan span(whole);
      messages.push_back(
          {span.first(first), span.subspan(first, second - first), span.subspan(second)});
    }
  }
  ExpectMany(messages);
}

TEST_P(Sha256BackendTest, HashesABlockFullOfTransactions) {
  // More than a batch, and a few messages that outlast all others by far.
  RandomBytes random(9);
  const Bytes pool = random.Next(200'000);
  std::vector<Pieces> messages;
  for (size_t i = 0; i < 2500; ++i) {
    const size_t size = i % 500 == 77 ? 50'000 + random.Below(100'000) : 60 + random.Below(600);
    const ByteSpan whole = ByteSpan(pool).subspan(random.Below(pool.size() - size), size);
    messages.push_back({whole.first(4), whole.subspan(4, size - 8), whole.last(4)});
  }
  ExpectMany(messages);
}

/// The active backend is named only here and asked for when a test runs: another test chooses it.
std::vector<Sha256Backend> AllBackends() {
  std::vector<Sha256Backend> all = AvailableSha256Backends();
  const auto transform = [](uint32_t* state, const uint8_t* blocks, size_t count) {
    ActiveSha256Backend().transform(state, blocks, count);
  };
  all.push_back({"active", transform, Sha256d64, Sha256d80, Sha256dMany, 0});
  return all;
}

INSTANTIATE_TEST_SUITE_P(All, Sha256BackendTest, testing::ValuesIn(AllBackends()),
                         [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace cairn::crypto
