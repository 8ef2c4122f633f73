// Reads LevelDB's log format, which its write-ahead logs and its manifests share, far enough to
// tell where the last whole record ends.
//
// LevelDB's own reader steps over a damaged block and goes on behind it, and takes a length that
// leads behind the end of the file for an unfinished record: it can lose batches without a word
// while later ones survive. So each file is measured before LevelDB sees it (src/storage/recovery).
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include <leveldb/env.h>

#include "cairn/base/bytes.h"
#include "cairn/base/reader.h"

namespace cairn::storage {

/// A number of LevelDB's, seven bits per byte, the lowest first; it need not be in its shortest
/// form.
uint64_t ReadLevelDbNumber(Reader& reader);

/// How much of a log can be read without a gap.
struct LogExtent {
  uint64_t whole = 0;  // bytes up to the end of the last record of the unbroken run from the start
  uint64_t size = 0;   // bytes of the file
  bool IsClean() const { return whole == size; }
};

/// Measures the log `file`, and shows each whole record to `visit` in order.
leveldb::Status MeasureLog(leveldb::Env& env, const std::string& file,
                           const std::function<void(ByteSpan record)>& visit, LogExtent* extent);

/// The lowest number of a log that the manifest's edits leave in use.
class LogNumberReader {
 public:
  /// Takes the next record of the manifest. False if it is no edit.
  bool Take(ByteSpan record);
  bool IsLive(uint64_t log) const { return log >= number_ || log == previous_; }

 private:
  uint64_t number_ = 0;
  uint64_t previous_ = 0;
};

}  // namespace cairn::storage
