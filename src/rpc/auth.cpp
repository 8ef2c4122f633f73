#include "cairn/rpc/auth.h"

#include <algorithm>
#include <utility>

#include "cairn/base/hex.h"
#include "cairn/crypto/sha256.h"
#include "cairn/rpc/base64.h"
#include "src/rpc/random.h"

namespace cairn::rpc {

namespace {

/// HMAC-SHA256 (RFC 2104).
crypto::Digest HmacSha256(std::string_view key, std::string_view message) {
  constexpr size_t kBlockSize = 64;
  std::array<uint8_t, kBlockSize> block{};
  if (key.size() > kBlockSize) {
    const crypto::Digest shortened = crypto::Sha256Of(AsBytes(key));
    std::copy(shortened.begin(), shortened.end(), block.begin());
  } else {
    std::copy(key.begin(), key.end(), block.begin());
  }
  const auto padded = [&block](uint8_t pad) {
    std::array<uint8_t, kBlockSize> result = block;
    for (uint8_t& byte : result) byte ^= pad;
    return result;
  };
  const crypto::Digest inner =
      crypto::Sha256().Update(padded(0x36)).Update(AsBytes(message)).Finish();
  return crypto::Sha256().Update(padded(0x5c)).Update(inner).Finish();
}

/// Looks at every byte whatever it finds.
bool EqualInConstantTime(ByteSpan a, ByteSpan b) {
  if (a.size() != b.size()) return false;
  uint8_t difference = 0;
  for (size_t i = 0; i < a.size(); ++i) difference |= a[i] ^ b[i];
  return difference == 0;
}

std::string_view Trim(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

/// What follows the word "Basic", in any case (RFC 7235).
std::optional<std::string_view> AfterBasic(std::string_view header) {
  constexpr std::string_view kScheme = "basic ";
  if (header.size() < kScheme.size()) return std::nullopt;
  const auto same = [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + 32 : a) == b; };
  if (!std::equal(kScheme.begin(), kScheme.end(), header.begin(),
                  [&](char wanted, char given) { return same(given, wanted); })) {
    return std::nullopt;
  }
  return Trim(header.substr(kScheme.size()));
}

}  // namespace

void Authenticator::AddPassword(std::string user, std::string_view password) {
  std::string salt = RandomHex(16);
  const Digest hash = HmacSha256(salt, password);
  accounts_.push_back({std::move(user), std::move(salt), hash});
}

Status Authenticator::AddHashed(std::string_view text) {
  const size_t colon = text.find(':');
  const size_t dollar = text.find('$');
  if (colon == 0 || colon == text.npos || dollar == text.npos || dollar < colon) {
    return Invalid("Invalid -rpcauth argument.");
  }
  const std::optional<Bytes> hash = FromHex(text.substr(dollar + 1));
  if (!hash || hash->size() != Digest{}.size()) return Invalid("Invalid -rpcauth argument.");
  Account account;
  account.user = text.substr(0, colon);
  account.salt = text.substr(colon + 1, dollar - colon - 1);
  std::copy(hash->begin(), hash->end(), account.hash.begin());
  accounts_.push_back(std::move(account));
  return {};
}

std::optional<std::string> Authenticator::Authorize(std::string_view header) const {
  const std::optional<std::string_view> encoded = AfterBasic(header);
  if (!encoded) return std::nullopt;
  const std::optional<std::string> decoded = DecodeBase64(*encoded);
  if (!decoded) return std::nullopt;
  const size_t colon = decoded->find(':');
  if (colon == std::string::npos) return std::nullopt;
  const std::string_view user = std::string_view(*decoded).substr(0, colon);
  const std::string_view password = std::string_view(*decoded).substr(colon + 1);

  bool proven = false;
  for (const Account& account : accounts_) {
    const bool same_password =
        EqualInConstantTime(HmacSha256(account.salt, password), account.hash);
    proven |= same_password & EqualInConstantTime(AsBytes(account.user), AsBytes(user));
  }
  if (!proven) return std::nullopt;
  return std::string(user);
}

Whitelist::Whitelist(const std::vector<std::string>& entries, std::optional<bool> deny_others)
    : deny_others_(deny_others.value_or(!entries.empty())) {
  for (const std::string_view entry : entries) {
    const size_t colon = std::min(entry.find(':'), entry.size());
    std::set<std::string, std::less<>> methods;
    size_t at = colon + 1;
    while (at < entry.size()) {
      const size_t end = std::min(entry.find_first_of(", ", at), entry.size());
      if (end > at) methods.emplace(entry.substr(at, end - at));
      at = end + 1;
    }
    const auto [known, is_new] = allowed_.emplace(entry.substr(0, colon), methods);
    if (is_new) continue;
    std::erase_if(known->second, [&](const auto& name) { return !methods.contains(name); });
  }
}

bool Whitelist::Restricts(std::string_view user) const {
  return deny_others_ || allowed_.contains(user);
}

bool Whitelist::AllowsAnything(std::string_view user) const {
  return !deny_others_ || allowed_.contains(user);
}

bool Whitelist::Allows(std::string_view user, std::string_view method) const {
  const auto entry = allowed_.find(user);
  if (entry == allowed_.end()) return !deny_others_;
  return entry->second.contains(method);
}

}  // namespace cairn::rpc
