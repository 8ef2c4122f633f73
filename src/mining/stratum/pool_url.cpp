#include <charconv>
#include <optional>

#include "cairn/base/hex.h"
#include "cairn/mining/pool_client.h"
#include "src/mining/stratum/messages.h"

namespace cairn::mining {
namespace {

constexpr std::string_view kPlainScheme = "stratum+tcp://";
constexpr std::string_view kTlsScheme = "stratum+ssl://";
constexpr size_t kLongestHost = 255;

/// `text` with its % escapes replaced.
std::optional<std::string> Unescape(std::string_view text) {
  constexpr size_t kEscape = 3;
  std::string plain;
  while (!text.empty()) {
    if (text[0] != '%') {
      plain += text[0];
      text.remove_prefix(1);
      continue;
    }
    const auto byte = text.size() < kEscape ? std::nullopt : FromHex(text.substr(1, 2));
    if (!byte) return std::nullopt;
    plain += static_cast<char>(byte->front());
    text.remove_prefix(kEscape);
  }
  return plain;
}

bool IsGoodName(const std::string& text) { return stratum::PlainText(text) == text; }

Status ReadUser(std::string_view text, PoolAddress& address) {
  const size_t colon = text.find(':');
  const auto user = Unescape(text.substr(0, colon));
  const auto password =
      colon == text.npos ? std::optional<std::string>("x") : Unescape(text.substr(colon + 1));
  if (!user || !password) return Invalid("a % in user or password begins no escape");
  if (user->empty()) return Invalid("there is no user name");
  if (!IsGoodName(*user) || !IsGoodName(*password)) {
    return Invalid("user or password is too long or not printable");
  }
  address.user = *user;
  address.password = *password;
  return {};
}

Status ReadPlace(std::string_view text, PoolAddress& address) {
  if (text.ends_with('/')) text.remove_suffix(1);
  const size_t colon = text.rfind(':');
  if (colon == text.npos || text.ends_with(']')) return Invalid("there is no port");
  std::string_view host = text.substr(0, colon);
  const std::string_view digits = text.substr(colon + 1);
  const auto [stopped, problem] =
      std::from_chars(digits.data(), digits.data() + digits.size(), address.port);
  if (problem != std::errc() || stopped != digits.data() + digits.size() || address.port == 0) {
    return Invalid("the port is none");
  }
  const bool in_brackets = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (in_brackets) host = host.substr(1, host.size() - 2);
  const bool has_foreign =
      host.find_first_of("/ []@%\t") != host.npos || (!in_brackets && host.find(':') != host.npos);
  if (host.empty() || host.size() > kLongestHost || has_foreign) return Invalid("the host is none");
  address.host = host;
  return {};
}

}  // namespace

std::string PoolAddress::Url() const {
  const bool is_ipv6 = host.find(':') != host.npos;
  return std::string(tls ? kTlsScheme : kPlainScheme) + (is_ipv6 ? "[" + host + "]" : host) + ":" +
         std::to_string(port);
}

Result<PoolAddress> ParsePoolUrl(std::string_view url) {
  PoolAddress address;
  address.tls = url.starts_with(kTlsScheme);
  if (!address.tls && !url.starts_with(kPlainScheme)) {
    return Invalid("it must begin with stratum+tcp:// or stratum+ssl://");
  }
  url.remove_prefix(kPlainScheme.size());
  const size_t at = url.rfind('@');
  if (at == url.npos) return Invalid("there is no user name before an @");
  if (Status read = ReadUser(url.substr(0, at), address); !read) {
    return tl::unexpected(read.error());
  }
  if (Status read = ReadPlace(url.substr(at + 1), address); !read) {
    return tl::unexpected(read.error());
  }
  return address;
}

}  // namespace cairn::mining
