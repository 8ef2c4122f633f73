#include "cairn/node/daemon.h"

#include <csignal>
#include <cstdio>
#include <ctime>
#include <exception>
#include <optional>
#include <stdexcept>

#include <sys/stat.h>
#include <unistd.h>

#include "cairn/base/log.h"
#include "cairn/base/version.h"
#include "cairn/crypto/sha256.h"
#include "cairn/node/configuration.h"
#include "cairn/node/data_dir.h"
#include "cairn/node/log_setup.h"
#include "cairn/node/option_checks.h"
#include "cairn/node/option_help.h"
#include "src/node/background.h"
#include "src/node/node.h"

namespace cairn::node {
namespace {

int FailStart(const std::string& reason) {
  std::fprintf(stderr, "Error: %s\n", reason.c_str());
  return 1;
}

/// SIGINT, SIGTERM and SIGHUP, blocked in every thread and taken by the main thread's wait. Made
/// before any thread is.
class Signals {
 public:
  enum class Wish { kNone, kStop, kReopenLog };

  Signals() {
    sigemptyset(&set_);
    sigaddset(&set_, SIGINT);
    sigaddset(&set_, SIGTERM);
    sigaddset(&set_, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &set_, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
    std::signal(SIGXFSZ, SIG_IGN);  // a file that may not grow is an error like a full disk
  }

  /// Asks for a stop as a signal from outside does.
  static void Raise() { kill(getpid(), SIGTERM); }

  /// True if one that asks for a stop has arrived, and nobody has waited for it yet.
  static bool IsPending() {
    sigset_t pending;
    sigpending(&pending);
    return sigismember(&pending, SIGINT) == 1 || sigismember(&pending, SIGTERM) == 1;
  }

  /// What the next one asks for; nothing after `milliseconds` without.
  Wish Wait(int milliseconds) {
    const timespec timeout{milliseconds / 1000, milliseconds % 1000 * 1'000'000L};
    const int number = sigtimedwait(&set_, nullptr, &timeout);
    if (number <= 0) return Wish::kNone;
    return number == SIGHUP ? Wish::kReopenLog : Wish::kStop;
  }

 private:
  sigset_t set_;
};

void LogStart(const Configuration& configuration, const DataDir& data_dir) {
  LOG_INFO("Cairn {} on {}", kVersion, configuration.params.rpc_name);
  LOG_INFO("Data directory {}", data_dir.network().string());
  if (!configuration.config_file.empty()) {
    LOG_INFO("Configuration file {}", configuration.config_file.string());
  }
  LOG_INFO("SHA-256 by {}", crypto::ActiveSha256Backend().name);
  if (!crypto::Sha256Notice().empty()) LOG_WARNING("{}", crypto::Sha256Notice());
  for (const std::string& line : configuration.options.Describe()) LOG_INFO("{}", line);
  for (const std::string& warning : configuration.options.warnings()) LOG_WARNING("{}", warning);
  for (const std::string& name : configuration.options.WithoutEffect()) {
    LOG_INFO("-{} is accepted, but has no effect in this version", name);
  }
}

/// After somebody has moved the file away. The old one stays if the new one cannot be opened.
void ReopenLog(const log::Config& config) {
  try {
    log::ConfigureLog(config);
    LOG_INFO("Opened the log anew");
  } catch (const std::runtime_error& failure) {
    LOG_ERROR("Cannot open the log anew: {}", failure.what());
  }
}

/// Returns when the node is asked to stop, or wants to by itself.
void WaitForTheEnd(const Node& node, Signals& signals, const log::Config& log_config) {
  constexpr int kLookEveryMilliseconds = 200;
  while (!node.WantsToStop()) {
    const Signals::Wish wish = signals.Wait(kLookEveryMilliseconds);
    if (wish == Signals::Wish::kStop) return;
    if (wish == Signals::Wish::kReopenLog) ReopenLog(log_config);
  }
}

int RunNode(const Configuration& configuration, const DataDir& data_dir, Signals& signals,
            const log::Config& log_config, Background& background) {
  Status stopped;
  {
    Node node(configuration, data_dir, Signals::Raise, Signals::IsPending);
    if (const Status started = node.Start(); !started) {
      LOG_ERROR("{}", started.error().message);
      return FailStart(started.error().message);
    }
    LOG_INFO("Cairn is up");
    background.LetGo();
    WaitForTheEnd(node, signals, log_config);
    stopped = node.Stop();
  }
  LOG_INFO("Shutdown: done");
  return stopped ? 0 : FailStart(stopped.error().message);
}

int Run(const std::vector<std::string>& arguments) {
  auto command_line = Options::FromCommandLine(arguments, Program::kDaemon);
  if (!command_line) return FailStart(command_line.error().message);
  if (WantsHelp(*command_line)) {
    std::fputs(HelpText(*command_line).c_str(), stdout);
    return 0;
  }
  if (command_line->GetBool("version", false)) {
    std::fputs(VersionText(Program::kDaemon).c_str(), stdout);
    return 0;
  }
  const auto configuration = LoadConfiguration(*std::move(command_line), HomeFolder());
  if (!configuration) return FailStart(configuration.error().message);
  const Options& options = configuration->options;
  if (const Status checked = CheckOptions(options); !checked) {
    return FailStart(checked.error().message);
  }

  umask(S_IRWXG | S_IRWXO);  // what the node writes is its owner's business
  Background background;
  const bool wait_until_up = options.GetBool("daemonwait", false);
  if (wait_until_up || options.GetBool("daemon", false)) {
    const auto exit_code = background.Enter();
    if (!exit_code) return FailStart(exit_code.error().message);
    if (*exit_code) return **exit_code;
  }
  Signals signals;
  const auto data_dir = DataDir::Open(configuration->data_root, configuration->params.folder,
                                      options.GetPath("blocksdir", configuration->data_root, {}));
  if (!data_dir) return FailStart(data_dir.error().message);
  const auto log_setup = LogSetupFrom(options, data_dir->network());
  if (!log_setup) return FailStart(log_setup.error().message);
  log::SetEnabledCategories(log_setup->categories);
  log::ConfigureLog(log_setup->config);
  const auto pid_file = PidFile::Create(
      options.GetPath("pid", data_dir->network(), data_dir->network() / "cairnd.pid"));
  if (!pid_file) return FailStart(pid_file.error().message);
  LogStart(*configuration, *data_dir);
  if (!wait_until_up) background.LetGo();
  return RunNode(*configuration, *data_dir, signals, log_setup->config, background);
}

}  // namespace

int RunDaemon(const std::vector<std::string>& arguments) {
  try {
    log::SetThreadName("main");
    return Run(arguments);
  } catch (const std::exception& error) {
    return FailStart(error.what());
  }
}

}  // namespace cairn::node
