// Who may not connect: subnets that the operator banned, until a given time, and addresses that
// misbehaved, for a while.
//
// Bans are kept in banlist.json, in the form of Bitcoin Core's. Addresses that misbehaved are only
// discouraged: one of many connections may belong to somebody else behind the same address, and
// memory is all that is spent on them. No clock and no lock inside.
#pragma once

#include <cstdint>
#include <deque>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "cairn/base/result.h"
#include "cairn/p2p/random.h"
#include "cairn/wire/subnet.h"

namespace cairn::p2p {

struct Ban {
  int64_t created = 0;  // seconds since 1970
  int64_t until = 0;

  friend bool operator==(const Ban&, const Ban&) = default;
};

class BanList {
 public:
  using Bans = std::map<wire::Subnet, Ban>;

  /// Bans a subnet, or prolongs its ban. False if it is banned for as long already.
  bool Add(const wire::Subnet& subnet, int64_t until, int64_t now);
  /// False if exactly this subnet is not banned.
  bool Remove(const wire::Subnet& subnet);
  void Clear() { bans_.clear(); }

  /// Some ban that lasts covers the address.
  bool IsBanned(const wire::NetAddress& address, int64_t now) const;
  /// This very subnet is banned.
  bool IsBanned(const wire::Subnet& subnet, int64_t now) const;

  /// All that last, in the order of subnets; drops the others.
  const Bans& Entries(int64_t now);

  std::string ToJson() const;
  /// Entries that make no sense are left out, as are those of versions to come.
  static Result<BanList> FromJson(std::string_view text);

  friend bool operator==(const BanList&, const BanList&) = default;

 private:
  Bans bans_;
};

struct LoadedBans {
  BanList bans;
  std::string notice;  // one line for the log if the file could not be used; else empty
};

/// An empty list if there is no file, or none that can be read.
LoadedBans LoadBans(const std::filesystem::path& file);
Status SaveBans(const BanList& bans, const std::filesystem::path& file);

/// The addresses that misbehaved last: at least half as many as it may hold, then the oldest ones
/// are forgotten.
class Discouraged {
 public:
  static constexpr size_t kMost = 50'000;

  explicit Discouraged(Random random, size_t most = kMost);
  void Add(const wire::NetAddress& address);
  bool Contains(const wire::NetAddress& address) const;
  void Clear();

 private:
  using Addresses = std::unordered_set<wire::Endpoint, wire::EndpointHasher>;  // port 0

  size_t half_;
  Addresses recent_;
  Addresses older_;
};

}  // namespace cairn::p2p
