// What libFuzzer calls: one target, chosen when this file is compiled.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "cairn/base/assert.h"
#include "tests/fuzz/targets.h"

namespace {

/// Says at the end how often each decoder of `FuzzDecoders` and `FuzzWire` was tried: the total
/// alone would not show one that the fuzzer has hardly ever chosen. Asked for by CAIRN_FUZZ_COUNT.
class ChoiceCounts {
 public:
  ~ChoiceCounts() {
    if (std::getenv("CAIRN_FUZZ_COUNT") == nullptr) return;
    for (size_t i = 0; i < counts_.size(); ++i) {
      const std::string name =
          kIsWire ? std::string(cairn::fuzz::WireChoiceName(i)) : "decoder " + std::to_string(i);
      std::fprintf(stderr, "%s: %llu\n", name.c_str(), static_cast<unsigned long long>(counts_[i]));
    }
  }
  void Add(uint8_t choice) { ++counts_[choice % counts_.size()]; }

 private:
  static constexpr bool kIsWire = std::string_view(CAIRN_FUZZ_TARGET) == "wire";

  std::vector<uint64_t> counts_ =
      std::vector<uint64_t>(kIsWire ? cairn::fuzz::WireChoices() : cairn::fuzz::kDecoders);
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const cairn::fuzz::Target* const target = cairn::fuzz::FindTarget(CAIRN_FUZZ_TARGET);
  static ChoiceCounts counts;
  CAIRN_ASSERT(target != nullptr);
  counts.Add(size == 0 ? 0 : data[0]);
  target->run({data, size});
  return 0;
}
