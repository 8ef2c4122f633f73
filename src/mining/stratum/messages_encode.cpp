#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "cairn/base/endian.h"
#include "cairn/base/hex.h"
#include "src/mining/stratum/messages.h"
#include "src/mining/stratum/work.h"

namespace cairn::mining::stratum {
namespace {

/// In as few digits as say exactly this number.
void WriteDifficulty(json::Writer& writer, double difficulty) {
  std::array<char, 32> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), difficulty).ptr;
  writer.RawNumber({digits.data(), static_cast<size_t>(end - digits.data())});
}

/// A request or notice, whose parameters `write` writes.
template <typename Write>
std::string Message(const MessageId& id, std::string_view method, Write write) {
  json::Writer writer;
  writer.BeginObject().Key("id").Any(id).Key("method").String(method).Key("params").BeginArray();
  write(writer);
  writer.EndArray().EndObject();
  return writer.Take();
}

template <typename Write>
std::string Notice(std::string_view method, Write write) {
  return Message(MessageId(), method, write);
}

void WriteNothing(json::Writer& /*writer*/) {}

}  // namespace

std::string HexWord(uint32_t word) {
  std::array<uint8_t, 4> bytes;
  StoreBig(bytes.data(), word);
  return ToHex(bytes);
}

std::string Encode(const MessageId& id, const Response& response) {
  json::Writer writer;
  writer.BeginObject().Key("id").Any(id).Key("result").Any(response.result).Key("error");
  if (response.error) {
    writer.BeginArray().Int(response.error->code).String(response.error->message).Null().EndArray();
  } else {
    writer.Null();
  }
  writer.EndObject();
  return writer.Take();
}

std::string Encode(const MessageId& id, const Subscribe& request) {
  return Message(id, "mining.subscribe", [&](json::Writer& writer) {
    writer.String(request.agent);
    if (!request.session.empty()) writer.String(request.session);
  });
}

std::string Encode(const MessageId& id, const Authorize& request) {
  return Message(id, "mining.authorize", [&](json::Writer& writer) {
    writer.String(request.user).String(request.password);
  });
}

std::string Encode(const MessageId& id, const SubscribeExtranonce& /*request*/) {
  return Message(id, "mining.extranonce.subscribe", WriteNothing);
}

std::string Encode(const MessageId& id, const Configure& request) {
  return Message(id, "mining.configure", [&](json::Writer& writer) {
    writer.BeginArray();
    if (request.version_mask) writer.String("version-rolling");
    if (request.minimum_difficulty) writer.String("minimum-difficulty");
    if (request.subscribe_extranonce) writer.String("subscribe-extranonce");
    for (const std::string& name : request.unknown_extensions) writer.String(name);
    writer.EndArray().BeginObject();
    if (request.version_mask) {
      writer.Key("version-rolling.mask").String(HexWord(*request.version_mask));
    }
    if (request.minimum_difficulty) {
      writer.Key("minimum-difficulty.value");
      WriteDifficulty(writer, *request.minimum_difficulty);
    }
    writer.EndObject();
  });
}

std::string Encode(const MessageId& id, const SuggestDifficulty& request) {
  return Message(id, "mining.suggest_difficulty",
                 [&](json::Writer& writer) { WriteDifficulty(writer, request.difficulty); });
}

std::string Encode(const MessageId& id, const Submit& request) {
  return Message(id, "mining.submit", [&](json::Writer& writer) {
    writer.String(request.user).String(request.job).String(ToHex(request.extranonce2));
    writer.String(HexWord(request.time)).String(HexWord(request.nonce));
    if (request.version_bits) writer.String(HexWord(*request.version_bits));
  });
}

std::string Encode(const SetDifficulty& notice) {
  return Notice("mining.set_difficulty",
                [&](json::Writer& writer) { WriteDifficulty(writer, notice.difficulty); });
}

std::string Encode(const SetExtranonce& notice) {
  return Notice("mining.set_extranonce", [&](json::Writer& writer) {
    writer.String(ToHex(notice.extranonce1)).Uint(notice.extranonce2_size);
  });
}

std::string Encode(const SetVersionMask& notice) {
  return Notice("mining.set_version_mask",
                [&](json::Writer& writer) { writer.String(HexWord(notice.mask)); });
}

std::string Encode(const Notify& notice) {
  return Notice("mining.notify", [&](json::Writer& writer) {
    writer.String(notice.job).String(ToHex(SwapWords(notice.previous).span()));
    writer.String(ToHex(notice.coinbase1)).String(ToHex(notice.coinbase2));
    writer.BeginArray();
    for (const crypto::Digest& node : notice.branch) writer.String(ToHex(node));
    writer.EndArray();
    writer.String(HexWord(notice.version)).String(HexWord(notice.bits));
    writer.String(HexWord(notice.time)).Bool(notice.clean);
  });
}

std::string Encode(const Reconnect& notice) {
  return Notice("client.reconnect", [&](json::Writer& writer) {
    writer.String(notice.host).Uint(notice.port).Uint(notice.wait_seconds);
  });
}

std::string Encode(const ShowMessage& notice) {
  return Notice("client.show_message", [&](json::Writer& writer) { writer.String(notice.text); });
}

std::string Encode(const MessageId& id, const GetVersion& /*request*/) {
  return Message(id, "client.get_version", WriteNothing);
}

Response Accept() { return {json::Value::Bool(true), std::nullopt}; }

Response Refuse(Refusal refusal, std::string message) {
  return {json::Value(), StratumError{static_cast<int64_t>(refusal), std::move(message)}};
}

Response AnswerWith(const Subscribed& subscribed) {
  const auto subscription = [&](const char* name) {
    return json::Value::Array({json::Value::String(name), json::Value::String(subscribed.session)});
  };
  return {
      json::Value::Array({json::Value::Array({subscription("mining.set_difficulty"),
                                              subscription("mining.notify")}),
                          json::Value::String(ToHex(subscribed.extranonce1)),
                          json::Value::Integer(static_cast<int64_t>(subscribed.extranonce2_size))}),
      std::nullopt};
}

Response AnswerWith(const Configured& configured) {
  std::vector<json::Value::Member> members;
  if (configured.version_mask) {
    members.emplace_back("version-rolling", json::Value::Bool(true));
    members.emplace_back("version-rolling.mask",
                         json::Value::String(HexWord(*configured.version_mask)));
  }
  if (configured.minimum_difficulty) {
    members.emplace_back("minimum-difficulty", json::Value::Bool(*configured.minimum_difficulty));
  }
  if (configured.subscribe_extranonce) {
    members.emplace_back("subscribe-extranonce",
                         json::Value::Bool(*configured.subscribe_extranonce));
  }
  for (const std::string& name : configured.unknown_extensions) {
    const bool is_there = std::any_of(members.begin(), members.end(),
                                      [&](const auto& member) { return member.first == name; });
    if (!is_there) members.emplace_back(name, json::Value::Bool(false));
  }
  return {json::Value::Object(std::move(members)), std::nullopt};
}

}  // namespace cairn::mining::stratum
