// The cookie: a file with a random password, by which programs of the same user authenticate.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "cairn/base/result.h"

namespace cairn::rpc {

struct Credentials {
  std::string user;
  std::string password;
};

/// Writes a fresh cookie and removes it again when destroyed.
class CookieFile {
 public:
  /// The file appears complete and readable by `permissions` only.
  static Result<CookieFile> Create(
      std::filesystem::path path,
      std::filesystem::perms permissions = std::filesystem::perms::owner_read |
                                           std::filesystem::perms::owner_write);
  ~CookieFile();
  CookieFile(CookieFile&& other) noexcept;
  CookieFile& operator=(CookieFile&&) = delete;

  const Credentials& credentials() const { return credentials_; }

 private:
  CookieFile(std::filesystem::path path, Credentials credentials);

  std::filesystem::path path_;  // empty once moved from
  Credentials credentials_;
};

/// The cookie that a running node left there.
std::optional<Credentials> ReadCookie(const std::filesystem::path& path);

}  // namespace cairn::rpc
