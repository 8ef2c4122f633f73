// The method table as an OpenRPC document (https://spec.open-rpc.org), for programs that generate
// clients.
#include "cairn/base/json.h"
#include "cairn/base/version.h"
#include "cairn/rpc/help.h"

namespace cairn::rpc {

namespace {

void WriteType(json::Writer& out, std::string_view name) { out.Key("type").String(name); }

void WriteEither(json::Writer& out, std::string_view one, std::string_view other) {
  out.Key("type").BeginArray().String(one).String(other).EndArray();
}

void WriteSchema(json::Writer& out, const Param& param);

void WriteProperties(json::Writer& out, const std::vector<Param>& members) {
  out.Key("properties").BeginObject();
  for (const Param& member : members) {
    out.Key(member.MainName());
    WriteSchema(out, member);
  }
  out.EndObject();
}

/// The JSON Schema of a parameter.
void WriteSchema(json::Writer& out, const Param& param) {
  out.BeginObject();
  switch (param.type) {
    case ParamType::kString: WriteType(out, "string"); break;
    case ParamType::kHex:
      WriteType(out, "string");
      out.Key("pattern").String("^([0-9a-fA-F]{2})*$");
      break;
    case ParamType::kNumber: WriteType(out, "number"); break;
    case ParamType::kBool: WriteType(out, "boolean"); break;
    case ParamType::kAmount:
    case ParamType::kHeightOrHash: WriteEither(out, "number", "string"); break;
    case ParamType::kRange: WriteEither(out, "number", "array"); break;
    case ParamType::kObject:
      WriteType(out, "object");
      if (!param.inner.empty()) WriteProperties(out, param.inner);
      break;
    case ParamType::kArray:
      WriteType(out, "array");
      if (!param.inner.empty()) {
        out.Key("items");
        WriteSchema(out, param.inner.front());
      }
      break;
  }
  if (!param.description.empty()) out.Key("description").String(param.description);
  out.EndObject();
}

void WriteSchema(json::Writer& out, const Field& field);

void WriteMembers(json::Writer& out, const std::vector<Field>& members) {
  out.Key("properties").BeginObject();
  for (const Field& member : members) {
    out.Key(member.name);
    WriteSchema(out, member);
  }
  out.EndObject();
  out.Key("required").BeginArray();
  for (const Field& member : members) {
    if (!member.optional) out.String(member.name);
  }
  out.EndArray();
}

/// The JSON Schema of a part of a result.
void WriteSchema(json::Writer& out, const Field& field) {
  out.BeginObject();
  switch (field.type) {
    case ResultType::kNone: WriteType(out, "null"); break;
    case ResultType::kString:
    case ResultType::kHex: WriteType(out, "string"); break;
    case ResultType::kNumber:
    case ResultType::kTime:
    case ResultType::kAmount: WriteType(out, "number"); break;
    case ResultType::kBool: WriteType(out, "boolean"); break;
    case ResultType::kObject:
      WriteType(out, "object");
      WriteMembers(out, field.inner);
      break;
    case ResultType::kMap:
      WriteType(out, "object");
      out.Key("additionalProperties");
      WriteSchema(out, field.inner.front());
      break;
    case ResultType::kArray:
      WriteType(out, "array");
      out.Key("items");
      WriteSchema(out, field.inner.front());
      break;
    case ResultType::kAny: break;
  }
  if (!field.description.empty()) out.Key("description").String(field.description);
  out.EndObject();
}

void WriteResult(json::Writer& out, const Method& method) {
  out.Key("result").BeginObject().Key("name").String("result").Key("schema");
  if (method.results.size() == 1) {
    WriteSchema(out, method.results.front());
  } else {
    out.BeginObject().Key("oneOf").BeginArray();
    for (const Field& result : method.results) WriteSchema(out, result);
    out.EndArray().EndObject();
  }
  out.EndObject();
}

void WriteMethod(json::Writer& out, const Method& method) {
  out.BeginObject();
  out.Key("name").String(method.name);
  out.Key("description").String(method.description);
  out.Key("tags")
      .BeginArray()
      .BeginObject()
      .Key("name")
      .String(method.group)
      .EndObject()
      .EndArray();
  out.Key("paramStructure").String("either");
  out.Key("params").BeginArray();
  for (const Param& param : method.params) {
    out.BeginObject();
    out.Key("name").String(param.MainName());
    out.Key("description").String(param.description);
    out.Key("required").Bool(param.required);
    out.Key("schema");
    if (param.unchecked) {
      out.BeginObject().EndObject();
    } else {
      WriteSchema(out, param);
    }
    out.EndObject();
  }
  out.EndArray();
  WriteResult(out, method);
  out.EndObject();
}

}  // namespace

std::string OpenRpcDocument(const MethodTable& table) {
  json::Writer out;
  out.BeginObject();
  out.Key("openrpc").String("1.3.2");
  out.Key("info").BeginObject();
  out.Key("title").String("Cairn");
  out.Key("version").String(kVersion);
  out.EndObject();
  out.Key("methods").BeginArray();
  for (const Method& method : table.methods()) WriteMethod(out, method);
  return out.EndArray().EndObject().Take();
}

}  // namespace cairn::rpc
