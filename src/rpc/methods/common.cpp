#include "src/rpc/methods/common.h"

#include <utility>

#include "cairn/base/assert.h"
#include "cairn/base/hex.h"
#include "cairn/rpc/error.h"

namespace cairn::rpc {

ledger::Ledger& LedgerOf(const Request& request) {
  CAIRN_ASSERT(request.node().ledger != nullptr);
  return *request.node().ledger;
}

std::string_view CheckHashText(const std::string& text, std::string_view label) {
  constexpr size_t kDigits = 64;
  if (text.size() != kDigits) {
    throw RpcError(kInvalidParameter, std::string(label) + " must be of length 64 (not " +
                                          std::to_string(text.size()) + ", for '" + text + "')");
  }
  if (!FromHex(text)) {
    throw RpcError(kInvalidParameter,
                   std::string(label) + " must be hexadecimal string (not '" + text + "')");
  }
  return text;
}

const ledger::HeaderEntry& FindBlock(const Request& request, std::string_view param,
                                     std::string_view label) {
  const auto hash = ParseHash<BlockHash>(request, param, label);
  const ledger::HeaderEntry* entry = LedgerOf(request).Find(hash);
  if (entry == nullptr) throw RpcError(kInvalidAddressOrKey, "Block not found");
  return *entry;
}

BlockPtr ReadBody(ledger::Ledger& ledger, const ledger::HeaderEntry& entry) {
  if (!entry.HasBody()) {
    throw RpcError(kMiscError, "Block not available (not fully downloaded)");
  }
  Result<Bytes> bytes = ledger.ReadBlock(entry);
  if (!bytes) throw RpcError(kMiscError, "Block not found on disk: " + bytes.error().message);
  Result<BlockPtr> block = Block::Parse(*std::move(bytes));
  if (!block) throw RpcError(kDatabaseError, "Can't read block from disk");
  return *std::move(block);
}

void WriteWarnings(json::Writer& out, const Request& request) {
  out.Key("warnings").BeginArray();
  for (const std::string& warning : request.node().warnings()) out.String(warning);
  out.EndArray();
}

}  // namespace cairn::rpc
