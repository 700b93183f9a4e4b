// SPDX-License-Identifier: MIT
#pragma once
#include <sys/types.h>

#include <functional>
#include <memory>
#include <optional>
#include <string_view>

#include "xsuperd/base/error.hpp"
#include "xsuperd/base/fd.hpp"
#include "xsuperd/worker/conversations.hpp"

namespace boost::asio {
class io_context;
}

/// The worker process itself: the same program, executed by Client under another name.
namespace xsuperd::worker {

/// argv[0] of a worker, and the name by which it shows in lists of processes.
constexpr std::string_view program_name = "xsuperd-worker";

/// Who the worker becomes. Both are needed when it is started by root, and must not be 0.
struct SandboxOptions {
  std::optional<uid_t> uid;
  std::optional<gid_t> gid;
  bool system_calls = true;  ///< restrict them (seccomp), where xsuperd was built with it
  bool tls = false;          ///< OpenSSL is made ready, and the memory stays out of swap where the system lets it
  const char* name = program_name.data();  ///< by which it shows in lists of processes
  bool sockets = true;       ///< it may make sockets for TCP, and connect them
};

/// As Client passes them on: XSUPERD_WORKER_UID, XSUPERD_WORKER_GID and XSUPERD_WORKER_ROLE of the environment.
[[nodiscard]] SandboxOptions sandbox_from_environment();

/// False when built without libseccomp, or with a sanitizer, which needs more system calls than a worker may
/// use.
[[nodiscard]] bool system_calls_restricted();

/// Gives up everything that conversations do not need; there is no way back. After it:
///
/// - the process is called "xsuperd-worker", has read its time zone, writes no core, no file, starts no
/// process;
/// - all signals have their default action; those that say what the daemon should do (SIGHUP and so on) are
/// blocked,
///   so that "pkill -HUP xsuperd" reaches the daemon alone, and SIGTERM ends the process;
/// - started by root: its root directory is empty and on no disk, user and group are those of `options`,
/// there are no
///   other groups and no way back; started by another user it stays that user and keeps its root directory;
/// - it has no capabilities and can gain no privileges by executing anything;
/// - system calls that are not on the list in seccomp.cpp end it at once (SIGSYS).
///
/// To be called while there are no other threads. The error says which step failed; the process must end
/// then.
[[nodiscard]] base::Result<void> enter_sandbox(const SandboxOptions& options);

/// How conversations begin: converse::start, or what a test puts in its place.
using Starter = std::function<std::unique_ptr<converse::Conversation>(
    boost::asio::io_context& loop, Kind kind, base::Fd peer, Parameters parameters,
    std::function<void(Report)> done)>;

/// The whole life of a worker; returns the exit status. `socket_fd` is the one descriptor that it keeps
/// (usually 0); all others are closed, and 0, 1 and 2 become /dev/null. Enters the sandbox, then holds
/// conversations until the daemon wants no more (Drain) or is gone, and none is left. When the daemon died
/// without a word, conversations that go on an hour later are cut off.
[[nodiscard]] int run_worker(int socket_fd, const SandboxOptions& options);
/// The same for tests, with conversations of theirs.
[[nodiscard]] int run_worker(int socket_fd, const SandboxOptions& options, Starter starter);

}  // namespace xsuperd::worker
