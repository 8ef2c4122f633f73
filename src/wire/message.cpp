#include "cairn/wire/message.h"

#include <algorithm>
#include <array>
#include <utility>

#include "src/wire/codec.h"

namespace cairn::wire {
namespace {

/// The types that stand for no command of their own.
constexpr size_t kNameless = 2;
constexpr size_t kCommands = std::variant_size_v<Message> - kNameless;

template <typename T>
Result<Message> DecodeAs(Bytes payload) {
  T message;
  Status status;
  if constexpr (requires { TakeOver(std::move(payload), message); }) {
    status = TakeOver(std::move(payload), message);
  } else {
    Reader reader(payload);
    status = Read(reader, message);
    if (!reader.ok()) return Malformed(T::kCommand);
  }
  if (!status) return tl::unexpected(std::move(status.error()));
  return Message(std::move(message));
}

struct Codec {
  std::string_view command;
  Result<Message> (*decode)(Bytes payload);
};

template <size_t... I>
constexpr std::array<Codec, kCommands> MakeCodecs(std::index_sequence<I...>) {
  return {Codec{std::variant_alternative_t<I + kNameless, Message>::kCommand,
                DecodeAs<std::variant_alternative_t<I + kNameless, Message>>}...};
}

constexpr std::array<Codec, kCommands> kCodecs = MakeCodecs(std::make_index_sequence<kCommands>());

const Codec* FindCodec(std::string_view command) {
  const auto* found = std::find_if(kCodecs.begin(), kCodecs.end(),
                                   [&](const Codec& codec) { return codec.command == command; });
  return found == kCodecs.end() ? nullptr : found;
}

}  // namespace

void Write(Writer&, const Unknown&) {}

void Write(Writer& writer, const RawMessage& message) { writer.Raw(*message.payload); }

Result<Message> Decode(std::string_view command, Bytes payload) {
  const Codec* codec = FindCodec(command);
  if (codec == nullptr) return Message(Unknown{std::string(command)});
  return codec->decode(std::move(payload));
}

std::string_view CommandOf(const Message& message) {
  return std::visit(
      [](const auto& each) -> std::string_view {
        if constexpr (requires { each.kCommand; }) {
          return each.kCommand;
        } else {
          return each.command;
        }
      },
      message);
}

void AppendPayload(Bytes& out, const Message& message) {
  Writer writer(out);
  std::visit([&](const auto& each) { Write(writer, each); }, message);
}

Bytes EncodePayload(const Message& message) {
  Bytes payload;
  AppendPayload(payload, message);
  return payload;
}

std::span<const std::string_view> KnownCommands() {
  static constexpr auto kNames = [] {
    std::array<std::string_view, kCommands> names;
    for (size_t i = 0; i < kCommands; ++i) names[i] = kCodecs[i].command;
    return names;
  }();
  return kNames;
}

}  // namespace cairn::wire
