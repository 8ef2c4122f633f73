#include "src/rpc/scan.h"

#include "cairn/rpc/context.h"
#include "cairn/rpc/error.h"
#include "src/rpc/descriptors.h"
#include "src/rpc/fields.h"

namespace cairn::rpc {

namespace {

/// What a scan object asks for.
struct ScanObject {
  const std::string& descriptor;
  DescriptorRange range;
};

ScanObject ReadScanObject(const json::Value& object) {
  constexpr DescriptorRange kDefaultRange = {0, 1000};
  if (object.IsString()) return {object.Text(), kDefaultRange};
  if (!object.IsObject()) {
    throw RpcError(kInvalidParameter, "Scan object needs to be either a string or an object");
  }
  const json::Value* descriptor = object.Find("desc");
  if (descriptor == nullptr || descriptor->IsNull()) {
    throw RpcError(kInvalidParameter, "Descriptor needs to be provided in scan object");
  }
  const std::string& text = ToText(*descriptor);
  const json::Value* range = object.Find("range");
  const bool has_range = range != nullptr && !range->IsNull();
  return {text, has_range ? ParseDescriptorRange(*range) : kDefaultRange};
}

}  // namespace

void ScanTargets::Add(const Request& request, const json::Value& object) {
  const ScanObject wanted = ReadScanObject(object);
  for (Descriptor& descriptor : ParseDescriptors(request, wanted.descriptor)) {
    const DescriptorRange range = descriptor.IsRange() ? wanted.range : DescriptorRange();
    for (uint32_t index = range.first; index <= range.last; ++index) {
      const auto scripts = descriptor.Scripts(index);
      if (!scripts) {
        throw RpcError(kInvalidAddressOrKey,
                       "Cannot derive script without private keys: '" + wanted.descriptor + "'");
      }
      for (size_t i = 0; i < scripts->size(); ++i) {
        sources_.emplace(AsText((*scripts)[i]), Source{descriptors_.size(), index, i});
      }
      ThrowIfStopping(request);
    }
    descriptors_.push_back(std::move(descriptor));
  }
}

ScanTargets ScanTargets::From(const Request& request) {
  const json::Value& objects = request.Get("scanobjects");
  if (objects.IsNull()) {
    throw RpcError(kMiscError, "scanobjects argument is required for the start action");
  }
  ScanTargets targets;
  for (const json::Value& object : objects.Items()) targets.Add(request, object);
  return targets;
}

bool ScanTargets::Has(ByteSpan script) const { return sources_.contains(AsText(script)); }

std::string ScanTargets::DescriptorOf(ByteSpan script) const {
  const auto found = sources_.find(AsText(script));
  if (found == sources_.end()) return "";
  const Source& source = found->second;
  const auto texts = descriptors_[source.descriptor].ScriptDescriptors(source.index);
  return texts ? (*texts)[source.place] : "";
}

std::vector<ByteSpan> ScanTargets::Scripts() const {
  std::vector<ByteSpan> scripts;
  for (const auto& [script, source] : sources_) scripts.push_back(AsBytes(script));
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
  const std::atomic<bool>* stopping = request.node().stopping;
  if (stopping != nullptr && *stopping) throw RpcError(kClientNotConnected, "Shutting down");
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
       Optional(
           "", ParamType::kObject, "", "A descriptor with more",
           {Required("desc", ParamType::kString, "The descriptor"),
            Optional("range", ParamType::kRange, "1000",
                     "How far keys are derived: the last index, or the first and the last")})});
}

Field ScanAbortResult() {
  return Bool("", "Whether there was a scan to end; it may take a moment").When("for \"abort\"");
}

Field ScanNoStatusResult() { return None().When("for \"status\", if no scan runs"); }

}  // namespace cairn::rpc
