// Short words for the entries of the method table.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "cairn/rpc/method.h"

namespace cairn::rpc {

inline Field Str(std::string name, std::string description) {
  return {ResultType::kString, std::move(name), std::move(description)};
}
inline Field Hex(std::string name, std::string description) {
  return {ResultType::kHex, std::move(name), std::move(description)};
}
inline Field Num(std::string name, std::string description) {
  return {ResultType::kNumber, std::move(name), std::move(description)};
}
inline Field Time(std::string name, std::string description) {
  return {ResultType::kTime, std::move(name), std::move(description)};
}
inline Field Money(std::string name, std::string description) {
  return {ResultType::kAmount, std::move(name), std::move(description)};
}
inline Field Bool(std::string name, std::string description) {
  return {ResultType::kBool, std::move(name), std::move(description)};
}
inline Field None(std::string description = "") {
  return {ResultType::kNone, "", std::move(description)};
}
inline Field Any(std::string name, std::string description) {
  return {ResultType::kAny, std::move(name), std::move(description)};
}
inline Field Obj(std::string name, std::string description, std::vector<Field> members) {
  return {ResultType::kObject, std::move(name), std::move(description), std::move(members)};
}
/// An object whose names vary; `member` is the pattern of each.
inline Field Map(std::string name, std::string description, Field member) {
  return {ResultType::kMap, std::move(name), std::move(description), {std::move(member)}};
}
inline Field Arr(std::string name, std::string description, Field element) {
  return {ResultType::kArray, std::move(name), std::move(description), {std::move(element)}};
}

}  // namespace cairn::rpc
