// SHA-256 in plain C++, one message at a time: what runs everywhere, and what the others must
// equal.
#include <cstring>
#include <utility>

#include "cairn/base/endian.h"
#include "cairn/crypto/sha256_constants.h"
#include "cairn/crypto/sha256_round.h"
#include "src/crypto/sha256_kernel.h"

namespace cairn::crypto {
namespace {

constexpr auto kSixteen = std::make_index_sequence<16>();

struct Block {
  uint32_t word[16];
};

template <size_t... t>
inline void FirstRounds(uint32_t* state, const Block& block, std::index_sequence<t...>) {
  (Sha256Round<t>(state, kRoundConstants[t] + block.word[t]), ...);
}

template <size_t t>
inline void ScheduledRound(uint32_t* state, Block& block, const uint32_t* constants) {
  block.word[t] += SmallSigma0(block.word[(t + 1) % 16]) + block.word[(t + 9) % 16] +
                   SmallSigma1(block.word[(t + 14) % 16]);
  Sha256Round<t>(state, constants[t] + block.word[t]);
}

template <size_t... t>
inline void ScheduledRounds(uint32_t* state, Block& block, const uint32_t* constants,
                            std::index_sequence<t...>) {
  (ScheduledRound<t>(state, block, constants), ...);
}

template <size_t... t>
inline void KnownRounds(uint32_t* state, const uint32_t* constants_plus_words,
                        std::index_sequence<t...>) {
  (Sha256Round<t>(state, constants_plus_words[t]), ...);
}

void CompressBlock(uint32_t* state, Block block) {
  uint32_t working[8];
  std::memcpy(working, state, sizeof working);
  FirstRounds(working, block, kSixteen);
  for (size_t t = 16; t < 64; t += 16) {
    ScheduledRounds(working, block, kRoundConstants + t, kSixteen);
  }
  for (size_t i = 0; i < 8; ++i) state[i] += working[i];
}

void CompressPaddingOf64Bytes(uint32_t* state) {
  uint32_t working[8];
  std::memcpy(working, state, sizeof working);
  for (size_t t = 0; t < 64; t += 16) {
    KnownRounds(working, kLaneTables.padding_of_64_bytes.at + t, kSixteen);
  }
  for (size_t i = 0; i < 8; ++i) state[i] += working[i];
}

/// `words` big-endian words of a message, filled up with the padding that `shape` describes.
Block LoadBlock(const uint8_t* message, const BlockShape& shape) {
  Block block;
  for (size_t i = 0; i < 16; ++i) {
    block.word[i] = shape.Knows(i) ? shape.Word(i) : LoadBig<uint32_t>(message + 4 * i);
  }
  return block;
}

/// The second hash of a double hash.
void Finish(uint8_t* out, const uint32_t* digest) {
  Block block;
  for (size_t i = 0; i < 16; ++i) {
    block.word[i] = kDigestBlock.Knows(i) ? kDigestBlock.Word(i) : digest[i];
  }
  uint32_t state[8];
  std::memcpy(state, kInitialState, sizeof state);
  CompressBlock(state, block);
  for (size_t i = 0; i < 8; ++i) StoreBig(out + 4 * i, state[i]);
}

void Compress(uint32_t* state, const uint8_t* const* blocks) {
  CompressBlock(state, LoadBlock(blocks[0], kMessageBlock));
}

void D64(uint8_t* out, const uint8_t* in) {
  uint32_t state[8];
  std::memcpy(state, kInitialState, sizeof state);
  CompressBlock(state, LoadBlock(in, kMessageBlock));
  CompressPaddingOf64Bytes(state);
  Finish(out, state);
}

void D80(uint8_t* out, const uint8_t* in) {
  uint32_t state[8];
  std::memcpy(state, kInitialState, sizeof state);
  CompressBlock(state, LoadBlock(in, kMessageBlock));
  CompressBlock(state, LoadBlock(in + 64, kHeaderTail));
  Finish(out, state);
}

const Sha256Kernel kKernel = {1, Compress, Finish, D64, D80};

}  // namespace

void TransformPortable(uint32_t* state, const uint8_t* blocks, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    CompressBlock(state, LoadBlock(blocks + 64 * i, kMessageBlock));
  }
}

Sha256Candidate PortableCandidate() { return CandidateOf<kKernel>("portable", TransformPortable); }

}  // namespace cairn::crypto
