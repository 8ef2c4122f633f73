#include "src/storage/synced_marks.h"

#include <utility>

#include "cairn/base/reader.h"
#include "cairn/base/writer.h"
#include "src/storage/crc32c.h"

namespace cairn::storage {
namespace {

constexpr uint32_t kVersion = 1;
constexpr uint64_t kMostBytes = 64 << 10;  // then the file is begun anew

std::string NameIn(const std::string& folder) { return folder + "/SYNCED"; }

leveldb::Slice AsSlice(const Bytes& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

void AppendMark(Writer& writer, const FileMark& mark) { writer.U64(mark.number).U64(mark.bytes); }

FileMark ReadMark(Reader& reader) {
  FileMark mark;
  mark.number = reader.U64();
  mark.bytes = reader.U64();
  return mark;
}

/// The count; nothing if the bytes are no record.
std::optional<uint64_t> DecodeSyncedRecord(ByteSpan bytes, SyncedMarks& marks) {
  Reader reader(bytes);
  const uint32_t checksum = reader.U32();
  if (checksum != Crc32c(0, bytes.subspan(sizeof checksum))) return std::nullopt;
  if (reader.U32() != kVersion) return std::nullopt;
  const uint64_t count = reader.U64();
  for (FileMarks* kind : {&marks.manifests, &marks.logs}) {
    kind->newest = ReadMark(reader);
    kind->older = ReadMark(reader);
  }
  return count;
}

}  // namespace

void FileMarks::Advance(FileMark mark) {
  if (mark.number > newest.number) {
    older = newest;
    newest = mark;
  } else if (mark.number == newest.number) {
    newest = mark;
  } else if (mark.number == older.number) {
    older = mark;
  }
}

uint64_t FileMarks::BytesOf(uint64_t number) const {
  if (number == newest.number) return newest.bytes;
  return number == older.number ? older.bytes : 0;
}

Bytes EncodeSyncedRecord(uint64_t count, const SyncedMarks& marks) {
  Bytes body;
  Writer writer(body);
  writer.U32(kVersion).U64(count);
  for (const FileMarks& kind : {marks.manifests, marks.logs}) {
    AppendMark(writer, kind.newest);
    AppendMark(writer, kind.older);
  }
  Bytes record;
  Writer(record).U32(Crc32c(0, body)).Raw(body);
  return record;
}

leveldb::Status ReadSyncedMarks(leveldb::Env& env, const std::string& folder,
                                std::optional<SyncedMarks>* marks) {
  marks->reset();
  std::string content;
  const leveldb::Status read = leveldb::ReadFileToString(&env, NameIn(folder), &content);
  if (read.IsNotFound()) return {};
  if (!read.ok()) return read;
  ByteSpan rest = AsBytes(content);
  uint64_t greatest = 0;
  for (; rest.size() >= kSyncedRecordSize; rest = rest.subspan(kSyncedRecordSize)) {
    SyncedMarks found;
    const auto count = DecodeSyncedRecord(rest.first(kSyncedRecordSize), found);
    if (!count || *count < greatest) continue;
    greatest = *count;
    *marks = found;
  }
  return {};
}

SyncedFile::SyncedFile(leveldb::Env& env, std::string folder,
                       std::function<leveldb::Status()> sync_folder)
    : env_(env), folder_(std::move(folder)), sync_folder_(std::move(sync_folder)) {}

leveldb::Status SyncedFile::Write(const SyncedMarks& marks) {
  const Bytes record = EncodeSyncedRecord(++count_, marks);
  if (file_ == nullptr || bytes_ + record.size() > kMostBytes) return BeginAnew(record);
  leveldb::Status status = file_->Append(AsSlice(record));
  if (status.ok()) status = file_->Sync();
  if (status.ok()) bytes_ += record.size();
  return status;
}

/// The old file stays in its place until the new one is whole. The record is written twice, so that
/// no single damage leaves none.
leveldb::Status SyncedFile::BeginAnew(const Bytes& record) {
  const std::string next = NameIn(folder_) + ".next";
  leveldb::WritableFile* opened = nullptr;
  leveldb::Status status = env_.NewWritableFile(next, &opened);
  if (!status.ok()) return status;
  std::unique_ptr<leveldb::WritableFile> file(opened);
  for (int i = 0; i < 2 && status.ok(); ++i) status = file->Append(AsSlice(record));
  if (status.ok()) status = file->Sync();
  if (status.ok()) status = env_.RenameFile(next, NameIn(folder_));
  if (status.ok()) status = sync_folder_();
  if (!status.ok()) return status;
  file_ = std::move(file);
  bytes_ = 2 * record.size();
  return {};
}

}  // namespace cairn::storage
