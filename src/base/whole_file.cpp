#include "cairn/base/whole_file.h"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include <unistd.h>

namespace cairn {
namespace {

struct Closer {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, Closer>;

tl::unexpected<Error> IoError(const std::string& what, const std::filesystem::path& file) {
  return Fail(ErrorCode::kIo, "cannot " + what + " " + file.string() + ": " + std::strerror(errno));
}

}  // namespace

Result<Bytes> ReadFile(const std::filesystem::path& file, size_t most) {
  const File opened(std::fopen(file.c_str(), "rbe"));
  if (!opened) {
    if (errno == ENOENT) return Fail(ErrorCode::kNotFound, "there is no " + file.string());
    return IoError("open", file);
  }
  Bytes content;
  std::array<uint8_t, 65'536> piece;
  for (;;) {
    const size_t count = std::fread(piece.data(), 1, piece.size(), opened.get());
    if (count == 0) break;
    if (content.size() + count > most) {
      return Fail(ErrorCode::kIo, file.string() + " is too large");
    }
    Append(content, ByteSpan(piece).first(count));
  }
  if (std::ferror(opened.get()) != 0) return IoError("read", file);
  return content;
}

Status ReplaceFile(const std::filesystem::path& file, ByteSpan content) {
  std::filesystem::path unfinished = file;
  unfinished += ".new";
  {
    const File opened(std::fopen(unfinished.c_str(), "wbe"));
    if (!opened) return IoError("create", unfinished);
    if (std::fwrite(content.data(), 1, content.size(), opened.get()) != content.size() ||
        std::fflush(opened.get()) != 0 || fsync(fileno(opened.get())) != 0) {
      return IoError("write", unfinished);
    }
  }
  if (std::rename(unfinished.c_str(), file.c_str()) != 0) return IoError("replace", file);
  return {};
}

}  // namespace cairn
