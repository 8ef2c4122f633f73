#include "src/rpc/render.h"

#include <array>
#include <cstdio>

#include "cairn/base/hex.h"
#include "cairn/primitives/descriptor.h"
#include "cairn/primitives/script.h"
#include "consensus/work.h"

namespace cairn::rpc {

namespace {

void WritePrevout(json::Writer& out, const ledger::FoundCoin& coin,
                  const AddressPrefixes& prefixes) {
  out.Key("prevout").BeginObject();
  out.Key("generated").Bool(coin.coinbase);
  out.Key("height").Int(coin.height);
  out.Key("value").Amount(coin.value);
  out.Key("scriptPubKey");
  WriteScriptPubKey(out, coin.script, prefixes);
  out.EndObject();
}

void WriteInput(json::Writer& out, const TxIn& input, bool coinbase) {
  if (coinbase) {
    out.Key("coinbase").String(ToHex(input.script_sig));
  } else {
    out.Key("txid").String(input.prevout.txid.ToString());
    out.Key("vout").Uint(input.prevout.index);
    out.Key("scriptSig").BeginObject();
    out.Key("asm").String(ScriptToAsm(input.script_sig, true));
    out.Key("hex").String(ToHex(input.script_sig));
    out.EndObject();
  }
  if (input.witness.empty()) return;
  out.Key("txinwitness").BeginArray();
  for (const ByteSpan item : input.witness) out.String(ToHex(item));
  out.EndArray();
}

void WriteInputs(json::Writer& out, const Transaction& transaction, const AddressPrefixes& prefixes,
                 const TransactionContext& context) {
  out.Key("vin").BeginArray();
  for (size_t i = 0; i < transaction.inputs.size(); ++i) {
    out.BeginObject();
    WriteInput(out, transaction.inputs[i], transaction.IsCoinbase());
    if (context.show_spent && i < context.spent.size()) {
      WritePrevout(out, context.spent[i], prefixes);
    }
    out.Key("sequence").Uint(transaction.inputs[i].sequence);
    out.EndObject();
  }
  out.EndArray();
}

void WriteOutputs(json::Writer& out, const Transaction& transaction,
                  const AddressPrefixes& prefixes) {
  out.Key("vout").BeginArray();
  for (size_t i = 0; i < transaction.outputs.size(); ++i) {
    out.BeginObject();
    out.Key("value").Amount(transaction.outputs[i].value);
    out.Key("n").Uint(i);
    out.Key("scriptPubKey");
    WriteScriptPubKey(out, transaction.outputs[i].script, prefixes);
    out.EndObject();
  }
  out.EndArray();
}

Amount FeeOf(const Transaction& transaction, std::span<const ledger::FoundCoin> spent) {
  Amount fee = 0;
  for (const ledger::FoundCoin& coin : spent) fee += coin.value;
  for (const TxOut& output : transaction.outputs) fee -= output.value;
  return fee;
}

}  // namespace

std::string HexOf32(uint32_t value) {
  std::array<char, 9> text;
  std::snprintf(text.data(), text.size(), "%08x", value);
  return text.data();
}

void WriteScriptPubKey(json::Writer& out, ByteSpan script, const AddressPrefixes& prefixes) {
  out.BeginObject();
  out.Key("asm").String(ScriptToAsm(script));
  out.Key("desc").String(InferDescriptor(script, prefixes));
  out.Key("hex").String(ToHex(script));
  if (const auto address = EncodeAddress(script, prefixes)) out.Key("address").String(*address);
  out.Key("type").String(OutputTypeName(ClassifyOutput(script).type));
  out.EndObject();
}

void WriteTransaction(json::Writer& out, const Transaction& transaction,
                      const AddressPrefixes& prefixes, const TransactionContext& context) {
  out.BeginObject();
  WriteTransactionMembers(out, transaction, prefixes, context);
  out.EndObject();
}

void WriteTransactionMembers(json::Writer& out, const Transaction& transaction,
                             const AddressPrefixes& prefixes, const TransactionContext& context) {
  out.Key("txid").String(transaction.txid.ToString());
  out.Key("hash").String(transaction.wtxid.ToString());
  out.Key("version").Uint(static_cast<uint32_t>(transaction.version));
  out.Key("size").Uint(transaction.total_size());
  out.Key("vsize").Uint(transaction.VirtualSize());
  out.Key("weight").Uint(transaction.Weight());
  out.Key("locktime").Uint(transaction.lock_time);
  WriteInputs(out, transaction, prefixes, context);
  WriteOutputs(out, transaction, prefixes);
  if (!context.spent.empty()) out.Key("fee").Amount(FeeOf(transaction, context.spent));
  if (context.show_hex) out.Key("hex").String(ToHex(transaction.bytes));
}

void WriteHeaderMembers(json::Writer& out, const ledger::HeaderEntry& entry,
                        const ledger::ChainView& view) {
  const bool in_best_chain = view.Contains(&entry);
  const Header& header = entry.header;
  out.Key("hash").String(entry.hash.ToString());
  out.Key("confirmations").Int(in_best_chain ? view.Height() - entry.height + 1 : -1);
  out.Key("height").Int(entry.height);
  out.Key("version").Int(header.version);
  out.Key("versionHex").String(HexOf32(static_cast<uint32_t>(header.version)));
  out.Key("merkleroot").String(header.merkle_root.ToString());
  out.Key("time").Uint(header.time);
  out.Key("mediantime").Uint(entry.median_time);
  out.Key("nonce").Uint(header.nonce);
  out.Key("bits").String(HexOf32(header.bits));
  out.Key("difficulty").Double(consensus::DifficultyOf(header.bits));
  out.Key("chainwork").String(entry.chain_work.ToString());
  out.Key("nTx").Uint(entry.tx_count.load());
  if (entry.parent != nullptr) out.Key("previousblockhash").String(entry.parent->hash.ToString());
  const ledger::HeaderEntry* next = in_best_chain ? view.At(entry.height + 1) : nullptr;
  if (next != nullptr) out.Key("nextblockhash").String(next->hash.ToString());
}

}  // namespace cairn::rpc
