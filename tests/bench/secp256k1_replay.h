// What a run asks of libsecp256k1, recorded call by call, and asked again with nothing around it.
//
// The linker leads the calls through here (--wrap). A clock around each of them would cost more
// than some of them; so the calls of one run are written down once, and their time is that of going
// through the list.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace cairn::bench {

/// A call that verification makes, with its bytes. What it gives, the next calls use.
struct CurveCall {
  enum class Function : uint8_t {
    kParseKey,
    kParseSignature,
    kNormalize,
    kVerifyEcdsa,
    kParseXOnlyKey,
    kVerifySchnorr,
    kCheckTweak,
  };

  Function function;
  uint8_t size = 0;                // of the key
  int parity = 0;                  // of the tweaked key
  std::array<uint8_t, 65> key{};   // serialised; also a signature or the tweaked key
  std::array<uint8_t, 32> hash{};  // message or tweak
};

using CurveCalls = std::vector<CurveCall>;

/// Writes down the calls of this thread into `calls` as long as it lives. One at a time.
class CurveRecorder {
 public:
  explicit CurveRecorder(CurveCalls& calls);
  ~CurveRecorder();
  CurveRecorder(const CurveRecorder&) = delete;
  CurveRecorder& operator=(const CurveRecorder&) = delete;
};

/// Makes the calls again. Ends the process if one fails that had not.
void Replay(const CurveCalls& calls);

}  // namespace cairn::bench
