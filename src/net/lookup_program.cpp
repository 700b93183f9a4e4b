// SPDX-License-Identifier: MIT
#include "net/lookup_program.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstddef>
#include <cstring>

namespace xsuperd::net {

namespace {

/// 0 holds results, 1 to 5 are arguments and lost by a call, 6 to 9 outlive one, 10 is the end of the stack.
enum Register : __u8 { r0, r1, r2, r3, r4, r6 = 6, r7, stack = 10 };

constexpr bpf_insn instruction(int code, Register to, int from, int offset, std::int32_t value) {
  bpf_insn one{};
  one.code = static_cast<__u8>(code);
  one.dst_reg = static_cast<__u8>(to & 0xf);
  one.src_reg = static_cast<__u8>(from & 0xf);
  one.off = static_cast<__s16>(offset);
  one.imm = value;
  return one;
}
constexpr bpf_insn set(Register to, std::int32_t value) { return instruction(BPF_ALU64 | BPF_MOV | BPF_K, to, 0, 0, value); }
constexpr bpf_insn copy(Register to, Register from) { return instruction(BPF_ALU64 | BPF_MOV | BPF_X, to, from, 0, 0); }
constexpr bpf_insn add(Register to, Register from) { return instruction(BPF_ALU64 | BPF_ADD | BPF_X, to, from, 0, 0); }
constexpr bpf_insn add(Register to, std::int32_t value) { return instruction(BPF_ALU64 | BPF_ADD | BPF_K, to, 0, 0, value); }
constexpr bpf_insn mask(Register to, std::int32_t value) { return instruction(BPF_ALU | BPF_AND | BPF_K, to, 0, 0, value); }
constexpr bpf_insn shift_right(Register to, std::int32_t by) { return instruction(BPF_ALU | BPF_RSH | BPF_K, to, 0, 0, by); }
constexpr bpf_insn shift_right(Register to, Register by) { return instruction(BPF_ALU | BPF_RSH | BPF_X, to, by, 0, 0); }
constexpr bpf_insn load_byte(Register to, Register from) { return instruction(BPF_LDX | BPF_MEM | BPF_B, to, from, 0, 0); }
constexpr bpf_insn load_word(Register to, Register from, std::size_t offset) {
  return instruction(BPF_LDX | BPF_MEM | BPF_W, to, from, static_cast<int>(offset), 0);
}
constexpr bpf_insn store_word(Register to, int offset, std::int32_t value) {
  return instruction(BPF_ST | BPF_MEM | BPF_W, to, 0, offset, value);
}
constexpr bpf_insn call(bpf_func_id helper) { return instruction(BPF_JMP | BPF_CALL, r0, 0, 0, helper); }
constexpr bpf_insn leave() { return instruction(BPF_JMP | BPF_EXIT, r0, 0, 0, 0); }

/// Conditions, each of which leaves the connection to the kernel.
enum class If : __u8 { other = BPF_JNE, below = BPF_JLT, above = BPF_JGT };

class Program {
 public:
  void add(bpf_insn one) { code_.push_back(one); }
  /// The address of a map, or of entry 0 of an array.
  void load_map(Register to, int map) { load_wide(to, BPF_PSEUDO_MAP_FD, map); }
  void load_entry(Register to, int map) { load_wide(to, BPF_PSEUDO_MAP_VALUE, map); }
  /// Compares the lower 32 bits.
  void pass(If condition, Register what, std::uint32_t with) {
    pass_by(BPF_JMP32 | static_cast<int>(condition), what, static_cast<std::int32_t>(with));
  }
  void pass_if_null(Register what) { pass_by(BPF_JMP | BPF_JEQ, what, 0); }

  [[nodiscard]] std::vector<bpf_insn> finished() {
    for (const std::size_t at : passing_) code_[at].off = static_cast<__s16>(code_.size() - at - 1);
    add(set(r0, SK_PASS));
    add(leave());
    return std::move(code_);
  }

 private:
  void load_wide(Register to, int kind, int map) {
    add(instruction(BPF_LD | BPF_IMM | BPF_DW, to, kind, 0, map));
    add(instruction(0, r0, 0, 0, 0));
  }
  void pass_by(int code, Register what, std::int32_t with) {
    passing_.push_back(code_.size());
    add(instruction(code | BPF_K, what, 0, 0, with));
  }

  std::vector<bpf_insn> code_;
  std::vector<std::size_t> passing_;  ///< jumps to the end
};

/// What stays in these: r6 the question.
void check_protocol(Program& program, bool ipv6, unsigned interface) {
  program.add(copy(r6, r1));
  program.add(load_word(r2, r6, offsetof(bpf_sk_lookup, protocol)));
  program.pass(If::other, r2, IPPROTO_TCP);
  program.add(load_word(r2, r6, offsetof(bpf_sk_lookup, family)));
  program.pass(If::other, r2, ipv6 ? AF_INET6 : AF_INET);
  if (interface == 0) return;
  program.add(load_word(r2, r6, offsetof(bpf_sk_lookup, ingress_ifindex)));
  program.pass(If::other, r2, interface);
}

/// Word by word, in the order of bytes in which addresses travel.
void check_network(Program& program, const config::PortRange& range, bool ipv6) {
  const std::size_t first = ipv6 ? offsetof(bpf_sk_lookup, local_ip6) : offsetof(bpf_sk_lookup, local_ip4);
  for (int from = 0; from < range.prefix; from += 32) {
    const int bits = std::min(32, range.prefix - from);
    const std::uint32_t wanted = htonl(~std::uint32_t{0} << (32 - bits));
    std::uint32_t value = 0;
    std::memcpy(&value, range.network.bytes().data() + from / 8, sizeof value);
    program.add(load_word(r2, r6, first + static_cast<std::size_t>(from / 8)));
    if (bits < 32) program.add(mask(r2, static_cast<std::int32_t>(wanted)));
    program.pass(If::other, r2, value & wanted);
  }
}

void check_port(Program& program, const config::PortRange& range, int ports) {
  program.add(load_word(r2, r6, offsetof(bpf_sk_lookup, local_port)));  // in the host's order of bytes
  program.pass(If::below, r2, range.first);
  program.pass(If::above, r2, range.last);
  program.load_entry(r4, ports);
  program.add(copy(r3, r2));
  program.add(shift_right(r3, 3));
  program.add(mask(r3, 0x1fff));  // which the verifier wants to see
  program.add(add(r4, r3));
  program.add(load_byte(r4, r4));
  program.add(mask(r2, 7));
  program.add(shift_right(r4, r2));
  program.add(mask(r4, 1));
  program.pass(If::other, r4, 0);
}

/// Has no effect where an earlier program has chosen a socket; nor has the socket when it does not listen any more.
void choose(Program& program, int sockets) {
  program.add(store_word(stack, -4, 0));
  program.load_map(r1, sockets);
  program.add(copy(r2, stack));
  program.add(add(r2, -4));
  program.add(call(BPF_FUNC_map_lookup_elem));
  program.pass_if_null(r0);
  program.add(copy(r7, r0));
  program.add(copy(r1, r6));
  program.add(copy(r2, r7));
  program.add(set(r3, 0));
  program.add(call(BPF_FUNC_sk_assign));
  program.add(copy(r1, r7));
  program.add(call(BPF_FUNC_sk_release));
}

}  // namespace

std::vector<bpf_insn> lookup_program(const config::PortRange& range, unsigned interface, LookupMaps maps) {
  const bool ipv6 = range.network.family() == base::Address::Family::ipv6;
  Program program;
  check_protocol(program, ipv6, interface);
  check_network(program, range, ipv6);
  check_port(program, range, maps.ports);
  choose(program, maps.socket);
  return program.finished();
}

std::vector<bpf_insn> empty_program() { return Program().finished(); }

}  // namespace xsuperd::net
