#include "cairn/wire/inventory.h"

#include "src/wire/codec.h"

namespace cairn::wire {
namespace {

void ReadItems(Reader& reader, std::vector<InvItem>& items) {
  items.resize(reader.Count(InvItem::kSize));
  for (InvItem& item : items) {
    item.type = reader.U32();
    item.hash = reader.Array<32>();
  }
}

void WriteItems(Writer& writer, const std::vector<InvItem>& items) {
  writer.CompactSize(items.size());
  for (const InvItem& item : items) writer.U32(item.type).Raw(item.hash);
}

}  // namespace

Status Read(Reader& reader, Inv& message) {
  ReadItems(reader, message.items);
  if (message.items.size() > kMostInvItems) return TooMany("inv", message.items.size());
  return {};
}

void Write(Writer& writer, const Inv& message) { WriteItems(writer, message.items); }

Status Read(Reader& reader, GetData& message) {
  ReadItems(reader, message.items);
  if (message.items.size() > kMostInvItems) return TooMany("getdata", message.items.size());
  return {};
}

void Write(Writer& writer, const GetData& message) { WriteItems(writer, message.items); }

Status Read(Reader& reader, NotFound& message) {
  ReadItems(reader, message.items);
  // Nobody is punished for a long one: it is not looked at.
  if (message.items.size() > kMostInvItems) reader.SetFailed();
  return {};
}

void Write(Writer& writer, const NotFound& message) { WriteItems(writer, message.items); }

}  // namespace cairn::wire
