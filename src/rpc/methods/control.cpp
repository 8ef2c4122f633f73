// Methods about the server itself: help, uptime, stop, logging, memory.
#include <chrono>
#include <cstdlib>
#include <memory>
#include <thread>

#include <malloc.h>

#include "cairn/base/log.h"
#include "cairn/rpc/context.h"
#include "cairn/rpc/dispatcher.h"
#include "cairn/rpc/error.h"
#include "cairn/rpc/help.h"
#include "cairn/rpc/request.h"
#include "src/rpc/fields.h"
#include "src/rpc/methods/methods.h"

namespace cairn::rpc {

namespace {

Method Help() {
  return {
      .name = "help",
      .group = "control",
      .description = "Lists all commands, or explains one.",
      .params = {Optional("command", ParamType::kString, "all commands", "The command to explain")},
      .results = {Str("", "The help text")},
      .examples = {"[]", R"(["getblock"])"},
      .handler = [](const Request& request, json::Writer& out) {
        const MethodTable& table = request.dispatcher().table();
        if (!request.Has("command")) {
          out.String(HelpOverview(table));
          return;
        }
        const std::string& name = request.String("command");
        const Method* method = table.Find(name);
        out.String(method != nullptr ? HelpText(*method) : "help: unknown command: " + name);
      }};
}

Method Uptime() {
  return {.name = "uptime",
          .group = "control",
          .description = "Tells for how long the node has been running.",
          .results = {Num("", "Seconds since the start")},
          .examples = {"[]"},
          .handler = [](const Request& request, json::Writer& out) {
            out.Int(request.node().clock.Now() - request.node().started_at);
          }};
}

Method Stop() {
  Param wait = Optional("wait", ParamType::kNumber, "", "Milliseconds to wait before answering");
  wait.hidden = true;
  return {
      .name = "stop",
      .group = "control",
      .description = "Shuts the node down, once this call is answered.",
      .params = {std::move(wait)},
      .results = {Str("", "Says that the node is stopping")},
      .examples = {"[]"},
      .handler = [](const Request& request, json::Writer& out) {
        const int64_t wait_ms = request.IntOr("wait", 0);
        request.node().request_stop();
        constexpr int64_t kLongestWait = 60'000;
        if (wait_ms > 0) {
          std::this_thread::sleep_for(std::chrono::milliseconds(std::min(wait_ms, kLongestWait)));
        }
        out.String("Cairn stopping");
      }};
}

Method GetRpcInfo() {
  return {.name = "getrpcinfo",
          .group = "control",
          .description = "Tells what the RPC server is doing.",
          .results = {Obj("", "",
                          {Arr("active_commands", "The calls that run now",
                               Obj("", "",
                                   {Str("method", "The name of the method"),
                                    Num("duration", "Microseconds since its start")})),
                           Str("logpath", "The whole path of debug.log")})},
          .examples = {"[]"},
          .handler = [](const Request& request, json::Writer& out) {
            const auto now = std::chrono::steady_clock::now();
            out.BeginObject().Key("active_commands").BeginArray();
            for (const auto& call : request.dispatcher().ActiveCalls()) {
              const auto duration =
                  std::chrono::duration_cast<std::chrono::microseconds>(now - call.since);
              out.BeginObject();
              out.Key("method").String(call.method);
              out.Key("duration").Int(duration.count());
              out.EndObject();
            }
            out.EndArray();
            out.Key("logpath").String(request.node().log_path);
            out.EndObject();
          }};
}

/// The allocator's own report, which is XML.
std::string MallocInfo() {
  char* text = nullptr;
  size_t size = 0;
  std::FILE* stream = open_memstream(&text, &size);
  if (stream == nullptr) throw RpcError(kOutOfMemory, "out of memory");
  malloc_info(0, stream);
  std::fclose(stream);
  const std::unique_ptr<char, decltype(&std::free)> owner(text, &std::free);
  return {text, size};
}

Method GetMemoryInfo() {
  return {
      .name = "getmemoryinfo",
      .group = "control",
      .description =
          "Tells how memory is used. Cairn keeps no secrets, and so has no locked memory: "
          "those numbers are always zero.",
      .params = {Optional("mode", ParamType::kString, "\"stats\"",
                          "\"stats\" for a summary, \"mallocinfo\" for the allocator's XML")},
      .results = {Obj("", "",
                      {Obj("locked", "Memory that is never swapped out",
                           {Num("used", "Bytes in use"), Num("free", "Bytes to spare"),
                            Num("total", "Bytes altogether"),
                            Num("locked", "Bytes that the system agreed to lock"),
                            Num("chunks_used", "Allocated pieces"),
                            Num("chunks_free", "Unused pieces")})})
                      .When("mode \"stats\""),
                  Str("", "<malloc version=\"1\">...").When("mode \"mallocinfo\"")},
      .examples = {"[]", R"(["mallocinfo"])"},
      .handler = [](const Request& request, json::Writer& out) {
        const std::string mode = request.StringOr("mode", "stats");
        if (mode == "mallocinfo") {
          out.String(MallocInfo());
          return;
        }
        if (mode != "stats") throw RpcError(kInvalidParameter, "unknown mode " + mode);
        out.BeginObject().Key("locked").BeginObject();
        for (const char* name : {"used", "free", "total", "locked", "chunks_used", "chunks_free"}) {
          out.Key(name).Int(0);
        }
        out.EndObject().EndObject();
      }};
}

/// The bits of a list of category names.
uint32_t CategoryBits(const json::Value& names) {
  uint32_t bits = 0;
  for (const json::Value& name : names.Items()) {
    uint32_t more = 0;
    if (!name.IsString() || !log::ParseCategory(name.Text(), &more)) {
      throw RpcError(kInvalidParameter, "unknown logging category " +
                                            (name.IsString() ? name.Text() : name.ToString()));
    }
    bits |= more;
  }
  return bits;
}

Method Logging() {
  const Param category = Required("category", ParamType::kString, "The category");
  return {
      .name = "logging",
      .group = "control",
      .description =
          "Gets and sets which categories are logged. The names in `include` are switched "
          "on, then those in `exclude` off; \"all\", \"1\" and \"none\", \"0\" stand for "
          "every category and for none.",
      .params = {Optional("include", ParamType::kArray, "", "Categories to switch on", {category}),
                 Optional("exclude", ParamType::kArray, "", "Categories to switch off",
                          {category})},
      .results = {Map("", "Whether each category is logged", Bool("category", "On or off"))},
      .examples = {R"([["all"], ["net"]])"},
      .handler = [](const Request& request, json::Writer& out) {
        const uint32_t included = CategoryBits(request.Get("include"));
        const uint32_t excluded = CategoryBits(request.Get("exclude"));
        log::SetEnabledCategories((log::EnabledCategories() | included) & ~excluded);
        out.BeginObject();
        for (const log::CategoryName& entry : log::Categories()) {
          out.Key(entry.name).Bool(log::IsEnabled(entry.bit));
        }
        out.EndObject();
      }};
}

Method Discover() {
  return {.name = "rpc.discover",
          .group = "control",
          .description = "Describes all methods as an OpenRPC document.",
          .results = {Any("", "The document")},
          .examples = {"[]"},
          .handler = [](const Request& request, json::Writer& out) {
            out.RawValue(OpenRpcDocument(request.dispatcher().table()));
          }};
}

}  // namespace

std::vector<Method> ControlMethods() {
  return {Help(), Uptime(), Stop(), GetRpcInfo(), GetMemoryInfo(), Logging(), Discover()};
}

}  // namespace cairn::rpc
