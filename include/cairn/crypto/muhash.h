// MuHash3072: the hash of a set that does not depend on the order of its elements, and that changes
// cheaply when elements come and go.
//
// An element is a number modulo the prime 2^3072 - 1103717: the keystream of ChaCha20 under the
// SHA-256 of its bytes as the key. A set is the product of its elements. What is removed gathers in
// a denominator of its own, since a division costs as much as many multiplications. Values may be
// used from one thread at a time; parts of a set can be hashed on several threads and put together
// with `InsertAll` and `RemoveAll`. Compatible with Bitcoin Core's MuHash3072.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "cairn/base/bytes.h"
#include "cairn/crypto/sha256.h"

namespace cairn::crypto {

class MuHash {
 public:
  /// Bytes of one number, little-endian.
  static constexpr size_t kNumberSize = 384;

  /// The empty set.
  MuHash();

  MuHash& Insert(ByteSpan element);
  /// The element need not have been inserted before: what is owed is cancelled by a later insert.
  MuHash& Remove(ByteSpan element);

  /// Inserts all that `other` has, and removes all that it has removed.
  MuHash& InsertAll(const MuHash& other);
  /// Undoes `InsertAll`.
  MuHash& RemoveAll(const MuHash& other);

  /// Divides, so that `Finalize` and `SerializeQuotient` need not. The set stays the same.
  void Normalize();

  /// The hash of the set: SHA-256 of the quotient, in the order of the hash function.
  Digest Finalize() const;

  /// Numerator and denominator, each less than the prime: 768 bytes.
  std::array<uint8_t, 2 * kNumberSize> Serialize() const;
  /// The quotient alone: 384 bytes, the same for equal sets.
  std::array<uint8_t, kNumberSize> SerializeQuotient() const;
  /// From either form. Nothing for another size and for numbers that no product can be.
  static std::optional<MuHash> Deserialize(ByteSpan bytes);

 private:
  using Number = std::array<uint64_t, kNumberSize / 8>;

  Number numerator_;
  Number denominator_;
};

}  // namespace cairn::crypto
