// SPDX-License-Identifier: MIT
// What the daemon does with helpers of its own, whoever they are: libwrap's, libnftables'. Internal to net, loop thread.
#pragma once
#include <boost/asio/posix/stream_descriptor.hpp>
#include <csignal>

#include "xsuperd/base/fd.hpp"

namespace xsuperd::net {

/// Has it watched. Throws with `fd` as it was.
void assign(boost::asio::posix::stream_descriptor& descriptor, base::Fd& fd);
/// Sends SIGKILL.
void kill_helper(int pidfd);
/// Takes its status. False when it has not ended.
[[nodiscard]] bool reap(int pidfd, siginfo_t& info);
/// Kills it and takes its status. A process that was killed is gone at once, unless the kernel is stuck with it: blocks for a second
/// at most.
void end_helper(int pidfd);

}  // namespace xsuperd::net
