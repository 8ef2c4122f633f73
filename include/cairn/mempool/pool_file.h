// The pool on disk (mempool.dat): what waits for a block still does so after a restart.
//
// docs/formats/mempool.md has the format. The file is a memory only: what it says is judged again
// as if it had come from elsewhere.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <utility>
#include <vector>

#include "cairn/base/bytes.h"
#include "cairn/base/clock.h"
#include "cairn/base/result.h"
#include "cairn/mempool/mempool.h"

namespace cairn::mempool {

struct SavedTransaction {
  TransactionPtr tx;
  UnixSeconds time = 0;  // when it entered
  Amount delta = 0;      // of prioritisetransaction
  bool unbroadcast = false;
};

struct SavedPool {
  std::vector<SavedTransaction> transactions;       // parents first
  std::vector<std::pair<Txid, Amount>> priorities;  // of transactions that are not there
};

/// `chain` is what the messages of the chain begin with.
Bytes EncodePool(const SavedPool& pool, ByteSpan chain);
/// `kCorruption` for what is none.
Result<SavedPool> DecodePool(ByteSpan bytes, ByteSpan chain);

/// Replaces the file whole.
Status SavePool(const Mempool& pool, const std::filesystem::path& file, ByteSpan chain);

/// What of a file is taken.
struct LoadOptions {
  bool times = true;  // else all enter as of now
  bool priorities = true;
  bool unbroadcast = true;
};

struct LoadReport {
  size_t accepted = 0;
  size_t known = 0;    // in the pool already, or in the chain
  size_t expired = 0;  // had waited too long
  size_t refused = 0;
  bool interrupted = false;
};

/// Submits what the file has, one after another; `interrupted` is asked between them. `kNotFound`
/// if there is no file.
Result<LoadReport> LoadPool(Mempool& pool, const std::filesystem::path& file, ByteSpan chain,
                            const LoadOptions& options, const Clock& clock,
                            const std::function<bool()>& interrupted);

}  // namespace cairn::mempool
