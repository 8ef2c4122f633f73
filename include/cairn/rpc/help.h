// The texts that are generated from the method table, in the layout that users of Bitcoin nodes
// know.
#pragma once

#include <string>

#include "cairn/rpc/method.h"

namespace cairn::rpc {

/// `getblock "blockhash" ( verbosity )`
std::string UsageLine(const Method& method);

/// The answer of `help METHOD`: usage, description, arguments, results, examples.
std::string HelpText(const Method& method);

/// The answer of `help`: the usage lines of all methods by group.
std::string HelpOverview(const MethodTable& table);

/// The page docs/rpc.md.
std::string MarkdownReference(const MethodTable& table);

/// The OpenRPC 1.3 document, as JSON.
std::string OpenRpcDocument(const MethodTable& table);

/// "string", "numeric", "json object", ...: the words of help for a type.
std::string_view TypeWords(ParamType type);
std::string_view TypeWords(ResultType type);

}  // namespace cairn::rpc
