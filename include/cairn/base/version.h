// The version of this build, as programs and people see it. The same number stands in
// CMakeLists.txt.
#pragma once

#include <string_view>

namespace cairn {

inline constexpr std::string_view kVersion = "0.1.0";

}  // namespace cairn
