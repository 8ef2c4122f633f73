// The difficulty of one miner's shares, so that they come at a set rate however fast it is.
//
// Pure: the time is an argument. One object for each connection, for one thread.
#pragma once

#include <chrono>
#include <cstddef>

namespace cairn::mining::stratum {

struct VardiffOptions {
  double start = 1;                      // of a new miner
  double least = 1;                      // at most `most`
  double most = 2147483648.0;            // 2^31: the hashes of a share fit into 63 bits
  std::chrono::seconds share_every{10};  // that is aimed at
};

class Vardiff {
 public:
  using Time = std::chrono::steady_clock::time_point;

  Vardiff(const VardiffOptions& options, Time now);

  double difficulty() const { return difficulty_; }

  /// Nothing was to be mined until now.
  void Begin(Time now) { Restart(now); }
  /// From now on the difficulty is not below `least`, unless that is more than the most.
  void RaiseLeast(double least, Time now);
  /// From now on it is not above `most`, nor above what the options allow.
  void SetMost(double most, Time now);
  /// Goes on from what the miner suggests, as far as the options allow. Downwards, once it has had
  /// shares, by one step of a minute only: else it could have as many shares stored as it likes.
  void Suggest(double difficulty, Time now);

  /// Another share was accepted, which counts so much. Those of earlier jobs may be under way still
  /// that count less than the present difficulty.
  void OnShare(double difficulty);
  /// Looks whether the shares come too often or too seldom. True if the difficulty has changed.
  bool Adjust(Time now);

 private:
  double Wanted(Time now) const;
  bool Set(double difficulty, Time now);
  double Bounded(double difficulty) const;

  void Restart(Time now);
  /// As many shares of the present difficulty as were worth what came.
  double Shares() const { return work_ / difficulty_; }

  const VardiffOptions options_;
  double least_;
  double most_;
  double difficulty_;
  Time since_;       // when the difficulty was looked at last
  double work_ = 0;  // of the shares since then
  bool has_shares_ = false;
  Time fell_at_;  // as the miner wished
};

}  // namespace cairn::mining::stratum
