#include "cairn/primitives/block.h"

#include <algorithm>
#include <utility>

#include "cairn/base/reader.h"
#include "cairn/base/writer.h"
#include "src/primitives/transaction_parser.h"

namespace cairn {
namespace {

// What typical blocks hold, to reserve memory in few steps.
constexpr size_t kBytesPerInput = 160;
constexpr size_t kBytesPerOutput = 90;

}  // namespace

Result<BlockPtr> Block::Parse(Bytes bytes, StrayBytes stray) {
  auto block = std::shared_ptr<Block>(new Block);
  block->bytes_ = std::move(bytes);
  Reader reader(block->bytes_);
  const ByteSpan header = reader.Take(Header::kSize);
  const size_t count = reader.Count(kLeastTransaction);
  if (!reader.ok()) return Invalid("block is malformed or cut short");
  block->header_ = Header::From(header.first<Header::kSize>());
  block->hash_ = block->header_.Hash();
  block->transactions_.reserve(count);
  block->inputs_.reserve(block->bytes_.size() / kBytesPerInput);
  block->outputs_.reserve(block->bytes_.size() / kBytesPerOutput);

  TransactionParser parser(block->transactions_, block->inputs_, block->outputs_, block->witness_);
  for (size_t i = 0; i < count && reader.ok(); ++i) parser.Read(reader, WitnessEncoding::kAllowed);
  if (!reader.ok()) {
    return Invalid("block is malformed or cut short in transaction " +
                   std::to_string(block->transactions_.size()));
  }
  if (!reader.AtEnd()) {
    if (stray == StrayBytes::kRefuse) return Invalid("block is followed by stray bytes");
    block->bytes_.resize(reader.Position());  // becoming smaller, it stays where it is
  }
  parser.Finish();

  block->stripped_size_ = Header::kSize + CompactSizeLength(count);
  for (const Transaction& tx : block->transactions_) block->stripped_size_ += tx.stripped_size;
  return BlockPtr(std::move(block));
}

Bytes SerializeBlock(const Header& header, std::span<const TransactionPtr> transactions) {
  Bytes bytes;
  Writer writer(bytes);
  writer.Raw(header.Serialize()).CompactSize(transactions.size());
  for (const TransactionPtr& tx : transactions) writer.Raw(tx->bytes);
  return bytes;
}

}  // namespace cairn
