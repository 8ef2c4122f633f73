// SHA-256 of one message, block by block.
#include "cairn/crypto/sha256.h"

#include <algorithm>
#include <cstring>
#include <iterator>

#include "cairn/base/endian.h"
#include "cairn/crypto/sha256_constants.h"

namespace cairn::crypto {
namespace {

constexpr size_t kBlockBytes = 64;
constexpr size_t kLengthBytes = 8;

}  // namespace

Sha256::Sha256() { Reset(); }

void Sha256::Reset() {
  std::copy(std::begin(kInitialState), std::end(kInitialState), state_.begin());
  length_ = 0;
}

Sha256& Sha256::Update(ByteSpan bytes) {
  if (bytes.empty()) return *this;
  const auto transform = ActiveSha256Backend().transform;
  const size_t held = length_ % kBlockBytes;
  length_ += bytes.size();
  if (held != 0) {
    const size_t take = std::min(bytes.size(), kBlockBytes - held);
    std::memcpy(tail_.data() + held, bytes.data(), take);
    bytes = bytes.subspan(take);
    if (held + take < kBlockBytes) return *this;
    transform(state_.data(), tail_.data(), 1);
  }
  const size_t whole = bytes.size() / kBlockBytes;
  if (whole != 0) transform(state_.data(), bytes.data(), whole);
  const ByteSpan rest = bytes.subspan(whole * kBlockBytes);
  if (!rest.empty()) std::memcpy(tail_.data(), rest.data(), rest.size());
  return *this;
}

Digest Sha256::Finish() {
  // A one bit, zeroes, and the length in bits at the end of this block or of the next.
  const auto transform = ActiveSha256Backend().transform;
  size_t held = length_ % kBlockBytes;
  tail_[held++] = 0x80;
  if (held > kBlockBytes - kLengthBytes) {
    std::fill(tail_.begin() + held, tail_.end(), uint8_t{0});
    transform(state_.data(), tail_.data(), 1);
    held = 0;
  }
  std::fill(tail_.begin() + held, tail_.end() - kLengthBytes, uint8_t{0});
  StoreBig<uint64_t>(tail_.data() + kBlockBytes - kLengthBytes, length_ * 8);
  transform(state_.data(), tail_.data(), 1);

  Digest digest;
  for (size_t i = 0; i < state_.size(); ++i) StoreBig(digest.data() + 4 * i, state_[i]);
  return digest;
}

Digest Sha256Of(ByteSpan message) { return Sha256().Update(message).Finish(); }

Digest Sha256dOf(ByteSpan message) { return Sha256Of(Sha256Of(message)); }

}  // namespace cairn::crypto
