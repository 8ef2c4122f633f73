// The method entries of each topic; together they are `AllMethods()`.
#pragma once

#include <vector>

#include "cairn/rpc/method.h"

namespace cairn::rpc {

std::vector<Method> ControlMethods();
std::vector<Method> TestingMethods();

}  // namespace cairn::rpc
