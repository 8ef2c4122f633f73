#include "src/p2p/resolver.h"

#include <thread>
#include <utility>

#include <boost/asio/post.hpp>
#include <netdb.h>
#include <sys/socket.h>

#include "cairn/base/mutex.h"

namespace cairn::p2p {

/// Where answers are handed in, while it is open.
struct Resolver::Office {
  base::Mutex mutex;
  net::io_context* io CAIRN_GUARDED_BY(mutex) = nullptr;  // null: closed
};

namespace {

std::vector<wire::NetAddress> AskSystem(const std::string& host) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  addrinfo* first = nullptr;
  std::vector<wire::NetAddress> found;
  if (getaddrinfo(host.c_str(), nullptr, &hints, &first) != 0) return found;
  for (const addrinfo* item = first; item != nullptr; item = item->ai_next) {
    if (item->ai_addrlen > Tcp::endpoint().capacity()) continue;
    found.push_back(FromSystem(item->ai_addr, item->ai_addrlen).address);
  }
  freeaddrinfo(first);
  return found;
}

}  // namespace

Resolver::Resolver(net::io_context& io) : office_(std::make_shared<Office>()) {
  base::MutexLock lock(office_->mutex);
  office_->io = &io;
}

void Resolver::LookUp(const std::string& host, Done done) {
  std::thread([office = office_, host, done = std::move(done)]() mutable {
    std::vector<wire::NetAddress> found = AskSystem(host);
    base::MutexLock lock(office->mutex);
    if (office->io == nullptr) return;
    net::post(*office->io, [done = std::move(done), found = std::move(found)]() mutable {
      done(std::move(found));
    });
  }).detach();
}

void Resolver::Close() {
  base::MutexLock lock(office_->mutex);
  office_->io = nullptr;
}

}  // namespace cairn::p2p
