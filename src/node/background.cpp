#include "src/node/background.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace cairn::node {
namespace {

tl::unexpected<Error> SystemError(const std::string& what) {
  return Fail(ErrorCode::kIo, what + ": " + std::strerror(errno));
}

/// Repeats a call that a signal interrupted.
template <typename Call>
auto Repeatedly(const Call& call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

/// The parent's part: 0 once a byte comes, else what became of the child.
int AwaitChild(pid_t child, int from_child) {
  char byte = 0;
  if (Repeatedly([&] { return read(from_child, &byte, 1); }) == 1) return 0;
  int status = 0;
  Repeatedly([&] { return waitpid(child, &status, 0); });
  if (WIFEXITED(status)) return WEXITSTATUS(status);  // it has said why
  std::fputs("Error: The process in the background ended unexpectedly.\n", stderr);
  return 1;
}

}  // namespace

Background::~Background() {
  if (to_parent_ >= 0) close(to_parent_);
}

Result<std::optional<int>> Background::Enter() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return SystemError("Cannot make a pipe");
  std::puts("Cairn starting");
  std::fflush(nullptr);  // or both halves would write out what is buffered
  const pid_t child = fork();
  if (child < 0) {
    const auto failure = SystemError("Cannot go into the background");
    close(ends[0]);
    close(ends[1]);
    return failure;
  }
  if (child > 0) {
    close(ends[1]);
    const int exit_code = AwaitChild(child, ends[0]);
    close(ends[0]);
    return exit_code;
  }
  close(ends[0]);
  to_parent_ = ends[1];
  setsid();
  return std::nullopt;
}

void Background::LetGo() {
  if (to_parent_ < 0) return;
  std::fflush(nullptr);
  const int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    nowhere >= 0 ? dup2(nowhere, stream) : close(stream);
  }
  if (nowhere >= 0) close(nowhere);
  // The parent may have been ended meanwhile, which is no concern of ours.
  [[maybe_unused]] const ssize_t written = Repeatedly([this] { return write(to_parent_, "", 1); });
  close(std::exchange(to_parent_, -1));
}

}  // namespace cairn::node
