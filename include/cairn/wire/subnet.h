// A set of addresses that share their first bits, as bans and permissions name them.
//
// IPv4 and IPv6 have subnets of any width; of the other networks there are single addresses, and of
// CJDNS, which has the form of IPv6, subnets, too.
#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>

#include "cairn/wire/net_address.h"

namespace cairn::wire {

class Subnet {
 public:
  /// The address alone.
  explicit Subnet(const NetAddress& address);
  /// The first `bits` bits of the address; nothing if it does not have so many.
  static std::optional<Subnet> From(const NetAddress& address, size_t bits);
  /// "1.2.3.4", "1.2.3.0/24", "1.2.3.0/255.255.255.0", "fe80::/10", "....onion"; nothing for
  /// anything else.
  static std::optional<Subnet> Parse(std::string_view text);

  /// An IPv6 subnet, however wide, contains no IPv4 address.
  bool Contains(const NetAddress& address) const;
  bool IsSingle() const { return bits_ == 8 * base_.bytes().size(); }
  /// The lowest address.
  const NetAddress& base() const { return base_; }
  size_t bits() const { return bits_; }
  /// "1.2.3.0/24", with the width also if it is a single address of IPv4 or IPv6.
  std::string ToString() const;

  friend bool operator==(const Subnet&, const Subnet&) = default;
  friend std::strong_ordering operator<=>(const Subnet&, const Subnet&) = default;

 private:
  Subnet(const NetAddress& base, size_t bits) : base_(base), bits_(static_cast<uint16_t>(bits)) {}

  NetAddress base_;
  uint16_t bits_;
};

}  // namespace cairn::wire
