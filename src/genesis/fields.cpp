#include "src/genesis/fields.h"

#include <algorithm>

#include "cairn/base/assert.h"
#include "cairn/base/hex.h"

namespace cairn::genesis {

namespace {

const json::Value& EmptyObject() {
  static const json::Value empty = json::Value::Object();
  return empty;
}

const std::vector<std::string_view>& KeysOf(std::string_view section) {
  const auto& sections = ChainFileKeys();
  const auto found = std::find_if(sections.begin(), sections.end(),
                                  [&](const SectionKeys& keys) { return keys.section == section; });
  CAIRN_ASSERT(found != sections.end());
  return found->keys;
}

}  // namespace

const std::vector<SectionKeys>& ChainFileKeys() {
  static const std::vector<SectionKeys> sections = {
      {"",
       {"comment",
        "magic",
        "p2p_port",
        "rpc_port",
        "onion_port",
        "dns_seeds",
        "fixed_seeds",
        "addresses",
        "genesis_block",
        "retarget",
        "money",
        "heights",
        "bip34_hash",
        "signalling",
        "deployments",
        "bip30_exceptions",
        "script_flag_exceptions",
        "assumed_valid",
        "minimum_chain_work",
        "checkpoints",
        "activity",
        "signet_challenge",
        "is_test",
        "mine_on_demand",
        "require_standard",
        "prune_after_height"}},
      {"addresses",
       {"pubkey_hash", "script_hash", "secret_key", "ext_public", "ext_secret", "bech32"}},
      {"retarget",
       {"limit", "spacing", "timespan", "never", "allow_min_difficulty", "from_first_block",
        "timewarp_guard"}},
      {"money", {"initial_subsidy", "subsidy_interval", "coinbase_maturity"}},
      {"heights", {"bip34", "bip65", "bip66", "csv", "segwit"}},
      {"signalling", {"window", "threshold", "warn_from"}},
      {"deployments", {"name", "bit", "start_time", "timeout", "min_activation_height"}},
      {"bip30_exceptions", {"height", "hash"}},
      {"script_flag_exceptions", {"hash", "flags"}},
      {"checkpoints", {"height", "hash"}},
      {"activity", {"time", "transactions", "per_million_seconds"}},
  };
  return sections;
}

void Problem::Set(int line, std::string reason) {
  if (found()) return;
  line_ = line;
  reason_ = std::move(reason);
}

Fields::Fields(const json::Value& object, std::string path, Problem& problem)
    : object_(object.IsObject() ? object : EmptyObject()),
      path_(std::move(path)),
      problem_(problem) {
  const auto& known = KeysOf(path_);
  for (const auto& [key, value] : object_.Members()) {
    if (std::find(known.begin(), known.end(), key) == known.end()) {
      problem_.Set(value.line(), "unknown key " + Quoted(key));
    }
  }
}

std::string Fields::PathTo(std::string_view key) const {
  return path_.empty() ? std::string(key) : path_ + "." + std::string(key);
}

std::string Fields::Quoted(std::string_view key) const { return '"' + PathTo(key) + '"'; }

void Fields::Refuse(std::string_view key, const std::string& demand) const {
  const json::Value* value = object_.Find(key);
  problem_.Set(value != nullptr ? value->line() : object_.line(), Quoted(key) + " " + demand);
}

const json::Value* Fields::Find(std::string_view key, bool required) const {
  const json::Value* value = object_.Find(key);
  if (value == nullptr && required) Refuse(key, "is missing");
  return value;
}

int64_t Fields::Number(std::string_view key, Range range, std::optional<int64_t> fallback) const {
  const json::Value* value = Find(key, !fallback);
  if (value == nullptr) return fallback.value_or(range.least);
  const std::optional<int64_t> number = value->AsInt();
  if (number && *number >= range.least && *number <= range.most) return *number;
  Refuse(key, "must be a number from " + std::to_string(range.least) + " to " +
                  std::to_string(range.most));
  return range.least;
}

int Fields::Height(std::string_view key, std::optional<int64_t> fallback) const {
  return static_cast<int>(Number(key, {}, fallback));
}

bool Fields::Flag(std::string_view key, bool fallback) const {
  const json::Value* value = Find(key, false);
  if (value == nullptr) return fallback;
  if (!value->IsBool()) Refuse(key, "must be true or false");
  return value->AsBool();
}

std::string Fields::Text(std::string_view key) const {
  const json::Value* value = Find(key, true);
  if (value == nullptr) return {};
  if (!value->IsString() || value->Text().empty()) Refuse(key, "must be a text");
  return value->Text();
}

std::vector<std::string> Fields::Texts(std::string_view key) const {
  const json::Value* list = Find(key, false);
  if (list == nullptr) return {};
  std::vector<std::string> texts;
  for (const json::Value& item : list->Items()) {
    if (!item.IsString() || item.Text().empty()) {
      problem_.Set(item.line(), Quoted(key) + " must be a list of texts");
    }
    texts.push_back(item.Text());
  }
  if (!list->IsArray()) Refuse(key, "must be a list of texts");
  return texts;
}

Bytes Fields::Hex(std::string_view key, size_t size) const {
  const json::Value* value = Find(key, true);
  if (value == nullptr) return Bytes(size);
  const std::optional<Bytes> bytes = value->IsString() ? FromHex(value->Text()) : std::nullopt;
  if (bytes && (size == 0 ? !bytes->empty() : bytes->size() == size)) return *bytes;
  Refuse(key, size == 0 ? "must be bytes in hex"
                        : "must be " + std::to_string(2 * size) + " hex digits");
  return Bytes(size);
}

BlockHash Fields::HashOrZero(std::string_view key) const {
  return Has(key) ? Hash(key) : BlockHash();
}

BlockHash Fields::Hash(std::string_view key) const {
  Bytes bytes = Hex(key, BlockHash::kSize);
  std::reverse(bytes.begin(), bytes.end());  // from display to internal order
  return BlockHash::From(bytes);
}

U256 Fields::Large(std::string_view key, std::optional<U256> fallback) const {
  if (fallback && !Has(key)) return *fallback;
  Bytes bytes = Hex(key, 32);
  std::reverse(bytes.begin(), bytes.end());
  return U256::FromLittle(bytes);
}

int64_t Fields::NumberOrWord(std::string_view key, const Words& words, int64_t fallback) const {
  const json::Value* value = Find(key, false);
  if (value == nullptr) return fallback;
  std::string demand = "must be a number of seconds";
  for (const auto& [word, meaning] : words) {
    if (value->IsString() && value->Text() == word) return meaning;
    demand += " or \"" + std::string(word) + "\"";
  }
  const std::optional<int64_t> number = value->AsInt();
  if (number && *number >= 0) return *number;
  Refuse(key, demand);
  return fallback;
}

Fields Fields::Section(std::string_view key, Presence presence) const {
  const json::Value* section = Find(key, presence == Presence::kRequired);
  if (section != nullptr && !section->IsObject()) Refuse(key, "must be an object");
  return {section != nullptr ? *section : EmptyObject(), PathTo(key), problem_};
}

std::vector<Fields> Fields::Entries(std::string_view key) const {
  const json::Value* list = Find(key, false);
  if (list == nullptr) return {};
  std::vector<Fields> entries;
  for (const json::Value& item : list->Items()) {
    if (!item.IsObject()) problem_.Set(item.line(), Quoted(key) + " must be a list of objects");
    entries.push_back({item, PathTo(key), problem_});
  }
  if (!list->IsArray()) Refuse(key, "must be a list of objects");
  return entries;
}

}  // namespace cairn::genesis
