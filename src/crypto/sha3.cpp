#include "cairn/crypto/sha3.h"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <utility>

#include "cairn/base/endian.h"

namespace cairn::crypto {
namespace {

constexpr size_t kRate = 136;  // bytes of the state that a block of the message goes into
constexpr int kRounds = 24;

/// Five columns (x) by five rows (y) of 64-bit lanes; lane (x, y) is number x + 5 * y.
using State = std::array<uint64_t, 25>;

/// The standard defines the constants by a shift register: bit 2^j - 1 of round i's constant is
/// its output at step j + 7 * i.
constexpr std::array<uint64_t, kRounds> MakeRoundConstants() {
  std::array<uint64_t, kRounds> constants{};
  uint8_t shift = 1;
  for (uint64_t& constant : constants) {
    for (int j = 0; j < 7; ++j) {
      if ((shift & 1) != 0) constant |= uint64_t{1} << ((1 << j) - 1);
      shift = static_cast<uint8_t>((shift << 1) ^ ((shift & 0x80) != 0 ? 0x71 : 0));
    }
  }
  return constants;
}

constexpr std::array<uint64_t, kRounds> kRoundConstants = MakeRoundConstants();

void MixColumns(State& state) {
  std::array<uint64_t, 5> parity{};
  for (size_t i = 0; i < state.size(); ++i) parity[i % 5] ^= state[i];
  for (size_t i = 0; i < state.size(); ++i) {
    state[i] ^= parity[(i + 4) % 5] ^ std::rotl(parity[(i + 1) % 5], 1);
  }
}

/// Turns each lane by its triangular number and moves it from (x, y) to (y, 2x + 3y).
void TurnAndMove(State& state) {
  size_t x = 1;
  size_t y = 0;
  uint64_t moving = state[1];
  for (int step = 1; step <= 24; ++step) {
    const size_t next = (2 * x + 3 * y) % 5;
    x = y;
    y = next;
    std::swap(moving, state[x + 5 * y]);
    state[x + 5 * y] = std::rotl(state[x + 5 * y], step * (step + 1) / 2 % 64);
  }
}

void MixRows(State& state) {
  for (size_t y = 0; y < 25; y += 5) {
    const std::array<uint64_t, 5> row = {state[y], state[y + 1], state[y + 2], state[y + 3],
                                         state[y + 4]};
    for (size_t x = 0; x < 5; ++x) state[y + x] = row[x] ^ (~row[(x + 1) % 5] & row[(x + 2) % 5]);
  }
}

void Absorb(State& state, const uint8_t* block) {
  for (size_t i = 0; i < kRate / 8; ++i) state[i] ^= LoadLittle<uint64_t>(block + 8 * i);
  for (const uint64_t constant : kRoundConstants) {
    MixColumns(state);
    TurnAndMove(state);
    MixRows(state);
    state[0] ^= constant;
  }
}

}  // namespace

Digest Sha3Of(ByteSpan message) {
  State state{};
  for (; message.size() >= kRate; message = message.subspan(kRate)) Absorb(state, message.data());
  std::array<uint8_t, kRate> last{};
  std::copy(message.begin(), message.end(), last.begin());
  last[message.size()] = 0x06;  // SHA-3's suffix 01, and the first bit of the padding
  last[kRate - 1] |= 0x80;
  Absorb(state, last.data());
  Digest digest;
  for (size_t i = 0; i < digest.size() / 8; ++i) StoreLittle(digest.data() + 8 * i, state[i]);
  return digest;
}

}  // namespace cairn::crypto
