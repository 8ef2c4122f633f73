// Which instructions this CPU has, beyond what Highway asks for.
#pragma once

namespace cairn::crypto {

/// SHA-NI of x86, with SSSE3 and SSE4.1, which code that uses it needs too.
bool CpuHasShaExtensions();

}  // namespace cairn::crypto
