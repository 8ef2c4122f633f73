#include "cairn/crypto/muhash.h"

#include "src/crypto/chacha20.h"
#include "src/crypto/num3072.h"

namespace cairn::crypto {
namespace {

static_assert(kKeystreamBytes == kNum3072Bytes && MuHash::kNumberSize == kNum3072Bytes);

Num3072 NumberOf(ByteSpan element) {
  uint8_t keystream[kKeystreamBytes];
  ChaCha20Keystream(Sha256Of(element).data(), keystream);
  return LoadNum3072(keystream);
}

std::optional<Num3072> ReadNumber(const uint8_t* bytes) {
  const Num3072 number = LoadNum3072(bytes);
  if (number == Num3072{} || number != Reduce(number)) return std::nullopt;
  return number;
}

}  // namespace

MuHash::MuHash() : numerator_(kOne3072), denominator_(kOne3072) {}

MuHash& MuHash::Insert(ByteSpan element) {
  Multiply(numerator_, NumberOf(element));
  return *this;
}

MuHash& MuHash::Remove(ByteSpan element) {
  Multiply(denominator_, NumberOf(element));
  return *this;
}

MuHash& MuHash::InsertAll(const MuHash& other) {
  Multiply(numerator_, other.numerator_);
  if (other.denominator_ != kOne3072) Multiply(denominator_, other.denominator_);
  return *this;
}

MuHash& MuHash::RemoveAll(const MuHash& other) {
  const MuHash removed = other;  // which may be this very set
  Multiply(denominator_, removed.numerator_);
  if (removed.denominator_ != kOne3072) Multiply(numerator_, removed.denominator_);
  return *this;
}

void MuHash::Normalize() {
  if (denominator_ != kOne3072) Multiply(numerator_, InverseOf(denominator_));
  numerator_ = Reduce(numerator_);
  denominator_ = kOne3072;
}

Digest MuHash::Finalize() const { return Sha256Of(SerializeQuotient()); }

std::array<uint8_t, 2 * MuHash::kNumberSize> MuHash::Serialize() const {
  std::array<uint8_t, 2 * kNumberSize> bytes;
  StoreNum3072(bytes.data(), Reduce(numerator_));
  StoreNum3072(bytes.data() + kNumberSize, Reduce(denominator_));
  return bytes;
}

std::array<uint8_t, MuHash::kNumberSize> MuHash::SerializeQuotient() const {
  MuHash normal = *this;
  normal.Normalize();
  std::array<uint8_t, kNumberSize> bytes;
  StoreNum3072(bytes.data(), normal.numerator_);
  return bytes;
}

std::optional<MuHash> MuHash::Deserialize(ByteSpan bytes) {
  if (bytes.size() != kNumberSize && bytes.size() != 2 * kNumberSize) return std::nullopt;
  const auto numerator = ReadNumber(bytes.data());
  const std::optional<Num3072> denominator = bytes.size() == kNumberSize
                                                 ? std::optional(kOne3072)
                                                 : ReadNumber(bytes.data() + kNumberSize);
  if (!numerator || !denominator) return std::nullopt;
  MuHash hash;
  hash.numerator_ = *numerator;
  hash.denominator_ = *denominator;
  return hash;
}

}  // namespace cairn::crypto
