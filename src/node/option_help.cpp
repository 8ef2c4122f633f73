#include "cairn/node/option_help.h"

#include <algorithm>

#include "cairn/base/version.h"

namespace cairn::node {
namespace {

constexpr size_t kWidth = 79;

/// `text` broken into lines, each behind `indent` spaces.
std::string Wrapped(std::string_view text, size_t indent) {
  std::string out;
  size_t column = kWidth;  // the first word begins a line
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(text.size(), word.size() + 1));
    if (column + 1 + word.size() > kWidth) {
      out += (out.empty() ? "" : "\n") + std::string(indent, ' ');
      column = indent;
    } else {
      out += ' ';
      ++column;
    }
    out += word;
    column += word.size();
  }
  return out + "\n";
}

std::string Entry(const OptionInfo& option) {
  std::string head = "  -" + std::string(option.name);
  if (!option.argument.empty()) head += "=" + std::string(option.argument);
  std::string text(option.help);
  if (!option.fallback.empty()) text += " (default: " + std::string(option.fallback) + ")";
  if (option.effect == Effect::kNotYet) text += " Without effect yet.";
  return head + "\n" + Wrapped(text, 7) + "\n";
}

std::string Groups(Program program, bool for_testing) {
  std::string out;
  std::string silent;
  const OptionInfo* previous = nullptr;
  for (const OptionInfo& option : AllOptions()) {
    if (option.Has(kHidden) || !Covers(option.program, program)) continue;
    if (option.effect == Effect::kSilent) {
      silent += (silent.empty() ? "-" : ", -") + std::string(option.name);
      continue;
    }
    if (option.Has(kDebugOnly) && !for_testing) continue;
    if (previous == nullptr || previous->group != option.group) {
      out += std::string(GroupTitle(option.group)) + ":\n\n";
    }
    out += Entry(option);
    previous = &option;
  }
  if (for_testing && !silent.empty()) {
    out += "Accepted, but of no meaning here:\n\n" + Wrapped(silent, 2) + "\n";
  }
  return out;
}

}  // namespace

bool WantsHelp(const Options& options) {
  for (const char* name : {"help", "h", "?", "help-debug"}) {
    if (options.IsSet(name)) return true;
  }
  return false;
}

std::string HelpText(const Options& options) {
  const Program program = options.program();
  std::string text = VersionText(program) + "\n";
  if (program == Program::kDaemon) {
    text += "Usage:  cairnd [options]\n\n";
  } else {
    text +=
        "Usage:  cairn-cli [options] <method> [arguments]\n"
        "or:     cairn-cli [options] -named <method> [name=value]...\n"
        "or:     cairn-cli [options] help [method]\n\n";
  }
  return text + Groups(program, options.GetBool("help-debug", false));
}

std::string VersionText(Program program) {
  return (program == Program::kDaemon ? "Cairn daemon version v" : "Cairn RPC client version v") +
         std::string(kVersion) + "\n";
}

}  // namespace cairn::node
