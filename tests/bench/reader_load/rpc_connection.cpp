#include "tests/bench/reader_load/rpc_connection.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <optional>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cairn/rpc/base64.h"

namespace cairn::bench {
namespace {

constexpr size_t kPiece = 256 * 1024;
constexpr size_t kMostHead = 16 * 1024;

tl::unexpected<Error> SystemFailure(const char* what) {
  return Fail(ErrorCode::kIo, std::string(what) + ": " + std::strerror(errno));
}

std::optional<size_t> ContentLength(std::string_view head) {
  constexpr std::string_view kName = "\r\nContent-Length: ";
  const size_t at = head.find(kName);
  if (at == std::string_view::npos) return std::nullopt;
  size_t length = 0;
  const char* const begin = head.data() + at + kName.size();
  const auto parsed = std::from_chars(begin, head.data() + head.size(), length);
  if (parsed.ec != std::errc()) return std::nullopt;
  return length;
}

}  // namespace

Result<RpcConnection> RpcConnection::Open(uint16_t port, std::string_view credentials) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (socket < 0) return SystemFailure("socket");
  RpcConnection connection(socket, rpc::EncodeBase64(credentials));
  const int on = 1;
  setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return SystemFailure("connect");
  }
  return connection;
}

RpcConnection::RpcConnection(int socket, std::string authorization)
    : socket_(socket), authorization_(std::move(authorization)) {}

RpcConnection::RpcConnection(RpcConnection&& other) noexcept
    : socket_(std::exchange(other.socket_, -1)),
      authorization_(std::move(other.authorization_)),
      request_(std::move(other.request_)),
      answer_(std::move(other.answer_)) {}

RpcConnection::~RpcConnection() {
  if (socket_ >= 0) close(socket_);
}

Result<std::string_view> RpcConnection::Call(std::string_view method, std::string_view params) {
  std::string body = R"({"id":1,"method":")";
  body.append(method).append(R"(","params":)").append(params).append("}");
  request_ =
      "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Basic " + authorization_ +
      "\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
      "\r\n\r\n" + body;
  if (const Status sent = SendAll(request_); !sent) return tl::unexpected(sent.error());

  answer_.clear();
  size_t head = std::string::npos;
  while (head == std::string::npos) {
    if (const Status read = ReadMore(); !read) return tl::unexpected(read.error());
    head = answer_.find("\r\n\r\n");
    if (head == std::string::npos && answer_.size() > kMostHead) return Invalid("no HTTP answer");
  }
  head += 4;
  const auto length = ContentLength(std::string_view(answer_).substr(0, head));
  if (!length) return Invalid("an answer without Content-Length");
  while (answer_.size() < head + *length) {
    if (const Status read = ReadMore(); !read) return tl::unexpected(read.error());
  }
  if (!answer_.starts_with("HTTP/1.1 200 ")) return Invalid(answer_);
  return std::string_view(answer_).substr(head);
}

Status RpcConnection::SendAll(std::string_view text) const {
  while (!text.empty()) {
    const ssize_t sent = send(socket_, text.data(), text.size(), MSG_NOSIGNAL);
    if (sent < 0) return SystemFailure("send");
    text.remove_prefix(static_cast<size_t>(sent));
  }
  return {};
}

Status RpcConnection::ReadMore() {
  const size_t before = answer_.size();
  answer_.resize(before + kPiece);
  const ssize_t count = recv(socket_, answer_.data() + before, kPiece, 0);
  answer_.resize(before + static_cast<size_t>(std::max<ssize_t>(count, 0)));
  if (count < 0) return SystemFailure("recv");
  if (count == 0) return Fail(ErrorCode::kIo, "the node closed the connection");
  return {};
}

}  // namespace cairn::bench
