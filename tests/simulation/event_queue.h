// What is going to happen in a simulation, in the order in which it will.
//
// Events of one moment happen in the order in which they were planned, so that a run depends on
// nothing but its seed.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <utility>
#include <vector>

#include "cairn/p2p/types.h"

namespace cairn::simulation {

using p2p::Duration;
using p2p::Instant;

enum class EventKind : uint32_t {
  kDelivery,  // a message arrives; subject: the link's end, detail: the parcel
  kResume,    // an end is read again; subject: the link's end
  kClosing,   // an end learns that the connection has ended; subject: the link's end
  kWake,      // a host's deadline; subject: the host
  kCall       // anything else; detail: which call
};

struct Event {
  Instant at;
  uint64_t order = 0;
  EventKind kind = EventKind::kCall;
  uint32_t subject = 0;
  uint32_t detail = 0;
};

/// Things that events name by a number, which is used again once the thing was taken.
template <typename Thing>
class Shelf {
 public:
  uint32_t Put(Thing thing) {
    if (free_.empty()) {
      things_.push_back(std::move(thing));
      return static_cast<uint32_t>(things_.size() - 1);
    }
    const uint32_t place = free_.back();
    free_.pop_back();
    things_[place] = std::move(thing);
    return place;
  }

  const Thing& At(uint32_t place) const { return things_[place]; }

  Thing Take(uint32_t place) {
    free_.push_back(place);
    return std::exchange(things_[place], Thing());
  }

 private:
  std::deque<Thing> things_;
  std::vector<uint32_t> free_;
};

class EventQueue {
 public:
  using Call = std::function<void()>;

  void Push(Instant at, EventKind kind, uint32_t subject, uint32_t detail = 0) {
    heap_.push_back({at, next_order_++, kind, subject, detail});
    std::push_heap(heap_.begin(), heap_.end(), Later());
  }
  void PushCall(Instant at, Call call) {
    Push(at, EventKind::kCall, 0, calls_.Put(std::move(call)));
  }

  bool IsEmpty() const { return heap_.empty(); }
  const Event& Next() const { return heap_.front(); }
  Event Pop() {
    std::pop_heap(heap_.begin(), heap_.end(), Later());
    const Event event = heap_.back();
    heap_.pop_back();
    return event;
  }
  /// Of an event of kind `kCall`, once.
  Call TakeCall(const Event& event) { return calls_.Take(event.detail); }

 private:
  struct Later {
    bool operator()(const Event& a, const Event& b) const {
      return a.at != b.at ? a.at > b.at : a.order > b.order;
    }
  };

  std::vector<Event> heap_;
  Shelf<Call> calls_;
  uint64_t next_order_ = 0;
};

/// A number that depends on all that was added and on its order.
class TraceHash {
 public:
  void Add(uint64_t word) {
    state_ = (state_ ^ word) * 0x9fb21c651e98df25u;
    state_ ^= state_ >> 29;
  }
  uint64_t value() const { return state_; }

 private:
  uint64_t state_ = 0x243f6a8885a308d3u;
};

}  // namespace cairn::simulation
