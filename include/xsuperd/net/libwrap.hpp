// SPDX-License-Identifier: MIT
#pragma once
#include <sys/types.h>
#include <syslog.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "xsuperd/base/address.hpp"
#include "xsuperd/base/error.hpp"
#include "xsuperd/base/fd.hpp"

namespace boost::asio {
class io_context;
}

/// hosts.allow and hosts.deny, as the real libwrap reads them (facts B5.21 to B5.25). The library is never
/// called in the daemon: a helper process, started when the first question comes, forks a child for each
/// question. So a slow name look-up or a `spawn`ed command holds up one connection and nothing else.
namespace xsuperd::net {

/// False when xsuperd was built without libwrap: then every question is answered `allowed`.
[[nodiscard]] bool libwrap_available();

/// The two files of rules. Helper and client must be given the same ones.
struct LibwrapTables {
  std::string allow = "/etc/hosts.allow";
  std::string deny = "/etc/hosts.deny";
};

/// A running helper, as the daemon holds it. Empty: there is none.
struct LibwrapHelper {
  base::Fd socket;   ///< AF_UNIX, SEQPACKET; the helper ends when it is closed
  base::Fd process;  ///< pidfd; whoever holds it must reap the helper, which Libwrap does
};

struct LibwrapHelperOptions {
  std::string identity = "xsuperd";  ///< the tag of what libwrap itself sends to syslog
  int facility = LOG_DAEMON;
  std::chrono::milliseconds deadline{60'000};  ///< for one question; then its child is killed: refused
  std::size_t most = 256;                      ///< questions at a time; more wait in the socket
  LibwrapTables tables = {};
};

/// Forks the helper. To be called once, by the main thread, before there are other threads and after the daemon went
/// into the background: the helper ends when the thread that called this ends, or with the socket. It keeps none of the
/// caller's descriptors, has a session of its own and ignores signals, so that "pkill -HUP xsuperd" means the daemon
/// alone. An error when it cannot be started, or xsuperd was built without libwrap.
[[nodiscard]] base::Result<LibwrapHelper> start_libwrap_helper(const LibwrapHelperOptions& options = {});

/// argv[0] under which the daemon's own program is executed to be the helper.
constexpr std::string_view libwrap_program_name = "xsuperd-wrap";

/// The whole life of a helper that was executed with its socket as descriptor 0: never returns. What of
/// `options` is not for the client comes from the environment, XSUPERD_WRAP_IDENTITY and XSUPERD_WRAP_FACILITY.
[[noreturn]] void run_libwrap_helper(int socket);

/// Who the rules are evaluated as when the daemon is root: the files are read, and commands run, with the privileges of
/// the service (fact B5.25).
struct LibwrapUser {
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<gid_t> groups = {};  ///< supplementary; more than 1024 are too many to ask with: refused
};

struct LibwrapQuestion {
  std::string daemon;    ///< the name in the rules (fact B5.22); longer than 255 bytes: refused
  base::Endpoint peer;   ///< mapped addresses are asked for as IPv4 (B5.24); no address: UNKNOWN (B4.37)
  base::Endpoint local;  ///< the connection's own end
  int connection = -1;   ///< for `twist`, `banners` and the like; borrowed during ask(); -1: none
  std::optional<LibwrapUser> user = {};  ///< none: as the daemon
};

enum class LibwrapAnswer : std::uint8_t {
  refused,
  allowed,
  twisted,  ///< refused, and another program talks to the peer (`twist`, B5.23): write nothing, just close
};

/// Asks the helper. Lives on the loop thread and never waits.
class Libwrap {
 public:
  struct Options {
    LibwrapTables tables = {};
    std::size_t queue = 256;  ///< questions that may wait for room in the socket, each with a descriptor
    /// Called when a helper has ended or could not be started, with a sentence for the daemon log (level error).
    std::function<void(std::string)> on_helper_end = {};
    /// As long as there are questions, how often the helper is looked at; one that is stopped, or has answered nothing
    /// for so long that the deadline of each of its questions must be over, is killed.
    std::chrono::milliseconds look{3'000};
    std::chrono::milliseconds silence{75'000};
    /// Starts a helper when there is a question and none runs: the first, and another after one ended, at
    /// most one a second. Without it there is only the one given to the constructor.
    std::function<base::Result<LibwrapHelper>()> start = {};
  };
  using Done = std::function<void(LibwrapAnswer)>;

  /// The loop must outlive it. With an empty `helper` all is refused, unless there are no rules.
  Libwrap(boost::asio::io_context& loop, LibwrapHelper helper, Options options);
  /// Ends the helper. Questions that are still open are never answered.
  ~Libwrap();
  Libwrap(const Libwrap&) = delete;
  Libwrap& operator=(const Libwrap&) = delete;

  /// True when there is nothing to ask: neither file has a line that is a rule, or xsuperd has no libwrap.
  /// Costs two stat(2) each 10 ms at the most: a rule in files that had none holds for connections that come
  /// later than that; a file is read again when it has changed, and with rules in it each time is asked anew.
  [[nodiscard]] bool no_rules();

  /// May this peer be served? With no_rules() `done(allowed)` is called at once, from inside this call;
  /// otherwise later, on the loop thread, exactly once. `done` may ask again, and may end the Libwrap.
  /// Whatever goes wrong (no helper, a helper that ended or hangs, a full queue, a deadline missed, a child that
  /// crashed) is `refused`.
  void ask(const LibwrapQuestion& question, Done done);

  /// Questions that wait for an answer.
  [[nodiscard]] std::size_t pending() const;
  /// The number of the helper's pidfd, or -1: an upgrade leaves it to those who reap. It stays ours.
  [[nodiscard]] int helper_pidfd() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace xsuperd::net
