// cairn-cli: calls a running node.

#include <iostream>
#include <string>
#include <vector>

#include "cairn/node/cli.h"

int main(int argc, char** argv) {
  return cairn::node::RunCli(std::vector<std::string>(argv + 1, argv + argc),
                             {std::cin, std::cout, std::cerr});
}
