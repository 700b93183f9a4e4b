// SPDX-License-Identifier: MIT
// Tries system calls from inside: this program itself, started with a list of them in its environment.
#pragma once
#include <initializer_list>
#include <string>
#include <vector>

#include "spawn/harness.hpp"

namespace xsuperd::box::test {

/// A system call with its arguments.
struct Call {
  std::vector<unsigned long> words;
};

/// What became of it in a server that has that filter: its errno by name ("EPERM"), "ok" for anything but an error, or
/// the signal that ended the server ("signal 31").
[[nodiscard]] std::string outcome(std::shared_ptr<const std::vector<sock_filter>> filter, const Call& call);

/// A call that only this architecture's other half makes; see probe.cpp.
inline constexpr unsigned long by_int_0x80 = 1UL << 40;

}  // namespace xsuperd::box::test
