// A TCP client that sends exactly the bytes it is told to.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <utility>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace cairn::rpc {

class RawClient {
 public:
  /// Connects to 127.0.0.1, from another loopback address if one is given.
  explicit RawClient(uint16_t port, const char* from = nullptr)
      : socket_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    if (from != nullptr) {
      inet_pton(AF_INET, from, &address.sin_addr);
      EXPECT_EQ(bind(socket_, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    }
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
  }
  ~RawClient() { close(socket_); }
  RawClient(RawClient&& other) noexcept
      : socket_(std::exchange(other.socket_, -1)),
        connected_(other.connected_),
        received_(std::move(other.received_)) {}
  RawClient& operator=(RawClient&&) = delete;

  bool connected() const { return connected_; }

  bool Send(std::string_view text) {
    while (!text.empty()) {
      const ssize_t sent = send(socket_, text.data(), text.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      text.remove_prefix(static_cast<size_t>(sent));
    }
    return true;
  }

  /// The next response: status line, header and body; what there is if the server closes or is
  /// silent for ten seconds.
  std::string Receive() {
    while (true) {
      const size_t header_end = received_.find("\r\n\r\n");
      if (header_end != std::string::npos) {
        const size_t length_at = received_.find("Content-Length: ");
        const size_t length =
            length_at < header_end ? std::stoul(received_.substr(length_at + 16)) : 0;
        const size_t whole = header_end + 4 + length;
        if (received_.size() >= whole) {
          std::string response = received_.substr(0, whole);
          received_.erase(0, whole);
          return response;
        }
      }
      if (!ReceiveMore()) return std::exchange(received_, "");
    }
  }

  /// True if the server closes within `wait` without sending anything more.
  bool IsClosed(std::chrono::milliseconds wait) {
    pollfd waiting{socket_, POLLIN, 0};
    if (poll(&waiting, 1, static_cast<int>(wait.count())) != 1) return false;
    char byte;
    return recv(socket_, &byte, 1, 0) <= 0;
  }

 private:
  bool ReceiveMore() {
    pollfd waiting{socket_, POLLIN, 0};
    if (poll(&waiting, 1, 10'000) != 1) return false;
    char part[4096];
    const ssize_t size = recv(socket_, part, sizeof(part), 0);
    if (size <= 0) return false;
    received_.append(part, static_cast<size_t>(size));
    return true;
  }

  int socket_;
  bool connected_ = false;
  std::string received_;
};

}  // namespace cairn::rpc
