// What libFuzzer calls: one target, chosen when this file is compiled.

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "cairn/base/assert.h"
#include "tests/fuzz/targets.h"

namespace {

/// Says at the end how often each decoder of `FuzzDecoders` was tried: the total alone would not
/// show one that the fuzzer has hardly ever chosen. Asked for by CAIRN_FUZZ_COUNT.
class DecoderCounts {
 public:
  ~DecoderCounts() {
    if (std::getenv("CAIRN_FUZZ_COUNT") == nullptr) return;
    for (size_t i = 0; i < counts_.size(); ++i) {
      std::fprintf(stderr, "decoder %zu: %llu\n", i, static_cast<unsigned long long>(counts_[i]));
    }
  }
  void Add(uint8_t choice) { ++counts_[choice % counts_.size()]; }

 private:
  std::array<uint64_t, cairn::fuzz::kDecoders> counts_{};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const cairn::fuzz::Target* const target = cairn::fuzz::FindTarget(CAIRN_FUZZ_TARGET);
  static DecoderCounts counts;
  CAIRN_ASSERT(target != nullptr);
  counts.Add(size == 0 ? 0 : data[0]);
  target->run({data, size});
  return 0;
}
