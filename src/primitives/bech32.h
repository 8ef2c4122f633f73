// Bech32 (BIP173) and Bech32m (BIP350): groups of five bits as letters, behind a human-readable
// prefix, with a checksum that finds up to two wrong letters.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cairn/base/bytes.h"

namespace cairn {

enum class Bech32Encoding { kBech32, kBech32m };

struct Bech32Text {
  Bech32Encoding encoding = Bech32Encoding::kBech32;
  std::string prefix;  // lower case
  Bytes groups;        // five bits each, without the checksum
};

/// Lower case. The prefix must be lower case and the whole no longer than 90 letters to be
/// decodable.
std::string EncodeBech32(const Bech32Text& text);

/// Nothing if the form or the checksum is wrong, or the text longer than 90 letters.
std::optional<Bech32Text> DecodeBech32(std::string_view text);

/// What is wrong with a text that `DecodeBech32` refuses, in the words of Bitcoin Core's RPC, and
/// at which positions (from 0) as far as that can be told.
struct Bech32Fault {
  std::string message;
  std::vector<int> positions;
};
Bech32Fault FindBech32Fault(std::string_view text);

/// Bytes in groups of five bits, the last one padded with zeroes.
Bytes GroupsFromBytes(ByteSpan bytes);

/// The bytes of groups of five bits; nothing if there is a whole group of padding, or ones in it.
std::optional<Bytes> BytesFromGroups(ByteSpan groups);

}  // namespace cairn
