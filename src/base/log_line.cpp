#include "src/base/log_line.h"

#include <cstdio>
#include <ctime>

namespace cairn::log {
namespace {

std::string_view LevelName(Level level) {
  switch (level) {
    case Level::kTrace: return "trace";
    case Level::kDebug: return "debug";
    case Level::kInfo: return "info";
    case Level::kWarning: return "warning";
    case Level::kError: return "error";
  }
  return "";
}

std::string_view NameOf(Category category) {
  for (const CategoryName& known : Categories()) {
    if (known.bit == category) return known.name;
  }
  return "";
}

/// How many bytes at `at` make one printable UTF-8 character; zero if they make none.
/// The C1 controls (U+0080 to U+009F) steer terminals as the ASCII ones do, so they do not count.
size_t PrintableLength(std::string_view text, size_t at) {
  const auto byte = [&](size_t i) {
    return i < text.size() ? static_cast<uint8_t>(text[i]) : uint8_t{0};
  };
  const uint8_t first = byte(at);
  if (first < 0x80) return first >= 0x20 && first != 0x7f ? 1 : 0;
  const size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4) return 0;
  uint32_t point = first & (0x7fu >> length);
  for (size_t i = 1; i < length; ++i) {
    if ((byte(at + i) & 0xc0) != 0x80) return 0;
    point = point << 6 | (byte(at + i) & 0x3fu);
  }
  const bool overlong = (length == 3 && point < 0x800) || (length == 4 && point < 0x10000);
  const bool surrogate = point >= 0xd800 && point <= 0xdfff;
  return overlong || surrogate || point < 0xa0 || point > 0x10ffff ? 0 : length;
}

/// The source path from the project's root on, whatever path the compiler was given.
std::string_view ShortPath(std::string_view path) {
  for (const std::string_view root : {"/src/", "/consensus/", "/include/", "/tests/"}) {
    const size_t at = path.rfind(root);
    if (at != std::string_view::npos) return path.substr(at + 1);
  }
  return path;
}

std::string ThreadOf(const Record& record) {
  return record.thread.empty() ? "unknown" : record.thread;
}

std::string PlaceOf(const Record& record) {
  return std::string(ShortPath(record.site.file)) + ":" + std::to_string(record.site.line);
}

/// `[net] `, `[net:warning] `, `[error] `; nothing for a plain message. With `always`, `[all:info]
/// ` and the like for every message.
std::string Tag(const Record& record, bool always) {
  const std::string level(LevelName(record.level));
  std::string category(NameOf(record.category));
  if (always) return "[" + (category.empty() ? "all" : category) + ":" + level + "] ";
  if (category.empty()) return record.level == Level::kInfo ? "" : "[" + level + "] ";
  return record.level == Level::kDebug ? "[" + category + "] "
                                       : "[" + category + ":" + level + "] ";
}

/// A JSON string; `text` has no control characters left.
std::string Quoted(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "\"";
}

std::string FormatJson(const Record& record, const Config& config) {
  std::string line = "{";
  if (config.timestamps) {
    line += "\"time\":" + Quoted(FormatTime(record.time, config.time_micros)) + ",";
  }
  line += "\"level\":" + Quoted(LevelName(record.level));
  if (record.category != kNone) line += ",\"category\":" + Quoted(NameOf(record.category));
  if (config.thread_names) line += ",\"thread\":" + Quoted(Printable(ThreadOf(record)));
  if (config.source_locations) {
    line += ",\"source\":" + Quoted(Printable(PlaceOf(record)));
    line += ",\"function\":" + Quoted(record.site.function);
  }
  return line + ",\"message\":" + Quoted(Printable(record.message)) + "}";
}

}  // namespace

std::string Printable(std::string_view message) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  text.reserve(message.size());
  for (size_t at = 0; at < message.size();) {
    const size_t length = PrintableLength(message, at);
    if (length != 0) {
      text += message.substr(at, length);
      at += length;
      continue;
    }
    const auto byte = static_cast<uint8_t>(message[at++]);
    text += {'\\', 'x', kDigits[byte >> 4], kDigits[byte & 15]};
  }
  return text;
}

std::string FormatTime(std::chrono::system_clock::time_point time, bool micros) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  const std::time_t since_epoch = seconds.time_since_epoch().count();
  std::tm utc{};
  gmtime_r(&since_epoch, &utc);
  char date[48];
  std::strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &utc);
  char fraction[24] = "";
  if (micros) {
    const auto rest = std::chrono::duration_cast<std::chrono::microseconds>(time - seconds).count();
    std::snprintf(fraction, sizeof fraction, ".%06d", static_cast<int>(rest));
  }
  return std::string(date) + fraction + "Z";
}

std::string FormatRecord(const Record& record, const Config& config) {
  if (config.json) return FormatJson(record, config);
  std::string line;
  if (config.timestamps) line += FormatTime(record.time, config.time_micros) + " ";
  if (config.thread_names) line += "[" + Printable(ThreadOf(record)) + "] ";
  if (config.source_locations) {
    line += "[" + Printable(PlaceOf(record)) + "] [" + record.site.function + "] ";
  }
  return line + Tag(record, config.level_always) + Printable(record.message);
}

}  // namespace cairn::log
