#include "cairn/rpc/method.h"

#include <algorithm>
#include <tuple>

#include "cairn/base/assert.h"

namespace cairn::rpc {

std::string_view Param::MainName() const {
  return std::string_view(name).substr(0, name.find('|'));
}

bool Param::HasName(std::string_view wanted) const {
  std::string_view rest = name;
  while (true) {
    const size_t bar = rest.find('|');
    if (rest.substr(0, bar) == wanted) return true;
    if (bar == rest.npos) return false;
    rest.remove_prefix(bar + 1);
  }
}

NamedParam FindParam(const std::vector<Param>& params, std::string_view name) {
  for (const Param& param : params) {
    if (param.HasName(name)) return {&param, nullptr};
  }
  for (const Param& param : params) {
    if (!param.named_members) continue;
    for (const Param& member : param.inner) {
      if (member.HasName(name)) return {&param, &member};
    }
  }
  return {};
}

MethodTable::MethodTable(std::vector<Method> methods) : methods_(std::move(methods)) {
  std::sort(methods_.begin(), methods_.end(), [](const Method& a, const Method& b) {
    return std::tie(a.group, a.name) < std::tie(b.group, b.name);
  });
  for (const Method& method : methods_) {
    CAIRN_ASSERT(method.handler && Find(method.name) == &method);
  }
}

const Method* MethodTable::Find(std::string_view name) const {
  const auto found = std::find_if(methods_.begin(), methods_.end(),
                                  [&](const Method& method) { return method.name == name; });
  return found == methods_.end() ? nullptr : &*found;
}

}  // namespace cairn::rpc
