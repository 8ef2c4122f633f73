// Addresses: base58check (P2PKH, P2SH) and bech32/bech32m (witness programs), to and from output
// scripts.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cairn/base/bytes.h"
#include "cairn/base/result.h"

namespace cairn {

/// What distinguishes the addresses and keys of one network.
struct AddressPrefixes {
  uint8_t pubkey_hash = 0;
  uint8_t script_hash = 0;
  uint8_t secret_key = 0;
  std::array<uint8_t, 4> ext_public{};
  std::array<uint8_t, 4> ext_secret{};
  std::string bech32_hrp;
};

/// The output script that pays to `address`, or what is wrong with the address on this network, in
/// the words of Bitcoin Core's validateaddress.
Result<Bytes> DecodeAddress(std::string_view address, const AddressPrefixes& prefixes);

/// Which letters of a mistyped bech32 address are wrong, counted from 0, ascending; empty where
/// that cannot be told.
std::vector<int> AddressErrorPositions(std::string_view address, const AddressPrefixes& prefixes);

/// The address of an output script; nothing for scripts that have none (bare keys, multisig,
/// OP_RETURN).
std::optional<std::string> EncodeAddress(ByteSpan script, const AddressPrefixes& prefixes);

/// A private key in wallet import format.
struct DecodedSecret {
  std::array<uint8_t, 32> key;
  bool compressed;
};
std::optional<DecodedSecret> DecodeSecret(std::string_view text, const AddressPrefixes& prefixes);
std::string EncodeSecret(const DecodedSecret& secret, const AddressPrefixes& prefixes);

}  // namespace cairn
