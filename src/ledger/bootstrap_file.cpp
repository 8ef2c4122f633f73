#include "src/ledger/bootstrap_file.h"

#include <algorithm>
#include <system_error>
#include <utility>

#include "cairn/base/hex.h"
#include "consensus/rules/transaction.h"

namespace cairn::ledger {
namespace {

constexpr size_t kFramingBytes = Frame::kFramingBytes;
constexpr uint32_t kLeastBlock = Header::kSize + 1;
// A byte weighs at least one, so no block that keeps the rules is longer.
constexpr uint32_t kMostBlock = consensus::kMaxBlockWeight;

}  // namespace

Result<BootstrapFile> BootstrapFile::Open(const std::filesystem::path& path) {
  BootstrapFile result;
  std::error_code failed;
  result.size_ = std::filesystem::file_size(path, failed);
  if (!failed) result.file_.open(path, std::ios::binary);
  if (failed || !result.file_) {
    const std::string reason = failed ? failed.message() : "it cannot be read";
    return Fail(ErrorCode::kIo, "cannot open " + path.string() + ": " + reason);
  }
  return result;
}

bool BootstrapFile::ReadAt(uint64_t offset, uint8_t* to, size_t count) {
  file_.clear();
  file_.seekg(static_cast<std::streamoff>(offset));
  file_.read(reinterpret_cast<char*>(to), static_cast<std::streamsize>(count));
  return static_cast<size_t>(file_.gcount()) == count;
}

bool BootstrapFile::IsZeroFrom(uint64_t offset) {
  std::vector<uint8_t> chunk(1 << 16);
  while (offset < size_) {
    const size_t count = static_cast<size_t>(std::min<uint64_t>(chunk.size(), size_ - offset));
    if (!ReadAt(offset, chunk.data(), count)) return false;
    const auto end = chunk.begin() + static_cast<std::ptrdiff_t>(count);
    if (std::any_of(chunk.begin(), end, [](uint8_t byte) { return byte != 0; })) return false;
    offset += count;
  }
  return true;
}

bool BootstrapFile::ScanFrame(const std::array<uint8_t, 4>& magic, FrameList& list,
                              Bytes& headers) {
  const uint64_t at = list.end;
  const auto fail = [&](std::string reason) {
    list.error_offset = at;
    list.error = std::move(reason);
    return false;
  };
  if (at == size_) return false;
  std::array<uint8_t, kFramingBytes + Header::kSize> front{};
  const size_t available = static_cast<size_t>(std::min<uint64_t>(front.size(), size_ - at));
  if (!ReadAt(at, front.data(), available)) return fail("the file cannot be read");
  if (available < kFramingBytes) return IsZeroFrom(at) ? false : fail("the file is cut short");
  if (!std::equal(magic.begin(), magic.end(), front.begin())) {
    if (IsZeroFrom(at)) return false;
    return fail("expected the network's magic " + ToHex(magic) + ", found " +
                ToHex(ByteSpan(front).first(4)));
  }
  const auto length = LoadLittle<uint32_t>(&front[4]);
  if (length < kLeastBlock || length > kMostBlock) {
    return fail("a block cannot have " + std::to_string(length) + " bytes");
  }
  if (length > size_ - at - kFramingBytes) return fail("the file is cut short");
  const ByteSpan header = ByteSpan(front).subspan(kFramingBytes);
  Append(headers, header);
  list.frames.push_back(
      {at + kFramingBytes, length, Header::From(header.first<Header::kSize>()), {}});
  list.end = at + kFramingBytes + length;
  return true;
}

FrameList BootstrapFile::Scan(const std::array<uint8_t, 4>& magic, const std::atomic<bool>& stop,
                              const std::function<void(const FrameList& so_far)>& progress) {
  FrameList list;
  list.file_bytes = size_;
  Bytes headers;
  while (!stop && ScanFrame(magic, list, headers)) {
    if (progress) progress(list);
  }
  const std::vector<BlockHash> hashes = HashHeaders(headers);
  for (size_t i = 0; i < hashes.size(); ++i) list.frames[i].hash = hashes[i];
  return list;
}

Result<Bytes> BootstrapFile::Read(const Frame& frame) {
  Bytes bytes(frame.length);
  if (!ReadAt(frame.offset, bytes.data(), bytes.size())) {
    return Fail(ErrorCode::kIo, "the file cannot be read");
  }
  return bytes;
}

}  // namespace cairn::ledger
