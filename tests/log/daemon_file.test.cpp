// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>

#include "log/scratch.hpp"

using namespace xsuperd;
using namespace xsuperd::log;
using namespace xsuperd::log::test;
using Outcome = Output::Outcome;

namespace {

const Identity who{"xinetd", 26810};

struct Pipe {
  base::Fd reader;
  base::Fd writer;
  Pipe() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) throw std::runtime_error("pipe2");
    reader.reset(ends[0]);
    writer.reset(ends[1]);
  }
  [[nodiscard]] std::string drained() const {
    std::string all;
    char part[4096];
    for (ssize_t count = 0; (count = ::read(reader.get(), part, sizeof part)) > 0;)
      all.append(part, static_cast<std::size_t>(count));
    return all;
  }
};

/// Lets files grow to so many bytes only, like a disk that is full.
struct FileSizeLimit {
  explicit FileSizeLimit(rlim_t bytes) {
    std::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &before);
    const rlimit now{bytes, before.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &now);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &before);
    std::signal(SIGXFSZ, SIG_DFL);
  }
  rlimit before{};
};

}  // namespace

TEST_CASE("a daemon log line carries stamp, tag and level") {
  const Scratch dir;
  const auto log = *open_daemon_file(dir / "log", who);
  CHECK(log->write(line("bind failed", Level::error)) == Outcome::written);
  CHECK(log->write({Level::notice, sample_time(1), "Reconfigured: new=0 old=1 dropped=0 (services)"}) ==
        Outcome::written);
  CHECK(content(dir / "log") ==
        "26/11/3@01:02:03 xinetd[26810]: ERROR: bind failed\n"
        "26/11/3@01:02:04 xinetd[26810]: NOTICE: Reconfigured: new=0 old=1 dropped=0 (services)\n");
  CHECK(complaints(*log).empty());
}

TEST_CASE("a critical line of the daemon log repeats the pid") {
  const Scratch dir;
  const auto log = *open_daemon_file(dir / "log", who);
  log->write(line("{hard_reconfig} No available services. Exiting", Level::critical));
  CHECK(content(dir / "log") ==
        "26/11/3@01:02:03 xinetd[26810]: CRITICAL: 26810 {hard_reconfig} No available services. Exiting\n");
}

TEST_CASE("callers' bytes are written as they are") {
  const Scratch dir;
  const auto log = *open_daemon_file(dir / "log", who);
  log->write(line("tab\there %m {} \xc3\xa4"));
  CHECK(content(dir / "log") == "26/11/3@01:02:03 xinetd[26810]: INFO: tab\there %m {} \xc3\xa4\n");
}

TEST_CASE("a log file is created 0644 less the umask, and appended to") {
  const Scratch dir;
  const mode_t before = ::umask(027);
  const auto log = *open_daemon_file(dir / "log", who);
  ::umask(before);
  struct stat found {};
  REQUIRE(::stat((dir / "log").c_str(), &found) == 0);
  CHECK((found.st_mode & 07777) == 0640);

  log->write(line("one"));
  (*open_daemon_file(dir / "log", who))->write(line("two"));
  log->write(line("three"));
  CHECK(content(dir / "log").find("one") < content(dir / "log").find("two"));
  CHECK(content(dir / "log").find("two") < content(dir / "log").find("three"));
}

TEST_CASE("a log that cannot be opened is named with the reason") {
  const Scratch dir;
  const auto log = open_daemon_file(dir / "missing/log", who);
  REQUIRE_FALSE(log.has_value());
  CHECK(log.error().code == ENOENT);
  CHECK(log.error().sentence ==
        "opening log file " + (dir / "missing/log") + ": No such file or directory (errno = 2)");
}

TEST_CASE("a debug line goes without program name, the pid before the text") {
  Pipe pipe;
  const auto log = debug_output(std::move(pipe.writer), who);
  log->write(line("{cnf_start_services} mask_max = 7", Level::debug));
  log->write(line("{main} none", Level::critical));
  CHECK(pipe.drained() ==
        "26/11/3@01:02:03: DEBUG: 26810 {cnf_start_services} mask_max = 7\n"
        "26/11/3@01:02:03: CRITICAL: 26810 {main} none\n");
}

TEST_CASE("a full device is complained about once and the line can come later") {
  const auto log = *open_daemon_file("/dev/full", who);
  CHECK(log->write(line("one")) == Outcome::later);
  CHECK(log->write(line("one")) == Outcome::later);
  CHECK(complaints(*log) ==
        std::vector<std::string>{"writing to log file /dev/full: No space left on device (errno = 28)"});
}

TEST_CASE("a line that was written in part is finished later, and not begun again") {
  const Scratch dir;
  const auto log = *open_daemon_file(dir / "log", who);
  {
    const FileSizeLimit full(40);
    CHECK(log->write(line("this is the first line")) == Outcome::later);
    CHECK(content(dir / "log").size() == 40);
  }
  CHECK(log->write(line("this is the first line")) == Outcome::written);
  CHECK(log->write(line("two")) == Outcome::written);
  CHECK(content(dir / "log") ==
        "26/11/3@01:02:03 xinetd[26810]: INFO: this is the first line\n"
        "26/11/3@01:02:03 xinetd[26810]: INFO: two\n");
  const std::string name = "writing to log file " + (dir / "log");
  CHECK(complaints(*log) ==
        std::vector<std::string>{name + ": File too large (errno = 27)", name + " works again"});
}

TEST_CASE("a line longer than what a pipe takes arrives whole") {
  Pipe pipe;
  const std::string text(100000, 'x');
  const auto log = debug_output(std::move(pipe.writer), who);
  std::string got;
  while (log->write(line(text)) == Outcome::later) got += pipe.drained();
  got += pipe.drained();
  CHECK(got == "26/11/3@01:02:03: INFO: 26810 " + text + "\n");
}

TEST_CASE("a broken pipe is a failure, not the end of the process") {
  Pipe pipe;
  std::signal(SIGPIPE, SIG_IGN);
  const auto log = debug_output(std::move(pipe.writer), who);
  pipe.reader.reset();
  CHECK(log->write(line("one")) == Outcome::later);
  CHECK(complaints(*log) == std::vector<std::string>{"writing to the terminal: Broken pipe (errno = 32)"});
  std::signal(SIGPIPE, SIG_DFL);
}

TEST_CASE("a named pipe without a reader holds lines until one comes") {
  const Scratch dir;
  REQUIRE(::mkfifo((dir / "fifo").c_str(), 0600) == 0);
  const auto log = *open_daemon_file(dir / "fifo", who);
  CHECK(log->write(line("one")) == Outcome::written);
  const base::Fd reader(::open((dir / "fifo").c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  char text[100];
  const ssize_t count = ::read(reader.get(), text, sizeof text);
  REQUIRE(count > 0);
  CHECK(std::string(text, static_cast<std::size_t>(count)) == "26/11/3@01:02:03 xinetd[26810]: INFO: one\n");
}

TEST_CASE("/dev/stdout works even when it is a socket") {
  int ends[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
  const base::Fd ours(ends[0]);
  base::Fd theirs(ends[1]);
  const base::Fd saved(::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3));
  ::dup2(theirs.get(), STDOUT_FILENO);
  auto log = open_daemon_file("/dev/stdout", who);
  ::dup2(saved.get(), STDOUT_FILENO);
  theirs.reset();

  REQUIRE(log.has_value());
  CHECK((*log)->write(line("one")) == Outcome::written);
  char text[100];
  const ssize_t count = ::read(ours.get(), text, sizeof text);
  REQUIRE(count > 0);
  CHECK(std::string(text, static_cast<std::size_t>(count)) == "26/11/3@01:02:03 xinetd[26810]: INFO: one\n");
}
