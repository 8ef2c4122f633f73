// Words that everything about peers shares: who, when, what kind of connection, what may it.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <string_view>

namespace cairn::p2p {

/// Ascends from 0 and is never given twice.
using PeerId = int64_t;

using Duration = std::chrono::microseconds;
/// Microseconds since 1970. Comes from outside with every input, so that mock time and the
/// simulator's time are as good as any other.
using Instant = std::chrono::time_point<std::chrono::system_clock, Duration>;

inline constexpr Instant kNever = Instant::max();

inline int64_t UnixSecondsOf(Instant at) {
  return std::chrono::duration_cast<std::chrono::seconds>(at.time_since_epoch()).count();
}

/// The lowest protocol version that we put up with.
inline constexpr int32_t kLowestVersion = 31800;

/// A set of wire::Services.
using Services = uint64_t;

enum class ConnectionType : uint8_t {
  kInbound,
  kFullRelay,       // outbound, for blocks, transactions and addresses
  kManual,          // asked for by -addnode, -connect or RPC
  kFeeler,          // only to see whether an address answers
  kBlockRelayOnly,  // outbound, for blocks alone: nobody sees the shape of the network by it
  kAddressFetch     // only to ask for addresses
};

/// As getpeerinfo names it: "inbound", "outbound-full-relay", "manual", ...
std::string_view NameOf(ConnectionType type);

/// -whitelist and -whitebind.
enum Permission : uint32_t {
  kNoPermission = 0,
  kBloomFilterPermission = 1u << 1,
  kRelayPermission = 1u << 3,
  kForceRelayPermission = (1u << 2) | kRelayPermission,
  kDownloadPermission = 1u << 6,
  kNoBanPermission = (1u << 4) | kDownloadPermission,
  kMempoolPermission = 1u << 5,
  kAddrPermission = 1u << 7,
  kAllPermissions = kBloomFilterPermission | kForceRelayPermission | kNoBanPermission |
                    kMempoolPermission | kAddrPermission
};
using Permissions = uint32_t;

struct PermissionName {
  Permission bits;
  std::string_view name;
};
/// In the order of getpeerinfo.
inline constexpr std::array kPermissionNames = {
    PermissionName{kBloomFilterPermission, "bloomfilter"},
    PermissionName{kNoBanPermission, "noban"},
    PermissionName{kForceRelayPermission, "forcerelay"},
    PermissionName{kRelayPermission, "relay"},
    PermissionName{kMempoolPermission, "mempool"},
    PermissionName{kDownloadPermission, "download"},
    PermissionName{kAddrPermission, "addr"},
};

inline bool Has(Permissions all, Permission one) {
  return (all & one) == static_cast<uint32_t>(one);
}

}  // namespace cairn::p2p
