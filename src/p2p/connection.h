// One connection's socket: bytes in, messages out, and the other way round. Lives on the network
// thread; only long payloads are decoded on the workers, and even then messages come in order.
//
// Memory is bounded: a payload is not allocated before its frame's header was found good, and then
// only as it comes in; reading rests while too much is undelivered or unjudged, and what is sent is
// prepared only while there is room for it.
#pragma once

#include <array>
#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "cairn/base/result.h"
#include "cairn/p2p/network.h"
#include "cairn/p2p/types.h"
#include "cairn/wire/frame.h"
#include "src/p2p/net.h"

namespace cairn::p2p {

class Connection;

/// What a connection needs of its owner.
class ConnectionHost {
 public:
  virtual const wire::Magic& magic() const = 0;
  virtual const BufferLimits& limits() const = 0;
  virtual Instant Now() const = 0;

  virtual void OnMessage(Connection& connection, wire::Message message, size_t bytes) = 0;
  /// Something that only a broken or hostile peer sends.
  virtual void OnMalformed(Connection& connection, const std::string& what) = 0;
  /// The other side, or a failure, has ended it. Not said after `Close`.
  virtual void OnEnded(Connection& connection, const std::string& why) = 0;
  virtual void OnTraffic(size_t sent, size_t received) = 0;
  /// There is room again for what is to be sent.
  virtual void OnRoom(Connection& connection) = 0;
  /// Runs `work` on a worker, then `done` on the network thread.
  virtual void RunElsewhere(std::function<void()> work, std::function<void()> done) = 0;

 protected:
  ~ConnectionHost() = default;
};

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(Tcp::socket socket, ConnectionHost& host, PeerId id);

  PeerId id() const { return id_; }
  const Traffic& traffic() const { return traffic_; }

  void Start();
  void Send(std::string_view command, Bytes frame);
  /// No more is unsent than is allowed. If not, the host will hear of it.
  bool HasRoom() const { return closed_ || unsent_ <= host_.limits().send; }
  /// Nothing more is read or written, and the host hears nothing more.
  void Close();
  bool IsClosed() const { return closed_; }

  void PauseReading(bool pause);
  /// Bytes of blocks that the ledger has not judged yet.
  void AddUnjudged(size_t bytes) { unjudged_ += bytes; }
  void RemoveUnjudged(size_t bytes);

 private:
  static constexpr size_t kInputSize = 32 << 10;

  /// A message in the order in which it came; its bytes may still be with a worker.
  struct Slot {
    wire::FrameHeader header;
    Bytes payload;
    std::atomic<bool> decoded{false};
    Result<wire::Message> message = wire::Message{};
    bool good_checksum = false;
  };

  bool MayRead() const;
  void Read();
  void OnRead(const SocketError& error, size_t bytes, bool into_payload);
  /// Takes frames out of the input, as far as they may be dealt with now.
  void Consume();
  bool BeginFrame();
  void GrowPayload();
  void FinishFrame();
  static void Decode(Slot& slot);
  void Deliver();
  void DeliverOne(Slot& slot);
  void End(const std::string& why);

  void Write();
  void OnWritten(const SocketError& error, size_t bytes);

  Tcp::socket socket_;
  ConnectionHost& host_;
  const PeerId id_;
  Traffic traffic_;
  bool closed_ = false;

  // coming in
  std::array<uint8_t, kInputSize> input_;
  size_t input_begin_ = 0;
  size_t input_end_ = 0;
  bool reading_ = false;
  bool consuming_ = false;
  bool paused_ = false;
  bool in_frame_ = false;
  wire::FrameHeader header_;
  Bytes payload_;
  size_t payload_filled_ = 0;
  std::deque<std::shared_ptr<Slot>> slots_;
  size_t undelivered_ = 0;  // bytes in `slots_`
  size_t unjudged_ = 0;

  // going out
  struct Frame {
    Bytes bytes;
    size_t sent = 0;
  };
  std::deque<Frame> frames_;
  size_t unsent_ = 0;
  bool writing_ = false;
};

}  // namespace cairn::p2p
