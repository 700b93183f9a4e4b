// SPDX-License-Identifier: MIT
// The header with which a relay begins.
#include "service/proxy_greeting.hpp"

#include <sys/socket.h>

#include <catch2/catch.hpp>

#include "converse/proxy_header.hpp"
#include "service/fixture.hpp"
#include "service/pair_ends.hpp"

using namespace xsuperd;
using namespace xsuperd::service;
using namespace xsuperd::service::test;
using config::RedirectProxy;
using Fact = net::ProxyWord::Fact;
using namespace std::string_literals;

namespace {

base::Endpoint at(const char* address, std::uint16_t port) { return {*base::Address::parse(address), port}; }

Session from(const base::Endpoint& peer) { return Session(peer); }

/// Whoever reads it finds the same.
converse::ProxyHeader read(const std::string& greeting) {
  const auto beginning = converse::parse_proxy_header(greeting);
  REQUIRE(beginning.state == converse::ProxyBeginning::State::header);
  CHECK(beginning.header.size == greeting.size());
  return beginning.header;
}

converse::ProxyHeader told(RedirectProxy version, const base::Endpoint& client, const base::Endpoint& called) {
  return read(proxy_greeting(version, from(client), called));
}

const tls::Words handshake{.name = "www.example.org", .protocol = "h2", .version = "TLSv1.3", .cipher = "TLS_AES_128_GCM_SHA256", .resumed = false,
                           .certificate = tls::Certificate{.subject = "jo", .names = {}, .issuer = "CN=us", .serial = "01", .sha256 = std::string(64, 'a')}};

}  // namespace

TEST_CASE("a greeting names the client and what it called, in either version") {
  CHECK(proxy_greeting(RedirectProxy::no, from(at("192.0.2.1", 1)), at("198.51.100.1", 2)).empty());
  CHECK(proxy_greeting(RedirectProxy::v1, from(at("192.0.2.1", 40000)), at("198.51.100.1", 80)) == "PROXY TCP4 192.0.2.1 198.51.100.1 40000 80\r\n");
  CHECK(proxy_greeting(RedirectProxy::v1, from(at("::ffff:192.0.2.1", 40000)), at("::ffff:198.51.100.1", 80)) ==
        "PROXY TCP4 192.0.2.1 198.51.100.1 40000 80\r\n");
  CHECK(proxy_greeting(RedirectProxy::v1, from(at("2001:db8::1", 1)), at("2001:db8::2", 2)) == "PROXY TCP6 2001:db8::1 2001:db8::2 1 2\r\n");
  CHECK(proxy_greeting(RedirectProxy::v2, from(at("192.0.2.1", 40000)), at("198.51.100.1", 80)) ==
        "\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0\0\x02\x01\xc6\x33\x64\x01\x9c\x40\0\x50"s);
  for (const RedirectProxy version : {RedirectProxy::v1, RedirectProxy::v2}) {
    const auto ipv6 = told(version, at("2001:db8::1", 1), at("2001:db8::2", 65535));
    CHECK(ipv6.client == at("2001:db8::1", 1));
    CHECK(ipv6.called == at("2001:db8::2", 65535));
    // Of two families: both in the form of IPv6.
    const auto mixed = told(version, at("192.0.2.1", 1), at("2001:db8::2", 2));
    CHECK(mixed.client == at("192.0.2.1", 1));
    CHECK(mixed.called == at("2001:db8::2", 2));
    const base::Address link_local = base::Address::ipv6(base::Address::parse("fe80::1")->bytes(), 1);
    CHECK(told(version, {link_local, 1}, {link_local, 2}).client == at("fe80::1", 1));
  }
}

TEST_CASE("of a client without an IP address nothing is said") {
  for (const base::Address& peer : {base::Address::local(1000, 100, 42), base::Address::vsock(3, 7), base::Address()}) {
    CHECK(proxy_greeting(RedirectProxy::v1, from({peer, 0}), {}) == "PROXY UNKNOWN\r\n");
    CHECK(proxy_greeting(RedirectProxy::v2, from({peer, 0}), {}) == "\r\n\r\n\0\r\nQUIT\n\x21\0\0\0"s);
  }
}

TEST_CASE("version 2 tells of a handshake that was held here, and version 1 does not") {
  Session session = from(at("192.0.2.1", 1));
  session.words = std::make_shared<const tls::Words>(handshake);
  session.proxy_words = {{Fact::name, "other"}, {Fact::unique_id, "7"}, {Fact::tls_version, "TLSv1"}};
  const auto header = read(proxy_greeting(RedirectProxy::v2, session, at("198.51.100.1", 2)));
  CHECK(header.words == net::ProxyWords{{Fact::name, "www.example.org"}, {Fact::protocol, "h2"}, {Fact::unique_id, "7"}, {Fact::tls_version, "TLSv1.3"},
                                        {Fact::tls_cipher, "TLS_AES_128_GCM_SHA256"}, {Fact::tls_verified, "yes"}, {Fact::tls_subject, "jo"}});
  CHECK(proxy_greeting(RedirectProxy::v1, session, at("198.51.100.1", 2)) == "PROXY TCP4 192.0.2.1 198.51.100.1 1 2\r\n");
}

TEST_CASE("version 2 passes on what a proxy has told, and no more of it than fits") {
  Session session = from(at("192.0.2.1", 1));
  session.proxy_words = {{Fact::name, "www.example.org"}, {Fact::unique_id, "7"}, {Fact::tls_version, "TLSv1.2"}, {Fact::tls_verified, "no"}};
  CHECK(read(proxy_greeting(RedirectProxy::v2, session, at("198.51.100.1", 2))).words == session.proxy_words);
  session.proxy_words.clear();
  for (std::size_t i = 0; i < net::most_proxy_words; ++i) session.proxy_words.push_back({static_cast<Fact>(i), std::string(net::longest_proxy_word, 'x')});
  CHECK(read(proxy_greeting(RedirectProxy::v2, session, at("198.51.100.1", 2))).words.empty());
}

TEST_CASE("a redirected connection begins with the header of its client, whatever it came through") {
  const bool through_proxy = GENERATE(false, true);
  config::Service service = stream_service();
  service.kind = config::Kind::redirect;
  service.settings.redirect = config::RedirectTarget{"127.0.0.1", 80};
  service.settings.redirect_proxy = RedirectProxy::v1;
  if (through_proxy) service.settings.proxy_from = pattern("127.0.0.1");
  Bench bench(service);
  REQUIRE(bench.runner->start());
  const Client client(bench.where());
  client.send("12345");
  bench.run_until([&] { return bench.conversations.requests.size() == 1; });
  if (through_proxy) {
    worker::Report report;
    report.header = {.result = worker::ProxyHeader::Result::header, .version = 1, .own = false, .size = 5, .client = at("192.0.2.7", 4711), .called = at("198.51.100.1", 80)};
    bench.conversations.finish(0, std::move(report));
    bench.run_until([&] { return bench.conversations.requests.size() == 2; });
    CHECK(bench.conversations.requests[1].parameters.texts == std::vector<std::string>{"PROXY TCP4 192.0.2.7 198.51.100.1 4711 80\r\n"});
    return;
  }
  REQUIRE(bench.conversations.requests[0].parameters.texts.size() == 1);
  const auto header = read(bench.conversations.requests[0].parameters.texts[0]);
  CHECK(header.client == bench.runner->sessions().all().begin()->second.peer);
  CHECK(header.called == bench.where());
}

TEST_CASE("the ends of a pair are the client's, or those of the socket, and always of one family") {
  SessionFacts session;
  session.peer = at("192.0.2.1", 4711);
  session.local = at("127.0.0.1", 22);
  CHECK(pair_ends(session, Shows::client).peer == session.peer);
  CHECK(pair_ends(session, Shows::client).local == session.local);
  session.proxy = at("::ffff:10.0.0.1", 7);
  session.called = at("198.51.100.1", 23);
  CHECK(pair_ends(session, Shows::client).peer == session.peer);
  CHECK(pair_ends(session, Shows::client).local == session.called);
  CHECK(pair_ends(session, Shows::socket_peer).peer == session.proxy);
  CHECK(pair_ends(session, Shows::socket_peer).local == session.local);
  session.called = at("2001:db8::1", 23);
  CHECK(pair_ends(session, Shows::client).local == at("127.0.0.1", 23));
  session.peer = at("2001:db8::7", 4711);
  session.called = at("::ffff:198.51.100.1", 23);
  CHECK(pair_ends(session, Shows::client).local == at("::1", 23));
}
