// How each message is read and written: one pair of overloads for each type.
//
// A reader's failure means that the bytes are malformed; a failed status, that they break a limit.
#pragma once

#include <string>
#include <string_view>
#include <type_traits>

#include "cairn/base/reader.h"
#include "cairn/base/result.h"
#include "cairn/base/writer.h"
#include "cairn/wire/message.h"

namespace cairn::wire {

/// A message without fields.
template <typename T>
concept Bare = std::is_empty_v<T>;

template <Bare T>
Status Read(Reader&, T&) {
  return {};
}
template <Bare T>
void Write(Writer&, const T&) {}

Status Read(Reader& reader, Version& message);
Status Read(Reader& reader, SendTxReconciliation& message);
Status Read(Reader& reader, SendCompact& message);
Status Read(Reader& reader, FeeFilter& message);
Status Read(Reader& reader, Ping& message);
Status Read(Reader& reader, Pong& message);
Status Read(Reader& reader, Addr& message);
Status Read(Reader& reader, AddrV2& message);
Status Read(Reader& reader, Inv& message);
Status Read(Reader& reader, GetData& message);
Status Read(Reader& reader, NotFound& message);
Status Read(Reader& reader, GetHeaders& message);
Status Read(Reader& reader, GetBlocks& message);
Status Read(Reader& reader, Headers& message);
Status Read(Reader& reader, GetBlockTxn& message);
Status Read(Reader& reader, GetCFilters& message);
Status Read(Reader& reader, CFilter& message);
Status Read(Reader& reader, GetCFHeaders& message);
Status Read(Reader& reader, CFHeaders& message);
Status Read(Reader& reader, GetCFCheckpt& message);
Status Read(Reader& reader, CFCheckpt& message);
Status Read(Reader& reader, FilterLoad& message);
Status Read(Reader& reader, FilterAdd& message);
Status Read(Reader& reader, MerkleBlock& message);

// These keep the buffer, or parts of it.
Status TakeOver(Bytes payload, BlockMessage& message);
Status TakeOver(Bytes payload, TxMessage& message);
Status TakeOver(Bytes payload, CompactBlock& message);
Status TakeOver(Bytes payload, BlockTxn& message);

void Write(Writer& writer, const Unknown& message);
void Write(Writer& writer, const RawMessage& message);
void Write(Writer& writer, const Version& message);
void Write(Writer& writer, const SendTxReconciliation& message);
void Write(Writer& writer, const SendCompact& message);
void Write(Writer& writer, const FeeFilter& message);
void Write(Writer& writer, const Ping& message);
void Write(Writer& writer, const Pong& message);
void Write(Writer& writer, const Addr& message);
void Write(Writer& writer, const AddrV2& message);
void Write(Writer& writer, const Inv& message);
void Write(Writer& writer, const GetData& message);
void Write(Writer& writer, const NotFound& message);
void Write(Writer& writer, const GetHeaders& message);
void Write(Writer& writer, const GetBlocks& message);
void Write(Writer& writer, const Headers& message);
void Write(Writer& writer, const BlockMessage& message);
void Write(Writer& writer, const TxMessage& message);
void Write(Writer& writer, const CompactBlock& message);
void Write(Writer& writer, const GetBlockTxn& message);
void Write(Writer& writer, const BlockTxn& message);
void Write(Writer& writer, const GetCFilters& message);
void Write(Writer& writer, const CFilter& message);
void Write(Writer& writer, const GetCFHeaders& message);
void Write(Writer& writer, const CFHeaders& message);
void Write(Writer& writer, const GetCFCheckpt& message);
void Write(Writer& writer, const CFCheckpt& message);
void Write(Writer& writer, const FilterLoad& message);
void Write(Writer& writer, const FilterAdd& message);
void Write(Writer& writer, const MerkleBlock& message);

/// `EncodePayload` behind what `out` has.
void AppendPayload(Bytes& out, const Message& message);

/// The message cannot be read, and is passed over.
inline tl::unexpected<Error> Malformed(std::string_view command) {
  return Fail(ErrorCode::kCorruption, std::string(command) + " is malformed or cut short");
}

/// The sender breaks a limit.
inline tl::unexpected<Error> TooMany(std::string_view command, size_t count) {
  return Invalid(std::string(command) + " message size = " + std::to_string(count));
}

template <typename AnyHash>
AnyHash ReadHash(Reader& reader) {
  return {reader.Array<AnyHash::kSize>()};
}

}  // namespace cairn::wire
