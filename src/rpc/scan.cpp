#include "src/rpc/scan.h"

#include "cairn/primitives/descriptor.h"
#include "cairn/rpc/context.h"
#include "cairn/rpc/error.h"
#include "src/rpc/fields.h"

namespace cairn::rpc {

namespace {

/// Ranges say how far keys are derived; they mean nothing to descriptors without derivation, but
/// must be in order.
void CheckRange(const json::Value& range) {
  constexpr int64_t kMost = 1'000'000;
  int64_t begin = 0;
  int64_t end = 0;
  if (range.IsNumber()) {
    end = ToInt(range);
  } else if (range.IsArray() && range.Items().size() == 2) {
    begin = ToInt(range.Items()[0]);
    end = ToInt(range.Items()[1]);
    if (begin > end) {
      throw RpcError(kInvalidParameter,
                     "Range specified as [begin,end] must not have begin after end");
    }
  } else {
    throw RpcError(kInvalidParameter, "Range must be specified as end or as [begin,end]");
  }
  if (begin < 0 || end < 0) {
    throw RpcError(kInvalidParameter, "Range should be greater or equal than 0");
  }
  if (end >> 31 != 0) throw RpcError(kInvalidParameter, "End of range is too high");
  if (end >= begin + kMost) throw RpcError(kInvalidParameter, "Range is too large");
}

const std::string& DescriptorOf(const json::Value& object) {
  if (object.IsString()) return object.Text();
  if (!object.IsObject()) {
    throw RpcError(kInvalidParameter, "Scan object needs to be either a string or an object");
  }
  const json::Value* descriptor = object.Find("desc");
  if (descriptor == nullptr || descriptor->IsNull()) {
    throw RpcError(kInvalidParameter, "Descriptor needs to be provided in scan object");
  }
  const json::Value* range = object.Find("range");
  if (range != nullptr && !range->IsNull()) CheckRange(*range);
  return ToText(*descriptor);
}

}  // namespace

ScanTargets ScanTargets::From(const Request& request) {
  const json::Value& objects = request.Get("scanobjects");
  if (objects.IsNull()) {
    throw RpcError(kMiscError, "scanobjects argument is required for the start action");
  }
  ScanTargets targets;
  for (const json::Value& object : objects.Items()) {
    auto scripts = ExpandDescriptor(DescriptorOf(object), request.node().params.prefixes);
    if (!scripts) throw RpcError(kInvalidAddressOrKey, scripts.error().message);
    for (DescriptorScript& script : *scripts) {
      targets.by_script_.emplace(AsText(script.script), std::move(script.descriptor));
    }
  }
  return targets;
}

const std::string* ScanTargets::Find(ByteSpan script) const {
  const auto found = by_script_.find(AsText(script));
  return found == by_script_.end() ? nullptr : &found->second;
}

std::vector<ByteSpan> ScanTargets::Scripts() const {
  std::vector<ByteSpan> scripts;
  for (const auto& [script, descriptor] : by_script_) scripts.push_back(AsBytes(script));
  return scripts;
}

bool ScanState::Abort() {
  if (!running_) return false;
  abort = true;
  return true;
}

ScanReservation::ScanReservation(ScanState& state)
    : state_(state), holds_(!state.running_.exchange(true)) {
  if (!holds_) return;
  state_.progress = 0;
  state_.height = 0;
  state_.abort = false;
}

ScanReservation::~ScanReservation() {
  if (holds_) state_.running_ = false;
}

ScanAction ParseScanAction(const Request& request) {
  const std::string& action = request.String("action");
  if (action == "start") return ScanAction::kStart;
  if (action == "abort") return ScanAction::kAbort;
  if (action == "status") return ScanAction::kStatus;
  throw RpcError(kInvalidParameter, "Invalid action '" + action + "'");
}

void RunScanAction(const Request& request, ScanState& state, json::Writer& out,
                   void (*start)(const Request&, ScanState&, json::Writer&),
                   void (*write_status)(const ScanState&, json::Writer&)) {
  switch (ParseScanAction(request)) {
    case ScanAction::kStatus: write_status(state, out); return;
    case ScanAction::kAbort: out.Bool(state.Abort()); return;
    case ScanAction::kStart: break;
  }
  const ScanReservation reservation(state);
  if (!reservation.holds()) {
    throw RpcError(kInvalidParameter,
                   "Scan already in progress, use action \"abort\" or \"status\"");
  }
  start(request, state, out);
}

void ThrowIfStopping(const Request& request) {
  if (*request.node().stopping) throw RpcError(kClientNotConnected, "Shutting down");
}

Param ScanActionParam() {
  return Required(
      "action", ParamType::kString,
      "\"start\" for a scan, \"abort\" to end the one that runs, \"status\" for how far "
      "it is");
}

Param ScanObjectsParam() {
  return Optional(
      "scanobjects", ParamType::kArray, "", "What to look for; required for \"start\"",
      {Optional("descriptor", ParamType::kString, "", "A descriptor"),
       Optional("", ParamType::kObject, "", "A descriptor with more",
                {Required("desc", ParamType::kString, "The descriptor"),
                 Optional("range", ParamType::kRange, "1000",
                          "How far keys are derived; without meaning for keys in hex")})});
}

Field ScanAbortResult() {
  return Bool("", "Whether there was a scan to end; it may take a moment").When("for \"abort\"");
}

Field ScanNoStatusResult() { return None().When("for \"status\", if no scan runs"); }

}  // namespace cairn::rpc
