// SPDX-License-Identifier: MIT
// What servers are told of their connections, from facts to words.
#include "service/own_words.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

#include "service/fixture.hpp"
#include "xsuperd/config/loader.hpp"

using namespace xsuperd;
using namespace xsuperd::service;
using namespace xsuperd::service::test;
using Words = std::vector<std::string>;

namespace {

config::Service telling(config::ConnEnv which) {
  config::Service service = stream_service();
  service.connection_variables = config::variables_for(which, {});
  return service;
}

base::Endpoint endpoint(const char* address, std::uint16_t port) { return {*base::Address::parse(address), port}; }

SessionFacts from(const base::Endpoint& peer) {
  SessionFacts facts;
  facts.peer = peer;
  return facts;
}

Words words_of(const spawn::OwnWords& own) {
  Words all;
  for (const char* next = own.text.c_str(); all.size() < own.arguments + own.variables; next += all.back().size() + 1)
    all.emplace_back(next);
  return all;
}

Words told(config::ConnEnv which, const ConnectionFacts& facts) { return words_of(own_words(telling(which), facts)); }

/// The arguments that these become.
Words expanded(const Words& arguments, const ConnectionFacts& facts) {
  config::Service service = stream_service();
  service.argv = {"server"};
  service.argv.insert(service.argv.end(), arguments.begin(), arguments.end());
  config::expand_arguments(service);
  return words_of(own_words(service, facts));
}

const ConnectionFacts over_ipv4{7, endpoint("192.0.2.1", 4000), endpoint("192.0.2.2", 25), {}};
const ConnectionFacts over_ipv6{7, endpoint("2001:db8::1", 4000), endpoint("2001:db8::2", 25), {}};
const ConnectionFacts over_unix{7, {base::Address::local(1000, 100, 42), 0}, {}, "/run/x.sock"};
const ConnectionFacts over_vsock{7, {base::Address::vsock(3, 70000), 0}, {base::Address::vsock(2, 25), 0}, {}};

}  // namespace

TEST_CASE("a service that wants nothing told has no words") {
  CHECK_FALSE(tells_of_connections(stream_service()));
  CHECK(tells_of_connections(telling(config::ConnEnv::ucspi)));
  CHECK(told(config::ConnEnv::xinetd, over_ipv4).empty());
}

TEST_CASE("a server over IPv4 gets the variables of UCSPI") {
  CHECK(told(config::ConnEnv::ucspi, over_ipv4) == Words{"PROTO=TCP", "TCPLOCALIP=192.0.2.2", "TCPLOCALPORT=25",
                                                         "TCPREMOTEIP=192.0.2.1", "TCPREMOTEPORT=4000"});
}

TEST_CASE("IPv4-mapped addresses count as IPv4, but REMOTE_HOST is as it always was") {
  ConnectionFacts mapped = over_ipv4;
  mapped.peer = endpoint("::ffff:192.0.2.1", 4000);
  mapped.local = endpoint("::ffff:192.0.2.2", 25);
  CHECK(told(config::ConnEnv::all, mapped) == told(config::ConnEnv::all, over_ipv4));
  CHECK(expanded({"%{remote_addr}", "%{remote_host}"}, mapped) == Words{"server", "192.0.2.1", "::ffff:192.0.2.1"});
}

TEST_CASE("over IPv6 there are TCP6 variables as well") {
  CHECK(told(config::ConnEnv::ucspi, over_ipv6) ==
        Words{"PROTO=TCP6", "TCPLOCALIP=2001:db8::2", "TCPLOCALPORT=25", "TCPREMOTEIP=2001:db8::1", "TCPREMOTEPORT=4000",
              "TCP6LOCALIP=2001:db8::2", "TCP6LOCALPORT=25", "TCP6REMOTEIP=2001:db8::1", "TCP6REMOTEPORT=4000"});
}

TEST_CASE("the interface of a link-local address is a variable of its own, and part of REMOTE_ADDR") {
  ConnectionFacts facts = over_ipv6;
  facts.peer.address = base::Address::ipv6(base::Address::parse("fe80::1")->bytes(), 1);
  facts.local.address = base::Address::ipv6(base::Address::parse("fe80::2")->bytes(), 1);
  const Words all = told(config::ConnEnv::all, facts);
  const auto has = [&](const std::string& word) { return std::find(all.begin(), all.end(), word) != all.end(); };
  CHECK(has("TCPREMOTEIP=fe80::1"));
  CHECK(has("TCP6LOCALIP=fe80::2"));
  CHECK(has("REMOTE_ADDR=" + facts.peer.address.text()));
  const std::string interface = facts.peer.address.text().substr(std::string("fe80::1%").size());
  CHECK(has("TCP6INTERFACE=" + interface));
}

TEST_CASE("all adds names that mean the same whatever the connection is") {
  CHECK(told(config::ConnEnv::all, over_ipv4) ==
        Words{"REMOTE_ADDR=192.0.2.1", "REMOTE_PORT=4000", "LOCAL_ADDR=192.0.2.2", "LOCAL_PORT=25", "CONNECTION_ID=7", "PROTO=TCP",
              "TCPLOCALIP=192.0.2.2", "TCPLOCALPORT=25", "TCPREMOTEIP=192.0.2.1", "TCPREMOTEPORT=4000"});
  CHECK(told(config::ConnEnv::all, over_unix) ==
        Words{"REMOTE_ADDR=unix:uid=1000,pid=42", "LOCAL_ADDR=/run/x.sock", "REMOTE_UID=1000", "REMOTE_GID=100", "REMOTE_PID=42",
              "CONNECTION_ID=7", "PROTO=UNIX", "UNIXLOCALPATH=/run/x.sock", "UNIXREMOTEEUID=1000", "UNIXREMOTEEGID=100",
              "UNIXREMOTEPID=42"});
  CHECK(told(config::ConnEnv::all, over_vsock) == Words{"REMOTE_ADDR=3", "REMOTE_PORT=70000", "LOCAL_ADDR=2", "LOCAL_PORT=25",
                                                        "CONNECTION_ID=7", "PROTO=VSOCK"});
}

TEST_CASE("what is not known of a connection is no variable, rather than an empty one") {
  CHECK(told(config::ConnEnv::all, {7, {}, {}, {}}) == Words{"CONNECTION_ID=7", "PROTO=TCP"});
  ConnectionFacts unnamed = over_unix;
  unnamed.local_name.clear();
  const Words all = told(config::ConnEnv::all, unnamed);
  CHECK(std::find(all.begin(), all.end(), "LOCAL_ADDR=") == all.end());
  CHECK(std::find(all.begin(), all.end(), "REMOTE_UID=1000") != all.end());
}

TEST_CASE("over another protocol than TCP there are no variables of TCP") {
  config::Service service = telling(config::ConnEnv::ucspi);
  service.listen.protocol.name = "sctp";
  CHECK(words_of(own_words(service, over_ipv4)) == Words{"PROTO=SCTP"});
}

TEST_CASE("one word stays one argument, and a fact that there is not is empty") {
  CHECK(expanded({"a %{remote_addr} b", "%{remote_uid}", "%%", "%{service}/%{connection_id}"}, over_ipv4) ==
        Words{"server", "a 192.0.2.1 b", "", "%", "x/7"});
  CHECK(expanded({"%{remote_uid}:%{remote_gid}:%{remote_pid}:%{remote_port}", "%{local_addr}"}, over_unix) ==
        Words{"server", "1000:100:42:", "/run/x.sock"});
  CHECK(expanded({"%{local_port}", "%{remote_port}"}, over_vsock) == Words{"server", "25", "70000"});
}

TEST_CASE("a NUL byte in an abstract name does not end the word") {
  ConnectionFacts facts = over_unix;
  facts.local_name = std::string("@a\0b", 4);
  CHECK(expanded({"%{local_addr}", "end"}, facts) == Words{"server", "@a@b", "end"});
}

TEST_CASE("a client behind a proxy is told with the address that it called, and the proxy") {
  SessionFacts session = from(endpoint("192.0.2.1", 4000));
  session.proxy = endpoint("::ffff:10.0.0.1", 7);
  session.called = endpoint("198.51.100.1", 25);
  errno = 0;
  const ConnectionFacts facts = facts_of(telling(config::ConnEnv::all), 7, session, -1);
  CHECK(errno == 0);  // the kernel is not asked
  const Words words = told(config::ConnEnv::all, facts);
  for (const char* word : {"REMOTE_ADDR=192.0.2.1", "LOCAL_ADDR=198.51.100.1", "LOCAL_PORT=25", "PROXY_ADDR=10.0.0.1", "PROXY_PORT=7"})
    CHECK(std::count(words.begin(), words.end(), word) == 1);
  CHECK(expanded({"%{proxy_addr}:%{proxy_port}"}, facts) == Words{"server", "10.0.0.1:7"});
  CHECK(expanded({"%{proxy_addr}"}, over_ipv4) == Words{"server", ""});
  const Words without = told(config::ConnEnv::all, over_ipv4);
  CHECK(std::none_of(without.begin(), without.end(), [](const std::string& word) { return word.starts_with("PROXY_"); }));
}

TEST_CASE("what a proxy has told of its client's TLS stands in variables, and what it has not told does not") {
  using Fact = net::ProxyWord::Fact;
  SessionFacts session = from(endpoint("192.0.2.1", 4000));
  session.proxy = endpoint("10.0.0.1", 7);
  session.called = endpoint("198.51.100.1", 25);
  session.proxy_words = {{Fact::name, "www.example.org"}, {Fact::protocol, "h2"}, {Fact::unique_id, "a b"}, {Fact::tls_version, "TLSv1.3"},
                         {Fact::tls_cipher, "c"}, {Fact::tls_verified, "yes"}, {Fact::tls_subject, "J\xc3\xb6rg"}, {Fact::tls_signature, "s"}, {Fact::tls_key, "k"}};
  const auto words_for = [&](config::ConnEnv which) { return told(which, facts_of(telling(which), 7, session, -1)); };
  const Words words = words_for(config::ConnEnv::all);
  for (const char* word : {"PROXY_SNI=www.example.org", "PROXY_ALPN=h2", "PROXY_UNIQUE_ID=a b", "PROXY_TLS_VERSION=TLSv1.3", "PROXY_TLS_CIPHER=c",
                           "PROXY_TLS_VERIFIED=yes", "PROXY_TLS_CN=J\xc3\xb6rg", "PROXY_TLS_SIGNATURE=s", "PROXY_TLS_KEY=k"})
    CHECK(std::count(words.begin(), words.end(), word) == 1);
  session.proxy_words = {{Fact::name, "a"}};
  const auto of_proxy = [](const Words& all) { return std::count_if(all.begin(), all.end(), [](const std::string& word) { return word.starts_with("PROXY_"); }); };
  CHECK(of_proxy(words_for(config::ConnEnv::all)) == 3);
  CHECK(of_proxy(words_for(config::ConnEnv::ucspi)) == 0);
}

TEST_CASE("a connection is asked for its local end only where somebody is told of it") {
  const base::Endpoint peer = endpoint("192.0.2.1", 1);
  // Nobody has such a descriptor: who asks it finds nothing, and so does who does not. What counts is errno.
  errno = 0;
  (void)facts_of(stream_service(), 7, from(peer), -1);
  CHECK(errno == 0);
  (void)facts_of(telling(config::ConnEnv::ucspi), 7, from(peer), -1);
  CHECK(errno == EBADF);
}

TEST_CASE("the server of a connection is told its ports, and by default nothing") {
  for (const bool tells : {false, true}) {
    config::Service service = tells ? telling(config::ConnEnv::all) : stream_service();
    Bench bench(service);
    REQUIRE(bench.runner->start());
    const Client client(bench.where());
    bench.run_until_jobs(1);
    const spawn::OwnWords& own = bench.job(0).own;
    if (!tells) {
      CHECK(own.text.empty());
      CHECK(own.text.capacity() == std::string().capacity());
      continue;
    }
    const Words all = words_of(own);
    const auto has = [&](const std::string& word) { return std::find(all.begin(), all.end(), word) != all.end(); };
    CHECK(has("LOCAL_PORT=" + std::to_string(bench.where().port)));
    CHECK(has("TCPREMOTEIP=127.0.0.1"));
    CHECK(has("CONNECTION_ID=" + std::to_string(bench.runner->sessions().all().begin()->first)));
  }
}

TEST_CASE("of TLS a server is told what was agreed on, and with whom") {
  ConnectionFacts facts = over_ipv4;
  CHECK_FALSE(std::ranges::any_of(told(config::ConnEnv::all, facts), [](const std::string& one) { return one.starts_with("TLS_"); }));
  const auto of_tls = [&facts](tls::Words words) {
    facts.words = std::make_shared<const tls::Words>(std::move(words));
    Words all = told(config::ConnEnv::all, facts);
    std::erase_if(all, [](const std::string& one) { return !one.starts_with("TLS_"); });
    return all;
  };
  tls::Words words{.name = {}, .protocol = {}, .version = "TLSv1.3", .cipher = "TLS_AES_128_GCM_SHA256", .resumed = false, .certificate = {}};
  CHECK(of_tls(words) == Words{"TLS_PROTOCOL=TLSv1.3", "TLS_CIPHER=TLS_AES_128_GCM_SHA256", "TLS_RESUMED=0"});
  words.name = "host.example";
  words.protocol = "imap";
  words.resumed = true;
  words.certificate = tls::Certificate{.subject = "Jo Doe", .names = {"jo.example", "not one", "jo@example.org"}, .issuer = "CN=us", .serial = "0a", .sha256 = "ab"};
  CHECK(of_tls(words) == Words{"TLS_PROTOCOL=TLSv1.3", "TLS_CIPHER=TLS_AES_128_GCM_SHA256", "TLS_SNI=host.example", "TLS_ALPN=imap", "TLS_RESUMED=1",
                               "TLS_CLIENT_SUBJECT=Jo Doe", "TLS_CLIENT_NAMES=jo.example jo@example.org", "TLS_CLIENT_ISSUER=CN=us",
                               "TLS_CLIENT_SERIAL=0a", "TLS_CLIENT_SHA256=ab"});
  words.certificate->names.assign(32, std::string(500, 'n'));
  const Words many = of_tls(words);
  const auto names = std::ranges::find_if(many, [](const std::string& one) { return one.starts_with("TLS_CLIENT_NAMES="); });
  REQUIRE(names != many.end());
  CHECK(names->size() == std::string("TLS_CLIENT_NAMES=").size() + 8 * 501 - 1);
  CHECK(told(config::ConnEnv::ucspi, facts).size() == 5);
}
