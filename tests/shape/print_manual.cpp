// SPDX-License-Identifier: MIT
// Prints the generated part of xsuperd.conf(5), for tests/shape/manual.
#include <cstdio>

#include "xsuperd/cli/generate.hpp"

int main() {
  const std::string page = xsuperd::cli::attribute_manual();
  return std::fwrite(page.data(), 1, page.size(), stdout) == page.size() ? 0 : 1;
}
