// Mining for a pool (-pool): the built-in miner on the jobs of a Stratum v1 server.
//
// Several pools are named in order of preference. It works for the first that can be reached and
// goes back to a better one when that returns. It needs no chain of its own and never asks for one.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cairn/base/result.h"
#include "cairn/mining/hash_meter.h"

namespace cairn::mining {

struct PoolAddress {
  bool tls = false;
  std::string host;
  uint16_t port = 0;
  std::string user;
  std::string password;

  /// "stratum+tcp://host:port": without the user and the password.
  std::string Url() const;

  friend bool operator==(const PoolAddress&, const PoolAddress&) = default;
};

/// From "stratum+tcp://user:password@host:port", or stratum+ssl. User and password may have %
/// escapes; a missing password is "x". An error never shows the password.
Result<PoolAddress> ParsePoolUrl(std::string_view url);

struct PoolClientOptions {
  std::vector<PoolAddress> pools;  // at least one, the best first
  std::string ca_file;             // trusted instead of the system's certificates, if not empty
  size_t threads = 1;
  HashMeter* meter = nullptr;  // told of all hashes; outlives the client
};

struct PoolInfo {
  std::string state;  // "connecting", "mining", or "waiting" for a pool to be tried again
  std::string url;    // of the pool that it works for; empty without one
  std::string user;
  std::string job;
  double difficulty = 0;     // of that job
  std::string version_mask;  // what of the version is rolled, in hex
  uint64_t accepted = 0;     // shares, with all pools
  uint64_t rejected = 0;
  uint64_t stale = 0;
  double accepted_difficulty = 0;  // the sum
  std::string last_error;          // of a connection or a share; empty if there was none
};

/// Threads of its own, until it is destroyed: one for the network, the others for hashing at idle
/// priority.
class PoolClient {
 public:
  /// Fails if the certificates cannot be loaded. That no pool can be reached is no failure.
  static Result<std::unique_ptr<PoolClient>> Start(PoolClientOptions options);
  ~PoolClient();
  PoolClient(const PoolClient&) = delete;
  PoolClient& operator=(const PoolClient&) = delete;

  /// From any thread.
  PoolInfo Info() const;

 private:
  class Impl;
  explicit PoolClient(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace cairn::mining
