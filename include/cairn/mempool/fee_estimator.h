// What to pay so that a transaction confirms within so many blocks, learned from how long those
// that went through the pool had waited.
//
// Three histories answer: of the last hours, days and weeks. Only transactions count that came
// while the pool was at the tip, and that depend on none in the pool, since only they were free to
// confirm by their own fee.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "cairn/base/bytes.h"
#include "cairn/base/mutex.h"
#include "cairn/base/result.h"
#include "cairn/mempool/fee_rate.h"
#include "cairn/primitives/hash.h"

namespace cairn::mempool {

/// Transactions whose rates lie between two bounds, decayed counts.
struct FeeSpan {
  double low = 0;  // satoshis per kvB
  double high = 0;
  double within_target = 0;  // confirmed within the target
  double confirmed = 0;      // whenever
  double waiting = 0;        // in the pool for at least as long as the target
  double left = 0;           // unmined after at least as long

  double Share() const {
    const double all = confirmed + waiting + left;
    return all > 0 ? within_target / all : 0;
  }
};

struct FeeEstimate {
  std::optional<double> rate;  // satoshis per kvB; nothing if no rate was good enough
  FeeSpan pass;                // the lowest span that was good enough
  FeeSpan fail;                // the span below it, that was not
  bool has_pass = false;
  bool has_fail = false;
};

enum class FeeHorizon : uint8_t { kShort, kMedium, kLong };
inline constexpr FeeHorizon kFeeHorizons[] = {FeeHorizon::kShort, FeeHorizon::kMedium,
                                              FeeHorizon::kLong};
/// "short"
std::string_view NameOf(FeeHorizon horizon);

struct SmartFee {
  std::optional<FeeRate> rate;
  int blocks = 0;  // the target that was answered: at most what the past allows to tell
};

struct RawFee {
  FeeEstimate estimate;
  double decay = 0;
  int scale = 0;
};

/// All members may be called from any thread.
class FeeEstimator {
 public:
  FeeEstimator();
  ~FeeEstimator();

  // -- what the pool tells --

  /// A transaction entered at the tip of that height, without ancestors in the pool.
  void Entered(const Txid& txid, int height, FeeRate rate);
  /// It left and no block has it.
  void Left(const Txid& txid);
  /// A block of that height has come, and took these out of the pool. Blocks at heights that have
  /// been there already teach nothing.
  void BlockCame(int height, const std::vector<Txid>& taken);

  // -- what it has learned --

  /// `conservative` looks further back, so that a quiet hour does not make it too bold.
  SmartFee Smart(int target, bool conservative) const;
  /// Nothing where the target is beyond the horizon.
  std::optional<RawFee> Raw(FeeHorizon horizon, int target, double share) const;
  /// The longest target of any horizon, in blocks.
  int LongestTarget() const;

  // -- on disk: docs/formats/fees.md --

  /// What still waits is counted as having left.
  Bytes Encode(ByteSpan chain);
  /// Replaces all. `kCorruption`, with nothing changed, if the bytes are no estimates.
  Status Decode(ByteSpan bytes, ByteSpan chain);

 private:
  struct State;

  mutable base::Mutex mutex_;
  std::unique_ptr<State> state_ CAIRN_GUARDED_BY(mutex_);
};

}  // namespace cairn::mempool
