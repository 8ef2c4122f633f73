// Who may call, and what: HTTP Basic authentication and per-user method lists.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "cairn/base/result.h"

namespace cairn::rpc {

/// Knows users by a salted hash of their password. Immutable once the server runs.
class Authenticator {
 public:
  /// A user with a password in the clear, as from the cookie or -rpcpassword.
  void AddPassword(std::string user, std::string_view password);

  /// The value of -rpcauth: "user:salt$hash", hash = HMAC-SHA256 of the password under the salt, in
  /// hex.
  Status AddHashed(std::string_view text);

  /// The user whom the value of an Authorization header proves, or nothing. The time that it takes
  /// does not tell which part was wrong.
  std::optional<std::string> Authorize(std::string_view header) const;

 private:
  using Digest = std::array<uint8_t, 32>;
  struct Account {
    std::string user;
    std::string salt;
    Digest hash;
  };
  std::vector<Account> accounts_;
};

/// Which methods each user may call (-rpcwhitelist, -rpcwhitelistdefault). By default everyone may
/// call everything.
class Whitelist {
 public:
  Whitelist() = default;

  /// `entries` are "user:method,method"; several for one user intersect. Users without an entry may
  /// call nothing if `deny_others` is true; it defaults to true once there are entries.
  Whitelist(const std::vector<std::string>& entries, std::optional<bool> deny_others);

  bool Allows(std::string_view user, std::string_view method) const;
  /// False for a user who can be refused before his request is read.
  bool AllowsAnything(std::string_view user) const;
  bool Restricts(std::string_view user) const;

 private:
  std::map<std::string, std::set<std::string, std::less<>>, std::less<>> allowed_;
  bool deny_others_ = false;
};

}  // namespace cairn::rpc
