// SPDX-License-Identifier: MIT
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstring>

#include "log/scratch.hpp"

using namespace xsuperd;
using namespace xsuperd::log;
using namespace xsuperd::log::test;
using Outcome = Output::Outcome;

namespace {

const Identity who{"xinetd", 123};

/// A syslog daemon's end of /dev/log.
class Daemon {
 public:
  explicit Daemon(const std::string& path, int type = SOCK_DGRAM) {
    fd_.reset(::socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    sockaddr_un at{};
    at.sun_family = AF_UNIX;
    std::strncpy(at.sun_path, path.c_str(), sizeof at.sun_path - 1);
    ::unlink(path.c_str());
    if (::bind(fd_.get(), reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0)
      throw std::runtime_error("bind");
    if (type == SOCK_STREAM) ::listen(fd_.get(), 5);
  }
  [[nodiscard]] base::Fd accepted() const {
    return base::Fd(::accept4(fd_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  }
  [[nodiscard]] std::string received() const { return received(fd_.get()); }
  [[nodiscard]] static std::string received(int fd) {
    std::string text(20000, '\0');
    const ssize_t count = ::recv(fd, text.data(), text.size(), 0);
    text.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
    return text;
  }

 private:
  base::Fd fd_;
};

}  // namespace

TEST_CASE("a syslog message carries priority, time and tag") {
  const Scratch dir;
  const Daemon daemon(dir / "log");
  const auto log = syslog_output(who, LOG_DAEMON, -1, dir / "log");
  CHECK(log->write(line("Started working: 1 available service", Level::notice)) == Outcome::written);
  CHECK(daemon.received() == "<29>Nov  3 01:02:03 xinetd[123]: Started working: 1 available service");
  log->write(line("bind failed", Level::error));
  CHECK(daemon.received() == "<27>Nov  3 01:02:03 xinetd[123]: bind failed");
  CHECK(complaints(*log).empty());
}

TEST_CASE("a critical syslog message begins with the pid") {
  const Scratch dir;
  const Daemon daemon(dir / "log");
  const auto log = syslog_output(who, LOG_DAEMON, -1, dir / "log");
  log->write(line("{init_services} no services. Exiting...", Level::critical));
  CHECK(daemon.received() == "<26>Nov  3 01:02:03 xinetd[123]: 123 {init_services} no services. Exiting...");
}

TEST_CASE("facility and level of log_type replace the line's own") {
  const Scratch dir;
  const Daemon daemon(dir / "log");
  const auto log = syslog_output(who, LOG_LOCAL3, LOG_EMERG, dir / "log");
  log->write(line("START: plain", Level::info));
  CHECK(daemon.received() == "<152>Nov  3 01:02:03 xinetd[123]: START: plain");
}

TEST_CASE("a message is cut at eight kilobytes") {
  const Scratch dir;
  const Daemon daemon(dir / "log");
  const auto log = syslog_output(who, LOG_DAEMON, -1, dir / "log");
  CHECK(log->write(line(std::string(100000, 'x'))) == Outcome::written);
  CHECK(daemon.received().size() == 8192);
}

TEST_CASE("a missing syslog daemon is complained about once, and so is its return") {
  const Scratch dir;
  const auto log = syslog_output(who, LOG_DAEMON, -1, dir / "log");
  CHECK(log->write(line("one")) == Outcome::later);
  CHECK(log->write(line("one")) == Outcome::later);
  const std::string name = "writing to syslog socket " + (dir / "log");
  CHECK(complaints(*log) == std::vector<std::string>{name + ": No such file or directory (errno = 2)"});

  const Daemon daemon(dir / "log");
  CHECK(log->write(line("one")) == Outcome::written);
  CHECK(daemon.received() == "<30>Nov  3 01:02:03 xinetd[123]: one");
  CHECK(complaints(*log) == std::vector<std::string>{name + " works again"});
}

TEST_CASE("a syslog daemon that was restarted gets the next line at once") {
  const Scratch dir;
  auto daemon = std::make_unique<Daemon>(dir / "log");
  const auto log = syslog_output(who, LOG_DAEMON, -1, dir / "log");
  log->write(line("one"));
  daemon.reset();
  CHECK(log->write(line("two")) == Outcome::later);  // the socket is there, and nobody behind it
  daemon = std::make_unique<Daemon>(dir / "log");
  CHECK(log->write(line("two")) == Outcome::written);
  CHECK(daemon->received() == "<30>Nov  3 01:02:03 xinetd[123]: two");

  daemon.reset();
  daemon = std::make_unique<Daemon>(dir / "log");
  CHECK(log->write(line("three")) == Outcome::written);
  CHECK(daemon->received() == "<30>Nov  3 01:02:03 xinetd[123]: three");
}

TEST_CASE("a syslog daemon that hangs makes a line wait and not the writer") {
  const Scratch dir;
  const Daemon daemon(dir / "log");
  const auto log = syslog_output(who, LOG_DAEMON, -1, dir / "log");
  int sent = 0;
  while (log->write(line("again")) == Outcome::written) REQUIRE(++sent < 100000);
  CHECK(complaints(*log).size() == 1);
  CHECK_FALSE(daemon.received().empty());
  CHECK(log->write(line("again")) == Outcome::written);
}

TEST_CASE("a syslog daemon that wants a stream gets messages that end in NUL") {
  const Scratch dir;
  const Daemon daemon(dir / "log", SOCK_STREAM);
  const auto log = syslog_output(who, LOG_DAEMON, -1, dir / "log");
  CHECK(log->write(line("one")) == Outcome::written);
  CHECK(log->write(line("two")) == Outcome::written);
  const base::Fd connection = daemon.accepted();
  const std::string one = "<30>Nov  3 01:02:03 xinetd[123]: one",
                    two = "<30>Nov  3 01:02:03 xinetd[123]: two";
  CHECK(Daemon::received(connection.get()) == one + '\0' + two + '\0');
}

TEST_CASE("a path that no socket address holds is a failure") {
  const auto log = syslog_output(who, LOG_DAEMON, -1, "/" + std::string(200, 'x'));
  CHECK(log->write(line("one")) == Outcome::later);
  CHECK(complaints(*log).at(0).find("File name too long") != std::string::npos);
}
