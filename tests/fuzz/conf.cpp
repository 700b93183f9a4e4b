// SPDX-License-Identifier: MIT
// The configuration in xinetd's language.
#include <cstddef>
#include <cstdint>

#include "fuzz/loaded.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace xsuperd;
  const std::string text(reinterpret_cast<const char*>(data), size);
  fuzz::check(fuzz::load(text, {.main = "/etc/xinetd.conf"}), text);
  return 0;
}
