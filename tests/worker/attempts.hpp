// SPDX-License-Identifier: MIT
#pragma once
#include <string>

namespace xsuperd::worker::testing {

/// Does what a worker must not be able to do.
struct Attempt {
  const char* name;
  void (*run)();
};
/// Each is a system call that is not on the list, or whose arguments are not.
extern const Attempt attempts[];
extern const int attempt_count;

/// attempts[number], from inside a conversation.
void attempt(char number);

}  // namespace xsuperd::worker::testing
