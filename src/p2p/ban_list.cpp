#include "cairn/p2p/ban_list.h"

#include <algorithm>

#include "cairn/base/json.h"
#include "cairn/base/whole_file.h"

namespace cairn::p2p {
namespace {

constexpr int64_t kVersion = 1;
constexpr size_t kMaxFile = size_t{64} << 20;

wire::EndpointHasher DrawHasher(Random& random) {
  const uint64_t key0 = random.Next();
  return {key0, random.Next()};
}

int64_t IntOf(const json::Value& object, std::string_view name) {
  const json::Value* member = object.Find(name);
  return member == nullptr ? 0 : member->AsInt().value_or(0);
}

}  // namespace

bool BanList::Add(const wire::Subnet& subnet, int64_t until, int64_t now) {
  const auto [at, is_new] = bans_.try_emplace(subnet, Ban{now, until});
  if (is_new) return true;
  if (at->second.until >= until) return false;
  at->second = {now, until};
  return true;
}

bool BanList::Remove(const wire::Subnet& subnet) { return bans_.erase(subnet) > 0; }

bool BanList::IsBanned(const wire::NetAddress& address, int64_t now) const {
  // The text of a ban does not tell CJDNS from IPv6.
  const wire::NetAddress alike = address.Is(wire::Network::kCjdns)
                                     ? wire::NetAddress::FromIpv6Bytes(address.ToIpv6Bytes())
                                     : address;
  return std::any_of(bans_.begin(), bans_.end(), [&](const auto& entry) {
    const auto& [subnet, ban] = entry;
    return ban.until > now && (subnet.Contains(address) || subnet.Contains(alike));
  });
}

bool BanList::IsBanned(const wire::Subnet& subnet, int64_t now) const {
  const auto found = bans_.find(subnet);
  return found != bans_.end() && found->second.until > now;
}

const BanList::Bans& BanList::Entries(int64_t now) {
  std::erase_if(bans_, [now](const auto& entry) { return entry.second.until <= now; });
  return bans_;
}

std::string BanList::ToJson() const {
  json::Writer writer(4);
  writer.BeginObject().Key("banned_nets").BeginArray();
  for (const auto& [subnet, ban] : bans_) {
    writer.BeginObject();
    writer.Key("version").Int(kVersion);
    writer.Key("ban_created").Int(ban.created);
    writer.Key("banned_until").Int(ban.until);
    writer.Key("address").String(subnet.ToString());
    writer.EndObject();
  }
  writer.EndArray().EndObject();
  return writer.Take() + "\n";
}

Result<BanList> BanList::FromJson(std::string_view text) {
  const Result<json::Value> value = json::Parse(text, 8);
  if (!value) return Fail(ErrorCode::kCorruption, value.error().message);
  const json::Value* bans = value->IsObject() ? value->Find("banned_nets") : nullptr;
  if (bans == nullptr || !bans->IsArray()) {
    return Fail(ErrorCode::kCorruption, "it has no list \"banned_nets\"");
  }
  BanList list;
  for (const json::Value& item : bans->Items()) {
    if (!item.IsObject() || IntOf(item, "version") != kVersion) continue;
    const json::Value* address = item.Find("address");
    if (address == nullptr || !address->IsString()) continue;
    const auto subnet = wire::Subnet::Parse(address->Text());
    if (!subnet) continue;
    list.bans_[*subnet] = {IntOf(item, "ban_created"), IntOf(item, "banned_until")};
  }
  return list;
}

LoadedBans LoadBans(const std::filesystem::path& file) {
  const Result<Bytes> text = ReadFile(file, kMaxFile);
  if (!text) {
    const bool missing = text.error().code == ErrorCode::kNotFound;
    return {{}, missing ? std::string() : text.error().message};
  }
  Result<BanList> bans = BanList::FromJson(AsText(*text));
  if (bans) return {std::move(*bans), {}};
  return {{}, file.filename().string() + " is replaced: " + bans.error().message};
}

Status SaveBans(const BanList& bans, const std::filesystem::path& file) {
  return ReplaceFile(file, AsBytes(bans.ToJson()));
}

Discouraged::Discouraged(Random random, size_t most)
    : half_(std::max<size_t>(1, most / 2)), recent_(0, DrawHasher(random)), older_(recent_) {}

void Discouraged::Add(const wire::NetAddress& address) {
  if (recent_.size() >= half_ && !recent_.contains({address, 0})) {
    older_.swap(recent_);
    recent_.clear();
  }
  recent_.insert({address, 0});
}

bool Discouraged::Contains(const wire::NetAddress& address) const {
  return recent_.contains({address, 0}) || older_.contains({address, 0});
}

void Discouraged::Clear() {
  recent_.clear();
  older_.clear();
}

}  // namespace cairn::p2p
