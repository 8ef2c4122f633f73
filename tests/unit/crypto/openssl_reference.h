// OpenSSL's answers, and random messages to ask about.
#pragma once

#include <random>

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/sha.h>

#include "cairn/base/bytes.h"
#include "cairn/crypto/hash.h"
#include "cairn/crypto/sha256.h"

namespace cairn::crypto::test {

inline Digest OpensslSha256(ByteSpan message) {
  Digest digest;
  SHA256(message.data(), message.size(), digest.data());
  return digest;
}

inline Digest OpensslSha256d(ByteSpan message) { return OpensslSha256(OpensslSha256(message)); }

inline Digest160 OpensslDigest160(const EVP_MD* method, ByteSpan message) {
  Digest160 digest;
  unsigned size = 0;
  EXPECT_EQ(EVP_Digest(message.data(), message.size(), digest.data(), &size, method, nullptr), 1);
  EXPECT_EQ(size, digest.size());
  return digest;
}

/// Repeatable: every test has its own, with a fixed seed.
class RandomBytes {
 public:
  explicit RandomBytes(unsigned seed) : engine_(seed) {}

  size_t Below(size_t end) { return engine_() % end; }

  Bytes Next(size_t size) {
    Bytes bytes(size);
    for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(engine_());
    return bytes;
  }

 private:
  std::mt19937 engine_;
};

}  // namespace cairn::crypto::test
