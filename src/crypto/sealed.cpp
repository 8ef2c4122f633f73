#include "cairn/crypto/sealed.h"

#include "cairn/crypto/sha256.h"

namespace cairn::crypto {

Bytes BeginSealed(std::string_view format, ByteSpan chain) {
  Bytes bytes;
  Append(bytes, AsBytes(format));
  Append(bytes, chain);
  return bytes;
}

void Seal(Bytes& bytes) { Append(bytes, Sha256Of(bytes)); }

Result<ByteSpan> Unseal(ByteSpan bytes, std::string_view format, ByteSpan chain) {
  const Bytes begin = BeginSealed(format, chain);
  if (bytes.size() < format.size() || !Equal(bytes.first(format.size()), AsBytes(format))) {
    return Fail(ErrorCode::kCorruption, "it is none of this version of Cairn");
  }
  const size_t hash_size = Digest{}.size();
  if (bytes.size() < begin.size() + hash_size) return Fail(ErrorCode::kCorruption, "it is cut off");
  const ByteSpan sealed = bytes.first(bytes.size() - hash_size);
  if (!Equal(Sha256Of(sealed), bytes.last(hash_size))) {
    return Fail(ErrorCode::kCorruption, "its checksum is wrong");
  }
  if (!Equal(sealed.first(begin.size()), begin)) {
    return Fail(ErrorCode::kCorruption, "it is of another chain");
  }
  return sealed.subspan(begin.size());
}

}  // namespace cairn::crypto
