#include "cairn/p2p/peers_file.h"

#include <algorithm>
#include <system_error>

#include "cairn/base/whole_file.h"
#include "cairn/crypto/sealed.h"

namespace cairn::p2p {
namespace {

constexpr std::string_view kPeersFormat = "cairn peers 1\n";
constexpr std::string_view kAnchorsFormat = "cairn anchors 1\n";
constexpr size_t kMaxPeersFile = size_t{32} << 20;  // a full book has less than 12 MB
constexpr size_t kMaxAnchorsFile = 4096;
constexpr int64_t kLastTime = int64_t{1} << 40;  // so that no difference of times overflows
constexpr size_t kLeastRecord = 40;
constexpr auto kV2 = wire::AddressFormat::kV2;

void WriteSource(Writer& writer, const wire::NetAddress& source) {
  writer.U8(static_cast<uint8_t>(source.network())).VarBytes(source.bytes());
}

/// Unlike on the wire, names of ours have their own form.
wire::NetAddress ReadSource(Reader& reader) {
  const auto network = static_cast<wire::Network>(reader.U8());
  const ByteSpan bytes = reader.VarBytes();
  const auto source = wire::NetAddress::From(network, bytes);
  if (!source) reader.SetFailed();
  return source.value_or(wire::NetAddress());
}

int64_t ReadTime(Reader& reader) {
  const int64_t time = reader.I64();
  if (time < 0 || time > kLastTime) reader.SetFailed();
  return time;
}

void WriteRecord(Writer& writer, const AddressBook::Record& record) {
  const KnownAddress& known = record.known;
  wire::WriteEndpoint(writer, known.peer.endpoint, kV2);
  writer.U64(known.peer.services).I64(std::clamp<int64_t>(known.peer.time, 0, kLastTime));
  WriteSource(writer, known.source);
  writer.I64(std::clamp<int64_t>(known.last_try, 0, kLastTime));
  writer.I64(std::clamp<int64_t>(known.last_success, 0, kLastTime));
  writer.U32(static_cast<uint32_t>(known.attempts));
  writer.U8(static_cast<uint8_t>(record.buckets.size()));
  for (const uint16_t bucket : record.buckets) writer.U16(bucket);
}

AddressBook::Record ReadRecord(Reader& reader) {
  AddressBook::Record record;
  KnownAddress& known = record.known;
  known.peer.endpoint = wire::ReadEndpoint(reader, kV2);
  known.peer.services = reader.U64();
  known.peer.time = ReadTime(reader);
  known.source = ReadSource(reader);
  known.last_try = ReadTime(reader);
  known.last_success = ReadTime(reader);
  known.attempts = static_cast<int32_t>(reader.U32());
  if (known.attempts < 0) reader.SetFailed();
  const size_t places = reader.U8();
  record.table = places == 0 ? Table::kTried : Table::kNew;
  for (size_t i = 0; i < places; ++i) record.buckets.push_back(reader.U16());
  return record;
}

}  // namespace

Bytes EncodePeers(const AddressBook& book, const Magic& magic) {
  Bytes bytes = crypto::BeginSealed(kPeersFormat, magic);
  Writer writer(bytes);
  writer.Raw(book.key());
  const std::vector<AddressBook::Record> records = book.Records();
  writer.CompactSize(records.size());
  for (const AddressBook::Record& record : records) WriteRecord(writer, record);
  crypto::Seal(bytes);
  return bytes;
}

Result<AddressBook> DecodePeers(ByteSpan bytes, const Magic& magic, Random random) {
  const Result<ByteSpan> body = crypto::Unseal(bytes, kPeersFormat, magic);
  if (!body) return tl::unexpected(body.error());
  Reader reader(*body);
  const AddressBook::Key key = reader.Array<AddressBook::Key{}.size()>();
  AddressBook book(key, random);
  const uint64_t count = reader.Count(kLeastRecord);
  for (uint64_t i = 0; i < count && reader.ok(); ++i) {
    const AddressBook::Record record = ReadRecord(reader);
    // One whose rules of today differ from those under which it was stored is left out.
    if (reader.ok()) book.Restore(record);
  }
  if (!reader.ok() || !reader.AtEnd()) {
    return Fail(ErrorCode::kCorruption, "its records make no sense");
  }
  return book;
}

LoadedPeers LoadPeers(const std::filesystem::path& file, const Magic& magic, Random random) {
  const Result<Bytes> bytes = ReadFile(file, kMaxPeersFile);
  if (!bytes) {
    const bool missing = bytes.error().code == ErrorCode::kNotFound;
    return {AddressBook(random), missing ? std::string() : bytes.error().message};
  }
  Result<AddressBook> book = DecodePeers(*bytes, magic, random);
  if (book) return {std::move(*book), {}};
  return {AddressBook(random), file.filename().string() + " is replaced: " + book.error().message};
}

Status SavePeers(const AddressBook& book, const std::filesystem::path& file, const Magic& magic) {
  return ReplaceFile(file, EncodePeers(book, magic));
}

Bytes EncodeAnchors(const std::vector<wire::Endpoint>& anchors, const Magic& magic) {
  Bytes bytes = crypto::BeginSealed(kAnchorsFormat, magic);
  Writer writer(bytes);
  const size_t count = std::min(anchors.size(), kMaxAnchors);
  writer.CompactSize(count);
  for (size_t i = 0; i < count; ++i) wire::WriteEndpoint(writer, anchors[i], kV2);
  crypto::Seal(bytes);
  return bytes;
}

Result<std::vector<wire::Endpoint>> DecodeAnchors(ByteSpan bytes, const Magic& magic) {
  const Result<ByteSpan> body = crypto::Unseal(bytes, kAnchorsFormat, magic);
  if (!body) return tl::unexpected(body.error());
  Reader reader(*body);
  std::vector<wire::Endpoint> anchors;
  const uint64_t count = reader.CompactSize();
  for (uint64_t i = 0; i < count && i < kMaxAnchors; ++i) {
    anchors.push_back(wire::ReadEndpoint(reader, kV2));
  }
  if (!reader.ok() || !reader.AtEnd()) {
    return Fail(ErrorCode::kCorruption, "its anchors make no sense");
  }
  std::erase_if(anchors, [](const wire::Endpoint& anchor) { return !anchor.IsValid(); });
  return anchors;
}

std::vector<wire::Endpoint> TakeAnchors(const std::filesystem::path& file, const Magic& magic) {
  const Result<Bytes> bytes = ReadFile(file, kMaxAnchorsFile);
  std::error_code ignored;
  std::filesystem::remove(file, ignored);
  if (!bytes) return {};
  return DecodeAnchors(*bytes, magic).value_or(std::vector<wire::Endpoint>());
}

Status SaveAnchors(const std::vector<wire::Endpoint>& anchors, const std::filesystem::path& file,
                   const Magic& magic) {
  return ReplaceFile(file, EncodeAnchors(anchors, magic));
}

}  // namespace cairn::p2p
