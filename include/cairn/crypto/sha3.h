// SHA3-256 of one message (FIPS 202): the checksum in Tor's names for hidden services.
//
// Pure, from any thread. Not made for speed: messages are a few dozen bytes.
#pragma once

#include "cairn/base/bytes.h"
#include "cairn/crypto/sha256.h"

namespace cairn::crypto {

Digest Sha3Of(ByteSpan message);

}  // namespace cairn::crypto
