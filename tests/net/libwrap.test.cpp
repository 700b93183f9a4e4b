// SPDX-License-Identifier: MIT
#include "xsuperd/net/libwrap.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <optional>

#include "net/libwrap_scratch.hpp"
#include "net/sockets.hpp"

using namespace xsuperd;
using namespace xsuperd::net;
using namespace xsuperd::net::testing;

namespace {

constexpr auto allowed = LibwrapAnswer::allowed, refused = LibwrapAnswer::refused,
               twisted = LibwrapAnswer::twisted;

bool no_library() {
  if (libwrap_available()) return false;
  WARN("skipped: built without libwrap");
  return true;
}

/// A helper with rules of its own and a client that asks it; both sides of the daemon on this thread.
struct Fixture {
  explicit Fixture(const std::string& allow, const std::string& deny = "ALL: ALL\n",
                   LibwrapHelperOptions options = {}) {
    put(allow, deny);
    options.tables = tables();
    auto started = start_libwrap_helper(options);
    REQUIRE(started.has_value());
    process.reset(::fcntl(started->process.get(), F_DUPFD_CLOEXEC, 0));
    connect(std::move(*started));
  }
  Fixture() = default;

  [[nodiscard]] LibwrapTables tables() const { return {scratch / "allow", scratch / "deny"}; }
  void put(const std::string& allow, const std::string& deny) const {
    scratch.put("allow", allow);
    scratch.put("deny", deny);
  }
  void connect(LibwrapHelper helper, std::size_t queue = 256) {
    Libwrap::Options options{tables(), queue, [this](std::string text) { ends.push_back(std::move(text)); }};
    options.look = look;
    options.silence = silence;
    wrap.emplace(loop, std::move(helper), std::move(options));
  }

  [[nodiscard]] LibwrapAnswer answer(const LibwrapQuestion& question) {
    std::optional<LibwrapAnswer> is;
    wrap->ask(question, [&](LibwrapAnswer a) { is = a; });
    REQUIRE(run_until(loop, [&] { return is.has_value(); }));
    return *is;
  }
  [[nodiscard]] LibwrapAnswer answer(const std::string& daemon, const char* peer) {
    return answer({.daemon = daemon, .peer = {address(peer), 40000}, .local = {address(peer), 23}});
  }
  /// Asks and notes what is answered.
  void ask(const std::string& daemon) {
    wrap->ask({.daemon = daemon, .peer = {address("127.0.0.1"), 40000}, .local = {}},
              [this, daemon](LibwrapAnswer a) { answers.emplace_back(daemon, a); });
  }
  [[nodiscard]] std::size_t count(LibwrapAnswer which) const {
    return static_cast<std::size_t>(
        std::count_if(answers.begin(), answers.end(), [=](const auto& a) { return a.second == which; }));
  }

  /// A rule whose command lasts until release().
  std::string slow_rule() {
    gate = scratch / "gate";
    REQUIRE(::mkfifo(gate.c_str(), 0600) == 0);
    return "slow: ALL: spawn (cat " + gate + ")\n";
  }
  /// Waits until the command runs; it ends with what is returned.
  [[nodiscard]] base::Fd running_command() {
    base::Fd end;
    REQUIRE(run_until(loop, [&] {
      end.reset(::open(gate.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC));
      return static_cast<bool>(end);
    }));
    return end;
  }
  /// Lets the command end, once it runs.
  void release() { (void)running_command(); }
  void signal_helper(int number) const {
    REQUIRE(::syscall(SYS_pidfd_send_signal, process.get(), number, nullptr, 0U) == 0);
  }
  void kill_helper() const { signal_helper(SIGKILL); }

  Scratch scratch;
  std::string gate;
  std::chrono::milliseconds look{20};
  std::chrono::milliseconds silence{60'000};
  boost::asio::io_context loop;
  base::Fd process;
  std::optional<Libwrap> wrap;
  std::vector<std::pair<std::string, LibwrapAnswer>> answers;
  std::vector<std::string> ends;
};

/// A connection with its client's end.
struct Pair {
  Pair() {
    int ends[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    served.reset(ends[0]);
    client.reset(ends[1]);
  }
  /// What the client gets until so many bytes have come, or the end.
  [[nodiscard]] std::string received(std::size_t most = 1000) const {
    std::string all;
    char part[100];
    while (all.size() < most && ready(client.get(), POLLIN, 10'000)) {
      const auto n = ::recv(client.get(), part, sizeof part, 0);
      if (n <= 0) break;
      all.append(part, static_cast<std::size_t>(n));
    }
    return all;
  }
  base::Fd served, client;
};

LibwrapQuestion question_about(const std::string& daemon, const Pair& pair) {
  return {.daemon = daemon,
          .peer = {address("127.0.0.1"), 40000},
          .local = {address("127.0.0.1"), 23},
          .connection = pair.served.get()};
}

}  // namespace

TEST_CASE("without rules everybody is allowed at once and nobody is asked") {
  Fixture f;
  f.connect({});
  f.ask("in.testd");
  CHECK(f.count(allowed) == 1);
  f.put("# a comment\n", "\n");
  f.ask("in.testd");
  CHECK(f.count(allowed) == 2);
  CHECK(f.wrap->no_rules());
}

TEST_CASE("with rules and no helper everybody is refused, and not from inside the question") {
  if (no_library()) return;
  Fixture f;
  f.connect({});
  f.put("ALL: ALL\n", "");
  CHECK_FALSE(f.wrap->no_rules());
  f.ask("in.testd");
  CHECK(f.answers.empty());
  CHECK(run_until(f.loop, [&] { return f.count(refused) == 1; }));
}

TEST_CASE("a build without libwrap has no helper and asks nobody") {
  if (libwrap_available()) return;
  Fixture f;
  f.put("", "ALL: ALL\n");
  CHECK(start_libwrap_helper().has_error());
  f.connect({});
  CHECK(f.answer("in.testd", "192.0.2.1") == allowed);
}

TEST_CASE("rules go by daemon and by address, and new ones hold for the next question") {
  if (no_library()) return;
  Fixture f("in.testd: 192.0.2.7, 198.51.100., [2001:db8:5::]/48\n");
  CHECK(f.answer("in.testd", "192.0.2.7") == allowed);
  CHECK(f.answer("in.testd", "198.51.100.99") == allowed);
  CHECK(f.answer("in.testd", "2001:db8:5::1") == allowed);
  CHECK(f.answer("in.testd", "2001:db8:6::1") == refused);
  CHECK(f.answer("in.testd", "192.0.2.8") == refused);
  CHECK(f.answer("in.otherd", "192.0.2.7") == refused);
  f.put("in.otherd: ALL\n", "ALL: ALL\n");
  CHECK(f.answer("in.otherd", "192.0.2.7") == allowed);
  CHECK(f.answer("in.testd", "192.0.2.7") == refused);
  f.put("", "# nothing\n");
  CHECK(f.answer("in.testd", "192.0.2.7") == allowed);
}

TEST_CASE("a mapped peer matches IPv4 rules and shows as IPv4") {
  if (no_library()) return;
  Fixture f("");
  f.put("in.testd: 192.0.2.7: spawn (echo %a > " + f.scratch / "who" + ")\n", "ALL: ALL\n");
  CHECK(f.answer("in.testd", "::ffff:192.0.2.7") == allowed);
  CHECK(f.scratch.text("who") == "192.0.2.7\n");
  CHECK(f.answer("in.testd", "::ffff:192.0.2.8") == refused);
}

TEST_CASE("a client without an address is UNKNOWN") {
  if (no_library()) return;
  Fixture f("in.testd: UNKNOWN\nin.otherd: 192.0.2.7\n");
  CHECK(f.answer({.daemon = "in.testd", .peer = {}, .local = {}}) == allowed);
  CHECK(f.answer({.daemon = "in.otherd", .peer = {}, .local = {}}) == refused);
}

TEST_CASE("what cannot be asked is refused") {
  if (no_library()) return;
  Fixture f("ALL: ALL\n");
  CHECK(f.answer(std::string(255, 'd'), "192.0.2.7") == allowed);
  CHECK(f.answer(std::string(256, 'd'), "192.0.2.7") == refused);
}

TEST_CASE("twist gives the client another program, and the daemon hears of it") {
  if (no_library()) return;
  Fixture f("in.testd: ALL: twist echo go away; exit 3\n");
  Pair pair;
  CHECK(f.answer(question_about("in.testd", pair)) == twisted);
  pair.served.reset();
  CHECK(pair.received() == "go away\n");
}

TEST_CASE("a twisted program goes on and takes no place among the questions") {
  if (no_library()) return;
  Fixture f("in.testd: ALL: twist cat\nother: ALL\n", "ALL: ALL\n", {.most = 1});
  Pair pair;
  CHECK(f.answer(question_about("in.testd", pair)) == twisted);
  pair.served.reset();
  CHECK(f.answer("other", "192.0.2.7") == allowed);
  REQUIRE(send_now(pair.client.get(), "still here") == 10);
  CHECK(pair.received(10) == "still here");
  f.kill_helper();  // it outlives the helper, as servers outlive the daemon
  REQUIRE(run_until(f.loop, [&] { return f.ends.size() == 1; }));
  REQUIRE(send_now(pair.client.get(), "and now") == 7);
  CHECK(pair.received(7) == "and now");
}

TEST_CASE("the connection is closed in the helper before the answer comes") {
  if (no_library()) return;
  Fixture f("in.testd: ALL\n");
  Pair pair;
  CHECK(f.answer(question_about("in.testd", pair)) == allowed);
  pair.served.reset();
  CHECK(pair.received().empty());
}

TEST_CASE("a slow question holds up no other") {
  if (no_library()) return;
  Fixture f("");
  f.put(f.slow_rule() + "quick: ALL\n", "ALL: ALL\n");
  f.ask("slow");
  CHECK(f.answer("quick", "192.0.2.7") == allowed);
  CHECK(f.answers.empty());
  CHECK(f.wrap->pending() == 1);
  f.release();
  CHECK(run_until(f.loop, [&] { return f.count(allowed) == 1; }));
  CHECK(f.wrap->pending() == 0);
}

TEST_CASE("no more questions than allowed are worked on at a time") {
  if (no_library()) return;
  Fixture f("", "", {.most = 1});
  f.put(f.slow_rule() + "quick: ALL\n", "ALL: ALL\n");
  f.ask("slow");
  f.ask("quick");
  f.release();
  REQUIRE(run_until(f.loop, [&] { return f.answers.size() == 2; }));
  CHECK(f.answers[0] == std::pair(std::string("slow"), allowed));
  CHECK(f.answers[1] == std::pair(std::string("quick"), allowed));
}

TEST_CASE("questions without room in the socket wait, and those without room there are refused") {
  if (no_library()) return;
  Fixture f;
  f.put(f.slow_rule() + "quick: ALL\n", "ALL: ALL\n");
  auto helper = start_libwrap_helper({.most = 1, .tables = f.tables()});
  REQUIRE(helper.has_value());
  const int small = 1;  // the kernel makes a few messages of it
  ::setsockopt(helper->socket.get(), SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
  f.connect(std::move(*helper), 10);
  f.ask("slow");
  constexpr std::size_t more = 50;
  for (std::size_t i = 0; i < more; ++i) f.ask("quick");
  const std::size_t open = f.wrap->pending();
  CHECK(open > 11);
  CHECK(open < more);
  f.release();
  REQUIRE(run_until(f.loop, [&] { return f.answers.size() == more + 1; }));
  CHECK(f.count(allowed) == open);
  CHECK(f.count(refused) == more + 1 - open);
}

TEST_CASE("who takes longer than the deadline is refused") {
  if (no_library()) return;
  Fixture f("", "", {.deadline = 300ms});
  f.put(f.slow_rule(), "ALL: ALL\n");
  CHECK(f.answer("slow", "127.0.0.1") == refused);
  f.release();
}

TEST_CASE("a child that is killed counts as refused") {
  if (no_library()) return;
  Fixture f("in.testd: ALL: spawn kill -KILL $PPID\n");
  CHECK(f.answer("in.testd", "192.0.2.7") == refused);
  CHECK(f.ends.empty());
}

TEST_CASE("when the helper is killed, what is open and what comes later is refused") {
  if (no_library()) return;
  Fixture f("", "", {.most = 1});
  f.put(f.slow_rule() + "quick: ALL\n", "ALL: ALL\n");
  CHECK(f.answer("quick", "192.0.2.7") == allowed);
  f.ask("slow");
  f.ask("quick");
  const base::Fd command = f.running_command();
  f.kill_helper();
  CHECK(run_until(f.loop, [&] { return f.count(refused) == 2; }));
  REQUIRE(f.ends.size() == 1);
  CHECK(f.ends[0].find("signal 9") != std::string::npos);
  CHECK(f.answer("quick", "192.0.2.7") == refused);
  CHECK(f.ends.size() == 1);
  f.put("", "");
  CHECK(f.answer("quick", "192.0.2.7") == allowed);
}

TEST_CASE("a helper that is stopped is killed, and what it was asked is refused") {
  if (no_library()) return;
  Fixture f("ALL: ALL\n");
  CHECK(f.answer("in.telnetd", "192.0.2.1") == allowed);
  f.signal_helper(SIGSTOP);
  CHECK(f.answer("in.telnetd", "192.0.2.1") == refused);
  REQUIRE(f.ends.size() == 1);
  CHECK_THAT(f.ends[0], Catch::Contains("ended (signal 9)"));
}

TEST_CASE("a helper that was stopped and goes on before it is looked at answers") {
  if (no_library()) return;
  Fixture f("ALL: ALL\n");
  f.signal_helper(SIGSTOP);
  f.ask("in.telnetd");
  f.signal_helper(SIGCONT);
  REQUIRE(run_until(f.loop, [&] { return !f.answers.empty(); }));
  CHECK(f.answers[0].second == allowed);
  CHECK(f.ends.empty());
}

TEST_CASE("a helper that answers nothing although all its deadlines are over is killed") {
  if (no_library()) return;
  Fixture f("", "");
  f.put(f.slow_rule(), "ALL: ALL\n");
  f.wrap.reset();
  f.silence = std::chrono::milliseconds(200);
  auto started = start_libwrap_helper({.tables = f.tables()});
  REQUIRE(started.has_value());
  f.connect(std::move(*started));
  CHECK(f.answer("slow", "192.0.2.1") == refused);
  CHECK(f.ends.size() == 1);
  f.release();  // the command of the rule, which nobody kills
}

TEST_CASE("a client that ends answers nothing any more and leaves no process") {
  if (no_library()) return;
  Fixture f("ALL: ALL\n");
  f.ask("in.testd");
  f.wrap.reset();
  f.loop.restart();
  f.loop.poll();
  CHECK(f.answers.empty());
  siginfo_t info{};
  CHECK(::waitid(P_PIDFD, static_cast<id_t>(f.process.get()), &info, WEXITED | WNOHANG) == -1);
}

TEST_CASE("an answer may end the client") {
  if (no_library()) return;
  Fixture f("ALL: ALL\n");
  int answers = 0;
  for (int i = 0; i < 3; ++i)
    f.wrap->ask({.daemon = "in.testd", .peer = {}, .local = {}}, [&](LibwrapAnswer) {
      ++answers;
      f.wrap.reset();
    });
  REQUIRE(run_until(f.loop, [&] { return answers > 0; }));
  f.loop.restart();
  f.loop.poll();
  CHECK(answers == 1);
}

TEST_CASE("the helper ends with its socket") {
  if (no_library()) return;
  auto helper = start_libwrap_helper();
  REQUIRE(helper.has_value());
  CHECK((::fcntl(helper->socket.get(), F_GETFD) & FD_CLOEXEC) != 0);
  CHECK_FALSE(ready(helper->process.get()));
  helper->socket.reset();
  CHECK(ready(helper->process.get(), POLLIN, 10'000));
  siginfo_t info{};
  CHECK(::waitid(P_PIDFD, static_cast<id_t>(helper->process.get()), &info, WEXITED) == 0);
  CHECK(info.si_code == CLD_EXITED);
  CHECK(info.si_status == 0);
}

TEST_CASE("the helper takes no notice of signals that are meant for the daemon") {
  if (no_library()) return;
  Fixture f("in.testd: ALL\n");
  for (const int number : {SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGPIPE})
    REQUIRE(::syscall(SYS_pidfd_send_signal, f.process.get(), number, nullptr, 0U) == 0);
  CHECK(f.answer("in.testd", "192.0.2.7") == allowed);
}

TEST_CASE("rules are read and their commands run as the service's user") {
  if (no_library()) return;
  if (::geteuid() != 0) {
    WARN("skipped: takes root");
    return;
  }
  Fixture f("");
  f.scratch.open_to_all();
  const std::string file = f.scratch / "who";
  f.put("in.testd: ALL: spawn (id -u; id -G) > " + file + "\n", "ALL: ALL\n");
  const LibwrapUser user{65534, 65533, {65533, 65532}};
  CHECK(f.answer({.daemon = "in.testd", .peer = {}, .local = {}, .user = user}) == allowed);
  CHECK(f.scratch.text("who") == "65534\n65533 65532\n");
  ::chmod(f.tables().allow.c_str(), 0600);
  CHECK(f.answer({.daemon = "in.testd", .peer = {}, .local = {}, .user = user}) == refused);
}
