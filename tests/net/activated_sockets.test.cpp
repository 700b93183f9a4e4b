// SPDX-License-Identifier: MIT
#include "xsuperd/net/activated_sockets.hpp"

#include <fcntl.h>

#include <catch2/catch.hpp>

#include "net/sockets.hpp"
#include "xsuperd/net/service_manager.hpp"

using namespace xsuperd;
using namespace xsuperd::net;
using namespace xsuperd::net::testing;

namespace {

/// The specification for the very place of an open socket.
config::ListenSpec where(const base::Fd& fd, config::ListenSpec spec) {
  spec.at.port = local_endpoint(fd.get()).port;
  return spec;
}

ActivatedSocket handed(std::string name, const base::Fd& fd) {
  return {std::move(name), base::Fd(::fcntl(fd.get(), F_DUPFD_CLOEXEC, 0))};
}

template <typename... Sockets>
ActivatedSockets pool(Sockets... sockets) {
  std::vector<ActivatedSocket> all;
  (all.push_back(std::move(sockets)), ...);
  ActivatedSockets pool;
  REQUIRE(pool.add(std::move(all)).empty());
  return pool;
}

config::ListenSpec every_address(bool v6only = false) {
  config::ListenSpec spec = tcp_at("::");
  spec.at.address = {};
  spec.v6only = v6only;
  return spec;
}

config::Service service_at(std::string id, config::ListenSpec spec) {
  config::Service service;
  service.id = service.name = std::move(id);
  service.listen = std::move(spec);
  return service;
}

std::vector<std::string> names(const ActivatedSockets& pool) {
  std::vector<std::string> all;
  for (const ActivatedSocket& one : pool.sockets()) all.push_back(one.name);
  return all;
}

std::string misfit_of(const base::Fd& fd, const config::ListenSpec& spec) { return misfit(*facts_of(fd.get()), spec); }

}  // namespace

TEST_CASE("a socket fits where the daemon itself would have opened it") {
  for (const auto& spec : {tcp_at("127.0.0.1"), udp_at("127.0.0.1"), tcp_at("0.0.0.0"), every_address(), every_address(true)}) {
    const base::Fd fd = opened(spec);
    CHECK(misfit_of(fd, where(fd, spec)).empty());
    CHECK(misfit_of(fd, spec).empty());  // port 0: any will do
  }
}

TEST_CASE("a socket of another type, protocol, address, port or reach does not fit, and why is said") {
  const base::Fd fd = opened(tcp_at("127.0.0.1"));
  const auto spec = where(fd, tcp_at("127.0.0.1"));
  const std::string port = std::to_string(spec.at.port);
  CHECK(misfit_of(fd, where(fd, udp_at("127.0.0.1"))) == "its type is not that of a socket for udp");
  auto other = spec;
  other.at.address = address("127.0.0.2");
  CHECK(misfit_of(fd, other) == "it is bound to 127.0.0.1:" + port + ", but the service belongs on 127.0.0.2:" + port);
  other = spec;
  ++other.at.port;
  CHECK(misfit_of(fd, other).find("belongs on 127.0.0.1:" + std::to_string(other.at.port)) != std::string::npos);
  CHECK_FALSE(misfit_of(fd, where(fd, tcp_at("0.0.0.0"))).empty());
  const base::Fd both = opened(every_address());
  CHECK(misfit_of(both, where(both, every_address(true))).find("(IPv6 and IPv4), but the service belongs on") !=
        std::string::npos);
  CHECK_FALSE(misfit_of(both, where(both, tcp_at("0.0.0.0"))).empty());
  const base::Fd ipv4 = opened(tcp_at("0.0.0.0"));
  CHECK_FALSE(misfit_of(ipv4, where(ipv4, every_address())).empty());
}

TEST_CASE("a mapped address is the same place as its IPv4 form") {
  auto mapped = tcp_at("127.0.0.1");
  mapped.ipv6 = true;
  const base::Fd fd = opened(mapped);
  CHECK(misfit_of(fd, where(fd, tcp_at("127.0.0.1"))).empty());
}

TEST_CASE("a stream socket that does not listen fits nowhere") {
  const auto bound = bind_socket(tcp_at("127.0.0.1"));
  REQUIRE(bound.has_value());
  CHECK(misfit_of(bound->fd, where(bound->fd, tcp_at("127.0.0.1"))) == "it does not listen");
}

TEST_CASE("a socket is taken by name before address, whatever the case of the name") {
  const auto spec = tcp_at("127.0.0.1");
  const base::Fd one = opened(spec);
  const base::Fd two = opened(spec);
  ActivatedSockets sockets = pool(handed("one.socket", one), handed("WEB", two));
  CHECK(any_fits(sockets.facts(), "web", where(two, spec)));
  const auto named = sockets.take("web", where(two, spec));
  REQUIRE(named);
  CHECK(named->name == "WEB");
  CHECK(local_endpoint(named->fd.get()) == local_endpoint(two.get()));
  CHECK_FALSE(sockets.take("web", where(two, spec)));
  const auto placed = sockets.take("other", where(one, spec));
  REQUIRE(placed);
  CHECK(placed->name == "one.socket");
  CHECK(sockets.sockets().empty());
}

TEST_CASE("a service on a port of the system's choice gets a socket by its name alone") {
  const auto spec = tcp_at("127.0.0.1");
  const base::Fd one = opened(spec);
  ActivatedSockets sockets = pool(handed("other", one));
  CHECK_FALSE(any_fits(sockets.facts(), "web", spec));
  CHECK_FALSE(sockets.take("web", spec));
  CHECK(sockets.take("other", spec));
}

TEST_CASE("a socket that was kept for a service goes to no other") {
  const auto spec = tcp_at("127.0.0.1");
  const base::Fd one = opened(spec);
  const auto place = where(one, spec);
  ActivatedSockets sockets = pool(handed(stored_name("web", place), one));
  CHECK_FALSE(sockets.take("other", place));
  CHECK_FALSE(sockets.take(stored_name("web", place), place));
  CHECK_FALSE(any_fits(sockets.facts(), "other", place));
  CHECK(any_fits(sockets.facts(), "WEB", place));
  CHECK(sockets.take("WEB", place));
}

TEST_CASE("services of one id get each the socket of their own protocol") {
  const base::Fd tcp = opened(tcp_at("127.0.0.1"));
  auto tcp_place = where(tcp, tcp_at("127.0.0.1"));
  auto udp_place = tcp_place;
  udp_place.socket_type = config::SocketType::dgram;
  udp_place.protocol = {"udp", IPPROTO_UDP};
  const base::Fd udp = opened(udp_place);
  ActivatedSockets sockets = pool(handed(stored_name("foo", udp_place), udp), handed(stored_name("foo", tcp_place), tcp));
  const auto first = sockets.take("foo", tcp_place);
  const auto second = sockets.take("foo", udp_place);
  REQUIRE(first);
  REQUIRE(second);
  CHECK(option_of(first->fd.get(), SOL_SOCKET, SO_TYPE) == SOCK_STREAM);
  CHECK(option_of(second->fd.get(), SOL_SOCKET, SO_TYPE) == SOCK_DGRAM);
}

TEST_CASE("a second socket is taken by its name, and only where it fits") {
  const auto spec = tcp_at("127.0.0.1");
  const base::Fd tcp = opened(spec);
  const base::Fd udp = opened(udp_at("127.0.0.1"));
  const std::string name = stored_refusing_name("web", spec);
  ActivatedSockets sockets = pool(handed(name, udp), handed("xsuperd/other", tcp));
  CHECK_FALSE(sockets.take_refusing(name, where(tcp, spec)));
  sockets.give_back(handed(name, tcp));
  auto elsewhere = where(tcp, spec);
  ++elsewhere.at.port;
  CHECK_FALSE(sockets.take_refusing(name, elsewhere));
  const auto taken = sockets.take_refusing(name, where(tcp, spec));
  REQUIRE(taken);
  CHECK(local_endpoint(taken->fd.get()) == local_endpoint(tcp.get()));
}

TEST_CASE("stale is what was kept and has no service of that name where it fits") {
  const base::Fd one = opened(tcp_at("127.0.0.1"));
  const base::Fd two = opened(tcp_at("127.0.0.1"));
  const config::Service web = service_at("web", where(one, tcp_at("127.0.0.1")));
  config::Service any = service_at("any", tcp_at("127.0.0.1"));
  const std::string kept = stored_name("web", web.listen);
  ActivatedSockets sockets = pool(handed(stored_name("gone", web.listen), one), handed("WEB", one), handed("of.socket", two),
                               handed(kept, two), handed(kept, one), handed(kept, one),
                               handed(stored_refusing_name("web", web.listen), one),
                               handed(stored_name("any", any.listen), two));
  const auto stale = sockets.take_stale({&web, &any});
  CHECK(stale.size() == 4);  // gone; at another place; twice; a second one of what has none
  CHECK(names(sockets) == std::vector<std::string>{"WEB", "of.socket", kept, stored_name("any", any.listen)});
  CHECK(sockets.facts().at(2).facts.at == local_endpoint(one.get()));
  CHECK(sockets.take_stale({&web, &any}).empty());
  CHECK(sockets.take_stale({}).size() == 2);
}

TEST_CASE("the second socket of a pair is stale without the first, and at another port") {
  config::Service web = service_at("web", tcp_at("127.0.0.1"));
  web.wait = true;
  web.settings.only_from.emplace();
  REQUIRE(web.steered());
  web.listen.shared_port = true;
  const base::Fd one = opened(web.listen);
  const auto beside = open_beside(one.get(), web.listen);
  REQUIRE(beside.has_value());
  const base::Fd& two = beside->fd;
  const base::Fd other = opened(web.listen);
  const std::string first = stored_name("web", web.listen);
  const std::string second = stored_refusing_name("web", web.listen);
  ActivatedSockets pair = pool(handed(second, two), handed(first, one));
  CHECK(pair.take_stale({&web}).empty());
  ActivatedSockets alone = pool(handed(second, two));
  CHECK(alone.take_stale({&web}).size() == 1);
  ActivatedSockets apart = pool(handed(first, one), handed(second, other));
  CHECK(apart.take_stale({&web}).size() == 1);
  CHECK(names(apart) == std::vector<std::string>{first});
}

TEST_CASE("a socket that another process has hung up fits nowhere") {
  for (const auto& spec : {tcp_at("127.0.0.1"), udp_at("127.0.0.1"), udp_at("0.0.0.0")}) {
    const base::Fd fd = opened(spec);
    const auto place = where(fd, spec);
    hang_up(fd.get());
    CHECK_FALSE(misfit_of(fd, place).empty());
  }
}

TEST_CASE("a name does not help a socket that does not fit") {
  const auto spec = tcp_at("127.0.0.1");
  const base::Fd one = opened(spec);
  ActivatedSockets sockets = pool(handed("web", one));
  auto moved = where(one, spec);
  ++moved.at.port;
  CHECK_FALSE(sockets.take("web", moved));
  CHECK(sockets.take_all().size() == 1);
  CHECK(sockets.facts().empty());
}

TEST_CASE("what is no IP socket is not taken, and named") {
  std::vector<ActivatedSocket> odd;
  odd.push_back({"null", base::Fd(::open("/dev/null", O_RDONLY | O_CLOEXEC))});
  odd.push_back({"unix", base::Fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0))});
  ActivatedSockets sockets;
  CHECK(sockets.add(std::move(odd)) ==
        std::vector<std::string>{"descriptor null: it is not a socket", "descriptor unix: it is not an IPv4 or IPv6 "
                                                                        "socket"});
  CHECK(sockets.sockets().empty());
}

TEST_CASE("a socket that was given back can be taken again") {
  const auto spec = tcp_at("127.0.0.1");
  const base::Fd one = opened(spec);
  ActivatedSockets sockets;
  sockets.give_back(handed("web", one));
  CHECK(sockets.take("web", where(one, spec)));
}

TEST_CASE("places are written as sockets are") {
  const auto text = [](const base::Endpoint& at, bool ipv6) {
    SocketFacts facts;
    facts.ipv6 = ipv6;
    facts.at = at;
    return place_text(facts);
  };
  CHECK(text({address("127.0.0.1"), 80}, false) == "127.0.0.1:80");
  CHECK(text({address("::ffff:127.0.0.1"), 80}, true) == "127.0.0.1:80");
  CHECK(text({address("::1"), 80}, true) == "[::1]:80");
  CHECK(text({{}, 80}, true) == "[::]:80");
  CHECK(text({{}, 80}, false) == "0.0.0.0:80");
}
