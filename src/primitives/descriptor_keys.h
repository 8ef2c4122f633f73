// Key expressions of descriptors: public keys in hex, with or without their origin.
#pragma once

#include <string>
#include <string_view>

#include "cairn/base/bytes.h"
#include "cairn/base/result.h"

namespace cairn {

/// Where a key stands decides which encodings it may have.
enum class KeyPlace {
  kAnywhere,  // compressed or not
  kWitness,   // compressed (BIP143)
  kTaproot,   // x only; a compressed key loses its parity
};

struct DescriptorKey {
  Bytes bytes;         // 32 for `kTaproot`
  std::string origin;  // "[d34db33f/44h/0h]": as given, else that of a key without parents

  /// As in the descriptor of one script.
  std::string ToString() const;
};

/// Errors are in the words of Bitcoin Core.
Result<DescriptorKey> ParseDescriptorKey(std::string_view text, KeyPlace place);

}  // namespace cairn
