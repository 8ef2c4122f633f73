// Arithmetic modulo 2^3072 - 1103717, against additions alone; and the keystream against OpenSSL.
#include "src/crypto/num3072.h"

#include <memory>
#include <random>

#include <gtest/gtest.h>
#include <openssl/evp.h>

#include "cairn/base/hex.h"
#include "src/crypto/chacha20.h"
#include "tests/unit/crypto/openssl_reference.h"

namespace cairn::crypto {
namespace {

/// a + b, both less than the prime.
Num3072 Sum(const Num3072& a, const Num3072& b) {
  Num3072 sum;
  bool carry = false;
  for (size_t i = 0; i < sum.size(); ++i) {
    const bool first = __builtin_add_overflow(a[i], b[i], &sum[i]);
    const bool second = __builtin_add_overflow(sum[i], uint64_t{carry}, &sum[i]);
    carry = first || second;
  }
  // Either it overflowed, or it may still be as much as the prime: the gap is owed at most once.
  Num3072 gap = {kNum3072Gap};
  if (!carry) return Reduce(sum);
  for (size_t i = 0; i < sum.size() && gap[i] != 0; ++i) {
    const bool overflow = __builtin_add_overflow(sum[i], gap[i], &sum[i]);
    if (overflow && i + 1 < sum.size()) gap[i + 1] = 1;
  }
  return sum;
}

/// By doubling and adding, bit by bit.
Num3072 SlowProduct(const Num3072& a, const Num3072& b) {
  const Num3072 least = Reduce(a);
  Num3072 product = {};
  for (size_t bit = 3072; bit-- > 0;) {
    product = Sum(product, product);
    if ((b[bit / 64] >> (bit % 64) & 1) != 0) product = Sum(product, least);
  }
  return product;
}

Num3072 Filled(uint64_t word) {
  Num3072 a;
  a.fill(word);
  return a;
}

/// The prime plus an offset.
Num3072 NearPrime(int64_t offset) {
  Num3072 a = Filled(~uint64_t{0});
  a[0] = static_cast<uint64_t>(offset - static_cast<int64_t>(kNum3072Gap));
  return a;
}

/// Random words with many that are all zeroes or all ones, so that carries run far.
Num3072 RandomNumber(std::mt19937_64& random) {
  Num3072 a;
  for (uint64_t& word : a) {
    const uint64_t kind = random() % 4;
    word = kind == 0 ? 0 : kind == 1 ? ~uint64_t{0} : random();
  }
  if (random() % 4 == 0) {
    for (size_t i = random() % a.size(); i < a.size(); ++i) a[i] = 0;
  }
  return a;
}

std::vector<Num3072> Examples(int random_ones) {
  std::mt19937_64 random(3072);
  std::vector<Num3072> numbers = {{},
                                  kOne3072,
                                  {2},
                                  {kNum3072Gap},
                                  {kNum3072Gap - 1},
                                  NearPrime(-1),
                                  NearPrime(0),
                                  NearPrime(1),
                                  Filled(~uint64_t{0}),
                                  Filled(uint64_t{1} << 63),
                                  Filled(0x0000ffffffffffff)};
  for (int i = 0; i < random_ones; ++i) numbers.push_back(RandomNumber(random));
  return numbers;
}

TEST(Num3072, ReducesToTheLeastForm) {
  EXPECT_EQ(Reduce(NearPrime(-1)), NearPrime(-1));
  EXPECT_EQ(Reduce(NearPrime(0)), Num3072{});
  EXPECT_EQ(Reduce(NearPrime(5)), Num3072{5});
  EXPECT_EQ(Reduce(Filled(~uint64_t{0})), Num3072{kNum3072Gap - 1});
  EXPECT_EQ(Reduce(kOne3072), kOne3072);
}

TEST(Num3072, EveryKernelMultiplies) {
  const std::vector<Num3072> numbers = Examples(10);
  for (size_t i = 0; i < numbers.size(); ++i) {
    for (size_t j = 0; j < numbers.size(); j += 1 + i % 3) {
      const Num3072 expected = Reduce(SlowProduct(numbers[i], numbers[j]));
      for (const Num3072Kernel& kernel : AvailableNum3072Kernels()) {
        Num3072 product = numbers[i];
        kernel.multiply(product, numbers[j]);
        EXPECT_EQ(Reduce(product), expected) << kernel.name << " " << i << " " << j;
      }
    }
  }
}

TEST(Num3072, KernelsAgreeOnLongProducts) {
  const std::vector<Num3072> numbers = Examples(1000);
  Num3072 expected = {};
  for (const Num3072Kernel& kernel : AvailableNum3072Kernels()) {
    Num3072 product = kOne3072;
    for (const Num3072& number : numbers) {
      if (Reduce(number) != Num3072{}) kernel.multiply(product, number);
    }
    if (expected == Num3072{}) expected = Reduce(product);
    EXPECT_EQ(Reduce(product), expected) << kernel.name;
  }
}

TEST(Num3072, EveryKernelSquaresInPlace) {
  for (const Num3072& number : Examples(5)) {
    const Num3072 expected = Reduce(SlowProduct(number, number));
    for (const Num3072Kernel& kernel : AvailableNum3072Kernels()) {
      Num3072 square = number;
      kernel.multiply(square, square);
      EXPECT_EQ(Reduce(square), expected) << kernel.name;
    }
  }
}

TEST(Num3072, InversesCancel) {
  for (const Num3072& number : Examples(100)) {
    const Num3072 inverse = InverseOf(number);
    EXPECT_EQ(inverse, Reduce(inverse));
    Num3072 product = number;
    Multiply(product, inverse);
    EXPECT_EQ(Reduce(product), Reduce(number) == Num3072{} ? Num3072{} : kOne3072);
    EXPECT_EQ(InverseOf(inverse), Reduce(number));
  }
}

TEST(Num3072, StoresBytesLittleEndian) {
  uint8_t bytes[kNum3072Bytes];
  Num3072 number = {0x0807060504030201};
  number[47] = 0xff00000000000000;
  StoreNum3072(bytes, number);
  EXPECT_EQ(ToHex(ByteSpan(bytes, 9)), "010203040506070800");
  EXPECT_EQ(bytes[383], 0xff);
  EXPECT_EQ(LoadNum3072(bytes), number);
}

Bytes OpensslKeystream(ByteSpan key) {
  const std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)> context(
      EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
  const Bytes nonce(16), zeroes(kKeystreamBytes);
  Bytes out(kKeystreamBytes);
  int size = 0;
  EXPECT_EQ(EVP_EncryptInit_ex(context.get(), EVP_chacha20(), nullptr, key.data(), nonce.data()),
            1);
  EXPECT_EQ(EVP_EncryptUpdate(context.get(), out.data(), &size, zeroes.data(),
                              static_cast<int>(zeroes.size())),
            1);
  EXPECT_EQ(size, static_cast<int>(kKeystreamBytes));
  return out;
}

TEST(ChaCha20, EveryKernelGivesOpensslsKeystream) {
  test::RandomBytes random(20);
  for (int round = 0; round < 50; ++round) {
    const Bytes key = round == 0 ? Bytes(32) : random.Next(32);
    const std::string expected = ToHex(OpensslKeystream(key));
    for (const KeystreamKernel& kernel : AvailableKeystreamKernels()) {
      Bytes out(kKeystreamBytes);
      kernel.run(key.data(), out.data());
      EXPECT_EQ(ToHex(out), expected) << kernel.name;
    }
  }
}

// RFC 8439, appendix A.1, test vector 1.
TEST(ChaCha20, BeginsAsTheStandardSays) {
  const Bytes key(32);
  Bytes out(kKeystreamBytes);
  ChaCha20Keystream(key.data(), out.data());
  EXPECT_EQ(ToHex(ByteSpan(out).first(16)), "76b8e0ada0f13d90405d6ae55386bd28");
}

}  // namespace
}  // namespace cairn::crypto
