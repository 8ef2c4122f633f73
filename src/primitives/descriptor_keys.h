// Key expressions of descriptors (BIP380): public and private keys, plain or extended, with their
// origins and with the paths of what is derived from them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cairn/base/bytes.h"
#include "cairn/base/result.h"
#include "cairn/primitives/address.h"
#include "cairn/primitives/bip32.h"

namespace cairn {

/// Where a key stands decides which encodings it may have.
enum class KeyPlace {
  kAnywhere,  // compressed or not
  kWitness,   // compressed (BIP143)
  kTaproot,   // in 32 bytes too; a compressed key loses its parity
};

/// Which of the keys that an expression stands for: of those of `/<0;1>` and of those of `/*`.
struct KeyPosition {
  size_t way = 0;
  uint32_t index = 0;
};

class DescriptorKey {
 public:
  /// Errors are in the words of Bitcoin Core.
  static Result<DescriptorKey> Parse(std::string_view text, KeyPlace place,
                                     const AddressPrefixes& prefixes);

  bool IsRange() const { return extended_ && extended_->range != Range::kNone; }
  bool IsSecret() const;
  /// How many paths there are behind the key: 1, or as many as `/<0;1>` has numbers.
  size_t Ways() const;
  /// Bytes of the public key in scripts before taproot.
  size_t Size() const { return extended_ ? crypto::CompressedKey().size() : single_.bytes.size(); }

  /// The public key with its origin. Nothing if it takes a private key that is not here.
  std::optional<DescriptorKey> At(KeyPosition position) const;

  /// Of a key as `At` gives it: the bytes that stand in scripts, 32 of them for taproot.
  ByteSpan bytes() const;

  /// As in the canonical descriptor, without private keys.
  std::string ToString(size_t way, const AddressPrefixes& prefixes) const;
  /// With the private key; nothing if it is not here.
  std::optional<std::string> ToSecretString(size_t way, const AddressPrefixes& prefixes) const;

 private:
  struct Origin {
    KeyFingerprint fingerprint{};
    KeyPath path{};
  };

  struct Single {
    Bytes bytes{};  // 33 or 65, also where it is written in 32
    bool x_only = false;
    std::optional<DecodedSecret> secret{};
  };

  /// The keys of `/*`: none, its children, or its hardened children.
  enum class Range { kNone, kChildren, kHardenedChildren };

  struct Extended {
    ExtendedPublicKey key{};
    std::optional<ExtendedSecretKey> secret{};
    KeyPath path{};
    size_t choice_at = 0;             // the place in `path` of those numbers, of which
    std::vector<uint32_t> choices{};  // each makes a way of its own; empty without `/<0;1>`
    Range range = Range::kNone;

    KeyPath PathOf(size_t way) const;
  };

  class Parser;

  std::optional<ExtendedPublicKey> Derive(KeyPath path) const;
  std::string OriginText() const;
  std::string PathText(size_t way) const;

  KeyPlace place_ = KeyPlace::kAnywhere;
  std::optional<Origin> origin_{};
  char mark_ = 'h';  // of hardened numbers, where the key is written again
  Single single_{};
  std::optional<Extended> extended_{};  // in place of `single_`
};

}  // namespace cairn
