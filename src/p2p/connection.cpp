#include "src/p2p/connection.h"

#include <algorithm>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>

#include "cairn/base/log.h"

namespace cairn::p2p {
namespace {

/// Payloads from here on are hashed and decoded by a worker.
constexpr size_t kLongPayload = 32 << 10;
/// A payload's memory grows by at least this much: who only claims to send 4 MB costs no more.
constexpr size_t kPayloadStep = 256 << 10;
/// Blocks that may wait for their verdict before reading rests.
constexpr size_t kMostUnjudged = 16 << 20;
/// How much is handed to the socket at once.
constexpr size_t kMostFramesAtOnce = 16;

}  // namespace

Connection::Connection(Tcp::socket socket, ConnectionHost& host, PeerId id)
    : socket_(std::move(socket)), host_(host), id_(id) {}

void Connection::Start() {
  SocketError ignored;
  socket_.non_blocking(true, ignored);
  socket_.set_option(Tcp::no_delay(true), ignored);
  Read();
}

void Connection::Close() {
  if (closed_) return;
  closed_ = true;
  SocketError ignored;
  socket_.close(ignored);
  slots_.clear();
  frames_.clear();
  payload_ = {};
}

void Connection::End(const std::string& why) {
  if (closed_) return;
  Close();
  host_.OnEnded(*this, why);
}

void Connection::PauseReading(bool pause) {
  paused_ = pause;
  if (!pause) Read();
}

void Connection::RemoveUnjudged(size_t bytes) {
  unjudged_ -= std::min(bytes, unjudged_);
  Read();
}

bool Connection::MayRead() const {
  return !closed_ && !paused_ && undelivered_ <= host_.limits().receive &&
         unjudged_ <= kMostUnjudged;
}

void Connection::Read() {
  if (reading_ || consuming_ || !MayRead()) return;
  reading_ = true;
  if (input_begin_ < input_end_) {
    // Left over from before the pause. Not at once: who ends a pause may be anywhere.
    net::post(socket_.get_executor(), [self = shared_from_this()] {
      self->reading_ = false;
      self->Consume();
    });
    return;
  }
  const size_t wanted = in_frame_ ? header_.length - payload_filled_ : 0;
  const bool into_payload = wanted >= kInputSize;
  if (into_payload) GrowPayload();
  const auto buffer = into_payload ? net::buffer(payload_.data() + payload_filled_,
                                                 payload_.size() - payload_filled_)
                                   : net::buffer(input_);
  socket_.async_read_some(
      buffer, [self = shared_from_this(), into_payload](const SocketError& error, size_t bytes) {
        self->OnRead(error, bytes, into_payload);
      });
}

void Connection::OnRead(const SocketError& error, size_t bytes, bool into_payload) {
  reading_ = false;
  if (closed_) return;
  if (error) return End(error == net::error::eof ? "closed by the peer" : error.message());
  traffic_.received += bytes;
  traffic_.last_received = host_.Now();
  host_.OnTraffic(0, bytes);
  if (into_payload) {
    payload_filled_ += bytes;
  } else {
    input_begin_ = 0;
    input_end_ = bytes;
  }
  Consume();
}

void Connection::GrowPayload() {
  if (payload_filled_ < payload_.size()) return;
  const size_t step = std::max(kPayloadStep, payload_filled_);
  payload_.resize(std::min<size_t>(header_.length, payload_filled_ + step));
}

void Connection::Consume() {
  consuming_ = true;
  while (MayRead()) {
    if (!in_frame_ && !BeginFrame()) break;
    const size_t wanted = header_.length - payload_filled_;
    const size_t taken = std::min(wanted, input_end_ - input_begin_);
    for (size_t done = 0; done < taken;) {
      GrowPayload();
      const size_t part = std::min(taken - done, payload_.size() - payload_filled_);
      std::copy_n(input_.begin() + static_cast<std::ptrdiff_t>(input_begin_), part,
                  payload_.begin() + static_cast<std::ptrdiff_t>(payload_filled_));
      payload_filled_ += part;
      input_begin_ += part;
      done += part;
    }
    if (taken < wanted) break;
    FinishFrame();
  }
  consuming_ = false;
  Read();
}

/// False if the input does not hold a whole header, or the connection has ended.
bool Connection::BeginFrame() {
  const size_t available = input_end_ - input_begin_;
  constexpr size_t kSize = wire::FrameHeader::kSize;
  // The first bytes of a header are kept in `payload_` until the rest comes.
  const size_t taken = std::min(kSize - payload_.size(), available);
  payload_.insert(payload_.end(), input_.begin() + static_cast<std::ptrdiff_t>(input_begin_),
                  input_.begin() + static_cast<std::ptrdiff_t>(input_begin_ + taken));
  input_begin_ += taken;
  if (payload_.size() < kSize) return false;
  auto header = wire::ParseFrameHeader(std::span<const uint8_t, kSize>(payload_.data(), kSize),
                                       host_.magic());
  if (!header) {
    End(header.error().message);
    return false;
  }
  header_ = *std::move(header);
  payload_ = {};
  payload_filled_ = 0;
  in_frame_ = true;
  return true;
}

void Connection::FinishFrame() {
  auto slot = std::make_shared<Slot>();
  slot->header = std::move(header_);
  slot->payload = std::move(payload_);
  payload_ = {};
  payload_filled_ = 0;
  in_frame_ = false;
  const size_t length = slot->header.length;
  traffic_.CountReceived(slot->header.command, wire::FrameHeader::kSize + length);
  undelivered_ += length;
  slots_.push_back(slot);
  if (length < kLongPayload) {
    Decode(*slot);
    return Deliver();
  }
  host_.RunElsewhere([slot] { Decode(*slot); },
                     [self = shared_from_this()] {
                       if (self->closed_) return;
                       self->Deliver();
                       self->Read();
                     });
}

/// On a worker for long payloads: `decoded` is read only after the network thread was told.
void Connection::Decode(Slot& slot) {
  slot.good_checksum = wire::ChecksumOf(slot.payload) == slot.header.checksum;
  if (slot.good_checksum) {
    slot.message = wire::Decode(slot.header.command, std::move(slot.payload));
  }
  slot.decoded.store(true, std::memory_order_release);
}

void Connection::Deliver() {
  while (!closed_ && !slots_.empty() && slots_.front()->decoded.load(std::memory_order_acquire)) {
    const std::shared_ptr<Slot> slot = std::move(slots_.front());
    slots_.pop_front();
    undelivered_ -= slot->header.length;
    DeliverOne(*slot);
  }
}

void Connection::DeliverOne(Slot& slot) {
  const std::string& command = slot.header.command;
  if (!slot.good_checksum) {
    LOG_DEBUG(log::kNet, "peer={}: {} with a wrong checksum is ignored", id_, command);
    return;
  }
  if (slot.message) return host_.OnMessage(*this, *std::move(slot.message), slot.header.length);
  const Error& error = slot.message.error();
  LOG_DEBUG(log::kNet, "peer={}: {} is malformed: {}", id_, command, error.message);
  if (error.code == ErrorCode::kInvalid) host_.OnMalformed(*this, error.message);
}

void Connection::Send(std::string_view command, Bytes frame) {
  if (closed_) return;
  traffic_.CountSent(command, frame.size());
  unsent_ += frame.size();
  frames_.push_back({std::move(frame)});
  if (std::exchange(writing_, true)) return;
  // Not at once, so that all that one input brings about goes out together.
  net::post(socket_.get_executor(), [self = shared_from_this()] { self->Write(); });
}

void Connection::Write() {
  if (closed_) return;
  std::array<net::const_buffer, kMostFramesAtOnce> buffers;
  const size_t count = std::min(frames_.size(), buffers.size());
  for (size_t i = 0; i < count; ++i) {
    buffers[i] = net::buffer(frames_[i].bytes) + frames_[i].sent;
  }
  socket_.async_write_some(buffers,
                           [self = shared_from_this()](const SocketError& error, size_t bytes) {
                             self->OnWritten(error, bytes);
                           });
}

void Connection::OnWritten(const SocketError& error, size_t bytes) {
  if (closed_) return;
  if (error) return End(error.message());
  traffic_.sent += bytes;
  traffic_.last_sent = host_.Now();
  host_.OnTraffic(bytes, 0);
  const bool was_full = !HasRoom();
  unsent_ -= bytes;
  while (bytes > 0) {
    Frame& first = frames_.front();
    const size_t part = std::min(bytes, first.bytes.size() - first.sent);
    first.sent += part;
    bytes -= part;
    if (first.sent == first.bytes.size()) frames_.pop_front();
  }
  writing_ = !frames_.empty();
  if (writing_) Write();
  if (was_full && HasRoom()) host_.OnRoom(*this);
}

}  // namespace cairn::p2p
