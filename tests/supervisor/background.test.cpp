// SPDX-License-Identifier: MIT
#include "xsuperd/supervisor/background.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <functional>

#include "fakes/memory_sink.hpp"
#include "xsuperd/base/fd.hpp"

// Decision B15.29: the process in whose name the daemon was started waits for what becomes of it.
using namespace xsuperd;
using namespace xsuperd::supervisor;

namespace {

struct Pipe {
  Pipe() {
    int ends[2];
    REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    reader.reset(ends[0]);
    writer.reset(ends[1]);
  }
  std::string read_all() {
    writer.reset();
    std::string all;
    char buffer[4096];
    for (ssize_t count = 0; (count = ::read(reader.get(), buffer, sizeof buffer)) > 0;)
      all.append(buffer, static_cast<std::size_t>(count));
    return all;
  }
  base::Fd reader, writer;
};

struct Start {
  int status = -1;    ///< with which the process ended that was started
  std::string shown;  ///< on its standard error output
};

/// A daemon that goes into the background and then does `work`; what that returns is its exit status.
Start start(const std::function<int(StartReport)>& work) {
  Pipe errors;
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::dup2(errors.writer.get(), 2);
    auto report = daemonize("prog");
    ::_exit(report ? work(std::move(*report)) : 99);
  }
  Start result;
  result.shown = errors.read_all();
  int status = 0;
  REQUIRE(::waitpid(pid, &status, 0) == pid);
  REQUIRE(WIFEXITED(status));
  result.status = WEXITSTATUS(status);
  return result;
}

}  // namespace

TEST_CASE("a start that succeeds ends the waiting process with 0, and the daemon goes on in a session of its own") {
  Pipe later;
  const Start good = start([&](StartReport report) {
    const char answer = ::getsid(0) == ::getpid() ? 'y' : 'n';
    report.done();
    return ::write(later.writer.get(), &answer, 1) == 1 ? 1 : 2;  // nobody hears of this status
  });
  CHECK(good.status == 0);
  CHECK(good.shown.empty());
  CHECK(later.read_all() == "y");
}

TEST_CASE("the waiting process does not end before the start is over") {
  Pipe go_on;
  Pipe errors;
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::dup2(errors.writer.get(), 2);
    auto report = daemonize("prog");
    if (!report) ::_exit(99);
    report->say("on the way");
    char byte = 0;
    go_on.writer.reset();
    if (::read(go_on.reader.get(), &byte, 1) == 1) report->done();
    ::_exit(1);
  }
  errors.writer.reset();
  char text[11]{};
  for (std::size_t have = 0; have < sizeof text;) {
    const ssize_t count = ::read(errors.reader.get(), text + have, sizeof text - have);
    REQUIRE(count > 0);
    have += static_cast<std::size_t>(count);
  }
  CHECK(std::string(text, sizeof text) == "on the way\n");
  int status = 0;
  CHECK(::waitpid(pid, &status, WNOHANG) == 0);
  REQUIRE(::write(go_on.writer.get(), "x", 1) == 1);
  REQUIRE(::waitpid(pid, &status, 0) == pid);
  CHECK(status == 0);
}

TEST_CASE("a start that fails ends the waiting process with the status of the daemon") {
  const Start failed = start([](StartReport report) {
    report.say("prog: no\tservices");
    return 3;
  });
  CHECK(failed.status == 3);
  CHECK(failed.shown == "prog: no?services\n");
}

TEST_CASE("a daemon that ends before it has started was no success, whatever its status") {
  CHECK(start([](StartReport) { return 0; }).status == 1);
}

TEST_CASE("a daemon that crashes while it starts is a failure, and the signal is named") {
  const Start crashed = start([](StartReport) {
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::kill(::getpid(), SIGKILL);
    return 0;
  });
  CHECK(crashed.status == 1);
  CHECK(crashed.shown == "prog: the daemon was ended by signal 9 while it started\n");
}

TEST_CASE("more than a pipe takes is cut, and the end of the start arrives all the same") {
  const Start good = start([](StartReport report) {
    for (int i = 0; i < 10000; ++i) report.say("service x could not be opened");
    report.done();
    return 0;
  });
  CHECK(good.status == 0);
  CHECK(good.shown.size() > 30000);
  CHECK(good.shown.size() <= 32768);
}

TEST_CASE("errors of the daemon's own log are shown until the start is over, and nothing else is") {
  fakes::MemorySink sink;
  const auto own = log::syslog_output({"prog", 1}, 0);
  const auto other = log::syslog_output({"prog", 1}, 0);
  const Start good = start([&](StartReport report) {
    StartErrors errors(sink, *own, "prog", report);
    const auto write = [&](const auto& to, log::Level level, std::string_view text) { errors.write(to, level, {}, text); };
    write(own, log::Level::error, "one");
    write(own, log::Level::critical, "{function} two");
    write(own, log::Level::warning, "three");
    write(other, log::Level::error, "four");
    report.done();
    write(own, log::Level::error, "five");
    return sink.lines.size() == 5 ? 0 : 1;
  });
  CHECK(good.status == 0);
  CHECK(good.shown == "prog: one\nprog: two\n");
}

TEST_CASE("a report that nobody hears takes everything") {
  StartReport nobody;
  CHECK_FALSE(nobody.heard());
  nobody.say("x");
  nobody.done();
}
