// SPDX-License-Identifier: MIT
// Looks at a box whose connection is over: could the next tenant find something of the one before? Internal to box.
#pragma once
#include "xsuperd/box/boxes.hpp"

namespace xsuperd::box {

/// Has its keeper ended? Then it is a box no more.
[[nodiscard]] bool is_gone(const Box& box);
/// Notes what a new box looks like. It cannot fail: a box of which nothing could be noted never looks as new.
void remember_as_new(Box& box);
/// False on any doubt: a process is left in it, /tmp holds something, or one of the questions was not answered.
[[nodiscard]] bool looks_as_new(const Box& box);

}  // namespace xsuperd::box
