// SPDX-License-Identifier: MIT
#include <cstdio>
#include <exception>

#include "xsuperd/ctl/run.hpp"

int main(int argc, char** argv) try {
  return xsuperd::ctl::run({argv + (argc > 0 ? 1 : 0), argv + argc}, stdout, stderr);
} catch (const std::exception& bug) {
  std::fprintf(stderr, "xsuperctl: fatal: %s\n", bug.what());
  return 1;
}
