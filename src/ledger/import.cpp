#include "cairn/ledger/import.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <deque>
#include <utility>

#include "cairn/base/log.h"
#include "src/ledger/bootstrap_file.h"
#include "src/ledger/parents_first.h"
#include "src/ledger/progress_clock.h"

namespace cairn::ledger {
namespace {

constexpr size_t kHeadersPerStep = 2000;
constexpr size_t kBlocksInFlight = 24;

std::string Decimal(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f", value);
  return text;
}

std::string Percent(uint64_t part, uint64_t whole) {
  if (whole == 0) return "100.0";
  return Decimal(100.0 * static_cast<double>(part) / static_cast<double>(whole));
}

/// A reason to refuse, for people who may not have seen the import before.
std::string InWords(const std::string& reason) {
  return reason == "duplicate-invalid" ? "was refused before (duplicate-invalid)" : reason;
}

/// One import. The steps: scan, order, headers, bodies.
class Import {
 public:
  Import(const std::filesystem::path& path, Ledger& ledger, const std::atomic<bool>& stop,
         std::chrono::milliseconds progress_interval)
      : path_(path), ledger_(ledger), stop_(stop), clock_(progress_interval) {}

  ImportReport Run();

 private:
  struct InFlight {
    const Frame* frame;
    std::future<SubmitResult> result;
  };

  void OrderFrames();
  void CheckGenesis(BootstrapFile& file);
  void SubmitHeaders();
  void SubmitBodies(BootstrapFile& file);
  void Collect(InFlight in_flight);
  void SetError(const Frame& frame, const std::string& reason);
  void SetError(int height, uint64_t offset, const std::string& reason);
  void ShowScan(const FrameList& so_far);
  void ShowHeaders(size_t accepted);
  void ShowBodies(bool last);

  const std::filesystem::path& path_;
  Ledger& ledger_;
  const std::atomic<bool>& stop_;
  ProgressClock clock_;
  FrameList list_;
  std::vector<const Frame*> ordered_;  // parents first
  uint64_t bytes_done_ = 0;            // of frames that are dealt with, and of padding
  bool refused_ = false;               // a body was refused
  ImportReport report_;
};

ImportReport Import::Run() {
  auto file = BootstrapFile::Open(path_);
  if (!file) {
    report_.error = file.error().message;
    LOG_ERROR("Import failed: {}", report_.error);
    return report_;
  }
  LOG_INFO("Importing {}: reading headers", path_.string());
  list_ = file->Scan(ledger_.params().magic, stop_,
                     [this](const FrameList& so_far) { ShowScan(so_far); });
  if (list_.error.empty() && !stop_) bytes_done_ = list_.file_bytes - list_.end;
  OrderFrames();
  CheckGenesis(*file);
  SubmitHeaders();
  SubmitBodies(*file);
  if (!list_.error.empty()) SetError(ledger_.View()->Height(), list_.error_offset, list_.error);
  report_.stopped = stop_;
  report_.height = ledger_.View()->Height();
  report_.seconds = clock_.Seconds();
  ShowBodies(true);
  if (!report_.error.empty()) LOG_ERROR("Import of {} ended: {}", path_.string(), report_.error);
  return report_;
}

/// Blocks in any order become parents before children; those that lead nowhere are an error of the
/// file, said once all others are in.
void Import::OrderFrames() {
  ByParent<const Frame*> children;
  for (const Frame& frame : list_.frames) {
    if (frame.hash != ledger_.params().genesis_hash)
      children.emplace(frame.header.previous, &frame);
  }
  std::deque<BlockHash> reached;
  for (const Frame& frame : list_.frames) {
    if (frame.hash == ledger_.params().genesis_hash) continue;
    if (ledger_.Find(frame.header.previous) != nullptr) reached.push_back(frame.header.previous);
  }
  TakeParentsFirst(children, std::move(reached), [this](std::vector<const Frame*> group) {
    std::ranges::sort(group, {}, &Frame::offset);
    std::vector<BlockHash> hashes;
    for (const Frame* frame : group) {
      ordered_.push_back(frame);
      hashes.push_back(frame->hash);
    }
    return hashes;
  });
  const Frame* lost = nullptr;
  for (const auto& [parent, frame] : children) {
    if (lost == nullptr || frame->offset < lost->offset) lost = frame;
  }
  if (lost != nullptr && (list_.error.empty() || lost->offset < list_.error_offset)) {
    list_.error = "block " + lost->hash.ToString() + " has an unknown parent";
    list_.error_offset = lost->offset;
  }
}

void Import::CheckGenesis(BootstrapFile& file) {
  for (const Frame& frame : list_.frames) {
    if (frame.hash != ledger_.params().genesis_hash) continue;
    ++report_.known;
    bytes_done_ += frame.FramedBytes();
    const auto bytes = file.Read(frame);
    if (!bytes || *bytes == ledger_.params().genesis_block) continue;
    list_.error = "block " + frame.hash.ToString() + " differs from the genesis block";
    list_.error_offset = frame.offset;
    ordered_.clear();  // nothing comes before genesis
    return;
  }
}

void Import::SubmitHeaders() {
  for (size_t at = 0; at < ordered_.size() && !stop_; at += kHeadersPerStep) {
    const size_t count = std::min(kHeadersPerStep, ordered_.size() - at);
    std::vector<Header> headers;
    headers.reserve(count);
    for (size_t i = at; i < at + count; ++i) headers.push_back(ordered_[i]->header);
    const HeadersResult result = ledger_.SubmitHeaders(std::move(headers));
    if (result.reason.empty()) {
      ShowHeaders(at + count);
      continue;
    }
    SetError(*ordered_[at + result.accepted], InWords(result.reason));
    ordered_.resize(at + result.accepted);
    return;
  }
}

void Import::SubmitBodies(BootstrapFile& file) {
  std::deque<InFlight> in_flight;
  for (const Frame* frame : ordered_) {
    if (stop_ || ledger_.ReachedStopHeight() || !ledger_.FailureReason().empty()) break;
    const HeaderEntry* entry = ledger_.Find(frame->hash);
    if (entry != nullptr && entry->HasBody()) {
      ++report_.known;
      bytes_done_ += frame->FramedBytes();
      continue;
    }
    auto bytes = file.Read(*frame);
    if (!bytes) {
      SetError(*frame, bytes.error().message);
      break;
    }
    in_flight.push_back({frame, ledger_.SubmitRawBlock(*std::move(bytes))});
    if (in_flight.size() >= kBlocksInFlight) {
      Collect(std::move(in_flight.front()));
      in_flight.pop_front();
    }
    if (refused_) break;
    ShowBodies(false);
  }
  for (InFlight& rest : in_flight) Collect(std::move(rest));
}

void Import::Collect(InFlight in_flight) {
  const SubmitResult result = in_flight.result.get();
  bytes_done_ += in_flight.frame->FramedBytes();
  switch (result.outcome) {
    case BlockOutcome::kConnected:
    case BlockOutcome::kStored: ++report_.blocks; return;
    case BlockOutcome::kDuplicate: ++report_.known; return;
    case BlockOutcome::kDuplicateInvalid:
    case BlockOutcome::kRejected:
    case BlockOutcome::kOrphan:
    case BlockOutcome::kMalformed:
    case BlockOutcome::kFailed: break;
  }
  if (refused_) return;  // what follows a refused block is refused for that alone
  refused_ = true;
  report_.error.clear();  // a header's error lies further on in the chain
  SetError(*in_flight.frame,
           result.violation ? result.violation->ToString() : InWords(result.reason));
}

void Import::SetError(const Frame& frame, const std::string& reason) {
  const HeaderEntry* parent = ledger_.Find(frame.header.previous);
  SetError(parent != nullptr ? parent->height + 1 : -1, frame.offset,
           "block " + frame.hash.ToString() + ": " + reason);
}

void Import::SetError(int height, uint64_t offset, const std::string& reason) {
  if (!report_.error.empty()) return;
  const std::string where = height >= 0 ? "height " + std::to_string(height) + ", " : "";
  report_.error = where + "offset " + std::to_string(offset) + ": " + reason;
}

void Import::ShowScan(const FrameList& so_far) {
  if (!clock_.IsDue()) return;
  const double megabytes = static_cast<double>(so_far.end) / 1e6;
  LOG_INFO("Importing {}: read {} headers, {} MB/s, {} % of the file", path_.string(),
           so_far.frames.size(), Decimal(clock_.PerSecond(megabytes)),
           Percent(so_far.end, so_far.file_bytes));
}

void Import::ShowHeaders(size_t accepted) {
  if (!clock_.IsDue()) return;
  LOG_INFO("Importing {}: accepted {} headers of {}", path_.string(), accepted, ordered_.size());
}

void Import::ShowBodies(bool last) {
  if (!last && !clock_.IsDue()) return;
  LOG_INFO("{} {}: height {}, {} blocks/s, {} % of the file", last ? "Imported" : "Importing",
           path_.string(), ledger_.View()->Height(),
           Decimal(clock_.PerSecond(static_cast<double>(report_.blocks))),
           Percent(bytes_done_, list_.file_bytes));
}

}  // namespace

ImportReport ImportBlocks(const std::filesystem::path& file, Ledger& ledger,
                          const std::atomic<bool>& stop,
                          std::chrono::milliseconds progress_interval) {
  return Import(file, ledger, stop, progress_interval).Run();
}

}  // namespace cairn::ledger
