// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>

#include "config/fixture.hpp"
#include "xsuperd/config/endpoint.hpp"

// Two entries that want one endpoint (decision B15.25).
using namespace xsuperd::config;
using namespace xsuperd::config::test;

namespace {

std::string datagrams(const std::string& name, int port, const std::string& lines = "") {
  return entry(name, "type = UNLISTED\nport = " + std::to_string(port) +
                         "\nsocket_type = dgram\nwait = yes\nuser = root\nserver = /bin/server\n" + lines);
}
std::string program(const std::string& name, const std::string& version, const std::string& type, const std::string& lines = "") {
  return entry(name, "type = RPC UNLISTED\nrpc_number = 300001\nrpc_version = " + version + "\nsocket_type = " + type +
                         "\nwait = yes\nuser = root\nserver = /bin/server\n" + lines);
}
std::string behind_tcpmux(const std::string& name, const std::string& id, const std::string& type = "TCPMUX") {
  return entry(name, "id = " + id + "\ntype = " + type + " UNLISTED\nsocket_type = stream\nwait = no\nuser = root\nserver = /bin/server\n");
}

/// "a b" with a * behind those that are open for IPv6 alone; services that were refused are left out.
std::string served(const World& w) {
  std::string text;
  for (const auto& one : w.loaded.config->services)
    text += (text.empty() ? "" : " ") + one->id + (one->listen.v6only ? "*" : "");
  return text;
}

struct Pair {
  std::string one, two;
  std::string served;
};

}  // namespace

TEST_CASE("of two entries for one socket the first in reading order has it") {
  for (const Pair& p : std::initializer_list<Pair>{
           {"", "", "a"},
           {"bind = 127.0.0.1", "bind = 127.0.0.1", "a"},
           {"bind = 127.0.0.1", "", "a"},
           {"", "bind = 127.0.0.1", "a"},
           {"bind = ::1", "", "a"},
           {"", "bind = ::1", "a"},
           {"flags = IPv4", "flags = IPv4", "a"},
           {"flags = IPv4", "bind = 127.0.0.1", "a"},
           {"flags = IPv6", "bind = 127.0.0.1", "a"},
           {"v6only = yes", "flags = IPv6\nv6only = yes", "a*"},
           {"bind = 0.0.0.0", "flags = IPv4", "a"},
           {"bind = ::ffff:0.0.0.0", "bind = 127.0.0.1", "a"},
           {"bind = 127.0.0.1", "bind = ::ffff:0.0.0.0", "a"},
           {"bind = ::ffff:0.0.0.0", "flags = IPv4", "a"},
           {"flags = IPv6\nbind = 127.0.0.1", "bind = 127.0.0.1", "a"},
           // One of them is for IPv4, the other one also for IPv6: both are served.
           {"flags = IPv4", "", "a b*"},
           {"", "flags = IPv4", "a* b"},
           {"flags = IPv6", "flags = IPv4", "a* b"},
           {"flags = IPv4", "flags = IPv6", "a b*"},
           {"bind = 0.0.0.0", "bind = ::", "a b*"},
           {"bind = ::", "bind = 0.0.0.0", "a* b"},
           {"", "bind = ::ffff:0.0.0.0", "a* b"},
           // They do not meet.
           {"flags = IPv4", "v6only = yes", "a b*"},
           {"v6only = yes", "bind = 127.0.0.1", "a* b"},
           {"bind = 127.0.0.1", "bind = 127.0.0.2", "a b"},
           {"bind = 127.0.0.1", "bind = ::1", "a b"},
           {"flags = IPv4", "bind = ::1", "a b"},
           {"bind = nosuch", "", "a b"}}) {
    INFO(p.one << " | " << p.two);
    CHECK(served(World(service("a", 5, p.one) + service("b", 5, p.two))) == p.served);
    CHECK(served(World(datagrams("a", 5, p.one) + datagrams("b", 5, p.two))) == p.served);
    CHECK(served(World(service("a", 5, p.one) + service("b", 6, p.two))).find('b') != std::string::npos);
    CHECK(served(World(service("a", 5, p.one) + datagrams("b", 5, p.two))).find('b') != std::string::npos);
    CHECK(served(World(service("a", 0, p.one) + service("b", 0, p.two))).find('b') != std::string::npos);
  }
}

TEST_CASE("a third entry meets the first two as they are opened") {
  CHECK(served(World(service("a", 5, "flags = IPv4") + service("b", 5) + service("c", 5))) == "a b*");
  CHECK(served(World(service("a", 5) + service("b", 5, "flags = IPv4") + service("c", 5, "flags = IPv4"))) == "a* b");
  CHECK(served(World(service("a", 5) + service("b", 5, "flags = IPv4") + service("c", 5, "bind = 127.0.0.1"))) == "a* b");
  CHECK(served(World(service("a", 5) + service("b", 5, "disable = yes") + service("c", 5, "nice = x"))) == "a");
}

TEST_CASE("RPC programs and tcpmux names are endpoints") {
  CHECK(served(World(program("a", "1-2", "dgram") + program("b", "2-3", "dgram"))) == "a");
  CHECK(served(World(program("a", "1-2", "dgram") + program("b", "3", "dgram"))) == "a b");
  CHECK(served(World(program("a", "1", "dgram") + program("b", "1", "stream"))) == "a b");
  CHECK(served(World(program("a", "1", "dgram", "port = 7") + program("b", "2", "dgram", "port = 7"))) == "a");
  CHECK(served(World(behind_tcpmux("x", "a") + behind_tcpmux("X", "b", "TCPMUXPLUS"))) == "a");
  CHECK(served(World(behind_tcpmux("x", "a") + behind_tcpmux("y", "b"))) == "a b");
  CHECK(World(program("a", "1", "dgram") + program("b", "1", "dgram")).said("service a has the RPC program 300001 over udp"));
  CHECK(World(behind_tcpmux("x", "a") + behind_tcpmux("x", "b")).said("service a has the tcpmux name x"));
}

TEST_CASE("who is refused for an endpoint is told with the file and line of both") {
  const World w(service("a", 5) + service("b", 5, "bind = 127.0.0.2"));
  const Diagnostic* d = w.finding("Service b is refused: service a has tcp port 5 on all addresses");
  REQUIRE(d);
  CHECK(d->level == Level::error);
  CHECK(d->place == Place{main_file, 11, 1});
  CHECK(d->suggestion == "that one is at /etc/xinetd.conf:1 and is read first");
  CHECK(w.refused("b"));
  CHECK(World(service("a", 5) + service("a", 5)).said("service: a id: a not unique or is a duplicate - DISABLING: another one has tcp port 5"));
  CHECK(World(service("a", 5, "bind = 127.0.0.2") + service("b", 5)).said("service a has tcp port 5 on 127.0.0.2"));
}

TEST_CASE("that an entry is opened for IPv6 alone is a note") {
  const World w(service("a", 5) + service("b", 5, "flags = IPv4"));
  const Diagnostic* d = w.finding("Service a is opened for IPv6 peers alone");
  REQUIRE(d);
  CHECK(d->level == Level::info);
  CHECK(d->place.line == 1);
  CHECK(d->suggestion == "that one is at /etc/xinetd.conf:11");
  CHECK_FALSE(w.at("a").listen.fallback_to_ipv4);
  CHECK_FALSE(w.at("a").settings.v6only);
}

TEST_CASE("an entry that need not yield any more is what it was") {
  World w(service("a", 5) + service("b", 5, "flags = IPv4"));
  const auto read = [&](const std::string& text) {
    w.files.texts[main_file] = text;
    const auto before = w.loaded.config;
    w.loaded = load(w.files, w.names, Sources{.main = main_file}, *before);
    return diff(*before, *w.loaded.config);
  };
  CHECK(std::ranges::all_of(read(service("a", 5) + service("b", 5, "flags = IPv4")).keep, [](const auto& one) { return one.same; }));
  const Plan plan = read(service("a", 5));
  CHECK(served(w) == "a");
  CHECK(plan.keep.at(0).rebind);
}

namespace {
World reloaded(const std::string& before, const std::string& after) {
  const World running(before);
  World next(after);
  keep_broken(*running.loaded.config, next.loaded);
  return next;
}
int port(const World& w, const std::string& id) { return w.up(id) ? w.at(id).listen.at.port : 0; }
}  // namespace

TEST_CASE("an entry that a reload brings into the way of another one goes on where it is") {
  // b moves to where a is, which is read first.
  const World later = reloaded(service("a", 1) + service("b", 2), service("a", 1) + service("b", 1));
  CHECK(port(later, "a") == 1);
  CHECK(port(later, "b") == 2);
  // a moves to where b is: b would be the one to go, and nothing that runs ends for a mistake.
  const World first = reloaded(service("a", 1) + service("b", 2), service("a", 2) + service("b", 2));
  CHECK(port(first, "a") == 1);
  CHECK(port(first, "b") == 2);
  CHECK(first.said("Service a is refused: service b has tcp port 2 on all addresses and keeps running as before"));
  // A new one takes no place from one that runs.
  const World fresh = reloaded(service("b", 2), service("a", 2) + service("b", 2));
  CHECK(port(fresh, "b") == 2);
  CHECK(fresh.refused("a"));
  // Nor does it from one that an error keeps where it was.
  const World kept = reloaded(service("b", 2), service("a", 2) + service("b", 3, "nice = x"));
  CHECK(port(kept, "b") == 2);
  CHECK(kept.refused("a"));
  // Two that change places are in nobody's way.
  const World places = reloaded(service("a", 1) + service("b", 2), service("a", 2) + service("b", 1));
  CHECK(port(places, "a") == 2);
  CHECK(port(places, "b") == 1);
}

TEST_CASE("a name whose address came when another service had the place does not take it at a reload") {
  World w;
  w.names.hosts["front"] = {"192.0.2.1"};
  w.read(service("a", 1, "bind = front"));
  const auto found = w.loaded.config->services.front();
  w.names.hosts.clear();
  const std::string both = service("a", 1, "bind = front") + service("b", 1, "bind = 192.0.2.1");
  w.read(both);
  // As the daemon has it when the name has an address: no entry was read anew.
  auto running = std::make_shared<Config>(*w.loaded.config);
  auto placed = std::make_shared<Service>(*found);
  running->services.front() = placed;
  CHECK(taken_by_another(*running, *placed) == "service b has tcp port 1 on 192.0.2.1 (" + std::string(main_file) + ":" +
                                                   std::to_string(running->services.back()->place.line) + ")");
  w.read(both);
  keep_broken(*running, w.loaded);
  CHECK(w.at("a").waits_for == "front");
  CHECK(w.up("b"));
  CHECK(w.loaded.diagnostics.count(Level::error) == 0);
  CHECK(taken_by_another(*World(service("a", 1) + service("b", 2)).loaded.config, w.at("b")).find("service a") == 0);
  CHECK(taken_by_another(*World(service("c", 3) + service("d", 2)).loaded.config, w.at("b")).empty());
}

TEST_CASE("a name that has no address at a reload has the one it had") {
  World w;
  w.names.hosts["front"] = {"192.0.2.1"};
  w.read(service("a", 1, "bind = front"));
  const World running = w;
  w.names.hosts.clear();
  w.read(service("a", 1, "bind = front\nnice = 3") + service("c", 3, "bind = other"));
  keep_broken(*running.loaded.config, w.loaded);
  CHECK(w.at("a").listen.at.address.text() == "192.0.2.1");
  CHECK(w.at("a").waits_for.empty());
  CHECK(w.at("a").settings.nice == 3);
  CHECK(w.at("c").waits_for == "other");
  CHECK(w.said("front has no address now: service a keeps the one it had"));
  // One that was to move there stays, as it runs.
  const World moved = reloaded(service("d", 4, "nice = 3"), service("d", 4, "bind = nosuch"));
  CHECK(moved.at("d").waits_for.empty());
  CHECK(moved.at("d").settings.nice == 3);
  CHECK(moved.said("service d keeps running as before: nosuch has no address"));
}
