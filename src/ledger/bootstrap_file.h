// A file of framed blocks: magic, length, raw block, repeated; as bootstrap.dat and Bitcoin Core's
// blk*.dat have it.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "cairn/base/result.h"
#include "cairn/primitives/header.h"

namespace cairn::ledger {

/// Where a block lies in the file, and its header.
struct Frame {
  static constexpr size_t kFramingBytes = 8;  // magic and length

  uint64_t offset = 0;  // of the block, behind magic and length
  uint32_t length = 0;
  Header header;
  BlockHash hash;

  uint64_t FramedBytes() const { return kFramingBytes + uint64_t{length}; }
};

/// The frames of a file up to its end or to the first thing that is no frame.
struct FrameList {
  std::vector<Frame> frames;
  uint64_t file_bytes = 0;
  uint64_t end = 0;  // of the last frame; what follows is padding, or the error
  uint64_t error_offset = 0;
  std::string error;  // empty: the file is well framed to its end
};

class BootstrapFile {
 public:
  static Result<BootstrapFile> Open(const std::filesystem::path& path);

  /// Reads all headers. Zeroes at the end count as padding. Ends early when `stop` becomes true.
  /// `progress`, if any, is shown the list after each frame.
  FrameList Scan(const std::array<uint8_t, 4>& magic, const std::atomic<bool>& stop,
                 const std::function<void(const FrameList& so_far)>& progress = {});

  /// The raw block of a frame.
  Result<Bytes> Read(const Frame& frame);

 private:
  BootstrapFile() = default;

  bool ReadAt(uint64_t offset, uint8_t* to, size_t count);
  bool IsZeroFrom(uint64_t offset);
  /// Appends the frame at the list's end and its raw header. False at the end and on errors.
  bool ScanFrame(const std::array<uint8_t, 4>& magic, FrameList& list, Bytes& headers);

  std::ifstream file_;
  uint64_t size_ = 0;
};

}  // namespace cairn::ledger
