// SHA-256 with the SHA extensions of x86. Two rounds take one instruction, each waiting for the one
// before, so two messages side by side take hardly longer than one.
#include "src/crypto/sha256_kernel.h"

#if defined(__x86_64__) || defined(__i386__)

#include <cstring>
#include <utility>

#include <immintrin.h>

#include "cairn/crypto/cpu.h"
#include "cairn/crypto/sha256_constants.h"

// For functions that use the extensions, whatever CPU the rest is compiled for.
#define CAIRN_SHANI __attribute__((target("sha,sse4.1,ssse3")))
#define CAIRN_SHANI_INLINE CAIRN_SHANI __attribute__((always_inline)) inline

namespace cairn::crypto {
namespace {

/// One message in the works. The instructions want the state as two vectors, `abef` with a in the
/// highest lane and `cdgh` with c in the highest; the ring of schedule words has four to a vector.
struct Stream {
  __m128i abef, cdgh;
  __m128i abef_before, cdgh_before;
  __m128i words[4];
};

constexpr size_t kLanes = 2;
constexpr auto kAllQuads = std::make_index_sequence<16>();

CAIRN_SHANI_INLINE __m128i Load(const void* from) {
  return _mm_loadu_si128(static_cast<const __m128i*>(from));
}
CAIRN_SHANI_INLINE void Store(void* to, __m128i v) {
  _mm_storeu_si128(static_cast<__m128i*>(to), v);
}
CAIRN_SHANI_INLINE __m128i SwapBytes(__m128i v) {
  return _mm_shuffle_epi8(v, _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203));
}

/// Lanes kFirst and kSecond of `low`, then of `high`.
template <int kFirst, int kSecond>
CAIRN_SHANI_INLINE __m128i Pick(__m128i low, __m128i high) {
  return _mm_castps_si128(_mm_shuffle_ps(_mm_castsi128_ps(low), _mm_castsi128_ps(high),
                                         _MM_SHUFFLE(kSecond, kFirst, kSecond, kFirst)));
}

// ---- Rounds ----

CAIRN_SHANI_INLINE void Begin(Stream& s) {
  s.abef_before = s.abef;
  s.cdgh_before = s.cdgh;
}

CAIRN_SHANI_INLINE void End(Stream& s) {
  s.abef = _mm_add_epi32(s.abef, s.abef_before);
  s.cdgh = _mm_add_epi32(s.cdgh, s.cdgh_before);
}

CAIRN_SHANI_INLINE void FourRounds(Stream& s, __m128i constants_plus_words) {
  s.cdgh = _mm_sha256rnds2_epu32(s.cdgh, s.abef, constants_plus_words);
  s.abef = _mm_sha256rnds2_epu32(s.abef, s.cdgh, _mm_shuffle_epi32(constants_plus_words, 0x0e));
}

template <size_t kQuad>
CAIRN_SHANI_INLINE void ScheduledRounds(Stream& s) {
  __m128i& words = s.words[kQuad % 4];  // of rounds 4 * kQuad and the three after
  if constexpr (kQuad >= 4) {
    const __m128i last = s.words[(kQuad + 3) % 4];
    const __m128i seven_before = _mm_alignr_epi8(last, s.words[(kQuad + 2) % 4], 4);
    const __m128i partial = _mm_sha256msg1_epu32(words, s.words[(kQuad + 1) % 4]);
    words = _mm_sha256msg2_epu32(_mm_add_epi32(partial, seven_before), last);
  }
  FourRounds(s, _mm_add_epi32(words, Load(kRoundConstants + 4 * kQuad)));
}

template <size_t kQuad, class... Streams>
CAIRN_SHANI_INLINE void ScheduledRoundsOfAll(Streams&... streams) {
  (ScheduledRounds<kQuad>(streams), ...);
}

template <size_t... kQuad, class... Streams>
CAIRN_SHANI_INLINE void CompressWords(std::index_sequence<kQuad...>, Streams&... streams) {
  (Begin(streams), ...);
  (ScheduledRoundsOfAll<kQuad>(streams...), ...);
  (End(streams), ...);
}

CAIRN_SHANI_INLINE void CompressPaddingOf64Bytes(Stream& s0, Stream& s1) {
  Begin(s0), Begin(s1);
  for (size_t t = 0; t < 64; t += 4) {
    const __m128i constants_plus_words = Load(kLaneTables.padding_of_64_bytes.at + t);
    FourRounds(s0, constants_plus_words);
    FourRounds(s1, constants_plus_words);
  }
  End(s0), End(s1);
}

// ---- Between memory and streams ----

CAIRN_SHANI_INLINE void LoadBlock(Stream& s, const uint8_t* block) {
  for (size_t i = 0; i < 4; ++i) s.words[i] = SwapBytes(Load(block + 16 * i));
}

CAIRN_SHANI_INLINE void SetState(Stream& s, const uint32_t* state) {
  const __m128i abcd = Load(state), efgh = Load(state + 4);
  s.abef = Pick<1, 0>(efgh, abcd);
  s.cdgh = Pick<3, 2>(efgh, abcd);
}
CAIRN_SHANI_INLINE __m128i Abcd(const Stream& s) { return Pick<3, 2>(s.abef, s.cdgh); }
CAIRN_SHANI_INLINE __m128i Efgh(const Stream& s) { return Pick<1, 0>(s.abef, s.cdgh); }

/// Fills the words after the message's with the padding of a message of `bits` bits.
CAIRN_SHANI_INLINE void PadWords(Stream& s, size_t message_vectors, int bits) {
  for (size_t i = message_vectors; i < 4; ++i) s.words[i] = _mm_setzero_si128();
  s.words[message_vectors] = _mm_set_epi32(0, 0, 0, static_cast<int>(0x80000000u));
  s.words[3] = _mm_insert_epi32(s.words[3], bits, 3);
}

/// The second hash of a double hash begins with the digest of the first.
CAIRN_SHANI_INLINE void RestartOnDigest(Stream& s) {
  s.words[0] = Abcd(s);
  s.words[1] = Efgh(s);
  PadWords(s, 2, kDigestBlock.bits);
  SetState(s, kInitialState);
}

CAIRN_SHANI_INLINE void HashDigests(uint8_t* out, Stream& s0, Stream& s1) {
  RestartOnDigest(s0);
  RestartOnDigest(s1);
  CompressWords(kAllQuads, s0, s1);
  Store(out, SwapBytes(Abcd(s0)));
  Store(out + 16, SwapBytes(Efgh(s0)));
  Store(out + 32, SwapBytes(Abcd(s1)));
  Store(out + 48, SwapBytes(Efgh(s1)));
}

// ---- The kernel ----

CAIRN_SHANI void Transform(uint32_t* state, const uint8_t* blocks, size_t count) {
  Stream s;
  SetState(s, state);
  for (size_t i = 0; i < count; ++i) {
    LoadBlock(s, blocks + 64 * i);
    CompressWords(kAllQuads, s);
  }
  Store(state, Abcd(s));
  Store(state + 4, Efgh(s));
}

/// The words of the two lanes alternate in memory: a0 a1 b0 b1.
CAIRN_SHANI_INLINE void LoadStates(Stream& s0, Stream& s1, const uint32_t* state) {
  const __m128i ab = Load(state), cd = Load(state + 4);
  const __m128i ef = Load(state + 8), gh = Load(state + 12);
  s0.abef = Pick<2, 0>(ef, ab);
  s0.cdgh = Pick<2, 0>(gh, cd);
  s1.abef = Pick<3, 1>(ef, ab);
  s1.cdgh = Pick<3, 1>(gh, cd);
}

CAIRN_SHANI void Compress(uint32_t* state, const uint8_t* const* blocks) {
  Stream s0, s1;
  LoadStates(s0, s1, state);
  LoadBlock(s0, blocks[0]);
  LoadBlock(s1, blocks[1]);
  CompressWords(kAllQuads, s0, s1);
  constexpr int kSwapHalves = 0x4e;
  Store(state, _mm_shuffle_epi32(_mm_unpackhi_epi32(s0.abef, s1.abef), kSwapHalves));
  Store(state + 4, _mm_shuffle_epi32(_mm_unpackhi_epi32(s0.cdgh, s1.cdgh), kSwapHalves));
  Store(state + 8, _mm_shuffle_epi32(_mm_unpacklo_epi32(s0.abef, s1.abef), kSwapHalves));
  Store(state + 12, _mm_shuffle_epi32(_mm_unpacklo_epi32(s0.cdgh, s1.cdgh), kSwapHalves));
}

CAIRN_SHANI void Finish(uint8_t* out, const uint32_t* state) {
  Stream s0, s1;
  LoadStates(s0, s1, state);
  HashDigests(out, s0, s1);
}

CAIRN_SHANI void D64(uint8_t* out, const uint8_t* in) {
  Stream s0, s1;
  SetState(s0, kInitialState);
  SetState(s1, kInitialState);
  LoadBlock(s0, in);
  LoadBlock(s1, in + 64);
  CompressWords(kAllQuads, s0, s1);
  CompressPaddingOf64Bytes(s0, s1);
  HashDigests(out, s0, s1);
}

CAIRN_SHANI_INLINE void LoadHeaderTail(Stream& s, const uint8_t* tail) {
  s.words[0] = SwapBytes(Load(tail));
  PadWords(s, 1, kHeaderTail.bits);
}

CAIRN_SHANI void D80(uint8_t* out, const uint8_t* in) {
  Stream s0, s1;
  SetState(s0, kInitialState);
  SetState(s1, kInitialState);
  LoadBlock(s0, in);
  LoadBlock(s1, in + 80);
  CompressWords(kAllQuads, s0, s1);
  LoadHeaderTail(s0, in + 64);
  LoadHeaderTail(s1, in + 80 + 64);
  CompressWords(kAllQuads, s0, s1);
  HashDigests(out, s0, s1);
}

const Sha256Kernel kKernel = {kLanes, Compress, Finish, D64, D80};

}  // namespace

void AddShaniCandidate(std::vector<Sha256Candidate>& candidates) {
  if (CpuHasShaExtensions()) candidates.push_back(CandidateOf<kKernel>("shani", Transform));
}

}  // namespace cairn::crypto

#else

namespace cairn::crypto {

void AddShaniCandidate(std::vector<Sha256Candidate>&) {}

}  // namespace cairn::crypto

#endif
