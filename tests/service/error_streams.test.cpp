// SPDX-License-Identifier: MIT
// What servers write to descriptor 2, with stderr = log and discard.
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <map>

#include "service/fixture.hpp"
#include "xsuperd/service/hand_over.hpp"

using namespace xsuperd;
using namespace xsuperd::service;
using namespace xsuperd::service::test;
using config::ErrorOutput;

namespace {

config::Service service_with(ErrorOutput to) {
  config::Service service = stream_service();
  service.settings.error_output = to;
  return service;
}

/// A service with a server that runs, whose descriptor 2 the test has.
struct Logged : Bench {
  explicit Logged(ErrorOutput to = ErrorOutput::log) : Bench(service_with(to)) {
    REQUIRE(runner->start());
    client.emplace(where());
    run_until_jobs(1);
  }
  void begin() {
    errors = std::move(job(0).errors);
    spawner.deliver_started(0, server.pid(), server.pidfd());
  }
  /// Says it as the worker does.
  void tell(std::size_t request, std::string_view line) { CHECK(conversations.requests.at(request).parameters.on_line(line)); }
  [[nodiscard]] std::string entry(std::string_view line) const { return fmt::format("STDERR: x pid={} {}\n", server.pid(), line); }
  /// Nothing can be written, because nobody has the pipe open for reading.
  [[nodiscard]] bool broken() const {
    pollfd end{errors.get(), POLLOUT, 0};
    return ::poll(&end, 1, 0) == 1 && (end.revents & POLLERR) != 0;
  }

  std::optional<Client> client;
  Process server = Process::sleeping();
  base::Fd errors;
};

}  // namespace

TEST_CASE("without stderr, and with client, descriptor 2 is the connection") {
  Logged bench(ErrorOutput::client);
  CHECK_FALSE(bench.job(0).errors);
  CHECK_FALSE(bench.job(0).discard_errors);
  bench.begin();
  CHECK(bench.conversations.requests.empty());
}

TEST_CASE("with discard it is /dev/null") {
  Logged bench(ErrorOutput::discard);
  CHECK_FALSE(bench.job(0).errors);
  CHECK(bench.job(0).discard_errors);
  bench.begin();
  CHECK(bench.conversations.requests.empty());
}

TEST_CASE("with log it is a pipe that a worker reads once the server runs, and lines become entries") {
  Logged bench;
  REQUIRE(bench.job(0).errors);
  CHECK((::fcntl(bench.job(0).errors.get(), F_GETFD) & FD_CLOEXEC) != 0);
  CHECK(bench.conversations.requests.empty());
  bench.begin();
  REQUIRE(bench.conversations.requests.size() == 1);
  CHECK(bench.conversations.requests[0].kind == worker::Kind::lines);
  REQUIRE(::write(bench.errors.get(), "oh\n", 3) == 3);
  char bytes[8];
  ::fcntl(bench.conversations.requests[0].connection.get(), F_SETFL, O_NONBLOCK);
  CHECK(::read(bench.conversations.requests[0].connection.get(), bytes, sizeof bytes) == 3);
  bench.tell(0, "oh");
  CHECK(bench.entries().ends_with(bench.entry("oh")));
  bench.errors.reset();
  CHECK(::read(bench.conversations.requests[0].connection.get(), bytes, sizeof bytes) == 0);  // nobody else had it
}

TEST_CASE("lines may come after the end of the session, and go to the log that the service has then") {
  Logged bench;
  bench.begin();
  CHECK(signal_servers(*bench.runner, SIGKILL) == 1);
  bench.run_until([&] { return bench.runner->sessions().empty(); });
  bench.tell(0, "from a child");
  CHECK(bench.entries().ends_with(bench.entry("from a child")));
  bench.runner->reconfigure(bench.setup_for(service_with(ErrorOutput::discard)));
  bench.tell(0, "still there");
  CHECK(bench.entries().ends_with(bench.entry("still there")));
  bench.conversations.finish(0);
  CHECK(bench.runner->hand_over().error_streams.empty());
}

TEST_CASE("a service without a log has nothing to read") {
  Bench bench(service_with(ErrorOutput::log));
  Setup setup = bench.setup_for(service_with(ErrorOutput::log));
  setup.service_log = nullptr;
  bench.runner->reconfigure(std::move(setup));
  REQUIRE(bench.runner->start());
  const Client client(bench.where());
  bench.run_until_jobs(1);
  CHECK_FALSE(bench.job(0).errors);
  CHECK(bench.job(0).discard_errors);
}

TEST_CASE("a server that is not started has no stream") {
  Logged bench;
  bench.spawner.deliver_child_failure(0, spawn::Step::exec, ENOENT, 7, 127);
  CHECK(bench.conversations.requests.empty());
  CHECK(bench.runner->hand_over().error_streams.empty());
}

TEST_CASE("a stream whose worker fails is read by the next, and thrown away when that one fails soon") {
  Logged bench;
  bench.begin();
  bench.conversations.lose(0);
  REQUIRE(bench.conversations.requests.size() == 2);
  CHECK_FALSE(bench.broken());
  bench.tell(1, "again");
  CHECK(bench.entries().ends_with(bench.entry("again")));
  bench.clock = at(59s);
  bench.conversations.lose(1);
  CHECK(bench.conversations.requests.size() == 2);
  CHECK(bench.sink.has(fmt::format("service x: what server {} writes to stderr is thrown away: no worker reads it", bench.server.pid())));
  CHECK_FALSE(bench.broken());
  ::fcntl(bench.errors.get(), F_SETFL, O_NONBLOCK);
  const std::string much(100'000, 'x');
  std::size_t written = 0;
  bench.run_until([&] {
    const ssize_t count = ::write(bench.errors.get(), much.data(), much.size());
    if (count > 0) written += static_cast<std::size_t>(count);
    return written > 1'000'000;
  });
  bench.errors.reset();
  bench.run_until([&] { return bench.runner->hand_over().error_streams.empty(); });
}

TEST_CASE("a stream whose workers fail now and then is read on") {
  Logged bench;
  bench.begin();
  for (std::size_t i = 0; i < 5; ++i) {
    bench.conversations.lose(i);
    CHECK(bench.conversations.requests.size() == i + 2);
    bench.clock += 61s;
  }
}

TEST_CASE("a stream passes to the next image, and so does one that is thrown away") {
  const bool unread = GENERATE(false, true);
  Logged bench;
  bench.begin();
  if (unread) bench.conversations.lose(0), bench.conversations.lose(1);
  bench.around.sockets.holding = true;
  bench.runner->hold();
  InheritedRunner handed = bench.runner->hand_over();
  REQUIRE(handed.error_streams.size() == 1);
  const InheritedErrorStream stream = handed.error_streams[0];
  CHECK(stream.pid == bench.server.pid());
  CHECK(stream.unread == unread);
  handed.sessions.clear(), handed.state.places.clear();
  base::Fd copy(::fcntl(stream.pipe, F_DUPFD_CLOEXEC, 0));
  bench.runner.reset();
  bench.children.abandon();
  bench.conversations.requests.clear();
  bench.around.sockets.holding = false;
  const bool known = GENERATE(false, true);  // or it waited for a worker
  if (known) bench.conversations.handed_over.push_back(stream.token);
  bench.runner = std::make_shared<Runner>(bench.around, bench.setup_for(service_with(ErrorOutput::log)));
  bench.runner->restore(handed, [&](int number) { return number == stream.pipe ? std::move(copy) : base::Fd{}; });
  bench.runner->carry_on();
  CHECK_FALSE(bench.broken());
  CHECK(bench.conversations.requests.size() == (unread ? 0 : 1));
  if (!unread) {
    CHECK(bench.conversations.requests[0].kind == (known ? worker::Kind::echo : worker::Kind::lines));
    bench.tell(0, "over there");
    CHECK(bench.entries().ends_with(bench.entry("over there")));
    return;
  }
  bench.errors.reset();
  bench.run_until([&] { return bench.runner->hand_over().error_streams.empty(); });
}
