// SPDX-License-Identifier: MIT
#pragma once
#include <linux/filter.h>
#include <linux/seccomp.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "xsuperd/base/error.hpp"

/// What confines a server is made here, before it starts. Nothing is installed: that is the child's part.
namespace xsuperd::box {

/// Which system calls a program may make.
struct FilterRequest {
  enum class Base : std::uint8_t {
    all,      ///< all but `denied`
    service,  ///< all but those that no network service needs, and `denied`
    strict,   ///< those that programs of libc, shells and text servers need, but for `denied`
  };
  enum class Action : std::uint8_t {
    error,  ///< a call that is denied fails with EPERM
    kill,   ///< it ends the process (SIGSYS)
  };
  Base base = Base::all;
  Action action = Action::error;
  std::vector<std::string> denied = {};  ///< names of system calls
  /// Also what opens connections past rules about connect(2) over TCP: MPTCP and TCP Fast Open. `strict` always denies both.
  bool plain_tcp = false;
  /// Also what changes mode, owner, times and attributes of files, which rules about files do not see. Complete with `strict`
  /// only, which leaves no other calls that do.
  bool fixed_attributes = false;
  /// Also the sockets of the machine's host and of its other virtual machines (AF_VSOCK), which no network namespace keeps
  /// apart. `strict` always denies them.
  bool no_vsock = false;
  bool operator==(const FilterRequest&) const = default;
  auto operator<=>(const FilterRequest&) const = default;
};

/// A program for seccomp(2), for this architecture; calls of any other are denied.
using FilterProgram = std::vector<sock_filter>;

/// May a thread of the daemon take the filter and go on starting servers, so that they inherit it? Not with one that ends
/// the process, nor where a call is denied that the thread or its children need on the way. Pure.
[[nodiscard]] bool lets_launch(const FilterRequest& request);
/// The program for such a thread: setns(2), mount(2) and clone3(2) pass it when their sixth argument, which the kernel ignores,
/// is pass(). Exec takes that number from the server's memory.
[[nodiscard]] FilterProgram for_launcher(const FilterProgram& program);
/// A random number of this process.
[[nodiscard]] std::uint64_t pass();

/// What such programs are made with, and run by.
enum class FilterAbility : std::uint8_t { usable, not_built, not_loaded, not_in_kernel };
/// Loads libseccomp on the first call, and then blocks on files. Thread safe, as are all of these.
[[nodiscard]] FilterAbility filter_ability();

/// Is there a system call of that name, on whatever architecture? Nothing when libseccomp is not there to tell.
[[nodiscard]] std::optional<bool> is_system_call(const std::string& name);

/// The program; equal requests share one as long as somebody holds it. Takes about a millisecond. Fails when libseccomp is
/// not there, or a name is none of a system call.
[[nodiscard]] base::Result<std::shared_ptr<const FilterProgram>> make_filter(const FilterRequest& request);

/// What the kernel makes of a call under that program: SECCOMP_RET_ALLOW, or another action with its data; nothing for a
/// program that is none of make_filter's. Pure.
[[nodiscard]] std::optional<std::uint32_t> filter_answer(const FilterProgram& program, const seccomp_data& call);

/// The name of the system call with that number on an architecture (AUDIT_ARCH_...); "call 999" where nobody knows it.
[[nodiscard]] std::string call_name(std::uint32_t architecture, int number);

}  // namespace xsuperd::box
