#include "tests/simulation/message_size.h"

#include <type_traits>
#include <variant>

#include "cairn/base/writer.h"

namespace cairn::simulation {
namespace {

constexpr size_t kHash = 32;
constexpr size_t kOldAddress = 26;  // services, 16 bytes, port

size_t List(size_t count, size_t item_size) { return CompactSizeLength(count) + count * item_size; }

template <typename T>
concept Fixed8 = std::is_same_v<T, wire::FeeFilter> || std::is_same_v<T, wire::Ping>;

template <typename T>
concept Items = std::is_same_v<T, wire::Inv> || std::is_same_v<T, wire::GetData> ||
    std::is_same_v<T, wire::NotFound>;

template <typename T>
concept Located = std::is_same_v<T, wire::GetHeaders> || std::is_same_v<T, wire::GetBlocks>;

struct Sizer {
  template <typename T>
  size_t operator()(const T& message) const {
    if constexpr (std::is_empty_v<T>) {
      return 0;
    } else {
      return wire::EncodePayload(message).size();  // rare ones
    }
  }
  size_t operator()(const wire::Unknown&) const { return 0; }
  size_t operator()(const wire::RawMessage& message) const { return message.payload->size(); }
  size_t operator()(const wire::Version& message) const {
    const size_t agent = message.user_agent.size();
    return 4 + 8 + 8 + 2 * kOldAddress + 8 + CompactSizeLength(agent) + agent + 4 + 1;
  }
  size_t operator()(const wire::SendCompact&) const { return 9; }
  size_t operator()(const Fixed8 auto&) const { return 8; }
  size_t operator()(const wire::Pong& message) const { return message.nonce ? 8 : 0; }
  size_t operator()(const wire::Addr& message) const {
    return List(message.addresses.size(), 4 + kOldAddress);
  }
  size_t operator()(const wire::AddrV2& message) const {
    size_t size = CompactSizeLength(message.addresses.size());
    for (const wire::PeerAddress& peer : message.addresses) {
      size += 4 + CompactSizeLength(peer.services) + 2 + peer.endpoint.address.bytes().size() + 2;
    }
    return size;
  }
  size_t operator()(const Items auto& message) const {
    return List(message.items.size(), wire::InvItem::kSize);
  }
  size_t operator()(const Located auto& message) const {
    return 4 + List(message.locator.hashes.size(), kHash) + kHash;
  }
  size_t operator()(const wire::Headers& message) const {
    return List(message.headers.size(), Header::kSize + 1);
  }
  size_t operator()(const wire::BlockMessage& message) const {
    return message.block->bytes().size();
  }
  size_t operator()(const wire::TxMessage& message) const {
    return message.transaction->bytes.size();
  }
  size_t operator()(const wire::CompactBlock& message) const {
    size_t size = Header::kSize + 8 + List(message.short_ids.size(), 6);
    size += CompactSizeLength(message.prefilled.size());
    size_t next = 0;  // indexes are written as the number of places skipped
    for (const auto& item : message.prefilled) {
      size += CompactSizeLength(item.index - next) + item.transaction->bytes.size();
      next = item.index + size_t{1};
    }
    return size;
  }
  size_t operator()(const wire::GetBlockTxn& message) const {
    size_t size = kHash + CompactSizeLength(message.indexes.size());
    size_t next = 0;
    for (const uint16_t index : message.indexes) {
      size += CompactSizeLength(index - next);
      next = index + size_t{1};
    }
    return size;
  }
  size_t operator()(const wire::BlockTxn& message) const {
    size_t size = kHash + CompactSizeLength(message.transactions.size());
    for (const TransactionPtr& transaction : message.transactions) {
      size += transaction->bytes.size();
    }
    return size;
  }
};

}  // namespace

size_t PayloadSize(const wire::Message& message) { return std::visit(Sizer(), message); }

}  // namespace cairn::simulation
