// SPDX-License-Identifier: MIT
#include "xsuperd/tls/engine.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

#include "tls/client.hpp"

using namespace xsuperd::tls;
using namespace xsuperd::tls::test;
using Shaking = Engine::Shaking;
using Result = Handshake::Result;

namespace {

const Authority& authority() {
  static const Authority one("Our authority");
  return one;
}

Identity identity(const Issued& issued, std::string name = {}) { return {std::move(name), issued.chain, issued.key}; }

Offer offer() {
  Offer one;
  one.identities.push_back(identity(authority().issue({})));
  return one;
}

Offer asking(ClientCertificate how) {
  Offer one = offer();
  one.client_certificate = how;
  one.client_ca = authority().certificate();
  return one;
}

std::shared_ptr<const Context> context(const Offer& offer) {
  const auto made = Context::make(offer);
  INFO((made ? std::string() : made.error().sentence));
  REQUIRE(made.has_value());
  return *made;
}

/// A handshake from end to end.
struct Meeting {
  explicit Meeting(const Offer& offer, const Wants& wants = {})
      : client(wants), wire(client), engine(context(offer), wire), shaking(shake_hands(client, engine)) {}
  Client client;
  Wire wire;
  Engine engine;
  Shaking shaking;
};

std::string shown_to(const Meeting& meeting) {
  X509* peer = SSL_get1_peer_certificate(meeting.client.ssl);
  char name[100] = {};
  X509_NAME_get_text_by_NID(X509_get_subject_name(peer), NID_commonName, name, sizeof name);
  X509_free(peer);
  return name;
}

std::string read(Engine& engine, Moved& moved) {
  std::string all;
  char bytes[5000];
  for (std::size_t count = 0; (moved = engine.read(bytes, count)) == Moved::some;) all.append(bytes, count);
  return all;
}

}  // namespace

TEST_CASE("both versions of TLS carry bytes both ways, and say what was agreed on") {
  const int version = GENERATE(TLS1_2_VERSION, TLS1_3_VERSION);
  Meeting meeting(offer(), {.name = "host.example", .version = version});
  REQUIRE(meeting.shaking == Shaking::done);
  const Words words = meeting.engine.outcome().words;
  CHECK(words.version == (version == TLS1_2_VERSION ? "TLSv1.2" : "TLSv1.3"));
  CHECK(words.name == "host.example");
  CHECK(words.cipher.starts_with(version == TLS1_2_VERSION ? "ECDHE-" : "TLS_"));
  CHECK_FALSE(words.certificate);
  CHECK(in_order(words));
  meeting.client.write("hello");
  Moved moved{};
  CHECK(read(meeting.engine, moved) == "hello");
  CHECK(moved == Moved::later);
  std::size_t count = 0;
  REQUIRE(meeting.engine.write("world", count) == Moved::some);
  CHECK(count == 5);
  CHECK(meeting.client.read() == "world");
}

TEST_CASE("a version that is not offered is refused") {
  Offer newest = offer();
  newest.least = Version::tls1_3;
  Meeting old(newest, {.version = TLS1_2_VERSION});
  REQUIRE(old.shaking == Shaking::failed);
  CHECK(old.engine.outcome().result == Result::failed);
  CHECK(old.engine.outcome().detail == "unsupported protocol");
  Offer older = offer();
  older.most = Version::tls1_2;
  CHECK(Meeting(older).engine.outcome().words.version == "TLSv1.2");
}

TEST_CASE("what is not TLS fails at once") {
  Client client({});
  Wire wire(client);
  Engine engine(context(offer()), wire);
  BIO_write(client.to_server, "GET / HTTP/1.0\r\n\r\n", 18);
  CHECK(engine.shake() == Shaking::failed);
  CHECK(engine.outcome().result == Result::failed);
  CHECK(engine.outcome().detail == "http request");
  CHECK(in_order(engine.outcome()));
}

TEST_CASE("a peer that leaves in the middle of a handshake has left") {
  Client client({});
  Wire wire(client);
  Engine engine(context(offer()), wire);
  (void)client.shake();
  CHECK(engine.shake() == Shaking::going_on);
  wire.ended = true;
  CHECK(engine.shake() == Shaking::failed);
  CHECK(engine.outcome().result == Result::left);
}

TEST_CASE("a handshake gets through byte by byte") {
  Client client({});
  Wire wire(client);
  wire.at_a_time = 1;
  Engine engine(context(offer()), wire);
  CHECK(shake_hands(client, engine) == Shaking::done);
}

TEST_CASE("the certificate is that of the name that the peer asks for") {
  Offer several = offer();
  several.identities.push_back(identity(authority().issue({.subject = "any"}), "*.example.org"));
  several.identities.push_back(identity(authority().issue({.subject = "exact"}), "www.example.org"));
  several.identities[0] = identity(authority().issue({.subject = "usual", .names = "DNS:usual.example"}));
  CHECK(shown_to(Meeting(several, {.name = "www.example.org"})) == "exact");
  CHECK(shown_to(Meeting(several, {.name = "MAIL.example.org"})) == "any");
  CHECK(shown_to(Meeting(several, {.name = "a.b.example.org"})) == "usual");
  CHECK(shown_to(Meeting(several)) == "usual");
  several.strict_names = true;
  CHECK(Meeting(several, {.name = "other.example"}).shaking == Shaking::failed);
  CHECK(shown_to(Meeting(several, {.name = "usual.example"})) == "usual");
  CHECK(shown_to(Meeting(several)) == "usual");
}

TEST_CASE("of protocols the first of ours that the peer speaks is taken, and without one there is no connection") {
  Offer speaking = offer();
  speaking.alpn = {"h2", "http/1.1"};
  CHECK(Meeting(speaking, {.alpn = "\x08http/1.1\x02h2"}).engine.outcome().words.protocol == "h2");
  CHECK(Meeting(speaking, {.alpn = "\x08http/1.1"}).engine.outcome().words.protocol == "http/1.1");
  CHECK(Meeting(speaking).engine.outcome().words.protocol.empty());
  CHECK(Meeting(speaking, {.alpn = "\x04imap"}).shaking == Shaking::failed);
}

TEST_CASE("a peer's certificate is told, letter for letter as it is") {
  const Issued own = authority().issue({.subject = "José", .names = "DNS:client.example,email:jo@example.org,IP:2001:db8::7", .serial = 0x1234});
  const int version = GENERATE(TLS1_2_VERSION, TLS1_3_VERSION);
  Meeting meeting(asking(ClientCertificate::required), {.certificate = own, .version = version});
  REQUIRE(meeting.shaking == Shaking::done);
  const auto certificate = meeting.engine.outcome().words.certificate;
  REQUIRE(certificate);
  CHECK(certificate->subject == "José");
  CHECK(certificate->names == std::vector<std::string>{"client.example", "jo@example.org", "2001:db8::7"});
  CHECK(certificate->issuer == "CN=Our authority");
  CHECK(certificate->serial == "1234");
  CHECK(certificate->sha256.size() == 64);
  CHECK(in_order(meeting.engine.outcome()));
}

TEST_CASE("who has no certificate, or not a good one, is refused") {
  const int version = GENERATE(TLS1_2_VERSION, TLS1_3_VERSION);
  const Authority other("Another authority");
  const auto result = [&](const Offer& offer, std::optional<Issued> own) {
    const Meeting meeting(offer, {.certificate = std::move(own), .version = version});
    CHECK(meeting.shaking == Shaking::failed);
    return meeting.engine.outcome();
  };
  const Offer required = asking(ClientCertificate::required);
  CHECK(result(required, {}).result == Result::certificate);
  CHECK(result(required, authority().issue({.ends = -60})).detail == "certificate has expired");
  CHECK(result(required, other.issue({})).result == Result::certificate);
  CHECK(result(asking(ClientCertificate::optional), other.issue({})).result == Result::certificate);
  Offer with_crl = required;
  with_crl.client_crl = authority().revoke({7});
  CHECK(result(with_crl, authority().issue({.serial = 7})).detail == "certificate revoked");
  CHECK(Meeting(with_crl, {.certificate = authority().issue({.serial = 8}), .version = version}).shaking == Shaking::done);
  CHECK(Meeting(asking(ClientCertificate::optional), {.version = version}).shaking == Shaking::done);
}

TEST_CASE("a name in a certificate that would deceive is left out") {
  using namespace std::string_literals;
  Meeting meeting(asking(ClientCertificate::required), {.certificate = authority().issue({.subject = "admin\0.evil"s})});
  REQUIRE(meeting.shaking == Shaking::done);
  CHECK(meeting.engine.outcome().words.certificate->subject.empty());
}

TEST_CASE("the end of the peer's words is told apart from the end of the connection") {
  Meeting proper(offer());
  proper.client.write("all");
  SSL_shutdown(proper.client.ssl);
  Moved moved{};
  CHECK(read(proper.engine, moved) == "all");
  CHECK(moved == Moved::end);
  std::size_t count = 0;
  CHECK(proper.engine.write("still", count) == Moved::some);  // the other half stays open
  Meeting cut(offer());
  cut.client.write("half");
  cut.wire.ended = true;
  CHECK(read(cut.engine, moved) == "half");
  CHECK(moved == Moved::cut);
}

TEST_CASE("an altered byte ends the connection") {
  Meeting meeting(offer());
  meeting.client.write("hello");
  char record[1000];
  const int size = BIO_read(meeting.client.to_server, record, sizeof record);
  record[size - 1] ^= 1;
  BIO_write(meeting.client.to_server, record, size);
  Moved moved{};
  CHECK(read(meeting.engine, moved).empty());
  CHECK(moved == Moved::failed);
}

TEST_CASE("the server's end is told, also where there is no room at first") {
  Meeting meeting(offer());
  (void)meeting.client.read();  // what follows a handshake
  meeting.wire.room = 3;
  CHECK(meeting.engine.close() == Moved::later);
  CHECK_FALSE(meeting.client.told_end());
  meeting.wire.room = 1000;
  CHECK(meeting.engine.close() == Moved::some);
  CHECK(meeting.client.told_end());
}

TEST_CASE("bytes for which there is no room wait, and none is lost or doubled") {
  Meeting meeting(offer());
  (void)meeting.client.read();
  const std::string text(100'000, 'x');
  std::string_view rest = text;
  std::string got;
  int waits = 0;
  for (int turn = 0; turn < 10'000 && !rest.empty(); ++turn) {
    std::size_t count = 0;
    const Moved moved = meeting.engine.write(rest, count);
    if (moved == Moved::some) rest.remove_prefix(count);
    if (moved != Moved::later) continue;
    ++waits;
    meeting.wire.room = 1000;
    got += meeting.client.read();
    if (turn == 0) meeting.wire.room = 0;
  }
  meeting.wire.room = 1'000'000;
  got += meeting.client.read();
  CHECK(got == text);
  CHECK(rest.empty());
  meeting.wire.room = 0;
  std::size_t count = 0;
  CHECK(meeting.engine.write("later", count) == Moved::later);
  meeting.wire.room = 1000;
  CHECK(meeting.engine.write("later", count) == Moved::some);
  CHECK(meeting.client.read() == "later");
}

TEST_CASE("a peer may change its keys in the middle") {
  Meeting meeting(offer(), {.version = TLS1_3_VERSION});
  meeting.client.write("before");
  REQUIRE(SSL_key_update(meeting.client.ssl, SSL_KEY_UPDATE_REQUESTED) == 1);
  meeting.client.write("after");
  Moved moved{};
  CHECK(read(meeting.engine, moved) == "beforeafter");
  std::size_t count = 0;
  CHECK(meeting.engine.write("answer", count) == Moved::some);
  CHECK(meeting.client.read() == "answer");
}

TEST_CASE("a session is resumed, but not where certificates of peers are asked for") {
  const int version = GENERATE(TLS1_2_VERSION, TLS1_3_VERSION);
  const auto resumed = [&](const Offer& offer, std::optional<Issued> own) {
    const auto shared = context(offer);
    const auto meet = [&](SSL_SESSION* session, Words& words) {
      Client client({.certificate = own, .version = version, .resumes = session});
      Wire wire(client);
      Engine engine(shared, wire);
      CHECK(shake_hands(client, engine) == Shaking::done);
      (void)client.read();
      words = engine.outcome().words;
      SSL_shutdown(client.ssl);  // or the library would not use the session again
      return SSL_get1_session(client.ssl);
    };
    Words first, second;
    SSL_SESSION* session = meet(nullptr, first);
    SSL_SESSION_free(meet(session, second));
    SSL_SESSION_free(session);
    CHECK_FALSE(first.resumed);
    return second.resumed;
  };
  CHECK(resumed(offer(), {}));
  CHECK_FALSE(resumed(asking(ClientCertificate::required), authority().issue({})));
}

TEST_CASE("what a context cannot be made of is told") {
  Offer broken = offer();
  broken.identities[0].key = authority().issue({}).key;
  const auto made = Context::make(broken);
  REQUIRE_FALSE(made.has_value());
  CHECK(made.error().sentence == "the key: key values mismatch");
  CHECK_FALSE(Context::make({}).has_value());
}

namespace {

/// Both sides over memory, each an Engine.
struct Pipe {
  std::string bytes;
  bool ended = false;
};
class End final : public Transport {
 public:
  End(Pipe& in, Pipe& out) : in_(in), out_(out) {}
  Moved receive(std::span<char> to, std::size_t& count) override {
    if (in_.bytes.empty()) return in_.ended ? Moved::end : Moved::later;
    count = std::min(to.size(), in_.bytes.size());
    std::copy_n(in_.bytes.begin(), count, to.begin());
    in_.bytes.erase(0, count);
    return Moved::some;
  }
  Moved send(std::string_view bytes, std::size_t& count) override {
    out_.bytes.append(bytes);
    count = bytes.size();
    return Moved::some;
  }

 private:
  Pipe& in_;
  Pipe& out_;
};
struct Call {
  Call(const Offer& answering, const Offer& calling)
      : ours(down, up), theirs(up, down), server(context(answering), theirs), client(context(calling), ours) {
    auto going = [](Shaking one) { return one == Shaking::going_on; };
    for (int turn = 0; turn < 20 && (going(of_client) || going(of_server)); ++turn) {
      if (going(of_client)) of_client = client.shake();
      if (going(of_server)) of_server = server.shake();
    }
  }
  Pipe up, down;
  End ours, theirs;
  Engine server, client;
  Shaking of_server = Shaking::going_on, of_client = Shaking::going_on;
};

Offer calling(std::string host, bool verify = true) {
  Offer one;
  one.side = Side::calls;
  one.host = std::move(host);
  if (verify) one.client_certificate = ClientCertificate::required;
  if (verify) one.client_ca = authority().certificate();
  return one;
}

Offer answering(const std::string& names) {
  Offer one;
  one.identities.push_back(identity(authority().issue({.names = names})));
  return one;
}

}  // namespace

TEST_CASE("who calls asks for the host by its name, and takes a certificate with that name alone") {
  const Offer target = answering("DNS:host.example,IP:192.0.2.7");
  Call good(target, calling("host.example"));
  REQUIRE(good.of_client == Shaking::done);
  REQUIRE(good.of_server == Shaking::done);
  CHECK(good.server.outcome().words.name == "host.example");
  CHECK(good.client.outcome().words.certificate);
  std::size_t count = 0;
  REQUIRE(good.client.write("hello", count) == Moved::some);
  Moved moved{};
  CHECK(read(good.server, moved) == "hello");
  CHECK(good.client.close() == Moved::some);
  CHECK(read(good.server, moved).empty());
  CHECK(moved == Moved::end);

  Call other(target, calling("other.example"));
  CHECK(other.of_client == Shaking::failed);
  CHECK(other.client.outcome().result == Result::certificate);
  CHECK(other.client.outcome().detail == "hostname mismatch");
  CHECK(in_order(other.client.outcome()));
  CHECK(Call(target, calling("192.0.2.7")).of_client == Shaking::done);
  CHECK(Call(target, calling("192.0.2.8")).client.outcome().detail == "IP address mismatch");
  CHECK(Call(target, calling("192.0.2.7")).server.outcome().words.name.empty());
}

TEST_CASE("who calls trusts nobody else than it was told to, unless it asks nobody") {
  const Authority stranger("A stranger");
  Offer target;
  target.identities.push_back(identity(stranger.issue({.names = "DNS:host.example"})));
  CHECK(Call(target, calling("host.example")).client.outcome().result == Result::certificate);
  Offer trusting = calling("host.example");
  trusting.client_ca += stranger.certificate();
  CHECK(Call(target, trusting).of_client == Shaking::done);
  Call any(target, calling("192.0.2.1", false));
  CHECK(any.of_client == Shaking::done);
  CHECK(any.of_server == Shaking::done);
}

TEST_CASE("tickets bring sessions back as long as their key is one of two, and the offer is the same") {
  const int version = GENERATE(TLS1_2_VERSION, TLS1_3_VERSION);
  const TicketKeys first{fresh_ticket_key(), {}};
  REQUIRE(first.current.size() == ticket_key_size);
  const Offer same = offer();
  SSL_SESSION* ticket = nullptr;
  // A context for each: nothing is kept but what the ticket has.
  const auto resumed = [&](const TicketKeys& keys, const Offer& offered) {
    const auto made = context(offered);
    made->use(keys);
    Client client({.version = version, .resumes = ticket});
    Wire wire(client);
    Engine engine(made, wire);
    REQUIRE(shake_hands(client, engine) == Shaking::done);
    std::size_t count = 0;
    REQUIRE(engine.write("x", count) == Moved::some);
    CHECK(client.read() == "x");  // and the tickets before it
    if (SSL_SESSION* next = SSL_get1_session(client.ssl)) {
      if (ticket) SSL_SESSION_free(ticket);
      ticket = next;
    }
    return engine.outcome().words.resumed;
  };
  CHECK_FALSE(resumed(first, same));
  CHECK(resumed(first, same));
  const TicketKeys second = rotated(first, fresh_ticket_key());
  CHECK(second.previous == first.current);
  CHECK(resumed(second, same));
  const TicketKeys third = rotated(second, fresh_ticket_key());
  CHECK(resumed(third, same));  // it was given a new ticket when the key was about to go
  const Offer another = offer();
  CHECK_FALSE(resumed(third, another));
  CHECK(resumed(third, another));
  CHECK_FALSE(resumed({fresh_ticket_key(), fresh_ticket_key()}, another));
  SSL_SESSION_free(ticket);
}

TEST_CASE("keys of tickets are two, or none, or none before the first") {
  const std::string key(ticket_key_size, 'k');
  CHECK(in_order(TicketKeys{}));
  CHECK(in_order(TicketKeys{key, {}}));
  CHECK(in_order(TicketKeys{key, key}));
  CHECK_FALSE(in_order(TicketKeys{{}, key}));
  CHECK_FALSE(in_order(TicketKeys{"short", {}}));
  CHECK(fresh_ticket_key() != fresh_ticket_key());
}
