// What libFuzzer calls: one target, chosen when this file is compiled.

#include "cairn/base/assert.h"
#include "tests/fuzz/targets.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const cairn::fuzz::Target* const target = cairn::fuzz::FindTarget(CAIRN_FUZZ_TARGET);
  CAIRN_ASSERT(target != nullptr);
  target->run({data, size});
  return 0;
}
