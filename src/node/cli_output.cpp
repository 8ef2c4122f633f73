#include "src/node/cli_output.h"

#include <array>
#include <cstdio>
#include <string_view>

namespace cairn::node {

namespace {

void AppendPretty(std::string& out, const json::Value& value, size_t level) {
  if (!value.IsArray() && !value.IsObject()) {
    out += value.ToString();
    return;
  }
  const std::string margin(2 * level, ' ');
  const char* separator = "\n";
  out += value.IsArray() ? "[" : "{";
  for (const json::Value& item : value.Items()) {
    out += separator + margin + "  ";
    AppendPretty(out, item, level + 1);
    separator = ",\n";
  }
  for (const auto& [name, member] : value.Members()) {
    out += separator + margin + "  " + json::Value::String(name).ToString() + ": ";
    AppendPretty(out, member, level + 1);
    separator = ",\n";
  }
  out += "\n" + margin + (value.IsArray() ? "]" : "}");
}

std::string Text(const json::Value& object, std::string_view name) {
  const json::Value* member = object.Find(name);
  return member == nullptr ? "" : member->Text();
}

std::string Percent(const json::Value* share) {
  std::array<char, 32> text;
  std::snprintf(text.data(), text.size(), "%.4f%%",
                100 * (share != nullptr ? share->AsDouble().value_or(0) : 0));
  return text.data();
}

std::string Warnings(const json::Value* warnings) {
  if (warnings == nullptr) return "(none)";
  if (warnings->IsString()) return warnings->Text().empty() ? "(none)" : warnings->Text();
  std::string text;
  for (const json::Value& warning : warnings->Items()) {
    text += (text.empty() ? "" : "\n") + warning.Text();
  }
  return text.empty() ? "(none)" : text;
}

std::string Proxies(const json::Value& network) {
  std::string text;
  const json::Value* networks = network.Find("networks");
  if (networks == nullptr) return "n/a";
  for (const json::Value& entry : networks->Items()) {
    const std::string proxy = Text(entry, "proxy");
    if (proxy.empty() || text.find(proxy) != std::string::npos) continue;
    text += (text.empty() ? "" : ", ") + proxy;
  }
  return text.empty() ? "n/a" : text;
}

}  // namespace

std::string PrettyJson(const json::Value& value) {
  std::string out;
  AppendPretty(out, value, 0);
  return out;
}

std::string ShowResult(const json::Value& result) {
  if (result.IsNull()) return "";
  return result.IsString() ? result.Text() : PrettyJson(result);
}

std::string ShowSummary(const json::Value& chain, const json::Value& network, bool colours) {
  constexpr std::string_view kBlue = "\x1b[34m";
  constexpr std::string_view kGreen = "\x1b[32m";
  constexpr std::string_view kYellow = "\x1b[33m";
  constexpr std::string_view kPlain = "\x1b[0m";
  const auto heading = [&](std::string_view colour, const std::string& text) {
    return colours ? std::string(colour) + text + std::string(kPlain) : text;
  };
  std::string text = heading(kBlue, "Chain: " + Text(chain, "chain")) + "\n";
  text += "Blocks: " + Text(chain, "blocks") + "\n";
  text += "Headers: " + Text(chain, "headers") + "\n";
  text += "Verification progress: " + Percent(chain.Find("verificationprogress")) + "\n";
  text += "Difficulty: " + Text(chain, "difficulty") + "\n\n";
  if (network.IsObject()) {
    text += heading(kGreen, "Network: in " + Text(network, "connections_in") + ", out " +
                                Text(network, "connections_out") + ", total " +
                                Text(network, "connections")) +
            "\n";
    text += "Version: " + Text(network, "version") + "\n";
    text += "Time offset (s): " + Text(network, "timeoffset") + "\n";
    text += "Proxies: " + Proxies(network) + "\n";
    text += "Min tx relay fee rate (BTC/kvB): " + Text(network, "relayfee") + "\n\n";
  }
  return text + heading(kYellow, "Warnings: " + Warnings(chain.Find("warnings"))) + "\n";
}

}  // namespace cairn::node
