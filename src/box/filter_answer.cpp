// SPDX-License-Identifier: MIT
#include <cstddef>
#include <cstring>

#include "xsuperd/box/filter.hpp"

namespace xsuperd::box {

namespace {

/// How a jump compares; nothing for one of another kind.
std::optional<bool> holds(const sock_filter& jump, std::uint32_t value) {
  switch (jump.code) {
    case BPF_JMP | BPF_JEQ | BPF_K: return value == jump.k;
    case BPF_JMP | BPF_JGT | BPF_K: return value > jump.k;
    case BPF_JMP | BPF_JGE | BPF_K: return value >= jump.k;
    case BPF_JMP | BPF_JSET | BPF_K: return (value & jump.k) != 0;
    default: return std::nullopt;
  }
}

}  // namespace

/// Only the instructions that libseccomp writes. The way is forward always, so it ends.
std::optional<std::uint32_t> filter_answer(const FilterProgram& program, const seccomp_data& call) {
  std::uint32_t value = 0;
  for (std::size_t at = 0; at < program.size(); ++at) {
    const sock_filter& one = program[at];
    if (one.code == (BPF_RET | BPF_K)) return one.k;
    if (one.code == (BPF_LD | BPF_W | BPF_ABS)) {
      if (one.k > sizeof call - sizeof value) return std::nullopt;
      std::memcpy(&value, reinterpret_cast<const std::byte*>(&call) + one.k, sizeof value);
    } else if (one.code == (BPF_ALU | BPF_AND | BPF_K)) {
      value &= one.k;
    } else if (one.code == (BPF_JMP | BPF_JA)) {
      at += one.k;
    } else if (const auto yes = holds(one, value)) {
      at += *yes ? one.jt : one.jf;
    } else {
      return std::nullopt;
    }
  }
  return std::nullopt;
}

}  // namespace xsuperd::box
