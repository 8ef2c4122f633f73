// SHA-256 of one message, block by block.
#include "cairn/crypto/sha256.h"

#include <algorithm>
#include <cstring>
#include <iterator>

#include "cairn/base/endian.h"
#include "src/crypto/sha256_constants.h"

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
  // A one bit, zeroes, and the length in bits, to the end of this block or of the next.
  std::array<uint8_t, 2 * kBlockBytes> end{};
  const size_t held = length_ % kBlockBytes;
  std::memcpy(end.data(), tail_.data(), held);
  end[held] = 0x80;
  const size_t blocks = held + 1 + kLengthBytes <= kBlockBytes ? 1 : 2;
  StoreBig<uint64_t>(end.data() + blocks * kBlockBytes - kLengthBytes, length_ * 8);
  ActiveSha256Backend().transform(state_.data(), end.data(), blocks);

  Digest digest;
  for (size_t i = 0; i < state_.size(); ++i) StoreBig(digest.data() + 4 * i, state_[i]);
  return digest;
}

Digest Sha256Of(ByteSpan message) { return Sha256().Update(message).Finish(); }

Digest Sha256dOf(ByteSpan message) { return Sha256Of(Sha256Of(message)); }

}  // namespace cairn::crypto
