// The source of chance that the protocol is given: addresses to try, moments to send, nonces.
//
// From one seed always the same sequence, on every machine: the simulator repeats a run from it.
// Whoever sees some of its numbers, as peers see nonces, cannot tell the others, so that a daemon
// seeds one of them from the operating system and needs no other. Not for threads to share.
#pragma once

#include <cstdint>
#include <span>
#include <utility>

#include "cairn/base/bytes.h"

namespace cairn::p2p {

class Random {
 public:
  /// Repeatable.
  explicit Random(uint64_t seed);
  /// Seeded by the operating system.
  static Random FromSystem();

  /// Any 64 bits.
  uint64_t Next();
  /// From 0 to `end` - 1, each as likely; 0 if `end` is 0.
  uint64_t Below(uint64_t end);
  /// From 0 up to but not including 1, in steps of 2^-53.
  double Unit();
  bool Flip() { return (Next() & 1) != 0; }
  /// How long until something happens that happens once in `mean` on average, whenever one looks.
  double Exponential(double mean);

  void Fill(std::span<uint8_t> out);
  Bytes Fill(size_t count);

  /// Another source: what is taken from it does not change what this one gives afterwards.
  Random Fork();

  template <typename Range>
  void Shuffle(Range& range) {
    for (size_t left = range.size(); left > 1; --left) {
      std::swap(range[left - 1], range[Below(left)]);
    }
  }

 private:
  explicit Random(ByteSpan key);

  uint64_t key0_;
  uint64_t key1_;
  uint64_t count_ = 0;
};

}  // namespace cairn::p2p
