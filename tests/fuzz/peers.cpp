#include "cairn/base/assert.h"
#include "cairn/crypto/sha256.h"
#include "cairn/p2p/ban_list.h"
#include "cairn/p2p/peers_file.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/targets.h"

namespace cairn::fuzz {
namespace {

constexpr p2p::Magic kMagic = {};

void CheckPeers(ByteSpan file) {
  auto book = p2p::DecodePeers(file, kMagic, p2p::Random(1));
  if (!book) {
    CAIRN_ASSERT(!book.error().message.empty());
    return;
  }
  CAIRN_ASSERT(book->IsConsistent());
  const Bytes stored = p2p::EncodePeers(*book, kMagic);
  const auto again = p2p::DecodePeers(stored, kMagic, p2p::Random(2));
  CAIRN_ASSERT(again && p2p::EncodePeers(*again, kMagic) == stored);
  CAIRN_ASSERT(book->Select(false, std::nullopt, 0).has_value() == (book->Size() > 0));
  CAIRN_ASSERT(book->GetAddresses(0, 0, std::nullopt, 0).size() <= book->Size());
}

/// Damage behind a checksum that fits.
void CheckRecords(ByteSpan records) {
  Bytes file = Copy(records);
  Append(file, crypto::Sha256Of(file));
  CheckPeers(file);
}

void CheckAnchors(ByteSpan file) {
  for (const bool seal : {false, true}) {
    Bytes bytes = Copy(file);
    if (seal) Append(bytes, crypto::Sha256Of(bytes));
    const auto anchors = p2p::DecodeAnchors(bytes, kMagic);
    if (!anchors) continue;
    CAIRN_ASSERT(anchors->size() <= p2p::kMaxAnchors);
    const auto again = p2p::DecodeAnchors(p2p::EncodeAnchors(*anchors, kMagic), kMagic);
    CAIRN_ASSERT(again && *again == *anchors);
  }
}

void CheckText(ByteSpan text) {
  const auto endpoint = wire::Endpoint::Parse(AsText(text), 7);
  if (!endpoint) return;
  CAIRN_ASSERT(wire::Endpoint::Parse(endpoint->ToString()) == endpoint);
  const wire::NetAddress& address = endpoint->address;
  CAIRN_ASSERT(wire::NetAddress::Parse(address.ToString()) == address);
  CAIRN_ASSERT(!wire::NetGroup(address).empty());
  CAIRN_ASSERT(!address.IsRoutable() || address.IsValid());
}

void CheckSubnet(ByteSpan text) {
  const auto subnet = wire::Subnet::Parse(AsText(text));
  if (!subnet) return;
  CAIRN_ASSERT(subnet->Contains(subnet->base()));
  const auto again = wire::Subnet::Parse(subnet->ToString());
  CAIRN_ASSERT(again == subnet);
}

void CheckBans(ByteSpan text) {
  const auto bans = p2p::BanList::FromJson(AsText(text));
  if (!bans) {
    CAIRN_ASSERT(!bans.error().message.empty());
    return;
  }
  const auto again = p2p::BanList::FromJson(bans->ToJson());
  CAIRN_ASSERT(again && *again == *bans);
}

wire::PeerAddress TakePeer(Input& input, int64_t now) {
  wire::PeerAddress peer;
  // Few groups, so that places are fought for.
  peer.endpoint = {wire::NetAddress::Ipv4(20, input.Byte() & 3, input.Byte(), 1), 8333};
  peer.services = input.Byte();
  peer.time = now - 40'000 * int64_t{input.Byte()} + 1000;
  return peer;
}

void CheckLife(ByteSpan bytes) {
  Input input(bytes);
  p2p::AddressBook book{p2p::Random(input.Byte())};
  int64_t now = 1'700'000'000;
  while (!input.empty()) {
    now += 60 * int64_t{input.Byte()};
    const size_t choice = input.Below(8);
    const wire::PeerAddress peer = TakePeer(input, now);
    if (choice == 0) {
      book.Good(peer.endpoint, now);
    } else if (choice == 1) {
      book.Attempt(peer.endpoint, true, now);
    } else if (choice == 2) {
      book.ResolveCollisions(now);
    } else if (choice == 3) {
      const auto collision = book.SelectCollision();
      if (collision) book.Attempt(collision->peer.endpoint, true, now);
    } else if (choice == 4) {
      CAIRN_ASSERT(book.Select(false, std::nullopt, now).has_value() == (book.Size() > 0));
    } else {
      const auto source = wire::NetAddress::Ipv4(30, static_cast<uint8_t>(choice), 1, 1);
      CAIRN_ASSERT(book.Add({&peer, 1}, source, 7200, now) <= 1);
    }
  }
  CAIRN_ASSERT(book.IsConsistent());
  CheckPeers(p2p::EncodePeers(book, kMagic));
}

}  // namespace

void FuzzPeers(ByteSpan input) {
  constexpr void (*kChoices[])(ByteSpan) = {CheckPeers,  CheckRecords, CheckAnchors, CheckText,
                                            CheckSubnet, CheckBans,    CheckLife};
  if (input.empty()) return;
  kChoices[input[0] % std::size(kChoices)](input.subspan(1));
}

}  // namespace cairn::fuzz
