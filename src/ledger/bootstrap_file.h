// A file of framed blocks: magic, length, raw block, repeated; as bootstrap.dat and Bitcoin Core's
// blk*.dat have it.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "cairn/base/result.h"
#include "cairn/primitives/header.h"

namespace cairn::ledger {

/// Where a block lies in the file, and its header.
struct Frame {
  uint64_t offset = 0;  // of the block, behind magic and length
  uint32_t length = 0;
  Header header;
  BlockHash hash;
};

/// The frames of a file up to its end or to the first thing that is no frame.
struct FrameList {
  std::vector<Frame> frames;
  uint64_t file_bytes = 0;
  uint64_t error_offset = 0;
  std::string error;  // empty: the file is well framed to its end
};

class BootstrapFile {
 public:
  static Result<BootstrapFile> Open(const std::filesystem::path& path);

  /// Reads all headers. Zeroes at the end count as padding. Ends early when `stop` becomes true.
  FrameList Scan(const std::array<uint8_t, 4>& magic, const std::atomic<bool>& stop);

  /// The raw block of a frame.
  Result<Bytes> Read(const Frame& frame);

 private:
  BootstrapFile() = default;

  bool ReadAt(uint64_t offset, uint8_t* to, size_t count);
  bool IsZeroFrom(uint64_t offset);
  /// Appends the frame at `at` and its raw header, and moves on. False at the end and on errors.
  bool ScanFrame(const std::array<uint8_t, 4>& magic, uint64_t& at, FrameList& list,
                 Bytes& headers);

  std::ifstream file_;
  uint64_t size_ = 0;
};

}  // namespace cairn::ledger
