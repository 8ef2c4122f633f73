#include "cairn/mempool/pool_file.h"

#include <mutex>
#include <set>
#include <string_view>
#include <system_error>

#include "cairn/base/reader.h"
#include "cairn/base/whole_file.h"
#include "cairn/base/writer.h"
#include "cairn/crypto/sealed.h"

namespace cairn::mempool {
namespace {

constexpr std::string_view kFormat = "cairn mempool 1\n";
// The largest pool that anybody has had is far below; a larger file would be read into memory.
constexpr size_t kMaxFile = size_t{4} << 30;
constexpr size_t kLeastTransaction = 8 + 8 + 1 + 1 + 60;
constexpr size_t kPriority = Txid::kSize + 8;

SavedPool Collect(const Mempool& pool) {
  SavedPool saved;
  std::set<Txid> here;
  for (const PoolEntry& entry : pool.Entries()) {
    here.insert(entry.tx->txid);
    saved.transactions.push_back(
        {entry.tx, entry.time, entry.modified_fee - entry.fee, entry.unbroadcast});
  }
  for (const Priority& priority : pool.Priorities()) {
    if (!here.contains(priority.txid)) saved.priorities.emplace_back(priority.txid, priority.delta);
  }
  return saved;
}

}  // namespace

Bytes EncodePool(const SavedPool& pool, ByteSpan chain) {
  Bytes bytes = crypto::BeginSealed(kFormat, chain);
  Writer writer(bytes);
  writer.CompactSize(pool.transactions.size());
  for (const SavedTransaction& saved : pool.transactions) {
    writer.I64(saved.time).I64(saved.delta).U8(saved.unbroadcast ? 1 : 0);
    writer.VarBytes(saved.tx->bytes);
  }
  writer.CompactSize(pool.priorities.size());
  for (const auto& [txid, delta] : pool.priorities) writer.Raw(txid.span()).I64(delta);
  crypto::Seal(bytes);
  return bytes;
}

Result<SavedPool> DecodePool(ByteSpan bytes, ByteSpan chain) {
  const Result<ByteSpan> content = crypto::Unseal(bytes, kFormat, chain);
  if (!content) return tl::unexpected(content.error());
  Reader reader(*content);
  SavedPool pool;
  const uint64_t transactions = reader.Count(kLeastTransaction);
  for (uint64_t i = 0; i < transactions && reader.ok(); ++i) {
    SavedTransaction saved;
    saved.time = reader.I64();
    saved.delta = reader.I64();
    saved.unbroadcast = reader.U8() != 0;
    const ByteSpan raw = reader.VarBytes();
    auto tx = ParseTransaction(Bytes(raw.begin(), raw.end()));
    if (!tx) return Fail(ErrorCode::kCorruption, "its transactions make no sense");
    saved.tx = *std::move(tx);
    pool.transactions.push_back(std::move(saved));
  }
  const uint64_t priorities = reader.Count(kPriority);
  for (uint64_t i = 0; i < priorities && reader.ok(); ++i) {
    const Txid txid = Txid::From(reader.Take(Txid::kSize));
    pool.priorities.emplace_back(txid, reader.I64());
  }
  if (!reader.ok() || !reader.AtEnd()) {
    return Fail(ErrorCode::kCorruption, "its records make no sense");
  }
  return pool;
}

Status SavePool(const Mempool& pool, const std::filesystem::path& file, ByteSpan chain) {
  static std::mutex one_at_a_time;  // both would write the same file first
  const std::lock_guard lock(one_at_a_time);
  return ReplaceFile(file, EncodePool(Collect(pool), chain));
}

Result<LoadReport> LoadPool(Mempool& pool, const std::filesystem::path& file, ByteSpan chain,
                            const LoadOptions& options, const Clock& clock,
                            const std::function<bool()>& interrupted) {
  SavedPool saved;
  {
    std::error_code problem;
    if (std::filesystem::exists(file, problem) &&
        !std::filesystem::is_regular_file(file, problem)) {
      return Fail(ErrorCode::kIo, file.string() + " is no file");
    }
    const Result<Bytes> bytes = ReadFile(file, kMaxFile);
    if (!bytes) return tl::unexpected(bytes.error());
    auto decoded = DecodePool(*bytes, chain);
    if (!decoded) return tl::unexpected(decoded.error());
    saved = *std::move(decoded);
  }
  LoadReport report;
  if (options.priorities) {
    for (const auto& [txid, delta] : saved.priorities) pool.Prioritise(txid, delta);
  }
  const UnixSeconds oldest = clock.Now() - pool.options().expiry.count();
  for (SavedTransaction& one : saved.transactions) {
    if (interrupted()) {
      report.interrupted = true;
      break;
    }
    if (options.priorities && one.delta != 0) pool.Prioritise(one.tx->txid, one.delta);
    if (options.times && one.time <= oldest) {
      ++report.expired;
      continue;
    }
    Origin origin;
    origin.source =
        options.unbroadcast && one.unbroadcast ? Origin::Source::kLocal : Origin::Source::kSaved;
    if (options.times) origin.time = one.time;
    const AdmissionResult result = pool.Submit(std::move(one.tx), origin);
    if (result.kind == RejectKind::kFailed) {
      report.interrupted = true;  // the node is about to end: what is on disk is all there is
      break;
    }
    switch (result.outcome) {
      case Admission::kAccepted: ++report.accepted; break;
      case Admission::kAlreadyKnown: ++report.known; break;
      case Admission::kRejected: ++report.refused; break;
    }
  }
  return report;
}

}  // namespace cairn::mempool
