// The error codes of the JSON-RPC interface, numbered as in Bitcoin Core, and the one exception
// type of this layer: a handler throws `RpcError` and the dispatcher turns it into the error
// object.
#pragma once

#include <exception>
#include <string>
#include <utility>

namespace cairn::rpc {

enum RpcCode : int {
  // JSON-RPC 2.0
  kInvalidRequest = -32600,
  kMethodNotFound = -32601,
  kInvalidParams = -32602,
  kInternalError = -32603,
  kParseError = -32700,

  // general
  kMiscError = -1,
  kTypeError = -3,
  kInvalidAddressOrKey = -5,
  kOutOfMemory = -7,
  kInvalidParameter = -8,
  kDatabaseError = -20,
  kDeserializationError = -22,
  kVerifyError = -25,
  kVerifyRejected = -26,
  kVerifyAlreadyInChain = -27,
  kInWarmup = -28,
  kMethodDeprecated = -32,

  // peer-to-peer
  kClientNotConnected = -9,
  kClientInInitialDownload = -10,
  kClientNodeAlreadyAdded = -23,
  kClientNodeNotAdded = -24,
  kClientNodeNotConnected = -29,
  kClientInvalidIpOrSubnet = -30,
  kClientP2pDisabled = -31,
  kClientMempoolDisabled = -33,
  kClientNodeCapacityReached = -34,
};

class RpcError : public std::exception {
 public:
  RpcError(int code, std::string message) : code_(code), message_(std::move(message)) {}

  int code() const { return code_; }
  const std::string& message() const { return message_; }
  const char* what() const noexcept override { return message_.c_str(); }

 private:
  int code_;
  std::string message_;
};

}  // namespace cairn::rpc
