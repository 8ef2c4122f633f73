#include <atomic>

#include "cairn/base/log.h"

namespace cairn::log {
namespace {

std::atomic<uint32_t> enabled_categories{0};

}  // namespace

const std::vector<CategoryName>& Categories() {
  static const std::vector<CategoryName> names = {
      {"addrman", kAddrman},
      {"bench", kBench},
      {"blockstorage", kBlockStorage},
      {"cmpctblock", kCmpctBlock},
      {"coindb", kCoinDb},
      {"estimatefee", kEstimateFee},
      {"http", kHttp},
      {"i2p", kI2p},
      {"ipc", kIpc},
      {"leveldb", kLevelDb},
      {"libevent", kLibevent},
      {"lock", kLock},
      {"mempool", kMempool},
      {"mempoolrej", kMempoolRej},
      {"net", kNet},
      {"proxy", kProxy},
      {"prune", kPrune},
      {"qt", kQt},
      {"rand", kRand},
      {"reindex", kReindex},
      {"rpc", kRpc},
      {"scan", kScan},
      {"selectcoins", kSelectCoins},
      {"stratum", kStratum},
      {"tor", kTor},
      {"txpackages", kTxPackages},
      {"txreconciliation", kTxReconciliation},
      {"validation", kValidation},
      {"walletdb", kWalletDb},
      {"zmq", kZmq},
  };
  return names;
}

bool ParseCategory(std::string_view name, uint32_t* bits) {
  *bits = kNone;
  if (name == "none" || name == "0") return true;
  if (name.empty() || name == "1" || name == "all") {
    *bits = kAll;
    return true;
  }
  for (const CategoryName& known : Categories()) {
    if (known.name != name) continue;
    *bits = known.bit;
    return true;
  }
  return false;
}

uint32_t EnabledCategories() { return enabled_categories.load(std::memory_order_relaxed); }

void SetEnabledCategories(uint32_t bits) {
  enabled_categories.store(bits, std::memory_order_relaxed);
}

}  // namespace cairn::log
