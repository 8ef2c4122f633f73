#include "cairn/rpc/help.h"

#include <algorithm>
#include <cctype>
#include <utility>

#include "src/rpc/help_columns.h"
#include "src/rpc/help_sections.h"

namespace cairn::rpc {

namespace {

/// How a value of the type looks inside brackets: `"str"`, `n`.
std::string_view Placeholder(ParamType type) {
  switch (type) {
    case ParamType::kString: return "\"str\"";
    case ParamType::kHex: return "\"hex\"";
    case ParamType::kAmount: return "amount";
    case ParamType::kBool: return "bool";
    case ParamType::kRange: return "n or [n,n]";
    case ParamType::kNumber:
    case ParamType::kHeightOrHash:
    case ParamType::kObject:
    case ParamType::kArray: return "n";
  }
  return "";
}

bool IsText(ParamType type) { return type == ParamType::kString || type == ParamType::kHex; }

/// A parameter as the usage line shows it: `"blockhash"`, `verbosity`, `["rawtx",...]`.
std::string Inline(const Param& param) {
  const std::string name(param.MainName());
  if (param.type == ParamType::kArray) {
    std::string elements;
    for (const Param& element : param.inner) elements += Inline(element) + ",";
    return "[" + elements + "...]";
  }
  if (param.type == ParamType::kObject) {
    std::string members;
    for (const Param& member : param.inner) {
      if (!members.empty()) members += ",";
      members += "\"" + std::string(member.MainName()) + "\":";
      members += member.type == ParamType::kArray || member.type == ParamType::kObject
                     ? Inline(member)
                     : std::string(Placeholder(member.type));
    }
    return "{" + members + "}";
  }
  return IsText(param.type) ? "\"" + name + "\"" : name;
}

/// `(numeric, optional, default=1) The verbosity`
std::string Describe(const Param& param) {
  std::string text = "(" + std::string(TypeWords(param.type));
  if (param.required) {
    text += ", required";
  } else {
    text += ", optional";
    if (!param.default_text.empty()) text += ", default=" + param.default_text;
  }
  text += ")";
  if (!param.description.empty()) text += " " + param.description;
  return text;
}

std::string Describe(const Field& field) {
  std::string text = "(" + std::string(TypeWords(field.type));
  if (field.optional) text += ", optional";
  text += ")";
  if (!field.description.empty()) text += " " + field.description;
  return text;
}

/// The lines of what is inside a parameter, each with its own description.
void AddInner(HelpColumns& columns, const Param& param, size_t indent) {
  if (param.inner.empty()) return;
  const bool array = param.type == ParamType::kArray;
  const std::string outer(indent, ' ');
  const std::string inner(indent + 2, ' ');
  columns.Add(outer + (array ? "[" : "{"), "");
  for (const Param& part : param.inner) {
    const std::string name = array ? "" : "\"" + std::string(part.MainName()) + "\": ";
    if (part.inner.empty()) {
      const std::string value =
          array && !part.name.empty() ? Inline(part) : std::string(Placeholder(part.type));
      columns.Add(inner + name + value + ",", Describe(part));
    } else {
      if (!array) columns.Add(inner + name, Describe(part));
      AddInner(columns, part, indent + 2);
    }
  }
  if (array) columns.Add(inner + "...", "");
  columns.Add(outer + (array ? "]" : "}"), "");
}

std::string ArgumentsSection(const Method& method) {
  HelpColumns columns;
  int position = 0;
  for (const Param& param : method.params) {
    if (param.hidden) continue;
    const std::string number = std::to_string(++position) + ". ";
    columns.Add(number + std::string(param.MainName()), Describe(param));
    AddInner(columns, param, 5);
  }
  return position == 0 ? "" : "\nArguments:\n" + columns.ToString();
}

std::string_view Placeholder(ResultType type) {
  switch (type) {
    case ResultType::kNone: return "null";
    case ResultType::kString: return "\"str\"";
    case ResultType::kHex: return "\"hex\"";
    case ResultType::kNumber:
    case ResultType::kAmount: return "n";
    case ResultType::kTime: return "xxx";
    case ResultType::kBool: return "true|false";
    case ResultType::kObject:
    case ResultType::kMap:
    case ResultType::kArray:
    case ResultType::kAny: return "...";
  }
  return "";
}

void AddField(HelpColumns& columns, const Field& field, size_t indent) {
  const bool outermost = indent == 0;
  const std::string margin(indent, ' ');
  const std::string comma = outermost ? "" : ",";
  std::string start = margin;
  if (!field.name.empty()) start += "\"" + field.name + "\" : ";

  const bool array = field.type == ResultType::kArray;
  const bool map = field.type == ResultType::kMap;
  if (!array && !map && field.type != ResultType::kObject) {
    columns.Add(start + std::string(Placeholder(field.type)) + comma, Describe(field));
    return;
  }
  columns.Add(start + (array ? "[" : "{"), Describe(field));
  for (const Field& part : field.inner) AddField(columns, part, indent + 2);
  if (array || map) columns.Add(margin + "  ...", "");
  columns.Add(margin + (array ? "]" : "}") + comma, "");
}

/// An example argument as typed in a shell.
std::string ShellWord(const json::Value& value) {
  if (value.IsArray() || value.IsObject()) return "'" + value.ToString() + "'";
  return value.ToString();
}

std::string ExamplesSection(const Method& method) {
  std::string text;
  for (const std::string& example : method.examples) {
    const Result<json::Value> arguments = json::Parse(example);
    if (!arguments) continue;
    text += "> cairn-cli " + method.name;
    for (const json::Value& argument : arguments->Items()) text += " " + ShellWord(argument);
    text +=
        "\n> curl --user myusername --data-binary '{\"jsonrpc\": \"2.0\", \"id\": \"curltest\", "
        "\"method\": \"" +
        method.name + "\", \"params\": " + example +
        "}' -H 'content-type: application/json' http://127.0.0.1:8332/\n";
  }
  return text.empty() ? "" : "\nExamples:\n" + text;
}

std::string Capitalised(std::string text) {
  if (!text.empty()) text[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[0])));
  return text;
}

}  // namespace

std::string_view TypeWords(ParamType type) {
  switch (type) {
    case ParamType::kString:
    case ParamType::kHex: return "string";
    case ParamType::kNumber: return "numeric";
    case ParamType::kBool: return "boolean";
    case ParamType::kAmount: return "numeric or string";
    case ParamType::kObject: return "json object";
    case ParamType::kArray: return "json array";
    case ParamType::kRange: return "numeric or array";
    case ParamType::kHeightOrHash: return "string or numeric";
  }
  return "";
}

std::string_view TypeWords(ResultType type) {
  switch (type) {
    case ResultType::kNone: return "json null";
    case ResultType::kString:
    case ResultType::kHex: return "string";
    case ResultType::kNumber:
    case ResultType::kTime:
    case ResultType::kAmount: return "numeric";
    case ResultType::kBool: return "boolean";
    case ResultType::kObject:
    case ResultType::kMap: return "json object";
    case ResultType::kArray: return "json array";
    case ResultType::kAny: return "any";
  }
  return "";
}

std::string UsageLine(const Method& method) {
  std::string text = method.name;
  bool in_optional_part = false;
  for (const Param& param : method.params) {
    if (param.hidden) continue;
    if (!param.required && !in_optional_part) text += " (";
    if (param.required && in_optional_part) text += " )";
    in_optional_part = !param.required;
    text += " " + Inline(param);
  }
  if (in_optional_part) text += " )";
  return text;
}

std::string ResultsSection(const Method& method) {
  std::string text;
  for (const Field& result : method.results) {
    HelpColumns columns;
    AddField(columns, result, 0);
    text += result.condition.empty() ? "\nResult:\n" : "\nResult (" + result.condition + "):\n";
    text += columns.ToString();
  }
  return text;
}

std::string HelpText(const Method& method) {
  return UsageLine(method) + "\n\n" + method.description + "\n" + ArgumentsSection(method) +
         ResultsSection(method) + ExamplesSection(method);
}

std::string HelpOverview(const MethodTable& table) {
  std::string text;
  std::string group;
  for (const Method& method : table.methods()) {
    if (method.group == "hidden") continue;
    if (method.group != group) {
      group = method.group;
      if (!text.empty()) text += "\n";
      text += "== " + Capitalised(group) + " ==\n";
    }
    text += UsageLine(method) + "\n";
  }
  if (!text.empty()) text.pop_back();
  return text;
}

}  // namespace cairn::rpc
