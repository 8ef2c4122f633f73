// How one log record becomes one line of text or JSON. Pure functions, apart from the sinks.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "cairn/base/log.h"

namespace cairn::log {

/// What one call of `Write` said, and when and where.
struct Record {
  std::chrono::system_clock::time_point time;
  Level level = Level::kInfo;
  Category category = kNone;
  Site site{"", 0, ""};
  std::string thread;
  std::string message;
};

/// The message as printable UTF-8 without a line break. Control characters and bytes that are no
/// UTF-8 become `\xNN`: a peer must neither forge a record nor drive the reader's terminal.
std::string Printable(std::string_view message);

/// `2026-01-31T12:34:56Z`, or with `.123456` before the Z.
std::string FormatTime(std::chrono::system_clock::time_point time, bool micros);

/// The whole record without a line end, in the form that `config` asks for.
std::string FormatRecord(const Record& record, const Config& config);

}  // namespace cairn::log
