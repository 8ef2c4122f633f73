// Unpredictable text for passwords and salts.
#pragma once

#include <cstddef>
#include <string>

namespace cairn::rpc {

/// Hex digits of so many bytes from the operating system's generator.
std::string RandomHex(size_t bytes);

}  // namespace cairn::rpc
