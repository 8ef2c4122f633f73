// Files that are read whole and replaced whole: the old content or the new, never a part of it.
#pragma once

#include <filesystem>

#include "cairn/base/bytes.h"
#include "cairn/base/result.h"

namespace cairn {

/// The content; `kNotFound` if there is no such file, `kIo` if it cannot be read or is larger than
/// `most`.
Result<Bytes> ReadFile(const std::filesystem::path& file, size_t most);

/// Writes to FILE.new, syncs and renames.
Status ReplaceFile(const std::filesystem::path& file, ByteSpan content);

}  // namespace cairn
