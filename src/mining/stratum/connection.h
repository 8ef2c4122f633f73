// A miner's socket: lines in, lines out. Lives on the server's thread.
//
// Costs little while nothing comes: no buffer waits for input. Who sends more than his share is
// read more slowly, which costs nobody else anything; who does not read what he is sent is cut off.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include "src/mining/stratum/session.h"

namespace cairn::mining::stratum {

class Connection;

/// What a connection needs of its server.
class ConnectionHost {
 public:
  /// To read into, for the moment.
  virtual std::span<char> Scratch() = 0;
  /// Takes the blocks and the shares out of what is to be done.
  virtual void Carry(Connection& connection, Doings& doings) = 0;
  /// Its socket is closed. The last that is heard of it.
  virtual void OnEnded(Connection& connection) = 0;

 protected:
  ~ConnectionHost() = default;
};

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  using Socket = boost::asio::ip::tcp::socket;
  using Time = std::chrono::steady_clock::time_point;

  Connection(Socket socket, ConnectionHost& host, uint64_t id, Session session, Time now);

  uint64_t id() const { return id_; }
  const Session& session() const { return session_; }
  /// When it last did something for its place, among others that want it: it has logged in, or had
  /// a good share, which counts for some minutes more, since it takes work. Nothing before.
  const std::optional<Time>& KeepsPlaceUntil() const { return keeps_place_until_; }
  /// It was told to go, and is there only until it has read why.
  bool IsClosing() const { return closing_; }

  void Start();
  void OnJob(Time now);
  void OnStored(bool stored);
  /// To be called every second or so.
  void OnTime(Time now);
  void Close();

 private:
  using SocketError = boost::system::error_code;

  void WaitForInput();
  void OnReadable(const SocketError& error);
  void Ignore(size_t bytes);
  void HandleLines();
  bool HasWholeLine() const;
  bool MayHandle(Time now);
  void PauseReading();
  bool PeerHasLeft();
  void Do(Doings doings);
  void Send(std::string_view text);
  void WriteSome();
  void OnWritable(const SocketError& error);

  Socket socket_;
  ConnectionHost& host_;
  const uint64_t id_;
  Session session_;
  std::string input_;             // what is not handled yet
  std::string output_;            // what is not written yet
  bool waits_for_store_ = false;  // before it goes on with its lines
  bool writing_ = false;
  bool closed_ = false;
  bool closing_ = false;  // once everything is written, and the other end has closed, too
  Time closing_since_;
  std::optional<Time> keeps_place_until_;
  size_t ignored_ = 0;  // bytes that came since
  double allowance_;    // lines that may be handled at once
  Time allowed_at_;
  std::unique_ptr<boost::asio::steady_timer> pause_;
};

}  // namespace cairn::mining::stratum
