// A value, or the reason why there is none. Functions that can fail on outside input return it;
// exceptions are for start-up only.
#pragma once

#include <string>
#include <utility>

#include <tl/expected.hpp>

namespace cairn {

/// What kind of failure it was, for code that must choose; people read the message.
enum class ErrorCode {
  kInvalid,     // the input is malformed or breaks a rule
  kNotFound,    // there is no such thing
  kIo,          // the operating system or the database failed
  kCorruption,  // stored data is not what was written
  kBusy,        // try again later
  kStopped,     // the component is shutting down
};

struct Error {
  ErrorCode code = ErrorCode::kInvalid;
  std::string message;
};

template <typename T>
using Result = tl::expected<T, Error>;

/// Success or an `Error`, for functions without a value.
using Status = Result<void>;

inline tl::unexpected<Error> Fail(ErrorCode code, std::string message) {
  return tl::unexpected<Error>(Error{code, std::move(message)});
}

inline tl::unexpected<Error> Invalid(std::string message) {
  return Fail(ErrorCode::kInvalid, std::move(message));
}

}  // namespace cairn
