#include "cairn/rpc/http_client.h"

#include <charconv>
#include <cstring>
#include <memory>
#include <optional>
#include <string_view>

#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cairn/rpc/base64.h"

namespace cairn::rpc {

namespace {

tl::unexpected<Error> IoError(std::string message) {
  return Fail(ErrorCode::kIo, std::move(message));
}

/// A TCP connection whose every step gives up after a time without progress.
class Connection {
 public:
  explicit Connection(std::chrono::seconds timeout) : timeout_(timeout) {}
  ~Connection() { Close(); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  Status Open(const std::string& host, uint16_t port);
  Status Send(std::string_view text);
  /// All that comes until the other side closes, or until `is_whole` says so.
  template <typename IsWhole>
  Result<std::string> Receive(const IsWhole& is_whole);

 private:
  Status Try(const addrinfo& address);
  Status WaitFor(short events);
  void Close() {
    if (socket_ >= 0) close(socket_);
    socket_ = -1;
  }

  const std::chrono::seconds timeout_;
  int socket_ = -1;
};

Status Connection::WaitFor(short events) {
  pollfd poll_for{socket_, events, 0};
  const auto wait_ms = std::chrono::duration_cast<std::chrono::milliseconds>(timeout_).count();
  const int ready = poll(&poll_for, 1, wait_ms == 0 ? -1 : static_cast<int>(wait_ms));
  if (ready == 0) return IoError("timeout reached");
  if (ready < 0) return IoError(std::strerror(errno));
  return {};
}

Status Connection::Try(const addrinfo& address) {
  Close();
  socket_ = socket(address.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (socket_ < 0) return IoError(std::strerror(errno));
  if (connect(socket_, address.ai_addr, address.ai_addrlen) == 0) return {};
  if (errno != EINPROGRESS) return IoError(std::strerror(errno));
  if (Status ready = WaitFor(POLLOUT); !ready) return ready;
  int problem = 0;
  socklen_t size = sizeof(problem);
  getsockopt(socket_, SOL_SOCKET, SO_ERROR, &problem, &size);
  if (problem != 0) return IoError(std::strerror(problem));
  return {};
}

Status Connection::Open(const std::string& host, uint16_t port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int problem = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (problem != 0) return IoError(gai_strerror(problem));
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, &freeaddrinfo);
  Status opened = IoError("no address");
  for (const addrinfo* address = found; address != nullptr; address = address->ai_next) {
    opened = Try(*address);
    if (opened) break;
  }
  return opened;
}

Status Connection::Send(std::string_view text) {
  while (!text.empty()) {
    if (Status ready = WaitFor(POLLOUT); !ready) return ready;
    const ssize_t sent = send(socket_, text.data(), text.size(), MSG_NOSIGNAL);
    if (sent < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (sent < 0) return IoError(std::strerror(errno));
    text.remove_prefix(static_cast<size_t>(sent));
  }
  return {};
}

template <typename IsWhole>
Result<std::string> Connection::Receive(const IsWhole& is_whole) {
  std::string received;
  char part[65536];
  while (!is_whole(received)) {
    if (Status ready = WaitFor(POLLIN); !ready) return tl::unexpected(ready.error());
    const ssize_t size = recv(socket_, part, sizeof(part), 0);
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (size < 0) return IoError(std::strerror(errno));
    if (size == 0) break;
    received.append(part, static_cast<size_t>(size));
  }
  return received;
}

/// The number after "Content-Length:" in any case, in a header that ends with an empty line.
std::optional<size_t> ContentLength(std::string_view header) {
  constexpr std::string_view kName = "\r\ncontent-length:";
  std::string lower(header);
  for (char& c : lower) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  const size_t found = lower.find(kName);
  if (found == lower.npos) return std::nullopt;
  const size_t digits = lower.find_first_not_of(' ', found + kName.size());
  size_t length = 0;
  const auto [stopped, problem] =
      std::from_chars(lower.data() + digits, lower.data() + lower.size(), length);
  if (problem != std::errc()) return std::nullopt;
  return length;
}

/// The size of the whole response, once its header is there and tells.
std::optional<size_t> WholeSize(std::string_view received) {
  const size_t end = received.find("\r\n\r\n");
  if (end == received.npos) return std::nullopt;
  const std::optional<size_t> length = ContentLength(received.substr(0, end + 2));
  if (!length) return std::nullopt;
  return end + 4 + *length;
}

Result<HttpAnswer> ParseAnswer(const std::string& received) {
  if (received.empty()) return IoError("EOF reached");
  const size_t end = received.find("\r\n\r\n");
  const size_t space = received.find(' ');
  HttpAnswer answer;
  if (end == received.npos || space > end || !received.starts_with("HTTP/1.")) {
    return IoError("error while reading header, or invalid header");
  }
  std::from_chars(received.data() + space + 1, received.data() + end, answer.status);
  const std::optional<size_t> whole = WholeSize(received);
  if (whole && received.size() < *whole) return IoError("EOF reached");
  answer.body = received.substr(end + 4);
  return answer;
}

}  // namespace

Result<HttpAnswer> Post(const HttpCall& call) {
  Connection connection(call.timeout);
  if (Status opened = connection.Open(call.host, call.port); !opened) {
    return tl::unexpected(opened.error());
  }
  std::string head =
      "POST " + call.path + " HTTP/1.1\r\nHost: " + call.host +
      "\r\nConnection: close\r\nContent-Type: application/json\r\nAuthorization: Basic " +
      EncodeBase64(call.credentials.user + ":" + call.credentials.password) +
      "\r\nContent-Length: " + std::to_string(call.body.size()) + "\r\n\r\n";
  // A server that refuses may close before it has read everything; its answer is what counts.
  const Status sent = connection.Send(head + call.body);
  const Result<std::string> received = connection.Receive([](const std::string& so_far) {
    const std::optional<size_t> whole = WholeSize(so_far);
    return whole && so_far.size() >= *whole;
  });
  if (!received) return tl::unexpected(sent ? received.error() : sent.error());
  return ParseAnswer(*received);
}

}  // namespace cairn::rpc
