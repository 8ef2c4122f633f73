// The client's side of SOCKS5 (RFC 1928, RFC 1929) without a socket: bytes in, bytes out.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "cairn/base/bytes.h"
#include "cairn/base/result.h"

namespace cairn::p2p {

/// Tor gives streams with different credentials different circuits.
struct SocksCredentials {
  std::string user;
  std::string password;
};

class Socks5 {
 public:
  /// The proxy is to connect to `host`, a name or an address in text. Both are looked up by it.
  Socks5(std::string host, uint16_t port, std::optional<SocksCredentials> credentials);

  /// What to send first.
  Bytes Greeting() const;
  /// How many bytes to read next; zero once the proxy has connected us.
  size_t Wanted() const { return wanted_; }
  /// Takes exactly as many, and gives what to send next, which may be nothing.
  Result<Bytes> Take(ByteSpan bytes);

 private:
  enum class State { kMethod, kLogin, kReply, kNameLength, kBound, kDone };

  Bytes Login() const;
  Bytes Request() const;
  Result<Bytes> TakeReply(ByteSpan bytes);

  const std::string host_;
  const uint16_t port_;
  const std::optional<SocksCredentials> credentials_;
  State state_ = State::kMethod;
  size_t wanted_ = 2;
};

}  // namespace cairn::p2p
