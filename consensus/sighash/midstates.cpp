#include "consensus/sighash/midstates.h"

#include "cairn/base/writer.h"

namespace cairn::consensus {
namespace {

/// One hash over the bytes that `write` appends for each item.
template <typename Items, typename Write>
crypto::Digest HashEach(const Items& items, size_t typical_size, const Write& write) {
  Bytes bytes;
  bytes.reserve(items.size() * typical_size);
  Writer writer(bytes);
  for (const auto& item : items) write(writer, item);
  return crypto::Sha256Of(bytes);
}

}  // namespace

TransactionMidstates::TransactionMidstates(const Transaction& tx, std::span<const TxOut> spent)
    : tx_(tx), spent_(spent) {
  // Only witness programs use them, and those are spent with a witness (or fail without hashing).
  if (!tx.has_witness) return;
  prevouts = HashEach(tx.inputs, 36, [](Writer& writer, const TxIn& input) {
    writer.Raw(input.prevout.txid.span()).U32(input.prevout.index);
  });
  sequences =
      HashEach(tx.inputs, 4, [](Writer& writer, const TxIn& input) { writer.U32(input.sequence); });
  outputs = HashEach(tx.outputs, 43, [](Writer& writer, const TxOut& output) {
    writer.I64(output.value).VarBytes(output.script);
  });
  if (!HasSpent()) return;
  amounts = HashEach(spent, 8, [](Writer& writer, const TxOut& coin) { writer.I64(coin.value); });
  scripts =
      HashEach(spent, 35, [](Writer& writer, const TxOut& coin) { writer.VarBytes(coin.script); });
}

}  // namespace cairn::consensus
