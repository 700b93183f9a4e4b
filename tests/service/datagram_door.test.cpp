// SPDX-License-Identifier: MIT
// DatagramDoor by itself: the test judges.
#include "service/datagram_door.hpp"

#include <sys/socket.h>

#include <catch2/catch.hpp>
#include <new>

#include "service/alone.hpp"

using namespace xsuperd;
using namespace xsuperd::service;
using namespace xsuperd::service::test;

namespace {

config::Service echo() {
  config::Service service = waiting_service(config::SocketType::dgram);
  service.name = "echo";
  service.kind = config::Kind::internal;
  service.settings.type = config::Set<config::Type>{config::Type::internal};
  return service;
}

struct Door : Alone {
  Door() : Alone(echo()), client(open(), SOCK_DGRAM) {
    on_request = [this](Endpoint& endpoint) { door.serve(endpoint); };
    on_closing = [this](const Endpoint& endpoint) { door.before_closing(endpoint); };
    on_spawn = [this](Token token) { door.answer(token); };
  }
  void send(const std::vector<std::string>& datagrams) const {
    for (const std::string& one : datagrams) client.send(one);
  }

  std::vector<Token> judged;
  std::function<void(Token)> judge = [this](Token token) { let_in(token); };
  DatagramDoor door{{.setup = setup,
                     .sessions = sessions,
                     .decider = decider,
                     .endpoints = endpoints,
                     .endings = endings,
                     .journal = journal,
                     .datagrams = around.datagrams,
                     .libwrap = libwrap,
                     .clock = around.clock,
                     .judge = [this](Token token) {
                       judged.push_back(token);
                       judge(token);
                     }}};
  Client client;
};

base::Endpoint peer_of_port(std::uint16_t port) { return {*base::Address::parse("192.0.2.1"), port}; }

}  // namespace

TEST_CASE("a datagram that is let in is answered, and nothing of it stays") {
  Door door;
  door.send({"one", "two"});
  CHECK(door.client.read(door, 6) == "onetwo");
  CHECK(door.judged.size() == 2);
  CHECK(door.sessions.all().empty());
  CHECK(door.sessions.counters().accepted == 2);
  CHECK(door.sessions.counters().served == 2);
  CHECK(door.decider.state().running() == 0);
}

TEST_CASE("a datagram that has to wait is kept, and answered when its batch is gone") {
  Door door;
  door.judge = [](Token) {};  // its name is being looked up
  door.send({"waits"});
  door.run_until([&] { return door.judged.size() == 1; });
  const Token token = door.judged.at(0);
  CHECK(door.sessions.at(token).datagram == nullptr);
  CHECK_FALSE(door.sessions.at(token).libwrap_has_rules.has_value());
  REQUIRE(door.sessions.at(token).kept);
  door.judge = [&](Token other) { door.let_in(other); };
  door.send({"comes later"});
  CHECK(door.client.read(door, 11) == "comes later");
  door.let_in(token);
  CHECK(door.client.read(door, 5) == "waits");
  CHECK(door.sessions.all().empty());
}

TEST_CASE("what was answered before the socket closes is sent, and what comes after it in the batch is not judged") {
  Door door;
  door.judge = [&](Token token) {
    door.let_in(token);
    if (door.judged.size() == 2) door.endpoints.close();
  };
  door.send({"one", "two", "three"});
  CHECK(door.client.read(door, 6) == "onetwo");
  CHECK(door.judged.size() == 2);
}

TEST_CASE("a socket that closes while no batch is being served has nothing to send") {
  Door door;
  door.send({"one"});
  CHECK(door.client.read(door, 3) == "one");
  door.endpoints.close();
  CHECK_FALSE(door.endpoints.open());
}

TEST_CASE("a datagram whose judgement throws costs itself alone") {
  Door door;
  door.judge = [&](Token token) {
    if (door.judged.size() == 2) throw std::bad_alloc();
    door.let_in(token);
  };
  door.send({"one", "two", "three"});
  CHECK(door.client.read(door, 8) == "onethree");
  CHECK(door.sessions.counters().failed == 1);
  CHECK(door.sessions.counters().served == 2);
  CHECK(door.sessions.all().empty());
}

TEST_CASE("whether libwrap has rules is looked at once for a batch, before any of it is judged") {
  Door door;
  std::vector<std::optional<bool>> seen;
  door.judge = [&](Token token) {
    seen.push_back(door.sessions.at(token).libwrap_has_rules);
    if (seen.size() == 1) (void)door.file("deny", "ALL: ALL\n");
    door.let_in(token);
  };
  door.send({"one", "two"});
  CHECK(door.client.read(door, 6) == "onetwo");
  CHECK(seen == std::vector<std::optional<bool>>{false, false});
}

TEST_CASE("a refused peer of datagrams is logged once a minute") {
  Door door;
  CHECK_FALSE(door.door.logged_lately(peer_of_port(1)));
  CHECK(door.door.logged_lately(peer_of_port(1)));
  CHECK_FALSE(door.door.logged_lately(peer_of_port(2)));
  door.clock += 59s;
  CHECK(door.door.logged_lately(peer_of_port(1)));
  door.clock += 1s;
  CHECK_FALSE(door.door.logged_lately(peer_of_port(1)));
}

TEST_CASE("who was logged lately is known to another image") {
  Door before, after;
  (void)before.door.logged_lately(peer_of_port(1));
  after.door.restore(before.door.hand_over());
  CHECK(after.door.logged_lately(peer_of_port(1)));
  CHECK_FALSE(after.door.logged_lately(peer_of_port(2)));
}
