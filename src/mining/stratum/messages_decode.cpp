// Decoding. What a message is made of is read by place or name, and the first thing that is wrong
// is kept.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

#include "cairn/base/endian.h"
#include "cairn/base/hex.h"
#include "src/mining/stratum/messages.h"
#include "src/mining/stratum/work.h"

namespace cairn::mining::stratum {
namespace {

constexpr int kDeepestJson = 16;
constexpr size_t kLongestId = 64;
constexpr size_t kMostExtensions = 16;

bool IsControl(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

bool IsPlain(std::string_view text) {
  return text.size() <= kLongestText && std::none_of(text.begin(), text.end(), IsControl);
}

std::optional<uint32_t> Hex32(const json::Value& value) {
  constexpr size_t kDigits = 8;
  if (!value.IsString() || value.Text().size() != kDigits) return std::nullopt;
  const auto bytes = FromHex(value.Text());
  if (!bytes) return std::nullopt;
  return LoadBig<uint32_t>(bytes->data());
}

std::optional<Bytes> HexOf(const json::Value& value, size_t most) {
  if (!value.IsString() || value.Text().size() > 2 * most) return std::nullopt;
  return FromHex(value.Text());
}

std::optional<double> DifficultyOf(const json::Value& value) {
  const auto number = value.AsDouble();
  if (!number || !std::isfinite(*number) || *number <= 0) return std::nullopt;
  return number;
}

std::optional<size_t> Extranonce2Size(const json::Value& value) {
  const auto size = value.AsInt();
  if (!size || *size < 1 || *size > static_cast<int64_t>(kLargestExtranonce)) return std::nullopt;
  return static_cast<size_t>(*size);
}

/// The parameters of a message. What cannot be read reads as something harmless.
class Parameters {
 public:
  /// From the member "params", which may be missing.
  explicit Parameters(const json::Value* list) {
    if (list == nullptr || list->IsNull()) return;
    if (list->IsArray()) {
      items_ = &list->Items();
    } else {
      Blame("params is no array");
    }
  }

  const std::string& problem() const { return problem_; }

  bool Has(size_t at) const { return !At(at).IsNull(); }

  const json::Value& At(size_t at) const {
    static const json::Value kNull;
    return items_ != nullptr && at < items_->size() ? (*items_)[at] : kNull;
  }

  /// A name or a word.
  std::string Text(size_t at, std::string_view name) {
    const json::Value& value = At(at);
    if (value.IsString() && IsPlain(value.Text())) return value.Text();
    return Blame(name, "is no string of at most 256 printable bytes"), std::string();
  }

  std::string OptionalText(size_t at, std::string_view name) {
    return Has(at) ? Text(at, name) : std::string();
  }

  bool Flag(size_t at) const { return At(at).IsBool() && At(at).AsBool(); }

  uint32_t Word(size_t at, std::string_view name) {
    return OrBlame(Hex32(At(at)), name, "is not 8 hex digits");
  }

  Bytes Hex(size_t at, size_t most, std::string_view name) {
    return OrBlame(HexOf(At(at), most), name, "is no hex, or too long");
  }

  double Difficulty(size_t at) {
    return OrBlame(DifficultyOf(At(at)), "the difficulty", "is no positive number");
  }

  size_t ExtranonceSize(size_t at) {
    return OrBlame(Extranonce2Size(At(at)), "the size of extranonce2", "is not from 1 to 32");
  }

  void Blame(std::string_view name, std::string_view fault = {}) {
    if (!problem_.empty()) return;
    problem_ = name;
    if (!fault.empty()) problem_.append(" ").append(fault);
  }

 private:
  template <typename T>
  T OrBlame(std::optional<T> value, std::string_view name, std::string_view fault) {
    if (value) return *std::move(value);
    Blame(name, fault);
    return T();
  }

  const std::vector<json::Value>* items_ = nullptr;
  std::string problem_;
};

bool IsGoodId(const json::Value& id) {
  if (id.IsString()) return id.Text().size() <= kLongestId;
  return id.IsNull() || id.AsInt();
}

Result<json::Value> ParseLine(std::string_view line, size_t longest) {
  if (line.size() > longest) return Invalid("the line is too long");
  auto parsed = json::Parse(line, kDeepestJson);
  if (!parsed) return parsed;
  if (!parsed->IsObject()) return Invalid("the line is no object");
  const json::Value* id = parsed->Find("id");
  if (id != nullptr && !IsGoodId(*id)) return Invalid("the id is no integer, short string or null");
  const json::Value* method = parsed->Find("method");
  if (method == nullptr || method->IsNull()) {
    const bool answers = parsed->Find("result") != nullptr || parsed->Find("error") != nullptr;
    if (!answers) return Invalid("the line has neither a method nor a result");
  } else if (!method->IsString() || !IsPlain(method->Text())) {
    return Invalid("the method is no name");
  }
  return parsed;
}

/// Null for an answer.
const std::string* MethodOf(const json::Value& message) {
  const json::Value* method = message.Find("method");
  return method != nullptr && method->IsString() ? &method->Text() : nullptr;
}

MessageId IdOf(const json::Value& message) {
  const json::Value* id = message.Find("id");
  return id != nullptr ? *id : MessageId();
}

/// [code, message, traceback], or what else pools have been seen to put there.
StratumError ErrorOf(const json::Value& value) {
  StratumError error;
  const json::Value* code = nullptr;
  const json::Value* message = &value;
  if (value.IsArray()) {
    code = !value.Items().empty() ? &value.Items()[0] : nullptr;
    message = value.Items().size() > 1 ? &value.Items()[1] : nullptr;
  } else if (value.IsObject()) {
    code = value.Find("code");
    message = value.Find("message");
  }
  if (code != nullptr) error.code = code->AsInt().value_or(error.code);
  if (message != nullptr && message->IsString()) error.message = PlainText(message->Text());
  return error;
}

Response ResponseOf(const json::Value& message) {
  Response response;
  if (const json::Value* result = message.Find("result")) response.result = *result;
  const json::Value* error = message.Find("error");
  if (error != nullptr && !error->IsNull()) response.error = ErrorOf(*error);
  return response;
}

// --- Requests ---

Configure ReadConfigure(Parameters& params) {
  Configure request;
  const json::Value& names = params.At(0);
  const json::Value& options = params.At(1);
  if (!names.IsArray() || names.Items().size() > kMostExtensions) {
    params.Blame("the extensions", "are no list of at most 16 names");
    return request;
  }
  for (const json::Value& name : names.Items()) {
    if (!name.IsString() || !IsPlain(name.Text())) {
      params.Blame("an extension", "has no name");
    } else if (name.Text() == "version-rolling") {
      const json::Value* mask = options.Find("version-rolling.mask");
      request.version_mask = mask == nullptr ? ~uint32_t{0} : Hex32(*mask);
      if (!request.version_mask) params.Blame("version-rolling.mask", "is not 8 hex digits");
    } else if (name.Text() == "minimum-difficulty") {
      const json::Value* value = options.Find("minimum-difficulty.value");
      if (value != nullptr) request.minimum_difficulty = DifficultyOf(*value);
      if (!request.minimum_difficulty) {
        params.Blame("minimum-difficulty.value", "is no positive number");
      }
    } else if (name.Text() == "subscribe-extranonce") {
      request.subscribe_extranonce = true;
    } else {
      request.unknown_extensions.push_back(name.Text());
    }
  }
  return request;
}

Submit ReadSubmit(Parameters& params) {
  Submit share;
  share.user = params.Text(0, "the user");
  share.job = params.Text(1, "the job");
  share.extranonce2 = params.Hex(2, kLargestExtranonce, "extranonce2");
  share.time = params.Word(3, "the time");
  share.nonce = params.Word(4, "the nonce");
  if (params.Has(5)) share.version_bits = params.Word(5, "the version");
  return share;
}

Subscribe ReadSubscribe(Parameters& params) {
  const json::Value& agent = params.At(0);
  return {agent.IsString() ? PlainText(agent.Text()) : std::string(),
          params.OptionalText(1, "the session")};
}

decltype(MinerMessage::body) ReadRequest(const std::string& method, Parameters& params) {
  if (method == "mining.submit") return ReadSubmit(params);
  if (method == "mining.subscribe") return ReadSubscribe(params);
  if (method == "mining.authorize") {
    return Authorize{params.Text(0, "the user"), params.OptionalText(1, "the password")};
  }
  if (method == "mining.extranonce.subscribe") return SubscribeExtranonce();
  if (method == "mining.configure") return ReadConfigure(params);
  if (method == "mining.suggest_difficulty") return SuggestDifficulty{params.Difficulty(0)};
  return UnknownRequest{method};
}

// --- Notices ---

/// Either half of the coinbase and the deepest branch fit a line together.
Notify ReadNotify(Parameters& params) {
  Notify job;
  job.job = params.Text(0, "the job");
  const Bytes previous = params.Hex(1, BlockHash::kSize, "the previous hash");
  if (previous.size() == BlockHash::kSize) {
    job.previous = SwapWords(BlockHash::From(previous));
  } else {
    params.Blame("the previous hash", "is not 64 hex digits");
  }
  job.coinbase1 = params.Hex(2, kLongestPoolLine, "the first part of the coinbase");
  job.coinbase2 = params.Hex(3, kLongestPoolLine, "the second part of the coinbase");
  const json::Value& branch = params.At(4);
  if (!branch.IsArray() || branch.Items().size() > kDeepestBranch) {
    params.Blame("the merkle branch", "is no list of at most 32 hashes");
    return job;
  }
  for (const json::Value& text : branch.Items()) {
    const auto node = HexOf(text, sizeof(crypto::Digest));
    if (!node || node->size() != sizeof(crypto::Digest)) {
      params.Blame("the merkle branch", "has something that is not 64 hex digits");
      break;
    }
    std::copy(node->begin(), node->end(), job.branch.emplace_back().begin());
  }
  job.version = params.Word(5, "the version");
  job.bits = params.Word(6, "the bits");
  job.time = params.Word(7, "the time");
  job.clean = params.Flag(8);
  return job;
}

/// A number that pools write as one or as a string.
template <typename Number>
Number LooseNumber(const json::Value& value) {
  Number number{};
  const std::string& text = value.Text();
  const char* end = text.data() + text.size();
  const auto [stopped, problem] = std::from_chars(text.data(), end, number);
  return problem == std::errc() && stopped == end ? number : Number{};
}

decltype(PoolMessage::body) ReadNotice(const std::string& method, Parameters& params) {
  if (method == "mining.notify") return ReadNotify(params);
  if (method == "mining.set_difficulty") return SetDifficulty{params.Difficulty(0)};
  if (method == "mining.set_extranonce") {
    return SetExtranonce{params.Hex(0, kLargestExtranonce, "extranonce1"),
                         params.ExtranonceSize(1)};
  }
  if (method == "mining.set_version_mask") return SetVersionMask{params.Word(0, "the mask")};
  if (method == "client.reconnect") {
    return Reconnect{params.OptionalText(0, "the host"), LooseNumber<uint16_t>(params.At(1)),
                     LooseNumber<uint32_t>(params.At(2))};
  }
  if (method == "client.show_message") return ShowMessage{PlainText(params.At(0).Text())};
  if (method == "client.get_version") return GetVersion();
  return UnknownNotice{method};
}

std::optional<bool> ExtensionOf(const json::Value& result, std::string_view name) {
  const json::Value* value = result.Find(name);
  if (value == nullptr) return std::nullopt;
  return value->IsBool() && value->AsBool();
}

}  // namespace

Result<MinerMessage> DecodeMinerLine(std::string_view line) {
  const auto parsed = ParseLine(line, kLongestMinerLine);
  if (!parsed) return tl::unexpected(parsed.error());
  MinerMessage message{.id = IdOf(*parsed), .body = UnknownRequest()};
  const std::string* method = MethodOf(*parsed);
  if (method == nullptr) {
    message.body = ResponseOf(*parsed);
    return message;
  }
  Parameters params(parsed->Find("params"));
  message.body = ReadRequest(*method, params);
  if (!params.problem().empty()) message.body = MalformedRequest{params.problem()};
  return message;
}

Result<PoolMessage> DecodePoolLine(std::string_view line) {
  const auto parsed = ParseLine(line, kLongestPoolLine);
  if (!parsed) return tl::unexpected(parsed.error());
  PoolMessage message{.id = IdOf(*parsed), .body = UnknownNotice()};
  const std::string* method = MethodOf(*parsed);
  if (method == nullptr) {
    message.body = ResponseOf(*parsed);
    return message;
  }
  Parameters params(parsed->Find("params"));
  message.body = ReadNotice(*method, params);
  if (!params.problem().empty()) return Invalid(*method + ": " + params.problem());
  return message;
}

Result<Subscribed> DecodeSubscribed(const json::Value& result) {
  // [subscriptions, extranonce1, size of extranonce2]; a subscription is [name, session].
  Parameters parts(&result);
  Subscribed subscribed;
  subscribed.extranonce1 = parts.Hex(1, kLargestExtranonce, "extranonce1");
  subscribed.extranonce2_size = parts.ExtranonceSize(2);
  if (!parts.problem().empty()) return Invalid("mining.subscribe: " + parts.problem());
  for (const json::Value& subscription : parts.At(0).Items()) {
    if (subscription.Items().size() != 2) continue;
    const json::Value& session = subscription.Items()[1];
    if (session.IsString() && IsPlain(session.Text())) subscribed.session = session.Text();
  }
  return subscribed;
}

Configured DecodeConfigured(const json::Value& result) {
  Configured configured;
  if (ExtensionOf(result, "version-rolling").value_or(false)) {
    const json::Value* mask = result.Find("version-rolling.mask");
    if (mask != nullptr) configured.version_mask = Hex32(*mask);
  }
  configured.minimum_difficulty = ExtensionOf(result, "minimum-difficulty");
  configured.subscribe_extranonce = ExtensionOf(result, "subscribe-extranonce");
  return configured;
}

std::string PlainText(std::string_view text) {
  size_t size = std::min(text.size(), kLongestText);
  // A character of several bytes is not cut.
  constexpr unsigned kTopBits = 0xc0;
  constexpr unsigned kContinuation = 0x80;
  while (size > 0 && size < text.size() &&
         (static_cast<unsigned char>(text[size]) & kTopBits) == kContinuation) {
    --size;
  }
  std::string plain(text.substr(0, size));
  std::replace_if(plain.begin(), plain.end(), IsControl, '?');
  return plain;
}

}  // namespace cairn::mining::stratum
