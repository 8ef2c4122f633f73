// gettxoutproof and verifytxoutproof: that transactions are in a block, to one who has its header.
#include <algorithm>
#include <set>

#include "cairn/base/hex.h"
#include "cairn/primitives/merkle_proof.h"
#include "cairn/rpc/error.h"
#include "src/rpc/fields.h"
#include "src/rpc/methods/common.h"
#include "src/rpc/methods/methods.h"

namespace cairn::rpc {

namespace {

std::set<Txid> WantedTransactions(const Request& request) {
  const std::vector<json::Value>& texts = request.Get("txids").Items();
  if (texts.empty()) throw RpcError(kInvalidParameter, "Parameter 'txids' cannot be empty");
  std::set<Txid> wanted;
  for (const json::Value& text : texts) {
    const Txid txid = *Txid::FromText(CheckHashText(ToText(text), "txid"));
    if (!wanted.insert(txid).second) {
      throw RpcError(kInvalidParameter, "Invalid parameter, duplicated txid: " + text.Text());
    }
  }
  return wanted;
}

/// The block that made an unspent output of the transaction; null if none of the first outputs is
/// unspent. Each is a question to the ledger, so a transaction of very many is not asked about to
/// its end.
const ledger::HeaderEntry* BlockOfUnspent(const Request& request, const Txid& txid) {
  constexpr uint32_t kOutputsAskedFor = 1000;
  for (uint32_t index = 0; index < kOutputsAskedFor && !*request.node().stopping; ++index) {
    const auto coin = LedgerOf(request).FindCoin({txid, index});
    if (!coin) throw RpcError(kDatabaseError, coin.error().message);
    if (*coin) return (*coin)->tip->Ancestor((*coin)->height);
  }
  return nullptr;
}

const ledger::HeaderEntry& BlockOf(const Request& request, const std::set<Txid>& wanted) {
  if (request.Has("blockhash")) return FindBlock(request, "blockhash", "blockhash");
  for (const Txid& txid : wanted) {
    if (const auto* block = BlockOfUnspent(request, txid)) return *block;
  }
  const FoundTransaction found = FindTransaction(request, *wanted.begin());
  if (found.block == nullptr) {
    throw RpcError(kInvalidAddressOrKey, "Transaction not yet in block");
  }
  return *found.block;
}

Method GetTxOutProof() {
  return {
      .name = "gettxoutproof",
      .group = "blockchain",
      .description =
          "Proves that transactions are in a block. Without the block's hash it works only while "
          "one of them has an unspent output, or with an index of all transactions (-txindex).",
      .params = {Required("txids", ParamType::kArray, "The transactions; all in the same block",
                          {Optional("txid", ParamType::kHex, "", "The id of one")}),
                 Optional("blockhash", ParamType::kHex, "", "The block to look in")},
      .results = {Hex("", "The proof, in the form of the message merkleblock (BIP37)")},
      .examples = {R"([["0e3e2357e806b6cdb1f70b54c3a3a17b6714ee1f0e68bebb44a74b1efd512098"]])"},
      .handler = [](const Request& request, json::Writer& out) {
        const std::set<Txid> wanted = WantedTransactions(request);
        const BlockPtr block = ReadBody(LedgerOf(request), BlockOf(request, wanted));
        std::vector<bool> chosen;
        for (const Transaction& transaction : block->transactions()) {
          chosen.push_back(wanted.contains(transaction.txid));
        }
        const auto found = std::count(chosen.begin(), chosen.end(), true);
        if (static_cast<size_t>(found) != wanted.size()) {
          throw RpcError(kInvalidAddressOrKey,
                         "Not all transactions found in specified or retrieved block");
        }
        out.String(ToHex(MerkleProof::Of(*block, chosen).Serialize()));
      }};
}

Method VerifyTxOutProof() {
  return {
      .name = "verifytxoutproof",
      .group = "blockchain",
      .description =
          "Tells which transactions a proof of gettxoutproof proves. It is an error if the block "
          "is not on the best chain.",
      .params = {Required("proof", ParamType::kHex, "The proof")},
      .results = {Arr("", "The transactions; none if the proof is wrong", Hex("", "An id"))},
      .examples = {R"(["proof"])"},
      .handler = [](const Request& request, json::Writer& out) {
        const Result<MerkleProof> proof = MerkleProof::Parse(HexParam(request, "proof"));
        if (!proof) throw RpcError(kMiscError, proof.error().message);
        const auto matches = proof->Matches();
        out.BeginArray();
        if (matches) {
          const ledger::ChainViewPtr view = LedgerOf(request).View();
          const ledger::HeaderEntry* entry = LedgerOf(request).Find(proof->header.Hash());
          if (entry == nullptr || !view->Contains(entry)) {
            throw RpcError(kInvalidAddressOrKey, "Block not found in chain");
          }
          // An inner node of the tree could pass for a transaction in a tree that is lower.
          const bool same_tree = entry->tx_count == proof->transaction_count;
          for (const MerkleProof::Match& match : *matches) {
            if (same_tree) out.String(match.txid.ToString());
          }
        }
        out.EndArray();
      }};
}

}  // namespace

std::vector<Method> ProofMethods() { return {GetTxOutProof(), VerifyTxOutProof()}; }

}  // namespace cairn::rpc
