#include <memory>
#include <numeric>

#include <gtest/gtest.h>
#include <openssl/core_names.h>
#include <openssl/params.h>

#include "cairn/base/endian.h"
#include "tests/unit/crypto/openssl_reference.h"

namespace cairn::crypto {
namespace {

using test::RandomBytes;

uint64_t OpensslSipHash(ByteSpan key, ByteSpan message) {
  const std::unique_ptr<EVP_MAC, decltype(&EVP_MAC_free)> method(
      EVP_MAC_fetch(nullptr, "SIPHASH", nullptr), EVP_MAC_free);
  const std::unique_ptr<EVP_MAC_CTX, decltype(&EVP_MAC_CTX_free)> context(
      EVP_MAC_CTX_new(method.get()), EVP_MAC_CTX_free);
  std::array<uint8_t, 8> out;
  size_t size = out.size();
  const OSSL_PARAM parameters[] = {OSSL_PARAM_construct_size_t(OSSL_MAC_PARAM_SIZE, &size),
                                   OSSL_PARAM_construct_end()};
  EXPECT_EQ(EVP_MAC_init(context.get(), key.data(), key.size(), parameters), 1);
  EXPECT_EQ(EVP_MAC_update(context.get(), message.data(), message.size()), 1);
  EXPECT_EQ(EVP_MAC_final(context.get(), out.data(), &size, out.size()), 1);
  return LoadLittle<uint64_t>(out.data());
}

TEST(SipHash, GivesTheValuesOfTheReference) {
  // Key 00 01 .. 0f, message 00 01 .. of the given length.
  struct Case {
    size_t size;
    uint64_t hash;
  };
  constexpr Case kCases[] = {
      {0, 0x726fdb47dd0e0e31}, {1, 0x74f839c593dc67fd},  {2, 0x0d6c8009d9a94f5a},
      {3, 0x85676696d7fb7e2d}, {4, 0xcf2794e0277187b7},  {5, 0x18765564cd99a68d},
      {6, 0xcbc9466e58fee3ce}, {7, 0xab0200f58b01d137},  {8, 0x93f5f5799a932462},
      {9, 0x9e0082df0ba9e4b0}, {15, 0xa129ca6149be45e5}, {63, 0x958a324ceb064572}};
  Bytes message(63);
  std::iota(message.begin(), message.end(), uint8_t{0});
  for (const Case& c : kCases) {
    EXPECT_EQ(SipHash24(0x0706050403020100, 0x0f0e0d0c0b0a0908, ByteSpan(message).first(c.size)),
              c.hash)
        << c.size << " bytes";
  }
}

TEST(SipHash, AgreesWithOpensslAtEveryLength) {
  RandomBytes random(1);
  for (size_t size = 0; size <= 300; ++size) {
    const Bytes key = random.Next(16);
    const Bytes message = random.Next(size);
    ASSERT_EQ(
        SipHash24(LoadLittle<uint64_t>(key.data()), LoadLittle<uint64_t>(key.data() + 8), message),
        OpensslSipHash(key, message))
        << size << " bytes";
  }
}

}  // namespace
}  // namespace cairn::crypto
