#include "src/storage/table_file.h"

#include <cerrno>
#include <memory>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include "cairn/base/reader.h"
#include "src/storage/log_format.h"

namespace cairn::storage {
namespace {

using leveldb::Status;

class PreadFile final : public leveldb::RandomAccessFile {
 public:
  PreadFile(std::string name, int opened) : name_(std::move(name)), opened_(opened) {}
  ~PreadFile() override { close(opened_); }

  /// Fewer bytes at the end of the file, where LevelDB reports a block that is cut short.
  Status Read(uint64_t offset, size_t size, leveldb::Slice* result, char* room) const override {
    size_t filled = 0;
    *result = {};
    while (filled < size) {
      const ssize_t got =
          pread(opened_, room + filled, size - filled, static_cast<off_t>(offset + filled));
      if (got < 0 && errno == EINTR) continue;
      // An offset that the system refuses as out of range is as far behind the end as any.
      if (got < 0 && errno != EINVAL) {
        return Status::IOError(name_, std::generic_category().message(errno));
      }
      if (got <= 0) break;
      filled += static_cast<size_t>(got);
    }
    *result = leveldb::Slice(room, filled);
    return {};
  }

 private:
  const std::string name_;
  const int opened_;
};

/// Whether the footer's two handles, of a block of meta data and of the index, lie in the file.
Status CheckFooter(leveldb::Env& env, const std::string& name,
                   const leveldb::RandomAccessFile& file) {
  constexpr uint64_t kFooter = 2 * 2 * 10 + sizeof(uint64_t);
  uint64_t size = 0;
  Status status = env.GetFileSize(name, &size);
  if (!status.ok() || size < kFooter) return status;  // too short: LevelDB says so itself
  char room[kFooter];
  leveldb::Slice read;
  status = file.Read(size - kFooter, kFooter, &read, room);
  if (!status.ok()) return status;
  Reader reader({reinterpret_cast<const uint8_t*>(read.data()), read.size()});
  for (int handle = 0; handle < 2; ++handle) {
    const uint64_t offset = ReadLevelDbNumber(reader);
    const uint64_t length = ReadLevelDbNumber(reader);
    if (!reader.ok() || offset > size || length > size - offset) {
      return Status::Corruption(name, "its footer names a block outside of the file");
    }
  }
  return status;
}

}  // namespace

Status OpenTable(leveldb::Env& env, const std::string& name, leveldb::RandomAccessFile** file) {
  Status status;
  *file = nullptr;
  if (&env != leveldb::Env::Default()) {
    status = env.NewRandomAccessFile(name, file);
  } else {
    const int opened = open(name.c_str(), O_RDONLY | O_CLOEXEC);
    if (opened >= 0) {
      *file = new PreadFile(name, opened);
    } else {
      const std::string why = std::generic_category().message(errno);
      status = errno == ENOENT ? Status::NotFound(name, why) : Status::IOError(name, why);
    }
  }
  if (status.ok()) status = CheckFooter(env, name, **file);
  if (!status.ok()) {
    delete *file;
    *file = nullptr;
  }
  return status;
}

}  // namespace cairn::storage
