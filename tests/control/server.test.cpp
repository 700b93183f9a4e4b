// SPDX-License-Identifier: MIT
#include "xsuperd/control/server.hpp"

#include <fcntl.h>
#include <grp.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <catch2/catch.hpp>
#include <atomic>
#include <thread>

#include "control/scratch.hpp"
#include "xsuperd/control/client.hpp"

using namespace xsuperd;
using namespace xsuperd::control;
using namespace xsuperd::control::test;

namespace {

/// A server that answers "echo" with its arguments, "rows" with so many rows as asked, "later" never by itself.
class Bench {
 public:
  explicit Bench(Server::Limits limits = {}, uid_t owner = ::geteuid(), std::optional<gid_t> group = {}) {
    auto file = open_socket_file(path(), group);
    REQUIRE(file.has_value());
    server.emplace(loop, std::move(*file), Server::Options{limits, owner, group},
                   [this](const Request& request, const Peer& who, Server::Respond respond) {
                     ++handled;
                     peer = who;
                     if (request.command == "echo") return respond({request.arguments});
                     if (request.command == "rows") return respond(rows(number_at(request.arguments, "count").value_or(0)));
                     if (request.command == "throw") throw std::runtime_error("a bug");
                     later.push_back(std::move(respond));
                   });
  }
  [[nodiscard]] std::string path() const { return scratch / "control"; }
  [[nodiscard]] Reply rows(std::int64_t count) {
    Reply reply;
    reply.rows = [this, count, next = std::int64_t{0}]() mutable -> std::optional<json::object> {
      if (next == count) return std::nullopt;
      ++made;
      return json::object{{"row", next++}, {"filler", std::string(100, 'x')}};
    };
    return reply;
  }
  [[nodiscard]] RawPeer connect() { return {loop, path()}; }

  Scratch scratch;
  boost::asio::io_context loop;
  std::optional<Server> server;
  Peer peer;
  std::vector<Server::Respond> later;
  int handled = 0;
  std::int64_t made = 0;
};

std::string call(std::string_view command, json::object arguments = {}) {
  return frame(request_text({std::string(command), std::move(arguments)}));
}

/// The sentence of a reply that is a failure.
std::string complaint(const std::string& body) {
  const auto part = parse_reply(body);
  return part.has_value() && part->failure ? part->failure->sentence : "no failure: " + body;
}

}  // namespace

TEST_CASE("A client asks and is answered, again and again on one connection") {
  Bench bench;
  RawPeer peer = bench.connect();
  for (int i = 0; i < 3; ++i) {
    peer.send(call("echo", {{"number", i}}));
    CHECK_THAT(peer.frame(), Catch::Contains("\"number\":" + std::to_string(i)));
  }
  CHECK(bench.peer.uid == ::getuid());
  CHECK(bench.peer.pid == ::getpid());
  CHECK(bench.peer.may_change);
  CHECK(bench.server->clients() == 1);
}

TEST_CASE("A request may come byte by byte") {
  Bench bench;
  RawPeer peer = bench.connect();
  for (const char c : call("echo", {{"word", "slow"}})) {
    peer.send({&c, 1});
    bench.loop.restart();
    bench.loop.poll();
  }
  CHECK_THAT(peer.frame(), Catch::Contains("slow"));
}

TEST_CASE("Requests that come at once are answered one after the other") {
  Bench bench;
  RawPeer peer = bench.connect();
  std::string many;
  for (int i = 0; i < 500; ++i) many += call("echo", {{"number", i}});
  peer.send(many);
  for (int i = 0; i < 500; ++i) CHECK_THAT(peer.frame(), Catch::Contains("\"number\":" + std::to_string(i) + "}"));
}

TEST_CASE("Who claims to send a gigabyte is told the limit, and the connection ends") {
  Bench bench;
  RawPeer peer = bench.connect();
  peer.send(std::string("\x40\0\0\0{", 5));
  CHECK(complaint(peer.frame()) == "the request has 1073741824 bytes, but at most 65536 are allowed");
  CHECK(peer.ended());
  CHECK(bench.server->clients() == 0);
  CHECK(bench.handled == 0);
}

TEST_CASE("Garbage gets an error reply, and the connection ends") {
  Bench bench;
  for (const std::string& garbage : {frame("no json"), frame("[1,2"), frame("\xff\xfe"), std::string("GET / HTTP/1.1\r\n\r\n")}) {
    RawPeer peer = bench.connect();
    peer.send(garbage);
    CHECK_THAT(peer.frame(), Catch::Contains("\"ok\":false"));
    CHECK(peer.ended());
  }
  CHECK(bench.handled == 0);
  RawPeer peer = bench.connect();
  peer.send(call("echo"));
  CHECK_THAT(peer.frame(), Catch::Contains("\"ok\":true"));
}

TEST_CASE("A request that does not end in time is told so") {
  Bench bench({.request = 50ms});
  RawPeer silent = bench.connect();
  RawPeer halfway = bench.connect();
  halfway.send(call("echo").substr(0, 10));
  CHECK(complaint(silent.frame()) == "no request received in time");
  CHECK(silent.ended());
  CHECK_THAT(complaint(halfway.frame()), Catch::Contains("in time"));
  CHECK(halfway.ended());
}

TEST_CASE("The second request has its own deadline, and an idle client is let go") {
  Bench bench({.request = 50ms, .idle = 300ms});
  RawPeer peer = bench.connect();
  peer.send(call("echo"));
  CHECK_THAT(peer.frame(), Catch::Contains("\"ok\":true"));
  SECTION("a request that stops halfway") {
    peer.send("\0");
    peer.send({"\0\0", 2});
    CHECK(complaint(peer.frame()) == "the request was not completed in time");
  }
  SECTION("no request at all") { CHECK(peer.frame().empty()); }
  CHECK(peer.ended());
}

TEST_CASE("An answer that never comes is replaced by an error, and one that comes too late is dropped") {
  Bench bench({.answer = 50ms});
  RawPeer peer = bench.connect();
  peer.send(call("later"));
  CHECK(complaint(peer.frame()) == "the daemon did not answer in time");
  bench.later.at(0)({{{"late", true}}});
  peer.send(call("echo", {{"next", 1}}));
  CHECK_THAT(peer.frame(), Catch::Contains("next"));
}

TEST_CASE("A handler that throws costs its request alone") {
  Bench bench;
  RawPeer peer = bench.connect();
  peer.send(call("throw"));
  CHECK(complaint(peer.frame()) == "internal error: a bug");
  peer.send(call("echo"));
  CHECK_THAT(peer.frame(), Catch::Contains("\"ok\":true"));
}

TEST_CASE("A client that does not read is sent no more than fits, and is dropped after a while") {
  Bench bench({.taking = 200ms});
  RawPeer stalled = bench.connect();
  stalled.send(call("rows", {{"count", 1'000'000}}));
  RawPeer other = bench.connect();
  REQUIRE(run_until(bench.loop, [&] { return bench.made > 100; }));
  other.send(call("echo"));
  CHECK_THAT(other.frame(), Catch::Contains("\"ok\":true"));
  REQUIRE(run_until(bench.loop, [&] { return bench.server->clients() == 1; }));
  // A hundred million bytes were asked for.
  CHECK(bench.made < 20'000);
}

TEST_CASE("A long list arrives whole in frames that are not too long") {
  Bench bench;
  RawPeer peer = bench.connect();
  peer.send(call("rows", {{"count", 20'000}}));
  std::size_t rows = 0;
  bool last = false;
  while (!last) {
    const std::string body = peer.frame();
    REQUIRE(!body.empty());
    CHECK(body.size() < 66 * 1024);
    const auto part = parse_reply(body);
    REQUIRE(part.has_value());
    rows += part->rows.size();
    last = part->last;
  }
  CHECK(rows == 20'000);
}

TEST_CASE("One client too many is told so, and there is room again when one goes") {
  Bench bench({.clients = 2});
  RawPeer first = bench.connect();
  first.send(call("later"));
  {
    RawPeer second = bench.connect();
    second.send(call("later"));
    REQUIRE(run_until(bench.loop, [&] { return bench.later.size() == 2; }));
    RawPeer third = bench.connect();
    CHECK(complaint(third.frame()) == "the control socket has too many clients");
    CHECK(third.ended());
    bench.later[1]({});
    CHECK_THAT(second.frame(), Catch::Contains("\"ok\":true"));
  }
  REQUIRE(run_until(bench.loop, [&] { return bench.server->clients() == 1; }));
  RawPeer again = bench.connect();
  again.send(call("echo"));
  CHECK_THAT(again.frame(), Catch::Contains("\"ok\":true"));
}

TEST_CASE("Clients that have sent no whole request give way to new ones, who has waited longest first") {
  Bench bench({.clients = 3});
  RawPeer busy = bench.connect();
  busy.send(call("later"));
  REQUIRE(run_until(bench.loop, [&] { return bench.later.size() == 1; }));
  RawPeer served = bench.connect();  // between two requests
  served.send(call("echo"));
  CHECK_THAT(served.frame(), Catch::Contains("\"ok\":true"));
  RawPeer halfway = bench.connect();
  halfway.send(call("echo").substr(0, 10));
  REQUIRE(run_until(bench.loop, [&] { return bench.server->clients() == 3; }));
  std::vector<RawPeer> stay;
  for (RawPeer* const oldest : {&served, &halfway}) {
    RawPeer& honest = stay.emplace_back(bench.connect());
    honest.send(call("echo"));
    CHECK_THAT(honest.frame(), Catch::Contains("\"ok\":true"));
    CHECK(complaint(oldest->frame()) == "the control socket has too many clients, and this one was idle");
    CHECK(oldest->ended());
    CHECK(bench.server->clients() == 3);
  }
  bench.later[0]({{{"patience", true}}});
  CHECK_THAT(busy.frame(), Catch::Contains("patience"));
}

TEST_CASE("A flood of silent clients keeps nobody waiting who asks at once") {
  Bench bench;
  std::vector<RawPeer> silent;
  for (int i = 0; i < 600; ++i) {
    silent.push_back(bench.connect());
    bench.loop.restart();
    bench.loop.poll();
    if (i % 50 != 0) continue;
    RawPeer honest = bench.connect();
    honest.send(call("echo", {{"number", i}}));
    CHECK_THAT(honest.frame(), Catch::Contains("\"number\":" + std::to_string(i) + "}"));
  }
  REQUIRE(run_until(bench.loop, [&] { return silent.front().ended() && bench.server->clients() == 16; }));
  CHECK(bench.handled == 12);
}

TEST_CASE("A request that has come and was not read yet keeps its client's place") {
  Bench bench({.clients = 2});
  RawPeer first = bench.connect();
  RawPeer second = bench.connect();
  REQUIRE(run_until(bench.loop, [&] { return bench.server->clients() == 2; }));
  // All of it at once: the loop takes the connection before it hears of the bytes, or after.
  RawPeer third = bench.connect();
  first.send(call("echo", {{"who", "first"}}));
  CHECK_THAT(first.frame(), Catch::Contains("first"));
  CHECK(complaint(second.frame()) == "the control socket has too many clients, and this one was idle");
  third.send(call("echo", {{"who", "third"}}));
  CHECK_THAT(third.frame(), Catch::Contains("third"));
}

TEST_CASE("Clients that do not take their answers give way after a moment") {
  Bench bench({.clients = 2, .blocked = 50ms});
  RawPeer first = bench.connect();
  RawPeer second = bench.connect();
  for (const RawPeer* one : {&first, &second}) one->send(call("rows", {{"count", 1'000'000}}));
  REQUIRE(run_until(bench.loop, [&] { return bench.handled == 2; }));
  const auto before = std::chrono::steady_clock::now();
  (void)run_until(bench.loop, [&] { return std::chrono::steady_clock::now() - before > 300ms; });
  RawPeer honest = bench.connect();
  honest.send(call("echo"));
  CHECK_THAT(honest.frame(), Catch::Contains("\"ok\":true"));
  CHECK(bench.server->clients() == 2);
}

TEST_CASE("Requests sent together are answered one after the other while others want the place") {
  Bench bench({.clients = 1});
  RawPeer peer = bench.connect();
  std::string many;
  for (int i = 0; i < 50; ++i) many += call("echo", {{"number", i}});
  peer.send(many);
  std::vector<RawPeer> others;
  for (int i = 0; i < 50; ++i) {
    others.push_back(bench.connect());
    CHECK_THAT(peer.frame(), Catch::Contains("\"number\":" + std::to_string(i) + "}"));
  }
}

TEST_CASE("A client that goes while it is being answered leaves nothing behind") {
  Bench bench;
  {
    RawPeer peer = bench.connect();
    peer.send(call("later"));
    REQUIRE(run_until(bench.loop, [&] { return bench.later.size() == 1; }));
  }
  bench.later[0](bench.rows(100'000));
  CHECK(run_until(bench.loop, [&] { return bench.server->clients() == 0; }));
}

TEST_CASE("The server can go while clients are served") {
  Bench bench;
  RawPeer peer = bench.connect();
  peer.send(call("later"));
  REQUIRE(run_until(bench.loop, [&] { return bench.later.size() == 1; }));
  bench.server.reset();
  CHECK(peer.ended());
  bench.later[0]({});
  bench.loop.restart();
  bench.loop.poll();
  CHECK(::access(bench.path().c_str(), F_OK) != 0);
}

TEST_CASE("The client of the library gets rows and result, and hears that nobody is there") {
  Bench bench;
  const auto nobody = Client::connect(bench.scratch / "nobody");
  REQUIRE(nobody.has_error());
  CHECK(nobody.error().code == ENOENT);
  std::size_t rows = 0;
  std::string sentence = "not done";
  std::atomic<bool> done = false;
  std::thread asker([&] {
    auto client = Client::connect(bench.path());
    auto part = client->ask({"rows", {{"count", 5'000}}}, 10s, [&](json::object) { ++rows; });
    sentence = part.has_value() ? "" : part.error().sentence;
    done = true;
  });
  (void)run_until(bench.loop, [&] { return done.load(); });
  asker.join();
  CHECK(sentence.empty());
  CHECK(rows == 5'000);
}

TEST_CASE("The socket's file is for its owner and group, and goes with the socket") {
  const Scratch scratch;
  const std::string path = scratch / "folder/control";
  {
    const auto file = open_socket_file(path, std::nullopt);
    REQUIRE(file.has_value());
    struct stat status {};
    REQUIRE(::lstat(path.c_str(), &status) == 0);
    CHECK(S_ISSOCK(status.st_mode));
    CHECK((status.st_mode & 0777) == 0660);
    CHECK((::fcntl(file->fd(), F_GETFD) & FD_CLOEXEC) != 0);
    SECTION("a second daemon leaves it alone") {
      const auto second = open_socket_file(path, std::nullopt);
      REQUIRE(second.has_error());
      CHECK(second.error().code == EADDRINUSE);
      CHECK(connect_to(path));
    }
  }
  CHECK(::access(path.c_str(), F_OK) != 0);
}

TEST_CASE("A socket that was opened with a short queue has a long one when it is taken over") {
  const Scratch scratch;
  const std::string path = scratch / "control";
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  base::Fd short_one(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  REQUIRE(::bind(short_one.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  REQUIRE(::listen(short_one.get(), 1) == 0);
  const SocketFile file(std::move(short_one), path);
  std::vector<base::Fd> waiting;
  for (int i = 0; i < 100; ++i) {
    base::Fd& fd = waiting.emplace_back(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    REQUIRE(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  }
}

TEST_CASE("A stale socket is replaced, and anything else in its place is left alone") {
  const Scratch scratch;
  const std::string path = scratch / "control";
  {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    const base::Fd fd(::socket(AF_UNIX, SOCK_STREAM, 0));
    REQUIRE(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  }
  SECTION("nobody listens there any more") {
    const auto file = open_socket_file(path, std::nullopt);
    REQUIRE(file.has_value());
    CHECK(connect_to(path));
  }
  SECTION("a file") {
    std::filesystem::remove(path);
    base::Fd(::open(path.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    CHECK(open_socket_file(path, std::nullopt).error().sentence == path + " is not a socket");
    CHECK(std::filesystem::is_regular_file(path));
  }
  SECTION("a path that no address can hold") {
    CHECK(open_socket_file(scratch / std::string(200, 'x'), std::nullopt).error().code == ENAMETOOLONG);
  }
}

namespace {

/// What a process of user and group 65534 is told that asks for an echo.
std::string told_to_nobody(Bench& bench) {
  std::filesystem::permissions(std::filesystem::path(bench.path()).parent_path(), std::filesystem::perms(0755));
  REQUIRE(::chmod(bench.path().c_str(), 0666) == 0);
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const base::Fd in(ends[0]);
  base::Fd out(ends[1]);
  const pid_t child = ::fork();
  if (child == 0) {
    if (::setgroups(0, nullptr) != 0 || ::setgid(65534) != 0 || ::setuid(65534) != 0) ::_exit(1);
    auto client = Client::connect(bench.path());
    const auto part = client ? client->ask({"echo"}, 10s, [](json::object) {}) : base::Result<ReplyPart>(client.error());
    const std::string text = !part ? part.error().sentence : part->failure ? part->failure->sentence : "served";
    (void)!::write(out.get(), text.data(), text.size());
    ::_exit(0);
  }
  out.reset();
  ::fcntl(in.get(), F_SETFL, O_NONBLOCK);
  std::string text;
  (void)run_until(bench.loop, [&] {
    char buffer[256];
    const ssize_t n = ::read(in.get(), buffer, sizeof buffer);
    if (n > 0) text.append(buffer, static_cast<std::size_t>(n));
    return n == 0;
  });
  ::waitpid(child, nullptr, 0);
  return text;
}

}  // namespace

TEST_CASE("Another user is sent away, and with its group named may look only") {
  if (::geteuid() != 0) {
    WARN("skipped: needs root");
    return;
  }
  SECTION("no group") {
    Bench bench;
    CHECK(told_to_nobody(bench) == "this user may not use the control socket");
    CHECK(bench.handled == 0);
  }
  SECTION("another group") {
    Bench bench({}, 0, 12345);
    CHECK(told_to_nobody(bench) == "this user may not use the control socket");
  }
  SECTION("its group") {
    Bench bench({}, 0, 65534);
    CHECK(told_to_nobody(bench) == "served");
    CHECK(bench.peer.uid == 65534);
    CHECK_FALSE(bench.peer.may_change);
  }
  SECTION("its group, among root's clients that do nothing") {
    Bench bench({.clients = 2}, 0, 65534);
    const RawPeer first = bench.connect();
    const RawPeer second = bench.connect();
    REQUIRE(run_until(bench.loop, [&] { return bench.server->clients() == 2; }));
    CHECK(told_to_nobody(bench) == "the control socket has too many clients");
    CHECK(bench.server->clients() == 2);
  }
  SECTION("another group, one of which does nothing: nobody takes its place") {
    Bench bench({.clients = 1}, 0, 12345);
    std::filesystem::permissions(std::filesystem::path(bench.path()).parent_path(), std::filesystem::perms(0755));
    REQUIRE(::setegid(12345) == 0);
    REQUIRE(::seteuid(65533) == 0);
    RawPeer idle = bench.connect();
    REQUIRE(::seteuid(0) == 0);
    REQUIRE(::setegid(0) == 0);
    REQUIRE(run_until(bench.loop, [&] { return bench.server->clients() == 1; }));
    CHECK(told_to_nobody(bench) == "this user may not use the control socket");
    CHECK(bench.server->clients() == 1);
    idle.send(call("echo"));
    CHECK_THAT(idle.frame(), Catch::Contains("\"ok\":true"));
    CHECK(bench.peer.uid == 65533);
  }
  SECTION("the daemon runs as that user") {
    Bench bench({}, 65534);
    CHECK(told_to_nobody(bench) == "served");
    CHECK(bench.peer.may_change);
  }
}
