#include "src/mining/stratum/served_job.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "cairn/base/assert.h"
#include "cairn/base/writer.h"
#include "src/mining/stratum/work.h"

namespace cairn::mining::stratum {
namespace {

constexpr size_t kVersionBytes = 4;
constexpr size_t kLockTimeBytes = 4;
constexpr size_t kTagSize = 4;  // tells notices apart
constexpr unsigned kRepeatBits = 8;
static_assert(kMostRepeats == (1 << kRepeatBits) - 1);
constexpr size_t kPushed = kExtranonce1Size + kExtranonce2Size + kTagSize;

const Transaction& CoinbaseOf(const ServedJob& job) { return *job.block->transactions[0]; }

/// Up to the push of the extranonces, with its opcode.
Bytes FirstPart(const Transaction& coinbase) {
  const TxIn& input = coinbase.inputs[0];
  Bytes part;
  Writer writer(part);
  writer.I32(coinbase.version).CompactSize(1).Raw(input.prevout.txid.span());
  writer.U32(input.prevout.index).CompactSize(input.script_sig.size() + 1 + kPushed);
  writer.Raw(input.script_sig).U8(static_cast<uint8_t>(kPushed));
  return part;
}

Bytes SecondPart(const ServedJob& job, ByteSpan own_script, uint32_t repeat) {
  const Transaction& coinbase = CoinbaseOf(job);
  const auto others = coinbase.outputs.subspan(1);
  Bytes part;
  Writer writer(part);
  writer.U32(static_cast<uint32_t>(job.number << kRepeatBits) + repeat);
  writer.U32(coinbase.inputs[0].sequence);
  writer.CompactSize(std::max<size_t>(job.payouts.size(), 1) + others.size());
  if (job.payouts.empty()) writer.I64(coinbase.outputs[0].value).VarBytes(own_script);
  for (const auto& payout : job.payouts) writer.I64(payout.value).VarBytes(payout.script);
  for (const TxOut& output : others) writer.I64(output.value).VarBytes(output.script);
  writer.U32(coinbase.lock_time);
  return part;
}

}  // namespace

std::string NameOf(uint64_t number) {
  std::array<char, 16> digits;
  constexpr int kHex = 16;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number, kHex).ptr;
  return {digits.data(), end};
}

ServedJobPtr MakeServedJob(ServedJob job) {
  job.coinbase1 = FirstPart(CoinbaseOf(job));
  std::vector<crypto::Digest> ids;
  ids.reserve(job.block->transactions.size());
  for (size_t i = 1; i < job.block->transactions.size(); ++i) {
    ids.push_back(job.block->transactions[i]->txid.bytes);
  }
  job.branch = BranchOf(ids);
  job.target = DecodeCompact(job.block->header.bits).target;
  job.difficulty = DifficultyOfTarget(job.target);
  if (!job.payouts.empty()) job.line = Encode(NoticeOf(job, NameOf(job.number), {}));
  return std::make_shared<const ServedJob>(std::move(job));
}

Notify NoticeOf(const ServedJob& job, std::string name, ByteSpan own_script, uint32_t repeat) {
  const Header& header = job.block->header;
  Notify notice;
  notice.job = std::move(name);
  notice.previous = header.previous;
  notice.coinbase1 = job.coinbase1;
  notice.coinbase2 = SecondPart(job, own_script, repeat);
  notice.branch = job.branch;
  notice.version = static_cast<uint32_t>(header.version);
  notice.bits = header.bits;
  notice.time = header.time;
  notice.clean = job.clean;
  return notice;
}

Bytes BlockOf(const ServedJob& job, const Header& header, Bytes coinbase) {
  const auto witness = CoinbaseOf(job).inputs[0].witness;
  if (!witness.empty()) {  // BIP144: marker and flag behind the version, the items before the end
    const Bytes lock_time(coinbase.end() - kLockTimeBytes, coinbase.end());
    coinbase.resize(coinbase.size() - kLockTimeBytes);
    Writer writer(coinbase);
    writer.CompactSize(witness.size());
    for (const ByteSpan item : witness) writer.VarBytes(item);
    writer.Raw(lock_time);
    constexpr std::array<uint8_t, 2> kMarkerAndFlag{0, 1};
    coinbase.insert(coinbase.begin() + kVersionBytes, kMarkerAndFlag.begin(), kMarkerAndFlag.end());
  }
  auto parsed = ParseTransaction(std::move(coinbase));
  CAIRN_ASSERT(parsed.has_value());
  std::vector<TransactionPtr> transactions = job.block->transactions;
  transactions[0] = *std::move(parsed);
  return SerializeBlock(header, transactions);
}

}  // namespace cairn::mining::stratum
