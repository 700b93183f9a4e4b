// SPDX-License-Identifier: MIT
#include <linux/audit.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cerrno>
#include <initializer_list>

#include "xsuperd/box/filter.hpp"

using namespace xsuperd::box;
using Base = FilterRequest::Base;
using Action = FilterRequest::Action;

namespace {

#if defined(__x86_64__)
constexpr std::uint32_t here = AUDIT_ARCH_X86_64, elsewhere = AUDIT_ARCH_I386;
#elif defined(__aarch64__)
constexpr std::uint32_t here = AUDIT_ARCH_AARCH64, elsewhere = AUDIT_ARCH_ARM;
#endif

seccomp_data call(long number, std::initializer_list<std::uint64_t> arguments = {}) {
  seccomp_data data{};
  data.nr = static_cast<int>(number);
  data.arch = here;
  std::copy(arguments.begin(), arguments.end(), data.args);
  return data;
}

std::uint32_t answer(const FilterRequest& request, const seccomp_data& data) {
  const auto filter = make_filter(request);
  REQUIRE(filter.has_value());
  const auto found = filter_answer(**filter, data);
  REQUIRE(found.has_value());
  return *found;
}

bool usable() {
  if (filter_ability() == FilterAbility::usable) return true;
  WARN("skipped: no libseccomp, or no seccomp in the kernel");
  return false;
}

constexpr std::uint32_t refused = SECCOMP_RET_ERRNO | EPERM;

}  // namespace

TEST_CASE("what the kernel will make of a call is found out from the filter") {
  if (!usable()) return;
  CHECK(answer({Base::service}, call(SYS_read)) == SECCOMP_RET_ALLOW);
  CHECK(answer({Base::service}, call(SYS_ptrace)) == refused);
  CHECK(answer({Base::service, Action::kill}, call(SYS_ptrace)) == SECCOMP_RET_KILL_PROCESS);
  CHECK(answer({Base::all, Action::error, {"getppid"}}, call(SYS_getppid)) == refused);
  CHECK(answer({Base::all, Action::error, {"getppid"}}, call(SYS_getpid)) == SECCOMP_RET_ALLOW);
  CHECK(answer({Base::strict}, call(SYS_msgget)) == refused);
  CHECK(answer({Base::service}, call(SYS_msgget)) == SECCOMP_RET_ALLOW);
}

TEST_CASE("arguments count, of 32 bits the lower half") {
  if (!usable()) return;
  CHECK(answer({Base::strict}, call(SYS_socket, {AF_INET, SOCK_STREAM, 0})) == SECCOMP_RET_ALLOW);
  CHECK(answer({Base::strict}, call(SYS_socket, {AF_PACKET, SOCK_RAW, 0})) == refused);
  CHECK(answer({Base::service}, call(SYS_clone, {CLONE_VM})) == SECCOMP_RET_ALLOW);
  CHECK(answer({Base::service}, call(SYS_clone, {CLONE_NEWNET})) == refused);
  CHECK(answer({Base::service}, call(SYS_ioctl, {0, 0xffffffff00005412})) == refused);
}

TEST_CASE("calls of another architecture are denied, and such as nobody knows are not there") {
  if (!usable()) return;
  seccomp_data foreign = call(3);
  foreign.arch = elsewhere;
  CHECK(answer({Base::service}, foreign) == refused);
  CHECK(answer({Base::service}, call(5000)) == (SECCOMP_RET_ERRNO | ENOSYS));
}

TEST_CASE("a program that libseccomp does not write is not guessed at") {
  const FilterProgram multiplies{BPF_STMT(BPF_ALU | BPF_MUL | BPF_K, 2), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  CHECK_FALSE(filter_answer(multiplies, call(0)).has_value());
  const FilterProgram beyond{BPF_STMT(BPF_LD | BPF_W | BPF_ABS, sizeof(seccomp_data)), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  CHECK_FALSE(filter_answer(beyond, call(0)).has_value());
  CHECK_FALSE(filter_answer({}, call(0)).has_value());
}

TEST_CASE("system calls have names") {
  if (!usable()) return;
  CHECK(call_name(here, SYS_ptrace) == "ptrace");
  CHECK(call_name(here, 9999) == "call 9999");
}
