#include "cairn/wire/filters.h"

#include "src/wire/codec.h"

namespace cairn::wire {
namespace {

template <typename Range>
void ReadRange(Reader& reader, Range& message) {
  message.filter_type = reader.U8();
  message.start_height = reader.U32();
  message.stop = ReadHash<BlockHash>(reader);
}

template <typename Range>
void WriteRange(Writer& writer, const Range& message) {
  writer.U8(message.filter_type).U32(message.start_height).Raw(message.stop.span());
}

template <typename AnyHash>
void ReadHashes(Reader& reader, size_t count, std::vector<AnyHash>& hashes) {
  hashes.resize(count);
  for (AnyHash& hash : hashes) hash = ReadHash<AnyHash>(reader);
}

template <typename AnyHash>
void WriteHashes(Writer& writer, const std::vector<AnyHash>& hashes) {
  writer.CompactSize(hashes.size());
  for (const AnyHash& hash : hashes) writer.Raw(hash.span());
}

Bytes ReadBytes(Reader& reader) {
  const ByteSpan bytes = reader.VarBytes();
  return {bytes.begin(), bytes.end()};
}

}  // namespace

Status Read(Reader& reader, GetCFilters& message) { return ReadRange(reader, message), Status(); }
void Write(Writer& writer, const GetCFilters& message) { WriteRange(writer, message); }

Status Read(Reader& reader, CFilter& message) {
  message.filter_type = reader.U8();
  message.block = ReadHash<BlockHash>(reader);
  message.filter = ReadBytes(reader);
  return {};
}

void Write(Writer& writer, const CFilter& message) {
  writer.U8(message.filter_type).Raw(message.block.span()).VarBytes(message.filter);
}

Status Read(Reader& reader, GetCFHeaders& message) { return ReadRange(reader, message), Status(); }
void Write(Writer& writer, const GetCFHeaders& message) { WriteRange(writer, message); }

Status Read(Reader& reader, CFHeaders& message) {
  message.filter_type = reader.U8();
  message.stop = ReadHash<BlockHash>(reader);
  message.previous = ReadHash<FilterHeader>(reader);
  const size_t count = reader.Count(FilterHash::kSize);
  if (count > GetCFHeaders::kMostBlocks) return TooMany("cfheaders", count);
  ReadHashes(reader, count, message.hashes);
  return {};
}

void Write(Writer& writer, const CFHeaders& message) {
  writer.U8(message.filter_type).Raw(message.stop.span()).Raw(message.previous.span());
  WriteHashes(writer, message.hashes);
}

Status Read(Reader& reader, GetCFCheckpt& message) {
  message.filter_type = reader.U8();
  message.stop = ReadHash<BlockHash>(reader);
  return {};
}

void Write(Writer& writer, const GetCFCheckpt& message) {
  writer.U8(message.filter_type).Raw(message.stop.span());
}

Status Read(Reader& reader, CFCheckpt& message) {
  message.filter_type = reader.U8();
  message.stop = ReadHash<BlockHash>(reader);
  ReadHashes(reader, reader.Count(FilterHeader::kSize), message.headers);
  return {};
}

void Write(Writer& writer, const CFCheckpt& message) {
  writer.U8(message.filter_type).Raw(message.stop.span());
  WriteHashes(writer, message.headers);
}

Status Read(Reader& reader, FilterLoad& message) {
  message.bits = ReadBytes(reader);
  message.functions = reader.U32();
  message.tweak = reader.U32();
  message.flags = reader.U8();
  if (!reader.ok()) return {};
  if (message.bits.size() > FilterLoad::kMostBytes ||
      message.functions > FilterLoad::kMostFunctions) {
    return Invalid("too-large bloom filter");
  }
  return {};
}

void Write(Writer& writer, const FilterLoad& message) {
  writer.VarBytes(message.bits).U32(message.functions).U32(message.tweak).U8(message.flags);
}

Status Read(Reader& reader, FilterAdd& message) {
  message.element = ReadBytes(reader);
  if (message.element.size() > FilterAdd::kMostBytes) return Invalid("bad filteradd message");
  return {};
}

void Write(Writer& writer, const FilterAdd& message) { writer.VarBytes(message.element); }

Status Read(Reader& reader, MerkleBlock& message) {
  Result<MerkleProof> proof = MerkleProof::Parse(reader.Take(reader.Remaining()));
  if (!proof) return reader.SetFailed(), Status();
  message.proof = *std::move(proof);
  return {};
}

void Write(Writer& writer, const MerkleBlock& message) { writer.Raw(message.proof.Serialize()); }

}  // namespace cairn::wire
