#include "cairn/wire/blocks.h"

#include "cairn/primitives/transaction_batch.h"
#include "src/wire/codec.h"

namespace cairn::wire {
namespace {

constexpr size_t kShortIdSize = 6;
constexpr size_t kMostIndex = 0xffff;

Status ReadLocator(Reader& reader, std::string_view command, Locator& locator) {
  reader.U32();  // a version that nobody looks at
  const size_t count = reader.Count(BlockHash::kSize);
  if (count > Locator::kMostHashes) return TooMany(std::string(command) + " locator", count);
  locator.hashes.resize(count);
  for (BlockHash& hash : locator.hashes) hash = ReadHash<BlockHash>(reader);
  locator.stop = ReadHash<BlockHash>(reader);
  return {};
}

void WriteLocator(Writer& writer, const Locator& locator) {
  writer.I32(kProtocolVersion).CompactSize(locator.hashes.size());
  for (const BlockHash& hash : locator.hashes) writer.Raw(hash.span());
  writer.Raw(locator.stop.span());
}

/// Indexes as BIP152 writes them: each as its distance from the one before, less one.
class IndexReader {
 public:
  /// Fails the reader above 65535.
  uint16_t Next(Reader& reader) {
    const uint64_t index = next_ + reader.CompactSize();
    if (index > kMostIndex) reader.SetFailed();
    next_ = index + 1;
    return static_cast<uint16_t>(index);
  }

 private:
  uint64_t next_ = 0;
};

class IndexWriter {
 public:
  void Append(Writer& writer, uint16_t index) {
    writer.CompactSize(static_cast<uint16_t>(index - next_));
    next_ = static_cast<uint16_t>(index + 1);
  }

 private:
  uint16_t next_ = 0;
};

}  // namespace

Status Read(Reader& reader, GetHeaders& message) {
  return ReadLocator(reader, "getheaders", message.locator);
}

void Write(Writer& writer, const GetHeaders& message) { WriteLocator(writer, message.locator); }

Status Read(Reader& reader, GetBlocks& message) {
  return ReadLocator(reader, "getblocks", message.locator);
}

void Write(Writer& writer, const GetBlocks& message) { WriteLocator(writer, message.locator); }

Status Read(Reader& reader, Headers& message) {
  const uint64_t count = reader.CompactSize();
  if (count > Headers::kMostHeaders) return TooMany("headers", count);
  if (count > reader.Remaining() / (Header::kSize + 1)) return reader.SetFailed(), Status();
  message.headers.reserve(count);
  for (size_t i = 0; i < count && reader.ok(); ++i) {
    const auto header = reader.Array<Header::kSize>();
    message.headers.push_back(Header::From(header));
    reader.CompactSize();  // how many transactions follow: none, whatever it says
  }
  return {};
}

void Write(Writer& writer, const Headers& message) {
  writer.CompactSize(message.headers.size());
  for (const Header& header : message.headers) writer.Raw(header.Serialize()).CompactSize(0);
}

Status TakeOver(Bytes payload, BlockMessage& message) {
  Result<BlockPtr> block = Block::Parse(std::move(payload), StrayBytes::kDrop);
  if (!block) return Fail(ErrorCode::kCorruption, std::move(block.error().message));
  message.block = *std::move(block);
  return {};
}

void Write(Writer& writer, const BlockMessage& message) { writer.Raw(message.block->bytes()); }

Status TakeOver(Bytes payload, TxMessage& message) {
  TransactionBatch batch(std::move(payload));
  batch.Read();
  if (!batch.reader().ok()) return Malformed("tx");
  const bool whole = batch.reader().AtEnd();
  message.transaction = batch.Finish()[0];
  if (whole) return {};
  // Without the bytes behind it, which would stay in memory as long as the transaction.
  const ByteSpan own = message.transaction->bytes;
  message.transaction = ParseTransaction(Bytes(own.begin(), own.end())).value();
  return {};
}

void Write(Writer& writer, const TxMessage& message) { writer.Raw(message.transaction->bytes); }

Status TakeOver(Bytes payload, CompactBlock& message) {
  TransactionBatch batch(std::move(payload));
  Reader& reader = batch.reader();
  message.header = Header::From(reader.Array<Header::kSize>());
  message.nonce = reader.U64();
  message.short_ids.resize(reader.Count(kShortIdSize));
  for (ShortId& id : message.short_ids) {
    id = reader.U32();
    id |= uint64_t{reader.U16()} << 32;
  }
  const size_t prefilled = reader.CompactSize();
  // All places of a block have a number of 16 bits.
  if (message.short_ids.size() + prefilled > kMostIndex) reader.SetFailed();
  IndexReader indexes;
  for (size_t i = 0; i < prefilled && reader.ok(); ++i) {
    message.prefilled.push_back({indexes.Next(reader), nullptr});
    batch.Read();
  }
  if (!reader.ok()) return Malformed(CompactBlock::kCommand);
  const std::vector<TransactionPtr> transactions = batch.Finish();
  for (size_t i = 0; i < prefilled; ++i) message.prefilled[i].transaction = transactions[i];
  return {};
}

void Write(Writer& writer, const CompactBlock& message) {
  writer.Raw(message.header.Serialize()).U64(message.nonce);
  writer.CompactSize(message.short_ids.size());
  for (const ShortId id : message.short_ids) {
    writer.U32(static_cast<uint32_t>(id)).U16(static_cast<uint16_t>(id >> 32));
  }
  writer.CompactSize(message.prefilled.size());
  IndexWriter indexes;
  for (const CompactBlock::Prefilled& prefilled : message.prefilled) {
    indexes.Append(writer, prefilled.index);
    writer.Raw(prefilled.transaction->bytes);
  }
}

Status Read(Reader& reader, GetBlockTxn& message) {
  message.block = ReadHash<BlockHash>(reader);
  const size_t count = reader.Count(1);
  if (count > kMostIndex + 1) return reader.SetFailed(), Status();
  message.indexes.reserve(count);
  IndexReader indexes;
  for (size_t i = 0; i < count && reader.ok(); ++i) message.indexes.push_back(indexes.Next(reader));
  return {};
}

void Write(Writer& writer, const GetBlockTxn& message) {
  writer.Raw(message.block.span()).CompactSize(message.indexes.size());
  IndexWriter indexes;
  for (const uint16_t index : message.indexes) indexes.Append(writer, index);
}

Status TakeOver(Bytes payload, BlockTxn& message) {
  TransactionBatch batch(std::move(payload));
  message.block = ReadHash<BlockHash>(batch.reader());
  batch.ReadAll();
  if (!batch.reader().ok()) return Malformed(BlockTxn::kCommand);
  message.transactions = batch.Finish();
  return {};
}

void Write(Writer& writer, const BlockTxn& message) {
  writer.Raw(message.block.span()).CompactSize(message.transactions.size());
  for (const TransactionPtr& transaction : message.transactions) writer.Raw(transaction->bytes);
}

}  // namespace cairn::wire
