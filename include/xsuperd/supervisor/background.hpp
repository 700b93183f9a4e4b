// SPDX-License-Identifier: MIT
#pragma once
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "xsuperd/base/error.hpp"
#include "xsuperd/base/fd.hpp"
#include "xsuperd/log/writer.hpp"

/// The way into the background, and how those who have started the daemon hear what became of it. All of it belongs to
/// the main thread.
namespace xsuperd::supervisor {

/// What is told during the start to those who wait for its end: the process in whose name the daemon was started, or
/// somebody at a terminal. Telling never blocks and never fails; what cannot be taken is dropped.
class StartReport {
 public:
  /// Nobody listens.
  StartReport() = default;
  /// The standard error output, if that is a terminal; otherwise nobody.
  [[nodiscard]] static StartReport on_terminal();

  StartReport(StartReport&&) noexcept = default;
  StartReport& operator=(StartReport&&) noexcept = default;

  [[nodiscard]] bool heard() const { return static_cast<bool>(to_); }
  /// Shows `text`, a line, with "?" for control characters. Of all texts together the first 32 KB are shown.
  void say(std::string_view text);
  /// The start is over, and has succeeded: the process that waits ends with status 0. Whoever never says so, because he
  /// ended before, has failed.
  void done();

 private:
  friend base::Result<StartReport> daemonize(const std::string& program);
  StartReport(base::Fd to, bool awaited) : to_(std::move(to)), awaited_(awaited) {}

  base::Fd to_;
  bool awaited_ = false;  ///< by a process, which wants to know how it ended
  std::size_t said_ = 0;  ///< bytes
};

/// Goes into the background (fact B1.26). Returns in the child alone. The parent shows on its standard error output what
/// the report is told, and ends when the start is over (decision B15.29): with 0 if that was a success, otherwise with
/// the exit status of the child; a child that ended by a signal or, too early, with 0 counts as 1. `program` is the name
/// for what the parent itself has to say. Fails where there can be no process (fork(2)) or pipe.
[[nodiscard]] base::Result<StartReport> daemonize(const std::string& program);

/// Passes every line on to `sink`; while the report is heard, errors among the lines for `daemon_log` are told to it as
/// well, with the name of the program and without the word in braces of critical ones.
class StartErrors : public log::Sink {
 public:
  /// `sink` and `report` outlive it; so does `daemon_log` the start.
  StartErrors(log::Sink& sink, const log::Output& daemon_log, std::string program, StartReport& report)
      : sink_(sink), daemon_log_(&daemon_log), program_(std::move(program)), report_(report) {}
  void write(const std::shared_ptr<log::Output>& to, log::Level level, base::WallTime when,
             const log::Event& event) override;

 private:
  log::Sink& sink_;
  const log::Output* daemon_log_;  ///< looked at no more after the start: a reload opens another one
  std::string program_;
  StartReport& report_;
};

}  // namespace xsuperd::supervisor
