// SPDX-License-Identifier: MIT
#include "supervisor/prepare.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>

#include <catch2/catch.hpp>

#include "fakes/fake_files.hpp"
#include "fakes/fake_names.hpp"
#include "supervisor/scratch.hpp"
#include "xsuperd/net/abilities.hpp"

// What a reload makes ready before anything of it comes into force.
using namespace xsuperd;
using namespace xsuperd::supervisor;
using namespace xsuperd::supervisor::test;
using Kind = Step::Kind;

namespace {

std::string entry(const std::string& name, int port, const std::string& lines = "") {
  return fmt::format("service {}\n{{\ntype = UNLISTED\nport = {}\nuser = root\nserver = /bin/server\n"
                     "bind = 127.0.0.1\n{}\n{}\n}}\n",
                     name, port, lines.find("socket_type") == lines.npos ? "socket_type = stream" : "",
                     lines.find("wait") == lines.npos ? lines + "\nwait = no" : lines);
}

std::string strict(const std::string& entries) { return "defaults\n{\nreload_policy = strict\n}\n" + entries; }

/// A port of 127.0.0.1 that something else listens on, and one that is free.
struct Port {
  base::Fd fd{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  int number = 0;
  explicit Port(bool listen = true) {
    sockaddr_storage at;
    const socklen_t length = base::fill_sockaddr({*base::Address::parse("127.0.0.1"), 0}, false, at);
    REQUIRE(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&at), length) == 0);
    if (listen) REQUIRE(::listen(fd.get(), 1) == 0);
    number = net::local_endpoint(fd.get()).port;
    if (!listen) fd.reset();
  }
};

/// A configuration that runs, every service with an open socket, and what a reload makes of another one.
struct Reload {
  fakes::FakeFiles files;
  fakes::FakeNames names;
  service::DaemonFacts facts;
  Running running;
  Prepared prepared;

  explicit Reload(const std::string& before) {
    files.texts["/etc/xinetd.conf"] = before;
    running.config = config::load(files, names, "/etc/xinetd.conf").config;
    REQUIRE(running.config);
    for (const auto& service : running.config->services) running.runners.emplace(service.get(), true);
  }
  Reload& to(const std::string& after, bool strict = false, bool preview = false) {
    files.texts["/etc/xinetd.conf"] = after;
    return again(strict, preview);
  }
  Reload& again(bool strict = false, bool preview = false) {
    const Means means{files, names, {.main = "/etc/xinetd.conf"}, {}, facts, net::abilities(), {}, {}, strict, preview};
    prepared = prepare(running, means);
    return *this;
  }
  [[nodiscard]] SharedService before(const std::string& id) const {
    for (const auto& service : running.config->services)
      if (service->id == id) return service;
    return nullptr;
  }
  [[nodiscard]] const Step& step(const std::string& id) const {
    for (const Step& one : prepared.steps)
      if (one.service->id == id) return one;
    throw std::runtime_error("no step for " + id);
  }
};

}  // namespace

TEST_CASE("a service that did not change keeps its object and its socket") {
  Reload r(entry("a", 7001) + entry("b", 7002));
  r.to(entry("a", 7001) + entry("b", 7002, "nice = 3"));
  CHECK(r.prepared.refused.empty());
  CHECK(r.step("a").kind == Kind::unchanged);
  CHECK(r.step("a").service == r.before("a"));
  CHECK(r.prepared.loaded.config->services[0] == r.before("a"));
  CHECK(r.step("b").kind == Kind::changed);
  CHECK(r.step("b").before == r.before("b"));
  CHECK(r.step("b").setup.recipe != nullptr);
  CHECK(r.prepared.going.empty());
}

TEST_CASE("a line more above a service is no change of it, and it learns where it stands now") {
  Reload r(entry("a", 7001) + entry("b", 7002));
  r.to(entry("a", 7001, "nice = 3\n") + entry("b", 7002));
  CHECK(r.step("b").kind == Kind::moved);
  CHECK(r.step("b").service != r.before("b"));
  CHECK(r.step("b").service->place.line > r.before("b")->place.line);
  CHECK(r.step("b").setup.policy != nullptr);
  REQUIRE(r.prepared.changes.size() == 1);
  CHECK(r.prepared.changes[0].after->id == "a");
}

TEST_CASE("a new service has its socket bound and not yet listening") {
  const Port free(false);
  Reload r(entry("a", 7001));
  r.to(entry("a", 7001) + entry("new", free.number));
  const Step& step = r.step("new");
  REQUIRE(step.kind == Kind::fresh);
  REQUIRE(step.sockets.size() == 1);
  CHECK(net::local_endpoint(step.sockets[0].second.fd.get()).port == free.number);
  const base::Fd peer(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_storage at;
  const socklen_t length =
      base::fill_sockaddr({*base::Address::parse("127.0.0.1"), static_cast<std::uint16_t>(free.number)}, false, at);
  CHECK(::connect(peer.get(), reinterpret_cast<const sockaddr*>(&at), length) == -1);
  CHECK(errno == ECONNREFUSED);
}

TEST_CASE("services that swap their ports swap their sockets") {
  Reload r(entry("a", 7001) + entry("b", 7002));
  r.to(entry("a", 7002) + entry("b", 7001));
  CHECK(r.step("a").kind == Kind::fresh);
  CHECK(r.step("a").donors == std::vector<SharedService>{r.before("b")});
  CHECK(r.step("b").donors == std::vector<SharedService>{r.before("a")});
  CHECK(r.prepared.going.size() == 2);
  CHECK(r.prepared.stopped.empty());
}

TEST_CASE("another name on the same endpoint takes its socket over") {
  Reload r(entry("a", 7001));
  r.to(entry("b", 7001));
  CHECK(r.step("b").donors == std::vector<SharedService>{r.before("a")});
  CHECK(r.prepared.stopped == std::vector{r.before("a")});
}

TEST_CASE("a service that waits from now on keeps its socket") {
  Reload r(entry("a", 7001));
  r.to(entry("a", 7001, "wait = yes"));
  CHECK(r.step("a").kind == Kind::fresh);
  CHECK(r.step("a").before == r.before("a"));
  CHECK(r.step("a").donors == std::vector<SharedService>{r.before("a")});
}

TEST_CASE("a service that turns from stream to datagram gets another socket") {
  const Port free(false);
  Reload r(entry("a", free.number));
  r.to(entry("a", free.number, "socket_type = dgram\nwait = yes"));
  CHECK(r.step("a").donors.empty());
  CHECK(r.step("a").sockets.size() == 1);
}

TEST_CASE("a port that is taken by somebody else is a problem, and strict keeps everything") {
  const Port taken;
  Reload r(entry("a", 7001));
  r.to(entry("a", 7001, "nice = 1") + entry("new", taken.number));
  CHECK(r.prepared.refused.empty());
  REQUIRE(r.prepared.unbound.size() == 1);
  CHECK(r.prepared.unbound[0] == "bind failed (Address already in use (errno = 98)). service = new");
  CHECK(r.step("new").sockets.empty());
  r.again(true);
  CHECK(r.prepared.refused == r.prepared.unbound[0] + ", and reload_policy is strict");
}

TEST_CASE("a port that a service manager has open for the service is no problem, and nothing is bound") {
  const Port taken;
  Reload reload(entry("a", Port(false).number));
  net::ActivatedSockets handed;
  handed.give_back({"web", base::Fd(::fcntl(taken.fd.get(), F_DUPFD_CLOEXEC, 0))});
  reload.running.activated = handed.facts();
  reload.to(strict(entry("web", taken.number, "flags = IPv4")), true);
  CHECK(reload.prepared.refused.empty());
  CHECK(reload.prepared.unbound.empty());
  CHECK(reload.step("web").sockets.empty());
}

TEST_CASE("a port that a service of ours is about to leave is no problem") {
  const Port taken;
  Reload r(entry("a", taken.number));
  r.to(entry("b", taken.number, "flags = IPv4\nv6only = no\nsocket_type = stream"));
  // The same endpoint: taken over. Another address that overlaps it: opened after it was closed.
  CHECK(r.step("b").donors == std::vector<SharedService>{r.before("a")});
  r.to("service b\n{\ntype = UNLISTED\nport = " + std::to_string(taken.number) +
       "\nuser = root\nserver = /bin/server\nsocket_type = stream\nwait = no\n}\n");
  CHECK(r.step("b").donors.empty());
  CHECK(r.step("b").sockets.empty());
  CHECK(r.prepared.unbound.empty());
}

namespace {

std::string at(const std::string& id, int port, const std::string& bind) {
  return fmt::format("service {}\n{{\ntype = UNLISTED\nport = {}\nuser = root\nserver = /bin/server\nbind = {}\n"
                     "socket_type = stream\nwait = no\n}}\n",
                     id, port, bind);
}

/// A service "a" at the name "several", which has had one set of addresses and has another one now.
struct Moving : Reload {
  Moving(int on_port, const std::vector<std::string>& from, const std::vector<std::string>& to)
      : Reload(""), text(at("a", on_port, "several")) {
    names.hosts["several"] = from;
    files.texts["/etc/xinetd.conf"] = text;
    running.config = config::load(files, names, "/etc/xinetd.conf").config;
    running.runners.emplace(before("a").get(), true);
    names.hosts["several"] = to;
  }
  std::string text;
};

}  // namespace

TEST_CASE("an address that a service of several is about to leave is no problem") {
  const Port taken;
  Moving r(taken.number, {"127.0.0.1", "127.0.0.2"}, {"127.0.0.2"});
  r.to(r.text + at("new", taken.number, "127.0.0.1"), true);
  CHECK(r.step("a").kind == Kind::changed);
  CHECK(r.step("new").sockets.empty());
  CHECK(r.prepared.unbound.empty());
  CHECK(r.prepared.refused.empty());
}

TEST_CASE("a further address of a service has its socket bound, and strict wants it") {
  const Port free(false);
  Moving can(free.number, {"127.0.0.2"}, {"127.0.0.1", "127.0.0.2"});
  can.to(can.text, true);
  REQUIRE(can.step("a").kind == Kind::changed);
  REQUIRE(can.step("a").sockets.size() == 1);
  CHECK(can.step("a").sockets[0].first == 0);
  const Port taken;
  Moving cannot(taken.number, {"127.0.0.2"}, {"127.0.0.1", "127.0.0.2"});
  cannot.to(cannot.text, true);
  CHECK(cannot.prepared.unbound.size() == 1);
  CHECK_FALSE(cannot.prepared.refused.empty());
}

TEST_CASE("an entry with an error keeps its service, and strict keeps them all") {
  Reload r(entry("a", 7001) + entry("b", 7002));
  r.to(entry("a", 7001, "nice = bad") + entry("b", 7002, "nice = 3"));
  CHECK(r.prepared.refused.empty());
  CHECK(r.step("a").kind == Kind::unchanged);
  CHECK(r.step("a").service == r.before("a"));
  CHECK(r.step("b").kind == Kind::changed);
  r.again(true);
  CHECK(r.prepared.refused == "the configuration has errors, and reload_policy is strict");
  r.to(strict(entry("a", 7001, "nice = bad") + entry("b", 7002, "nice = 3")));
  CHECK_FALSE(r.prepared.refused.empty());
  r.to(strict(entry("a", 7001) + entry("b", 7002, "nice = 3")));
  CHECK(r.prepared.refused.empty());
}

TEST_CASE("without the main file, or with broken defaults, everything stays") {
  Reload r(entry("a", 7001));
  r.files.texts.clear();
  CHECK_FALSE(r.again().prepared.refused.empty());
  CHECK_FALSE(r.to("defaults\n{\ninstances = lots\n}\n" + entry("a", 7001)).prepared.refused.empty());
}

TEST_CASE("a service whose log cannot be opened goes on as it was, and a new one is not started") {
  const Scratch scratch;
  const std::string nowhere = "log_type = FILE " + (scratch / "no/such/log");
  Reload r(entry("a", 7001));
  r.to(entry("a", 7001, "nice = 3\n" + nowhere) + entry("new", 7002, nowhere));
  CHECK(r.prepared.problems.size() == 2);
  CHECK(r.step("a").kind == Kind::none);
  CHECK(r.step("a").service == r.before("a"));
  CHECK(r.prepared.loaded.config->services[0] == r.before("a"));
  CHECK(r.prepared.going.empty());
  CHECK(r.step("new").kind == Kind::none);
}

TEST_CASE("a service that is configured and does not run is opened by the next reload") {
  Reload r(entry("a", 7001));
  r.running.runners.clear();
  r.again();
  CHECK(r.step("a").kind == Kind::fresh);
  CHECK(r.step("a").before == nullptr);
  CHECK(r.step("a").setup.policy != nullptr);
}

TEST_CASE("a service that is gone is stopped") {
  Reload r(entry("a", 7001) + entry("b", 7002));
  r.to(entry("b", 7002));
  CHECK(r.prepared.stopped == std::vector{r.before("a")});
  CHECK(r.prepared.going == r.prepared.stopped);
}

TEST_CASE("defaults that restrict access and can no longer be found keep everything") {
  const std::string closed = "only_from = 10.0.0.0/8\n";
  Reload r("defaults\n{\n" + closed + "}\n" + entry("a", 7001));
  CHECK_FALSE(r.to("defaults {\n" + closed + "}\n" + entry("a", 7001)).prepared.refused.empty());
  CHECK_FALSE(r.to("defualts\n{\n" + closed + "}\n" + entry("a", 7001)).prepared.refused.empty());
  CHECK(r.to("defaults\n{\n}\n" + entry("a", 7001)).prepared.refused.empty());
  CHECK(r.to(entry("a", 7001)).prepared.refused.empty());
}

TEST_CASE("a part of the defaults in a file that cannot be read any more keeps everything") {
  const std::string main = "defaults\n{\nno_access = 10.0.0.1\n}\n" + entry("a", 7001);
  for (const std::string part : {"no_access = 10.0.0.2", "cps = 5 5", "bind = 127.0.0.1"}) {
    INFO(part);
    Reload r(main);
    r.files.texts["/more"] = "defaults\n{\n" + part + "\n}\n";
    r.running.config = r.to(main + "include /more\n").prepared.loaded.config;
    r.files.texts.erase("/more");
    CHECK_FALSE(r.again().prepared.refused.empty());
    r.files.texts["/more"] = "defaults\n{\n" + part + "\n}\n}\n";  // a stray brace loses nothing
    CHECK(r.again().prepared.refused.empty());
    CHECK(r.to(main).prepared.refused.empty());
  }
}

TEST_CASE("strict wants the port of a service whose access lists the kernel keeps, too") {
  const Port taken;
  Reload r(entry("a", 7001));
  const std::string steered = "wait = yes\nonly_from = 127.0.0.1";
  r.to(entry("a", taken.number, steered), true);
  CHECK_FALSE(r.prepared.refused.empty());
  const Port free(false);
  r.to(entry("a", free.number, steered), true);
  CHECK(r.prepared.refused.empty());
  CHECK(r.step("a").sockets.empty());
}

TEST_CASE("another RPC number makes another service") {
  const auto rpc = [](int number) {
    return fmt::format("service x\n{{\ntype = RPC UNLISTED\nrpc_number = {}\nrpc_version = 1\nsocket_type = stream\n"
                       "wait = yes\nuser = root\nserver = /bin/server\n}}\n", number);
  };
  Reload r(rpc(300001));
  r.to(rpc(300002));
  CHECK(r.step("x").kind == Kind::fresh);
  CHECK(r.step("x").donors == std::vector<SharedService>{r.before("x")});
}

TEST_CASE("a preview opens nothing") {
  const Port free(false);
  Reload r(entry("a", 7001));
  r.to(entry("a", 7001, "nice = 3") + entry("new", free.number), false, true);
  CHECK(r.step("new").sockets.empty());
  CHECK(r.prepared.logs == nullptr);
  REQUIRE(r.prepared.changes.size() == 1);
  CHECK(r.prepared.changes[0].changed == std::vector<std::string_view>{"nice"});
}

TEST_CASE("the lost log of a service that goes is no reason to refuse a reload") {
  const Scratch scratch;
  const std::string directory = scratch / "logs";
  std::filesystem::create_directory(directory);
  const std::string logs = "log_type = FILE " + directory + "/b.log";
  Reload r(strict(entry("a", 7001) + entry("b", 7002, logs)));
  std::filesystem::remove_all(directory);
  SECTION("when its servers go on") { r.running.busy.insert(r.before("b").get()); }
  SECTION("when they went on after an earlier reload") {
    r.running.retired.push_back(r.before("b"));
    r.running.runners.erase(r.before("b").get());
  }
  r.to(strict(entry("a", 7001)));
  CHECK(r.prepared.refused.empty());
  CHECK(r.prepared.problems.empty());
  REQUIRE(r.prepared.logs_lost.size() == 1);
  CHECK_THAT(r.prepared.logs_lost[0], Catch::Contains("what is left of service b keeps logging to the file that is "
                                                      "open"));
}

TEST_CASE("the log of a service that goes is made anew only for servers that go on") {
  const Scratch scratch;
  const std::string log = scratch / "b.log";
  Reload r(entry("a", 7001) + entry("b", 7002, "log_type = FILE " + log));
  SECTION("it has none") {
    r.to(entry("a", 7001));
    CHECK_FALSE(std::filesystem::exists(log));
    CHECK(r.prepared.logs_of_gone.logs.empty());
  }
  SECTION("it has some") {
    r.running.busy.insert(r.before("b").get());
    r.to(entry("a", 7001));
    CHECK(std::filesystem::exists(log));
    CHECK(r.prepared.logs_of_gone.logs.contains(r.before("b").get()));
  }
}

TEST_CASE("a service whose event log cannot be opened is served all the same, and at a reload keeps the one that is open") {
  const Scratch scratch;
  const std::string lost = "event_log = FILE " + (scratch / "nowhere") + "/events";
  Reload r(entry("a", 7001, lost));
  r.to(entry("a", 7001, lost) + entry("b", 7002, lost) + entry("c", 7003, "event_log = FILE " + (scratch / "events")));
  CHECK(r.prepared.refused.empty());
  CHECK(r.step("a").kind == Kind::unchanged);
  CHECK(r.step("a").setup.event_log_failed);
  CHECK(r.step("b").kind == Kind::fresh);
  CHECK(r.step("b").setup.event_log == nullptr);
  CHECK_FALSE(r.step("c").setup.event_log_failed);
  CHECK(r.step("c").setup.event_log != nullptr);
  REQUIRE(r.prepared.problems.size() == 2);
  CHECK_THAT(r.prepared.problems[1], Catch::Contains("what happens to service b is not recorded there"));
  r.to(strict(entry("a", 7001, lost)));
  CHECK_FALSE(r.prepared.refused.empty());
}

TEST_CASE("services with one event log share it with the defaults, and no log of another form") {
  const Scratch scratch;
  const std::string file = "FILE " + (scratch / "events");
  Reload r("defaults\n{\nevent_log = " + file + "\n}\n" + entry("a", 7001) + entry("b", 7002, "log_type = " + file) +
           entry("c", 7003, "event_log = NONE"));
  r.again();
  REQUIRE(r.step("a").setup.event_log != nullptr);
  CHECK(r.step("b").setup.event_log == r.step("a").setup.event_log);
  CHECK(r.step("b").setup.service_log != r.step("a").setup.event_log);
  CHECK(r.step("c").setup.event_log == nullptr);
  CHECK(r.prepared.logs->open_events_of(r.prepared.loaded.config->defaults) == r.step("a").setup.event_log);
}
