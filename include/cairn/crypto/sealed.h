// The frame of our small files: a line that names the format, the chain, the content, and the hash
// of it all, so that a file that is damaged, cut off or of something else is never taken for one.
#pragma once

#include <string_view>

#include "cairn/base/bytes.h"
#include "cairn/base/result.h"

namespace cairn::crypto {

/// What a file of this format and chain begins with. The content is appended, then `Seal`.
Bytes BeginSealed(std::string_view format, ByteSpan chain);

/// Appends the hash of all before it.
void Seal(Bytes& bytes);

/// The content, a view into `bytes`. `kCorruption` with what is wrong with it.
Result<ByteSpan> Unseal(ByteSpan bytes, std::string_view format, ByteSpan chain);

}  // namespace cairn::crypto
