// cairnd: the full node.

#include <string>
#include <vector>

#include "cairn/node/daemon.h"

int main(int argc, char** argv) {
  return cairn::node::RunDaemon(std::vector<std::string>(argv + 1, argv + argc));
}
