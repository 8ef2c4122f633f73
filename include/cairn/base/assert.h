// Invariants of our own code, checked in every build. Never used on data that came from outside.
#pragma once

namespace cairn {

[[noreturn]] void AssertionFailed(const char* condition, const char* file, int line);

}  // namespace cairn

#define CAIRN_ASSERT(condition)                                                                 \
  (__builtin_expect(!(condition), 0) ? ::cairn::AssertionFailed(#condition, __FILE__, __LINE__) \
                                     : void())
