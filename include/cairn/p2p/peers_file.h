// The address book on disk (peers.dat), and the peers to come back to first (anchors.dat).
//
// docs/formats/peers.md has the formats. Both are only memories: a file that is damaged, or of
// another program, costs one line in the log and is replaced. The functions may be called from any
// thread, for one file by one at a time.
#pragma once

#include <array>
#include <filesystem>
#include <string>
#include <vector>

#include "cairn/base/result.h"
#include "cairn/p2p/address_book.h"

namespace cairn::p2p {

/// The bytes that messages of the chain begin with: addresses are of one network.
using Magic = std::array<uint8_t, 4>;

Bytes EncodePeers(const AddressBook& book, const Magic& magic);
/// `random` is what the book will use.
Result<AddressBook> DecodePeers(ByteSpan bytes, const Magic& magic, Random random);

struct LoadedPeers {
  AddressBook book;
  std::string notice;  // one line for the log if the file could not be used; else empty
};

/// An empty book if there is no file, or none that can be read.
LoadedPeers LoadPeers(const std::filesystem::path& file, const Magic& magic, Random random);
Status SavePeers(const AddressBook& book, const std::filesystem::path& file, const Magic& magic);

/// How many anchors are kept.
inline constexpr size_t kMaxAnchors = 2;

Bytes EncodeAnchors(const std::vector<wire::Endpoint>& anchors, const Magic& magic);
Result<std::vector<wire::Endpoint>> DecodeAnchors(ByteSpan bytes, const Magic& magic);

/// Reads the anchors and removes the file: should one of them crash us, it will not do so at each
/// start. None if there is no file, or none that can be read.
std::vector<wire::Endpoint> TakeAnchors(const std::filesystem::path& file, const Magic& magic);
/// Keeps the first `kMaxAnchors`.
Status SaveAnchors(const std::vector<wire::Endpoint>& anchors, const std::filesystem::path& file,
                   const Magic& magic);

}  // namespace cairn::p2p
