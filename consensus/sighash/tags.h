// Where SHA-256 stands behind the front of each tagged hash of BIP341: a block that is
// SHA256(tag) twice (BIP340). Spares two blocks per hash.
#pragma once

#include "cairn/crypto/sha256.h"

namespace cairn::consensus {

inline constexpr crypto::Sha256Midstate kTapSighashTag = {
    {0xf504a425, 0xd7f8783b, 0x1363868a, 0xe3e55658, 0x6eee945d, 0xbc7888dd, 0x02a6e2c3,
     0x1873fe9f},
    64};
inline constexpr crypto::Sha256Midstate kTapLeafTag = {
    {0x9ce0e4e6, 0x7c116c39, 0x38b3caf2, 0xc30f5089, 0xd3f3936c, 0x47636e60, 0x7db33eea,
     0xddc6f0c9},
    64};
inline constexpr crypto::Sha256Midstate kTapBranchTag = {
    {0x23a865a9, 0xb8a40da7, 0x977c1e04, 0xc49e246f, 0xb5be1376, 0x9d24c9b7, 0xb583b5d4,
     0xa8d226d2},
    64};
inline constexpr crypto::Sha256Midstate kTapTweakTag = {
    {0xd129a2f3, 0x701c655d, 0x6583b6c3, 0xb9419727, 0x95f4e232, 0x94fd54f4, 0xa2ae8d85,
     0x47ca590b},
    64};

}  // namespace cairn::consensus
