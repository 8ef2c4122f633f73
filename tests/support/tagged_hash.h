// BIP340's tagged hash, as the proposal writes it.
#pragma once

#include <string_view>

#include "cairn/crypto/sha256.h"

namespace cairn::test {

/// SHA-256 over SHA256(tag), SHA256(tag) and what is added.
inline crypto::Sha256 TaggedHasher(std::string_view tag) {
  const crypto::Digest hash = crypto::Sha256Of(AsBytes(tag));
  crypto::Sha256 hasher;
  hasher.Update(hash).Update(hash);
  return hasher;
}

}  // namespace cairn::test
