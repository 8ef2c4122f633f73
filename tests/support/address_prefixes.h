// What distinguishes the addresses of the networks, for tests below the chain files.
#pragma once

#include <string>

#include "cairn/primitives/address.h"

namespace cairn::test {

inline AddressPrefixes Mainnet() {
  AddressPrefixes prefixes;
  prefixes.pubkey_hash = 0;
  prefixes.script_hash = 5;
  prefixes.secret_key = 128;
  prefixes.ext_public = {0x04, 0x88, 0xb2, 0x1e};
  prefixes.ext_secret = {0x04, 0x88, 0xad, 0xe4};
  prefixes.bech32_hrp = "bc";
  return prefixes;
}

/// "tb" for the test networks, "bcrt" for regtest.
inline AddressPrefixes Testing(const std::string& hrp) {
  AddressPrefixes prefixes;
  prefixes.pubkey_hash = 111;
  prefixes.script_hash = 196;
  prefixes.secret_key = 239;
  prefixes.ext_public = {0x04, 0x35, 0x87, 0xcf};
  prefixes.ext_secret = {0x04, 0x35, 0x83, 0x94};
  prefixes.bech32_hrp = hrp;
  return prefixes;
}

}  // namespace cairn::test
