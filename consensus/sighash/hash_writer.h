// Writes Bitcoin's wire encodings into SHA-256, piece by piece, without holding the message.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>

#include "cairn/base/bytes.h"
#include "cairn/base/endian.h"
#include "cairn/crypto/sha256.h"

namespace cairn::consensus {

/// The mirror of `Writer` for messages that are only hashed.
class HashWriter {
 public:
  HashWriter() = default;
  /// Goes on from there.
  explicit HashWriter(const crypto::Sha256Midstate& midstate) : hasher_(midstate) {}

  template <typename Int>
  HashWriter& Little(Int value) {
    uint8_t raw[sizeof(Int)];
    StoreLittle(raw, value);
    return Raw(raw);
  }

  HashWriter& U8(uint8_t value) { return Little(value); }
  HashWriter& U32(uint32_t value) { return Little(value); }
  HashWriter& I32(int32_t value) { return Little(value); }
  HashWriter& I64(int64_t value) { return Little(value); }

  HashWriter& Raw(ByteSpan bytes) {
    if (bytes.size() > buffer_.size() - used_) {
      Drain();
      if (bytes.size() > buffer_.size()) {
        hasher_.Update(bytes);
        return *this;
      }
    }
    if (!bytes.empty()) std::memcpy(buffer_.data() + used_, bytes.data(), bytes.size());
    used_ += bytes.size();
    return *this;
  }

  HashWriter& CompactSize(uint64_t size) {
    if (size < 0xfd) return U8(static_cast<uint8_t>(size));
    if (size <= 0xffff) return U8(0xfd).Little(static_cast<uint16_t>(size));
    if (size <= 0xffffffff) return U8(0xfe).Little(static_cast<uint32_t>(size));
    return U8(0xff).Little(size);
  }

  /// Bytes behind their CompactSize length.
  HashWriter& VarBytes(ByteSpan bytes) { return CompactSize(bytes.size()).Raw(bytes); }

  /// SHA-256 of what was written. Nothing can be written afterwards.
  crypto::Digest Once() {
    Drain();
    return hasher_.Finish();
  }
  /// The hash of that hash.
  crypto::Digest Twice() { return crypto::Sha256Of(Once()); }

 private:
  void Drain() {
    hasher_.Update(ByteSpan(buffer_).first(used_));
    used_ = 0;
  }

  crypto::Sha256 hasher_;
  std::array<uint8_t, 256> buffer_;  // whole blocks are hashed without being moved again
  size_t used_ = 0;
};

}  // namespace cairn::consensus
