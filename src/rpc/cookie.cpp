#include "cairn/rpc/cookie.h"

#include <fstream>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "src/rpc/random.h"

namespace cairn::rpc {

namespace {

constexpr const char* kCookieUser = "__cookie__";
constexpr size_t kPasswordBytes = 32;

/// Writes a file that nobody but the owner can read while it grows.
Status WriteFile(const std::filesystem::path& path, const std::string& text,
                 std::filesystem::perms permissions) {
  std::error_code ignored;
  std::filesystem::remove(path, ignored);
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) return Fail(ErrorCode::kIo, "cannot create the cookie file " + path.string());
  const bool written = write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
                       fchmod(file, static_cast<mode_t>(permissions)) == 0;
  const bool closed = close(file) == 0;
  if (!written || !closed)
    return Fail(ErrorCode::kIo, "cannot write the cookie file " + path.string());
  return {};
}

}  // namespace

Result<CookieFile> CookieFile::Create(std::filesystem::path path,
                                      std::filesystem::perms permissions) {
  Credentials credentials{kCookieUser, RandomHex(kPasswordBytes)};
  std::filesystem::path unfinished = path;
  unfinished += ".tmp";
  const Status written =
      WriteFile(unfinished, credentials.user + ":" + credentials.password, permissions);
  if (!written) return tl::unexpected(written.error());
  std::error_code problem;
  std::filesystem::rename(unfinished, path, problem);
  if (problem) return Fail(ErrorCode::kIo, "cannot rename the cookie file to " + path.string());
  return CookieFile(std::move(path), std::move(credentials));
}

CookieFile::CookieFile(std::filesystem::path path, Credentials credentials)
    : path_(std::move(path)), credentials_(std::move(credentials)) {}

CookieFile::CookieFile(CookieFile&& other) noexcept
    : path_(std::exchange(other.path_, {})), credentials_(std::move(other.credentials_)) {}

CookieFile::~CookieFile() {
  if (path_.empty()) return;
  std::error_code ignored;
  std::filesystem::remove(path_, ignored);
}

std::optional<Credentials> ReadCookie(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::string line;
  if (!std::getline(file, line)) return std::nullopt;
  const size_t colon = line.find(':');
  if (colon == std::string::npos) return std::nullopt;
  return Credentials{line.substr(0, colon), line.substr(colon + 1)};
}

}  // namespace cairn::rpc
