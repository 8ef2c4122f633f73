#include "src/mining/stratum/connection.h"

#include <algorithm>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <poll.h>

#include "cairn/base/log.h"

namespace cairn::mining::stratum {

namespace net = boost::asio;

namespace {

// An honest miner sends a line in several seconds, and in its first seconds some more.
constexpr double kLinesPerSecond = 50;
constexpr double kMostLinesAtOnce = 200;
constexpr size_t kBytesOfALine = 512;  // and each further so many count as another
constexpr size_t kLinesInATurn = 16;   // before others have theirs
constexpr size_t kMostUnstored = 64;   // shares
constexpr size_t kMostUnwritten = 256 << 10;
constexpr std::chrono::milliseconds kPause{100};
constexpr std::chrono::minutes kShareKeepsPlace{10};  // they are to come every 10 s
// For what is said last, until the other end has read it and closes: a socket that is closed with
// input unread is reset, and what the miner has not read by then is lost to it.
constexpr std::chrono::seconds kLastWords{5};
constexpr size_t kMostIgnored = 1 << 20;  // bytes meanwhile

}  // namespace

Connection::Connection(Socket socket, ConnectionHost& host, uint64_t id, Session session, Time now)
    : socket_(std::move(socket)),
      host_(host),
      id_(id),
      session_(std::move(session)),
      allowance_(kMostLinesAtOnce),
      allowed_at_(now) {}

void Connection::Start() {
  SocketError ignored;
  socket_.non_blocking(true, ignored);
  socket_.set_option(net::ip::tcp::no_delay(true), ignored);
  socket_.set_option(net::socket_base::keep_alive(true), ignored);
  WaitForInput();
}

void Connection::Close() {
  if (closed_) return;
  closed_ = true;
  if (pause_) pause_->cancel();
  SocketError ignored;
  socket_.close(ignored);
  host_.OnEnded(*this);
}

void Connection::WaitForInput() {
  socket_.async_wait(Socket::wait_read, [self = shared_from_this()](const SocketError& error) {
    self->OnReadable(error);
  });
}

void Connection::OnReadable(const SocketError& error) {
  if (closed_) return;
  if (error) return Close();
  const std::span<char> scratch = host_.Scratch();
  SocketError problem;
  const size_t bytes = socket_.read_some(net::buffer(scratch.data(), scratch.size()), problem);
  if (problem == net::error::would_block) return WaitForInput();
  if (problem) return Close();
  if (closing_) return Ignore(bytes);
  input_.append(scratch.data(), bytes);
  HandleLines();
}

void Connection::Ignore(size_t bytes) {
  ignored_ += bytes;
  if (ignored_ > kMostIgnored) return Close();
  WaitForInput();
}

bool Connection::HasWholeLine() const { return input_.find('\n') != std::string::npos; }

bool Connection::MayHandle(Time now) {
  const std::chrono::duration<double> passed = now - allowed_at_;
  allowed_at_ = now;
  allowance_ = std::min(allowance_ + passed.count() * kLinesPerSecond, kMostLinesAtOnce);
  return allowance_ >= 1;
}

void Connection::HandleLines() {
  const Time now = std::chrono::steady_clock::now();
  size_t begin = 0;
  size_t lines = 0;
  bool pause = false;
  for (; !closed_ && !closing_; ++lines) {
    const size_t end = input_.find('\n', begin);
    const size_t size = (end == std::string::npos ? input_.size() : end) - begin;
    if (size > kLongestMinerLine + 1) {
      Doings doings;
      session_.OnLongLine(doings);
      Do(std::move(doings));
      break;
    }
    if (end == std::string::npos) break;
    if (lines == kLinesInATurn || session_.Unstored() >= kMostUnstored) break;
    pause = !MayHandle(now);
    if (pause) break;
    allowance_ -= static_cast<double>(1 + size / kBytesOfALine);
    std::string_view line(input_.data() + begin, size);
    if (line.ends_with('\r')) line.remove_suffix(1);
    Doings doings;
    if (!line.empty()) session_.OnLine(line, now, doings);
    Do(std::move(doings));
    begin = end + 1;
  }
  if (closed_) return;
  input_.erase(0, begin);
  if (closing_) input_.clear();
  if (!HasWholeLine()) {
    if (input_.empty()) input_ = std::string();  // its memory, too
    return WaitForInput();
  }
  if (pause) return PauseReading();
  waits_for_store_ = session_.Unstored() >= kMostUnstored;
  if (waits_for_store_) return;
  net::post(socket_.get_executor(), [self = shared_from_this()] {
    if (!self->closed_) self->HandleLines();
  });
}

void Connection::PauseReading() {
  if (pause_ == nullptr) pause_ = std::make_unique<net::steady_timer>(socket_.get_executor());
  pause_->expires_after(kPause);
  pause_->async_wait([self = shared_from_this()](const SocketError& cancelled) {
    if (cancelled || self->closed_) return;
    // Nobody keeps a place by what he left behind to be read slowly.
    if (self->PeerHasLeft()) return self->Close();
    self->HandleLines();
  });
}

/// Whether the other end is closed, be it behind much that was not read yet.
bool Connection::PeerHasLeft() {
  pollfd end{socket_.native_handle(), POLLRDHUP, 0};
  return poll(&end, 1, 0) > 0;  // an error is seen, too
}

void Connection::OnJob(Time now) {
  Doings doings;
  session_.OnJob(now, doings);
  Do(std::move(doings));
}

void Connection::OnStored(bool stored) {
  Doings doings;
  session_.OnStored(stored, doings);
  Do(std::move(doings));
  if (waits_for_store_ && !closed_) {
    waits_for_store_ = false;
    HandleLines();
  }
}

void Connection::OnTime(Time now) {
  if (closing_ && now - closing_since_ >= kLastWords) return Close();
  Doings doings;
  session_.OnTime(now, doings);
  Do(std::move(doings));
}

void Connection::Do(Doings doings) {
  const bool has_good_share = !doings.shares.empty();
  host_.Carry(*this, doings);
  if (has_good_share) {
    keeps_place_until_ = std::chrono::steady_clock::now() + kShareKeepsPlace;
  } else if (!keeps_place_until_ && session_.Mines()) {
    keeps_place_until_ = std::chrono::steady_clock::now();
  }
  if (doings.close && !closing_) {
    LOG_DEBUG(log::kStratum, "miner {} is cut off: {}", id_, PlainText(doings.send));
    closing_ = true;
    closing_since_ = std::chrono::steady_clock::now();
  }
  if (!doings.send.empty()) Send(doings.send);
}

void Connection::Send(std::string_view text) {
  if (closed_) return;
  if (output_.size() + text.size() > kMostUnwritten) return Close();
  output_ += text;
  if (!writing_) WriteSome();
}

void Connection::WriteSome() {
  // Most fits into the socket's own buffer.
  SocketError problem;
  const size_t bytes = socket_.write_some(net::buffer(output_), problem);
  if (problem && problem != net::error::would_block) return Close();
  if (!problem) output_.erase(0, bytes);
  if (output_.empty()) {
    output_ = std::string();
    if (closing_) socket_.shutdown(Socket::shutdown_send, problem);
    if (problem) Close();
    return;
  }
  writing_ = true;
  socket_.async_wait(Socket::wait_write, [self = shared_from_this()](const SocketError& error) {
    self->OnWritable(error);
  });
}

void Connection::OnWritable(const SocketError& error) {
  writing_ = false;
  if (closed_) return;
  if (error) return Close();
  WriteSome();
}

}  // namespace cairn::mining::stratum
