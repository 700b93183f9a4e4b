// SPDX-License-Identifier: MIT
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "xsuperd/base/error.hpp"
#include "xsuperd/base/fd.hpp"
#include "xsuperd/base/time.hpp"
#include "xsuperd/log/event.hpp"

namespace xsuperd::log {

/// Where events go, and what makes lines of them. Made on any thread; from then on used by the writer thread alone.
/// write() may block: that is the writer's business, never the loop's.
class Output {
 public:
  virtual ~Output() = default;

  /// What became of one line.
  enum class Outcome : std::uint8_t {
    written,
    later,  ///< could not be written now (disk full, no syslog daemon); the writer keeps it and tries again
    ended,  ///< will never be written: the hard limit of the file is reached
  };
  struct Line {
    Level level = Level::info;
    base::WallTime when;
    Event event;
  };
  /// After `later` the same line must be offered again before any other: part of it may stand in the file
  /// already, and the next call goes on behind that part.
  virtual Outcome write(const Line& line) = 0;

  /// What an output has to say about itself.
  struct Remark {
    Level level = Level::error;
    std::string text;
  };
  /// The next remark for the daemon log about this output (limit reached, writing failed, works again), taken
  /// by the writer after each write until there is none left. Each is said once per cause.
  [[nodiscard]] virtual std::optional<Remark> take_complaint() { return std::nullopt; }
};

/// Who is logging: the tag of every daemon line.
struct Identity {
  std::string program;  ///< the name we were called by
  pid_t pid = 0;
};

/// The daemon's -filelog: "YY/M/D@HH:MM:SS PROG[PID]: LEVEL: TEXT" (fact B7.2). Opens `path` for appending,
/// mode 0644 less the umask; a pipe, /dev/stdout and /dev/stderr work too. Opening never waits, not even for
/// a pipe's reader.
[[nodiscard]] base::Result<std::shared_ptr<Output>> open_daemon_file(const std::string& path, Identity who);
/// The same lines on a descriptor that is already open: -d writes to /dev/tty without program name, as
/// "YY/M/D@HH:MM:SS: LEVEL: PID TEXT" (fact B7.3).
[[nodiscard]] std::shared_ptr<Output> debug_output(base::Fd terminal, Identity who);
/// A service log file: "YY/M/D@HH:MM:SS: ENTRY" (fact B7.9), with size limits in bytes, 0 for none (facts
/// B7.24 to B7.26, decision B15.19). `id` names the log in complaints ("common" for the shared one).
[[nodiscard]] base::Result<std::shared_ptr<Output>> open_service_file(const std::string& path, std::string id,
                                                                      std::uint64_t soft, std::uint64_t hard);
/// Syslog: RFC 3164 datagrams "<PRI>Mmm dd hh:mm:ss PROG[PID]: TEXT" to the socket at `path`. `facility` is
/// LOG_DAEMON and so on. `fixed_level` replaces each line's own level when it is not negative (log_type's
/// LEVEL). Connects again when the daemon behind it was restarted; a missing one makes write() say `later`.
[[nodiscard]] std::shared_ptr<Output> syslog_output(Identity who, int facility, int fixed_level = -1,
                                                    std::string path = "/dev/log");

/// An event log: a JSON object a line, as docs/schema/event.json has it. Opens as the others do.
[[nodiscard]] base::Result<std::shared_ptr<Output>> open_event_file(const std::string& path);
/// An event log in the journal of systemd, whose socket is at `path`, in its native protocol (systemd, "Native Journal
/// Protocol"): each field as XSUPERD_NAME, and the whole as MESSAGE. A missing journal makes write() say `later`.
[[nodiscard]] std::shared_ptr<Output> journal_output(Identity who, std::string path = "/run/systemd/journal/socket");

}  // namespace xsuperd::log
