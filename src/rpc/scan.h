// What scantxoutset and scanblocks share: what to look for, and one scan at a time.
#pragma once

#include <atomic>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "cairn/base/bytes.h"
#include "cairn/primitives/descriptor.h"
#include "cairn/rpc/method.h"
#include "cairn/rpc/request.h"

namespace cairn::rpc {

/// The scripts that are looked for, and of which descriptors they are.
class ScanTargets {
 public:
  /// From the parameter "scanobjects": descriptors, or objects with a member "desc". Throws
  /// `RpcError`.
  static ScanTargets From(const Request& request);

  bool Has(ByteSpan script) const;
  /// The descriptor of that script alone; empty if it is not looked for.
  std::string DescriptorOf(ByteSpan script) const;
  std::vector<ByteSpan> Scripts() const;

 private:
  /// Where a script comes from. Its descriptor is made only when the script was found.
  struct Source {
    size_t descriptor;
    uint32_t index;
    size_t place;  // among the scripts of a combo()
  };

  struct Hasher {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };

  void Add(const Request& request, const json::Value& object);

  std::vector<Descriptor> descriptors_;
  std::unordered_map<std::string, Source, Hasher, std::equal_to<>> sources_;
};

/// The scan that runs, if one does. There is one of these for each method that scans.
class ScanState {
 public:
  std::atomic<int> progress{0};  // percent
  std::atomic<int> height{0};    // of the block that is looked at
  std::atomic<bool> abort{false};

  bool IsRunning() const { return running_; }
  /// Asks the scan that runs to end; false if none does.
  bool Abort();

 private:
  friend class ScanReservation;
  std::atomic<bool> running_{false};
};

/// Holds the place of the one scan, if it was free.
class ScanReservation {
 public:
  explicit ScanReservation(ScanState& state);
  ~ScanReservation();
  ScanReservation(const ScanReservation&) = delete;
  ScanReservation& operator=(const ScanReservation&) = delete;

  bool holds() const { return holds_; }

 private:
  ScanState& state_;
  const bool holds_;
};

enum class ScanAction { kStart, kAbort, kStatus };

/// The parameter "action". Throws `RpcError` if it is none of the three.
ScanAction ParseScanAction(const Request& request);

/// Starts a scan, or asks about the one that runs, or ends it, as the parameter "action" says.
/// Throws `RpcError` for a second scan.
void RunScanAction(const Request& request, ScanState& state, json::Writer& out,
                   void (*start)(const Request&, ScanState&, json::Writer&),
                   void (*write_status)(const ScanState&, json::Writer&));

/// Throws `RpcError` when the node stops.
void ThrowIfStopping(const Request& request);

// The same as entries of the method table.
Param ScanActionParam();
Param ScanObjectsParam();
Field ScanAbortResult();
Field ScanNoStatusResult();

}  // namespace cairn::rpc
