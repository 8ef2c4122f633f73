#include "src/storage/log_format.h"

#include <algorithm>
#include <memory>
#include <optional>

#include "cairn/base/reader.h"
#include "cairn/storage/coin_codec.h"
#include "src/storage/crc32c.h"

namespace cairn::storage {
namespace {

constexpr size_t kBlock = 32768;
constexpr size_t kHeader = 4 + 2 + 1;  // checksum, length, type

enum Type : uint8_t { kFull = 1, kFirst = 2, kMiddle = 3, kLast = 4 };

/// Reads `size` bytes, fewer only at the end of the file.
leveldb::Status ReadFully(leveldb::SequentialFile& file, size_t size, Bytes& out) {
  out.resize(size);
  size_t filled = 0;
  while (filled < size) {
    leveldb::Slice got;
    char* room = reinterpret_cast<char*>(out.data()) + filled;
    const leveldb::Status status = file.Read(size - filled, &got, room);
    if (!status.ok()) return status;
    if (got.empty()) break;
    if (got.data() != room) std::copy_n(got.data(), got.size(), room);
    filled += got.size();
  }
  out.resize(filled);
  return {};
}

/// The pieces of records in order, put together.
class Assembler {
 public:
  explicit Assembler(const std::function<void(ByteSpan)>& visit) : visit_(visit) {}

  /// False if no such piece can follow what came before.
  bool Take(uint8_t type, ByteSpan piece) {
    const bool begins = type == kFull || type == kFirst;
    const bool known = begins || type == kMiddle || type == kLast;
    if (!known || begins == inside_) return false;
    if (begins) record_.clear();
    Append(record_, piece);
    inside_ = type == kFirst || type == kMiddle;
    if (!inside_) visit_(record_);
    return true;
  }
  bool inside() const { return inside_; }

 private:
  const std::function<void(ByteSpan)>& visit_;
  Bytes record_;
  bool inside_ = false;
};

/// Takes the pieces of a block. `end` becomes the offset in it behind the last whole record, if one
/// ends here. False if something in it can be no piece.
bool TakeBlock(ByteSpan block, Assembler& assembler, std::optional<size_t>& end) {
  size_t at = 0;
  // The rest of a block that is too short for a header is filled up, whatever with.
  while (at + kHeader <= block.size()) {
    const size_t length = LoadLittle<uint16_t>(&block[at + 4]);
    if (at + kHeader + length > block.size()) return false;
    const ByteSpan summed = block.subspan(at + 6, 1 + length);
    if (LoadLittle<uint32_t>(&block[at]) != MaskedCrc(Crc32c(0, summed))) return false;
    if (!assembler.Take(summed[0], summed.subspan(1))) return false;
    at += kHeader + length;
    if (!assembler.inside()) end = at;
  }
  // In a full block what is left is filling; in the last one of the file, half of a header.
  if (block.size() == kBlock && end == at) end = kBlock;
  return block.size() == kBlock || at == block.size();
}

}  // namespace

uint64_t ReadLevelDbNumber(Reader& reader) {
  uint64_t value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    const uint8_t byte = reader.U8();
    value |= uint64_t{byte & 0x7fu} << shift;
    if (byte < 0x80) return value;
  }
  reader.SetFailed();
  return 0;
}

leveldb::Status MeasureLog(leveldb::Env& env, const std::string& file,
                           const std::function<void(ByteSpan record)>& visit, LogExtent* extent) {
  *extent = {};
  leveldb::SequentialFile* opened = nullptr;
  leveldb::Status status = env.GetFileSize(file, &extent->size);
  if (status.ok()) status = env.NewSequentialFile(file, &opened);
  if (!status.ok()) return status;
  const std::unique_ptr<leveldb::SequentialFile> source(opened);
  Assembler assembler(visit);
  Bytes block;
  for (uint64_t offset = 0; offset < extent->size; offset += kBlock) {
    status = ReadFully(*source, kBlock, block);
    if (!status.ok()) return status;
    std::optional<size_t> end;
    const bool good = TakeBlock(block, assembler, end);
    if (end) extent->whole = offset + *end;
    if (!good || block.size() < kBlock) break;
  }
  return {};
}

bool LogNumberReader::Take(ByteSpan record) {
  // The fields of an edit, by LevelDB's tags.
  enum Tag : uint64_t {
    kComparator = 1,
    kLogNumber = 2,
    kNextFile = 3,
    kLastSequence = 4,
    kCompactPointer = 5,
    kDeletedFile = 6,
    kNewFile = 7,
    kPreviousLog = 9,
  };
  Reader reader(record);
  const auto number = [&] { return ReadLevelDbNumber(reader); };
  const auto text = [&] { reader.Take(number()); };
  while (reader.ok() && !reader.AtEnd()) {
    switch (number()) {
      case kComparator: text(); break;
      case kLogNumber: number_ = number(); break;
      case kNextFile:
      case kLastSequence: number(); break;
      case kCompactPointer:
        number();
        text();
        break;
      case kDeletedFile:
        number();
        number();
        break;
      case kNewFile:
        for (int i = 0; i < 3; ++i) number();  // level, number, size
        text();
        text();
        break;
      case kPreviousLog: previous_ = number(); break;
      default: reader.SetFailed();
    }
  }
  return reader.ok();
}

}  // namespace cairn::storage
