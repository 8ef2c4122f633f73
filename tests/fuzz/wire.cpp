#include <algorithm>

#include "cairn/base/assert.h"
#include "cairn/wire/bloom_filter.h"
#include "cairn/wire/compact_block.h"
#include "cairn/wire/frame.h"
#include "cairn/wire/limits.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/targets.h"

namespace cairn::fuzz {
namespace {

constexpr wire::Magic kMagic = {0xfa, 0xbf, 0xb5, 0xda};

/// What was read is written, read again and written again the same.
void CheckMessage(std::string_view command, ByteSpan payload) {
  const auto message = wire::Decode(command, Copy(payload));
  if (!message) {
    CAIRN_ASSERT(!message.error().message.empty());
    CAIRN_ASSERT(message.error().code == ErrorCode::kInvalid ||
                 message.error().code == ErrorCode::kCorruption);
    return;
  }
  CAIRN_ASSERT(wire::CommandOf(*message) == command);
  const Bytes written = wire::EncodePayload(*message);
  const auto again = wire::Decode(command, written);
  CAIRN_ASSERT(again && again->index() == message->index());
  CAIRN_ASSERT(wire::EncodePayload(*again) == written);
  const Bytes frame = wire::EncodeFrame(kMagic, *message);
  CAIRN_ASSERT(Equal(ByteSpan(frame).subspan(wire::FrameHeader::kSize), written));
}

void CheckFrame(ByteSpan bytes) {
  if (bytes.size() < wire::FrameHeader::kSize) return;
  const auto raw = bytes.first<wire::FrameHeader::kSize>();
  const auto header = wire::ParseFrameHeader(raw, kMagic);
  if (!header) return;
  CAIRN_ASSERT(header->length <= wire::kMostPayload);
  const ByteSpan payload = bytes.subspan(raw.size());
  if (payload.size() != header->length || header->command.empty()) return;
  const Bytes frame = wire::EncodeFrame(kMagic, header->command, payload);
  CAIRN_ASSERT(Equal(ByteSpan(frame).first(raw.size() - 4), ByteSpan(raw).first(raw.size() - 4)));
  CheckMessage(header->command, payload);
}

/// A compact block is put together from its own prefilled transactions, offered and answered.
void CheckAssembly(ByteSpan payload) {
  const auto message = wire::Decode(wire::CompactBlock::kCommand, Copy(payload));
  if (!message) return;
  const auto& compact = std::get<wire::CompactBlock>(*message);
  auto assembly = wire::CompactBlockAssembly::Begin(compact);
  if (!assembly) return;
  CAIRN_ASSERT(assembly->TransactionCount() == compact.TransactionCount());
  CAIRN_ASSERT(assembly->MissingCount() == compact.short_ids.size());
  for (const auto& prefilled : compact.prefilled) assembly->Offer(prefilled.transaction);
  const std::vector<uint16_t> missing = assembly->Missing();
  CAIRN_ASSERT(missing.size() == assembly->MissingCount());
  CAIRN_ASSERT(std::is_sorted(missing.begin(), missing.end()));
  CAIRN_ASSERT(missing.empty() || missing.back() < compact.TransactionCount());
  if (compact.prefilled.empty()) return;
  const std::vector<TransactionPtr> answer(missing.size(), compact.prefilled[0].transaction);
  const auto block = assembly->Finish(answer);
  if (!block) return;
  CAIRN_ASSERT((*block)->hash() == assembly->hash());
  // The compact form of the block leads back to it.
  auto own = wire::CompactBlockAssembly::Begin(wire::MakeCompactBlock(*block, compact.nonce));
  if (!own) return;
  for (const Transaction& transaction : (*block)->transactions()) {
    own->Offer(TransactionPtr(*block, &transaction));
  }
  CAIRN_ASSERT(own->MissingCount() == 0);
  CAIRN_ASSERT(Equal((*own->Finish({}))->bytes(), (*block)->bytes()));
}

/// A filter and a block: what it matches is in the proof.
void CheckBloom(ByteSpan bytes) {
  const auto message = wire::Decode(wire::FilterLoad::kCommand, Copy(bytes));
  if (!message) return;
  const auto& load = std::get<wire::FilterLoad>(*message);
  const auto block = Block::Parse(Copy(bytes.subspan(wire::EncodePayload(load).size())));
  if (!block || (*block)->transactions().empty()) return;
  wire::BloomFilter filter(load);
  const wire::FilteredBlock filtered = wire::FilterBlock(**block, filter);
  CAIRN_ASSERT(filter.load().bits.size() == load.bits.size());
  CAIRN_ASSERT(std::is_sorted(filtered.matches.begin(), filtered.matches.end()));
  for (const uint32_t match : filtered.matches) {
    CAIRN_ASSERT(filter.Match((*block)->transactions()[match]));
  }
}

}  // namespace

size_t WireChoices() { return wire::KnownCommands().size() + std::size(kWireExtras); }

std::string_view WireChoiceName(size_t choice) {
  const auto commands = wire::KnownCommands();
  return choice < commands.size() ? commands[choice] : kWireExtras[choice - commands.size()];
}

void FuzzWire(ByteSpan bytes) {
  Input input(bytes);
  const size_t choice = input.Below(WireChoices());
  const ByteSpan rest = input.Rest();
  const size_t commands = wire::KnownCommands().size();
  if (choice < commands) return CheckMessage(wire::KnownCommands()[choice], rest);
  switch (choice - commands) {
    case 0: return CheckFrame(rest);
    case 1: return CheckAssembly(rest);
    default: return CheckBloom(rest);
  }
}

}  // namespace cairn::fuzz
