// SPDX-License-Identifier: MIT
// The configuration in xinetd's language.
#include "fuzz/loaded.hpp"

using namespace xsuperd;

FUZZ_TARGET(conf) {
  const std::string text(input);
  fuzz::check(fuzz::load(text, {.main = "/etc/xinetd.conf"}), text);
}
