// SPDX-License-Identifier: MIT
// What somebody does at the terminal of `top`. Internal to ctl.
#pragma once
#include <cstdint>

namespace xsuperd::ctl {

enum class Key : std::uint8_t {
  none, other, quit, back, enter, help, filter, erase, now, redraw, up, down, page_up, page_down, home, end,
  rate, running, refused, name, bytes
};

struct Press {
  Key key = Key::none;
  char letter = 0;  ///< the byte of text that it is where text is typed, or 0
};

}  // namespace xsuperd::ctl
