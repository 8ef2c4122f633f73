// No message takes more memory than a small multiple of its bytes, whatever it claims.
#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <new>

#include <gtest/gtest.h>
#include <malloc.h>

#include "cairn/base/writer.h"
#include "tests/support/wire_samples.h"

namespace {

std::atomic<size_t> live{0};
std::atomic<size_t> peak{0};

}  // namespace

// Every allocation of this program is counted.
void* operator new(size_t size) {
  void* memory = std::malloc(std::max<size_t>(size, 1));
  if (memory == nullptr) throw std::bad_alloc();
  const size_t now = live += malloc_usable_size(memory);
  if (now > peak) peak = now;
  return memory;
}

void operator delete(void* memory) noexcept {
  if (memory == nullptr) return;
  live -= malloc_usable_size(memory);
  std::free(memory);
}

void operator delete(void* memory, size_t) noexcept { operator delete(memory); }

namespace cairn::wire {
namespace {

/// What decoding takes at its worst, its result included.
size_t PeakOf(std::string_view command, Bytes payload) {
  const size_t before = live;
  peak = before;
  const auto message = Decode(command, std::move(payload));
  return peak - before;
}

// Witness items are the worst: a byte on the wire, 16 in memory, and an array that doubles.
constexpr size_t kMostTimes = 64;
constexpr size_t kAnyway = 4096;

TEST(MessageMemoryTest, CountsPromiseNothing) {
  for (const std::string_view command : KnownCommands()) {
    SCOPED_TRACE(command);
    // Counts of every size at every place, in the midst of bytes of which many are small.
    for (const uint64_t count : {252ull, 65535ull, 0x01ffffffull, 0xffffffffull, ~0ull}) {
      for (size_t place = 0; place < 160; ++place) {
        Bytes payload(place, 0);
        Writer(payload).CompactSize(count);
        payload.resize(200, 0);
        ASSERT_LE(PeakOf(command, payload), kAnyway + kMostTimes * payload.size()) << place;
      }
    }
  }
}

TEST(MessageMemoryTest, ManySmallPartsStayInBounds) {
  constexpr size_t kSize = 400'000;
  for (const uint8_t filling : {0, 1}) {
    for (const std::string_view command : KnownCommands()) {
      SCOPED_TRACE(command);
      for (const size_t place : {size_t{0}, Header::kSize, BlockHash::kSize, size_t{4}}) {
        Bytes payload(place, 0);
        Writer(payload).CompactSize(kSize / 10);
        payload.resize(kSize, filling);
        ASSERT_LE(PeakOf(command, payload), kAnyway + kMostTimes * payload.size());
      }
    }
  }
}

TEST(MessageMemoryTest, WitnessesOfEmptyItemsStayInBounds) {
  constexpr size_t kItems = 1'000'000;
  Bytes transaction;
  Writer writer(transaction);
  writer.U32(2).U8(0).U8(1).U8(1).Raw(Bytes(36, 1)).U8(0).U32(0).U8(0);
  writer.CompactSize(kItems).Raw(Bytes(kItems, 0)).U32(0);
  ASSERT_TRUE(Decode("tx", transaction).has_value());
  EXPECT_LE(PeakOf("tx", transaction), kMostTimes * transaction.size());
}

}  // namespace
}  // namespace cairn::wire
