#include "cairn/primitives/header.h"

#include "cairn/base/assert.h"
#include "cairn/base/endian.h"
#include "cairn/crypto/sha256.h"

namespace cairn {

Header Header::From(std::span<const uint8_t, kSize> bytes) {
  Header header;
  header.version = LoadLittle<int32_t>(&bytes[0]);
  header.previous = BlockHash::From(bytes.subspan<4, 32>());
  header.merkle_root = MerkleRoot::From(bytes.subspan<36, 32>());
  header.time = LoadLittle<uint32_t>(&bytes[68]);
  header.bits = LoadLittle<uint32_t>(&bytes[72]);
  header.nonce = LoadLittle<uint32_t>(&bytes[76]);
  return header;
}

std::array<uint8_t, Header::kSize> Header::Serialize() const {
  std::array<uint8_t, kSize> bytes;
  StoreLittle(&bytes[0], version);
  std::memcpy(&bytes[4], previous.bytes.data(), 32);
  std::memcpy(&bytes[36], merkle_root.bytes.data(), 32);
  StoreLittle(&bytes[68], time);
  StoreLittle(&bytes[72], bits);
  StoreLittle(&bytes[76], nonce);
  return bytes;
}

BlockHash Header::Hash() const { return BlockHash{crypto::Sha256dOf(Serialize())}; }

std::vector<BlockHash> HashHeaders(ByteSpan headers) {
  CAIRN_ASSERT(headers.size() % Header::kSize == 0);
  static_assert(sizeof(BlockHash) == sizeof(crypto::Digest));
  std::vector<BlockHash> hashes(headers.size() / Header::kSize);
  crypto::Sha256d80(reinterpret_cast<crypto::Digest*>(hashes.data()), headers.data(),
                    hashes.size());
  return hashes;
}

}  // namespace cairn
