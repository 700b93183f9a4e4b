// SPDX-License-Identifier: MIT
#include <openssl/err.h>

#include "converse/streams.hpp"
#include "tls/client.hpp"

using namespace xsuperd;
using namespace xsuperd::converse;
using namespace xsuperd::converse::testing;
using Result = tls::Handshake::Result;

namespace {

std::shared_ptr<const tls::Context> context(bool asks = false) {
  const auto issued = tls::test::our_authority().issue({});
  tls::Offer offer;
  offer.identities.push_back({"", issued.chain, issued.key});
  if (asks) offer.client_certificate = tls::ClientCertificate::required;
  if (asks) offer.client_ca = tls::test::our_authority().certificate();
  return tls::Context::make(offer).value();
}

/// A peer of TLS, the conversation, and the far end of the socket that it is given.
struct Covered {
  explicit Covered(std::chrono::milliseconds patience = 10s, bool asks = false, bool tcp = false)
      : ends(tcp ? tcp_pair() : unix_pair()), talk(Kind::tls, parameters(patience, asks)) {
    ::fcntl(ends.first.get(), F_SETFL, O_NONBLOCK);
  }
  Parameters parameters(std::chrono::milliseconds patience, bool asks) {
    Parameters all;
    all.context = context(asks);
    all.idle_deadline = patience;
    all.on_shaken = [this](const tls::Handshake& handshake) { told.push_back(handshake); };
    return all;
  }
  /// What the peer has to send goes over the wire, and what came to it.
  void carry() {
    char bytes[20'000];
    while (const int size = stalled ? 0 : BIO_read(peer.to_server, bytes, sizeof bytes)) {
      if (size < 0) break;
      talk.say({bytes, static_cast<std::size_t>(size)});
    }
    open = talk.hear() && open;
    if (!talk.heard.empty()) BIO_write(peer.from_server, talk.heard.data(), static_cast<int>(talk.heard.size()));
    talk.heard.clear();
  }
  template <typename Enough>
  [[nodiscard]] bool until(Enough enough) {
    return run_until(talk.loop, [&] { return carry(), enough(); });
  }
  void shake() {
    REQUIRE(until([&] { return peer.shake(), !told.empty(); }));
  }
  void join() {
    shake();
    REQUIRE(told.front().result == Result::done);
    talk.conversation->join(std::move(ends.second));
  }
  /// What the server reads until there are `size` bytes.
  std::string server_hears(std::size_t size) {
    std::string all;
    char bytes[4096];
    CHECK(until([&] {
      const ssize_t n = ::recv(ends.first.get(), bytes, sizeof bytes, MSG_DONTWAIT);
      if (n > 0) all.append(bytes, static_cast<std::size_t>(n));
      return all.size() >= size;
    }));
    return all;
  }
  /// 0: it has read the end; an errno value; or -1: neither yet.
  int server_end() {
    char byte = 0;
    const ssize_t n = ::recv(ends.first.get(), &byte, 1, MSG_DONTWAIT);
    return n == 0 ? 0 : n > 0 || errno == EAGAIN ? -1 : errno;
  }
  void server_says(std::string_view text) const { REQUIRE(::send(ends.first.get(), text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size())); }
  std::string peer_hears(std::size_t size) {
    std::string all;
    CHECK(until([&] { return all += peer.read(), all.size() >= size; }));
    return all;
  }

  tls::test::Client peer{{}};
  std::vector<tls::Handshake> told;
  bool open = true;      // the connection of the peer
  bool stalled = false;  // the peer sends nothing
  std::pair<base::Fd, base::Fd> ends;
  Talking talk;
};

}  // namespace

TEST_CASE("TLS is told once, and then passes bytes both ways and counts them") {
  Covered covered;
  covered.join();
  CHECK(covered.told.front().words.version == "TLSv1.3");
  covered.peer.write("question");
  CHECK(covered.server_hears(8) == "question");
  covered.server_says("the answer");
  CHECK(covered.peer_hears(10) == "the answer");
  CHECK(covered.talk.conversation->traffic() == Traffic{8, 10});
  SSL_shutdown(covered.peer.ssl);
  CHECK(covered.until([&] { return covered.server_end() == 0; }));
  covered.server_says("after the end");
  CHECK(covered.peer_hears(13) == "after the end");
  covered.ends.first.reset();
  CHECK(covered.until([&] { return covered.peer.told_end() && !covered.open; }));
  covered.talk.client.reset();
  const Report& report = covered.talk.result();
  CHECK(report.in == 8);
  CHECK(report.out == 23);
  CHECK(covered.told.size() == 1);
}

namespace {

/// A conversation that is told of targets, the last of which is ours.
struct Redirected : Covered {
  explicit Redirected(Parameters parameters = {}) {
    shake();
    parameters.targets.push_back(target.endpoint);
    talk.conversation->redirect(std::move(parameters));
  }
  /// The far end is that of the target from now on.
  void reach() {
    REQUIRE(until([&] { return target.called(); }));
    ends.first = target.accepted();
  }
  Server target;
};

}  // namespace

TEST_CASE("TLS connects to a target by itself, and passes bytes as to a socket that it is given") {
  Redirected covered;
  covered.peer.write("question");
  covered.reach();
  CHECK(covered.server_hears(8) == "question");
  covered.server_says("the answer");
  CHECK(covered.peer_hears(10) == "the answer");
  CHECK(covered.talk.conversation->traffic() == Traffic{8, 10});
  SSL_shutdown(covered.peer.ssl);
  CHECK(covered.until([&] { return covered.server_end() == 0; }));
  covered.server_says("after the end");
  CHECK(covered.peer_hears(13) == "after the end");
  covered.ends.first.reset();
  CHECK(covered.until([&] { return covered.peer.told_end() && !covered.open; }));
  covered.talk.client.reset();
  const Report& report = covered.talk.result();
  CHECK(report.in == 8);
  CHECK(report.out == 23);
  CHECK(report.connect_error == 0);
}

TEST_CASE("from behind TLS the targets are tried in order, and the first is told what stands before the peer's bytes") {
  Parameters parameters;
  parameters.targets = {nobody()};
  parameters.texts = {"PROXY ", "UNKNOWN\r\n"};
  parameters.keepalive = true;
  Redirected covered(std::move(parameters));
  covered.peer.write("question");
  covered.reach();
  CHECK(covered.server_hears(23) == "PROXY UNKNOWN\r\nquestion");
}

TEST_CASE("when no target takes a connection, the peer's ends in order, and it is reported") {
  Covered covered;
  covered.shake();
  Parameters parameters;
  parameters.targets = {nobody()};
  covered.talk.conversation->redirect(std::move(parameters));
  CHECK(covered.until([&] { return covered.peer.told_end() && !covered.open; }));
  covered.talk.client.reset();
  CHECK(covered.talk.result().connect_error == ECONNREFUSED);
  CHECK(covered.talk.result().failed_target == "127.0.0.1");
}

TEST_CASE("what a target has sent before it broke is said, and then that this was all") {
  Redirected covered;
  covered.reach();
  covered.server_says("half");
  reset_when_closed(covered.ends.first);
  covered.talk.settle();
  covered.ends.first.reset();
  CHECK(covered.peer_hears(4) == "half");
  CHECK(covered.until([&] { return covered.peer.told_end() && !covered.open; }));
}

TEST_CASE("from behind TLS a target that does not answer is given up at the deadline") {
  const Deaf deaf;
  Parameters parameters;
  parameters.targets = {deaf.server.endpoint};
  parameters.connect_deadline = 50ms;
  Redirected covered(std::move(parameters));
  covered.reach();
}

TEST_CASE("what a peer has said before it was gone is heard by the target that is found after that") {
  for (const bool slowly : {false, true}) {
    const Deaf deaf;
    Parameters parameters;
    parameters.connect_deadline = 50ms;
    if (slowly) parameters.targets = {deaf.server.endpoint};
    Covered covered;
    covered.shake();
    covered.peer.write("early");
    covered.carry();
    covered.talk.settle();
    reset_when_closed(covered.talk.client);
    covered.talk.client.reset();
    covered.talk.settle();
    const Server target;
    parameters.targets.push_back(target.endpoint);
    parameters.texts = {"first, "};
    covered.talk.conversation->redirect(std::move(parameters));
    REQUIRE(run_until(covered.talk.loop, [&] { return target.called(); }));
    const base::Fd there = target.accepted();
    CHECK(covered.talk.result().in == 5);
    char bytes[20];
    REQUIRE(::recv(there.get(), bytes, sizeof bytes, MSG_DONTWAIT) == 12);
    CHECK(std::string_view(bytes, 12) == "first, early");
  }
}

TEST_CASE("who is stopped between peer and target ends in order on both sides") {
  Redirected covered;
  covered.reach();
  covered.peer.write("question");
  CHECK(covered.server_hears(8) == "question");
  covered.server_says("half");
  CHECK(covered.peer_hears(4) == "half");
  covered.talk.conversation.reset();
  CHECK(covered.until([&] { return covered.peer.told_end() && !covered.open; }));
  CHECK(covered.server_end() == 0);
}

TEST_CASE("a peer whose target does not take what is to be said first is told that this was all, and nothing of it is counted") {
  Parameters parameters;
  parameters.texts = {std::string(8'000'000, 'x')};
  parameters.connect_deadline = 50ms;
  Redirected covered(std::move(parameters));
  covered.reach();
  CHECK(covered.until([&] { return covered.peer.told_end() && !covered.open; }));
  covered.peer.write("too late");
  covered.carry();
  covered.talk.client.reset();
  CHECK(covered.talk.result().in == 0);
}

TEST_CASE("a target gets all that its peer has sent before it was cut off, and then a reset") {
  Redirected covered;
  covered.reach();
  const std::string part(10'000, 'x');
  constexpr std::size_t all = 600'000;  // more than the target's kernel takes while nobody reads there
  for (std::size_t sent = part.size(); sent <= all; sent += part.size()) {
    covered.peer.write(part);
    REQUIRE(covered.until([&] { return covered.talk.conversation->traffic().in == sent; }));
  }
  covered.talk.client.reset();
  covered.talk.settle();
  CHECK_FALSE(covered.talk.report);
  std::size_t heard = 0;
  int error = 0;
  CHECK(run_until(covered.talk.loop, [&] {
    char bytes[4096];
    ssize_t n = 0;
    while ((n = ::recv(covered.ends.first.get(), bytes, sizeof bytes, MSG_DONTWAIT)) > 0) heard += static_cast<std::size_t>(n);
    error = n == 0 ? 0 : errno;
    return n == 0 || errno != EAGAIN;
  }));
  CHECK(heard == all);
  CHECK(error == ECONNRESET);
  CHECK(covered.talk.result().in == all);
}

TEST_CASE("who is told to connect before its handshake is done, or twice, connects once or not at all") {
  Covered early;
  early.talk.conversation->redirect({});
  CHECK(early.talk.report.has_value());
  Redirected twice;
  twice.talk.conversation->redirect({});
  twice.reach();
  twice.talk.conversation->redirect({});
  twice.talk.conversation->join({});
  twice.server_says("one");
  CHECK(twice.peer_hears(3) == "one");
}

TEST_CASE("what the peer has sent before there is a server waits for it") {
  Covered covered;
  covered.shake();
  covered.peer.write("early");
  covered.carry();
  covered.talk.settle();
  covered.talk.conversation->join(std::move(covered.ends.second));
  CHECK(covered.server_hears(5) == "early");
}

TEST_CASE("what the peer has said before its connection broke is heard by a server that comes soon") {
  Covered covered;
  covered.shake();
  covered.peer.write("early");
  covered.carry();
  covered.talk.settle();
  reset_when_closed(covered.talk.client);
  covered.talk.client.reset();
  covered.talk.settle();
  REQUIRE(!covered.talk.report);
  covered.talk.conversation->join(std::move(covered.ends.second));
  std::string heard;
  REQUIRE(run_until(covered.talk.loop, [&] {
    char byte = 0;
    while (::recv(covered.ends.first.get(), &byte, 1, MSG_DONTWAIT) == 1) heard += byte;
    return heard.size() == 5;
  }));
  CHECK(heard == "early");
  CHECK(covered.talk.result().in == 5);
}

TEST_CASE("a server that ends its half is still told what the peer says") {
  Covered covered;
  covered.join();
  covered.server_says("bye");
  ::shutdown(covered.ends.first.get(), SHUT_WR);
  CHECK(covered.until([&] { return covered.peer.told_end(); }));
  covered.peer.write("more");
  CHECK(covered.server_hears(4) == "more");
  SSL_shutdown(covered.peer.ssl);
  CHECK(covered.until([&] { return covered.server_end() == 0; }));
  covered.talk.client.reset();
  CHECK(covered.talk.result().in == 4);
}

TEST_CASE("a server that ends while its peer is silent ends the connection") {
  Covered covered;
  covered.join();
  covered.server_says("all");
  covered.ends.first.reset();
  CHECK(covered.peer_hears(3) == "all");
  CHECK(covered.until([&] { return covered.peer.told_end() && !covered.open; }));
  CHECK(covered.talk.result().out == 3);  // after a farewell of a second
}

TEST_CASE("a connection that is cut off is an end, or over TCP a reset") {
  const bool tcp = GENERATE(false, true);
  Covered covered(10s, false, tcp);
  covered.join();
  covered.peer.write("half");
  covered.carry();
  covered.talk.client.reset();
  CHECK(run_until(covered.talk.loop, [&] { return covered.talk.report.has_value(); }));
  std::string all;
  char bytes[100];
  ssize_t n = 0;
  while ((n = ::recv(covered.ends.first.get(), bytes, sizeof bytes, 0)) > 0) all.append(bytes, static_cast<std::size_t>(n));
  if (!tcp) CHECK(all == "half");
  CHECK(n == (tcp ? -1 : 0));
  if (tcp) CHECK(errno == ECONNRESET);
}

TEST_CASE("a server that reads nothing holds its peer up, and the other way round") {
  Covered covered;
  covered.join();
  const std::string megabyte(1'000'000, 'x');
  std::size_t sent = 0;
  while (true) {  // until nothing more is taken
    const ssize_t n = ::send(covered.ends.first.get(), megabyte.data(), megabyte.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n > 0) sent += static_cast<std::size_t>(n);
    covered.talk.settle();
    if (n < 0 && ::send(covered.ends.first.get(), "x", 1, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) break;
    if (n < 0) ++sent;
  }
  CHECK(covered.talk.conversation->traffic().out <= sent);
  CHECK(covered.peer_hears(sent).size() == sent);
  CHECK(covered.talk.conversation->traffic().out == sent);
}

TEST_CASE("records with nothing in them do not keep a conversation busy for ever") {
  Covered covered(10s, false, true);
  covered.join();
  ERR_clear_error();
  for (int i = 0; i < 20'000 && !covered.talk.report; ++i) {
    REQUIRE(SSL_key_update(covered.peer.ssl, SSL_KEY_UPDATE_NOT_REQUESTED) == 1);
    (void)SSL_do_handshake(covered.peer.ssl);
    if (i % 100 == 0) covered.carry();
  }
  CHECK(covered.until([&] { return covered.talk.report.has_value(); }));
  CHECK(covered.server_end() == ECONNRESET);
}

TEST_CASE("some of them among bytes that count do no harm") {
  Covered covered;
  covered.join();
  const std::string portion(1000, 'x');
  std::string all;
  for (int i = 0; i < 200; ++i) {
    REQUIRE(SSL_key_update(covered.peer.ssl, SSL_KEY_UPDATE_NOT_REQUESTED) == 1);
    covered.peer.write(portion);
    all += covered.server_hears(portion.size());
  }
  CHECK(all.size() == 200 * portion.size());
}

TEST_CASE("a worker that dies resets the connection of the server, which must not take it for an end") {
  Covered covered(10s, false, true);
  covered.join();
  covered.peer.write("half");
  CHECK(covered.server_hears(4) == "half");
  covered.talk.conversation.reset();  // as the kernel does
  CHECK(covered.server_end() == ECONNRESET);
}

TEST_CASE("a handshake that is not done in time is told, and ends") {
  Covered covered(50ms);
  (void)covered.talk.result();
  REQUIRE(covered.told.size() == 1);
  CHECK(covered.told.front().result == Result::too_late);
}

TEST_CASE("a failed handshake is told with its reason, and the peer gets the alert") {
  Covered covered(10s, true);
  covered.shake();
  CHECK(covered.told.front().result == Result::certificate);
  CHECK(covered.until([&] { return (void)covered.peer.read(), !covered.open; }));
  CHECK(ERR_GET_REASON(ERR_peek_last_error()) == SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED);
  covered.talk.client.reset();
  (void)covered.talk.result();
}

TEST_CASE("a peer that leaves before its handshake is done has left") {
  Covered covered;
  covered.talk.client.reset();
  (void)covered.talk.result();
  REQUIRE(covered.told.size() == 1);
  CHECK(covered.told.front().result == Result::left);
}

TEST_CASE("a descriptor that was lost on the way ends the conversation") {
  Covered covered;
  covered.shake();
  covered.talk.conversation->join({});
  (void)covered.talk.result();
}

TEST_CASE("an idle connection behind TLS holds no bytes of ours") {
  Covered covered;
  const int before = open_descriptors();
  covered.join();
  covered.peer.write("x");
  CHECK(covered.server_hears(1) == "x");
  CHECK(open_descriptors() == before);  // its own two, which the test has given it
}
