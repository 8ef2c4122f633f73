// Running in the background (-daemon, -daemonwait): the process splits, and the half that the
// terminal knows stays only until the other one does without it.
#pragma once

#include <optional>
#include <utility>

#include "cairn/base/result.h"

namespace cairn::node {

class Background {
 public:
  Background() = default;
  ~Background();
  Background(const Background&) = delete;
  Background& operator=(const Background&) = delete;

  /// Says "Cairn starting" and splits the process, which must have one thread only. Gives nothing
  /// in the child, which has a session of its own and is to go on; in the parent it waits until the
  /// child lets it go or ends, and gives the exit code. Until then the child's output is the
  /// parent's.
  Result<std::optional<int>> Enter();

  /// Closes input and output, and lets the parent end with 0. Does nothing in the foreground, or
  /// the second time.
  void LetGo();

 private:
  int to_parent_ = -1;  // write end of the pipe on which the parent waits
};

}  // namespace cairn::node
