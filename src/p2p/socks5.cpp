#include "src/p2p/socks5.h"

#include <utility>

#include "cairn/base/assert.h"

namespace cairn::p2p {
namespace {

constexpr uint8_t kVersion = 5;
constexpr uint8_t kLoginVersion = 1;
constexpr uint8_t kNoLogin = 0;
constexpr uint8_t kUserAndPassword = 2;
constexpr uint8_t kConnect = 1;
constexpr uint8_t kIpv4 = 1;
constexpr uint8_t kName = 3;
constexpr uint8_t kIpv6 = 4;
constexpr size_t kPortSize = 2;
constexpr size_t kLongestText = 255;

void AppendText(Bytes& out, const std::string& text) {
  CAIRN_ASSERT(text.size() <= kLongestText);
  out.push_back(static_cast<uint8_t>(text.size()));
  Append(out, AsBytes(text));
}

std::string Failure(uint8_t code) {
  switch (code) {
    case 0x01: return "general failure";
    case 0x02: return "connection not allowed";
    case 0x03: return "network unreachable";
    case 0x04: return "host unreachable";
    case 0x05: return "connection refused";
    case 0x06: return "TTL expired";
    case 0x07: return "protocol error";
    case 0x08: return "address type not supported";
    // Tor's own, see its proposal 304.
    case 0xf0: return "onion service descriptor can not be found";
    case 0xf1: return "onion service descriptor is invalid";
    case 0xf2: return "onion service introduction failed";
    case 0xf3: return "onion service rendezvous failed";
    case 0xf4: return "onion service missing client authorization";
    case 0xf5: return "onion service wrong client authorization";
    case 0xf6: return "onion service invalid address";
    case 0xf7: return "onion service introduction timed out";
    default: return "unknown failure " + std::to_string(code);
  }
}

}  // namespace

Socks5::Socks5(std::string host, uint16_t port, std::optional<SocksCredentials> credentials)
    : host_(host.substr(0, kLongestText)), port_(port), credentials_(std::move(credentials)) {}

Bytes Socks5::Greeting() const {
  if (!credentials_) return {kVersion, 1, kNoLogin};
  return {kVersion, 2, kNoLogin, kUserAndPassword};
}

Bytes Socks5::Login() const {
  Bytes out = {kLoginVersion};
  AppendText(out, credentials_->user);
  AppendText(out, credentials_->password);
  return out;
}

Bytes Socks5::Request() const {
  Bytes out = {kVersion, kConnect, 0, kName};
  AppendText(out, host_);
  out.push_back(static_cast<uint8_t>(port_ >> 8));
  out.push_back(static_cast<uint8_t>(port_));
  return out;
}

Result<Bytes> Socks5::Take(ByteSpan bytes) {
  CAIRN_ASSERT(bytes.size() == wanted_);
  constexpr size_t kReplySize = 4;
  switch (state_) {
    case State::kMethod:
      if (bytes[0] != kVersion) return Invalid("the proxy does not speak SOCKS5");
      if (bytes[1] == kNoLogin) {
        state_ = State::kReply;
        wanted_ = kReplySize;
        return Request();
      }
      if (bytes[1] != kUserAndPassword || !credentials_) {
        return Invalid("the proxy wants another authentication");
      }
      state_ = State::kLogin;
      return Login();
    case State::kLogin:
      if (bytes[0] != kLoginVersion || bytes[1] != 0) {
        return Invalid("the proxy refuses our credentials");
      }
      state_ = State::kReply;
      wanted_ = kReplySize;
      return Request();
    case State::kReply: return TakeReply(bytes);
    case State::kNameLength:
      state_ = State::kBound;
      wanted_ = bytes[0] + kPortSize;
      return Bytes();
    case State::kBound:
      state_ = State::kDone;
      wanted_ = 0;
      return Bytes();
    case State::kDone: break;
  }
  return Invalid("nothing more was to come");
}

/// Version, outcome, a zero, and the kind of address that follows: where the proxy connects from,
/// which nobody needs.
Result<Bytes> Socks5::TakeReply(ByteSpan bytes) {
  if (bytes[0] != kVersion || bytes[2] != 0) return Invalid("the proxy's reply is malformed");
  if (bytes[1] != 0) return Invalid("the proxy could not connect: " + Failure(bytes[1]));
  state_ = State::kBound;
  switch (bytes[3]) {
    case kIpv4: wanted_ = 4 + kPortSize; break;
    case kIpv6: wanted_ = 16 + kPortSize; break;
    case kName:
      state_ = State::kNameLength;
      wanted_ = 1;
      break;
    default: return Invalid("the proxy's reply is malformed");
  }
  return Bytes();
}

}  // namespace cairn::p2p
