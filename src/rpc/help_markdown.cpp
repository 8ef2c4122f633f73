// docs/rpc.md: the reference for people, from the method table.
#include "cairn/rpc/help.h"
#include "src/rpc/help_sections.h"

namespace cairn::rpc {

namespace {

constexpr std::string_view kIntroduction =
    "# JSON-RPC methods\n"
    "\n"
    "This page is generated from the method table (`src/rpc/methods/`); a test compares the two. "
    "To write\n"
    "it anew: `CAIRN_UPDATE_DOCS=1 unit_rpc --gtest_filter='Docs.*'`.\n"
    "\n"
    "Call a method with `cairn-cli METHOD ARGUMENTS`, or by HTTP `POST /` with Basic "
    "authentication: the\n"
    "user and password of `-rpcuser` and `-rpcpassword`, of an `-rpcauth` line, or of the file "
    "`.cookie` in\n"
    "the data directory. JSON-RPC 1.0, 1.1 and 2.0 are understood, and batches of each; parameters "
    "are\n"
    "positional (an array), named (an object), or both (an object whose member `args` has the "
    "positional\n"
    "ones). Amounts are in bitcoins with eight decimals. `rpc.discover` gives this page's content "
    "as an\n"
    "OpenRPC document.\n";

/// A cell of a table must not contain the table's own marks.
std::string Cell(std::string_view text) {
  std::string cell;
  for (const char c : text) {
    if (c == '|') cell += '\\';
    cell += c == '\n' ? ' ' : c;
  }
  return cell;
}

std::string Names(const Param& param) {
  std::string text(param.MainName());
  std::string_view rest = param.name;
  for (size_t bar = rest.find('|'); bar != rest.npos; bar = rest.find('|')) {
    rest.remove_prefix(bar + 1);
    text += " (also " + std::string(rest.substr(0, rest.find('|'))) + ")";
  }
  return text;
}

void AddRows(std::string& text, const std::vector<Param>& params, const std::string& prefix) {
  for (const Param& param : params) {
    if (param.hidden) continue;
    const std::string name = param.name.empty() ? prefix + "[]" : prefix + Names(param);
    const std::string value = param.required               ? "required"
                              : param.default_text.empty() ? ""
                                                           : "`" + param.default_text + "`";
    text += "| " + Cell(name) + " | " + std::string(TypeWords(param.type)) + " | " + Cell(value) +
            " | " + Cell(param.description) + " |\n";
    AddRows(text, param.inner, std::string(param.MainName()) + ".");
  }
}

}  // namespace

std::string MarkdownReference(const MethodTable& table) {
  std::string text(kIntroduction);
  std::string group;
  for (const Method& method : table.methods()) {
    if (method.group != group) {
      group = method.group;
      text += "\n## Group: " + group + "\n";
      if (group == "hidden") text += "\nLeft out of the list that `help` prints: aids for tests.\n";
    }
    text +=
        "\n### " + method.name + "\n\n`" + UsageLine(method) + "`\n\n" + method.description + "\n";
    if (!method.params.empty()) {
      text += "\n| parameter | type | default | meaning |\n|---|---|---|---|\n";
      AddRows(text, method.params, "");
    }
    text += "\n```\n" + ResultsSection(method).substr(1) + "```\n";
  }
  return text;
}

}  // namespace cairn::rpc
