// SPDX-License-Identifier: MIT
// Relays whose targets are spoken to in TLS. The target is an Engine over a socket of the test's.
#include "converse/streams.hpp"
#include "tls/authority.hpp"
#include "xsuperd/tls/engine.hpp"

using namespace xsuperd;
using namespace xsuperd::converse;
using namespace xsuperd::converse::testing;
using Result = tls::Handshake::Result;

namespace {

const tls::test::Authority& authority() {
  static const tls::test::Authority one("Our authority");
  return one;
}

std::shared_ptr<const tls::Context> answering() {
  const auto issued = authority().issue({.names = "DNS:target.example"});
  tls::Offer offer;
  offer.identities.push_back({"", issued.chain, issued.key});
  return tls::Context::make(offer).value();
}

std::shared_ptr<const tls::Context> calling(const std::string& host) {
  tls::Offer offer;
  offer.side = tls::Side::calls;
  offer.host = host;
  offer.client_certificate = tls::ClientCertificate::required;
  offer.client_ca = authority().certificate();
  return tls::Context::make(offer).value();
}

/// A listening socket, and what is spoken over the first connection that it gets.
struct Target final : tls::Transport {
  tls::Moved receive(std::span<char> to, std::size_t& count) override {
    const ssize_t n = ::recv(peer.get(), to.data(), to.size(), MSG_DONTWAIT);
    if (n > 0) count = static_cast<std::size_t>(n);
    return n > 0 ? tls::Moved::some : n == 0 ? tls::Moved::end : errno == EAGAIN ? tls::Moved::later : tls::Moved::failed;
  }
  tls::Moved send(std::string_view bytes, std::size_t& count) override {
    const ssize_t n = ::send(peer.get(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n >= 0) count = static_cast<std::size_t>(n);
    return n >= 0 ? tls::Moved::some : errno == EAGAIN ? tls::Moved::later : tls::Moved::failed;
  }
  /// Goes on with its handshake as far as it can.
  tls::Engine::Shaking go_on() {
    if (!engine && server.called()) {
      peer = server.accepted();
      engine.emplace(answering(), *this);
    }
    if (engine && state == tls::Engine::Shaking::going_on) state = engine->shake();
    return state;
  }
  std::string heard() {
    char bytes[1000];
    std::size_t count = 0;
    last = engine->read(bytes, count);
    return last == tls::Moved::some ? std::string(bytes, count) : std::string();
  }
  void say(std::string_view text) {
    std::size_t count = 0;
    REQUIRE(engine->write(text, count) == tls::Moved::some);
  }

  Server server;
  base::Fd peer;
  std::optional<tls::Engine> engine;
  tls::Engine::Shaking state = tls::Engine::Shaking::going_on;
  tls::Moved last = tls::Moved::later;
};

struct Relayed {
  explicit Relayed(const std::string& host = "target.example", std::vector<base::Endpoint> before = {})
      : talk(Kind::tls_relay, parameters(host, std::move(before))) {}
  Parameters parameters(const std::string& host, std::vector<base::Endpoint> targets) {
    Parameters all;
    targets.push_back(target.server.endpoint);
    all.targets = std::move(targets);
    all.context = calling(host);
    all.idle_deadline = 10s;
    all.on_shaken = [this](const tls::Handshake& handshake) { told.push_back(handshake); };
    return all;
  }
  template <typename Enough>
  [[nodiscard]] bool until(Enough enough) {
    return run_until(talk.loop, [&] { return (void)target.go_on(), open = talk.hear() && open, enough(); });
  }
  Target target;
  std::vector<tls::Handshake> told;
  bool open = true;
  Talking talk;
};

}  // namespace

TEST_CASE("a relay says to its target in TLS what its peer says, both ways, and each end is an end") {
  Relayed relay;
  REQUIRE(relay.until([&] { return !relay.told.empty(); }));
  CHECK(relay.told.front().result == Result::done);
  CHECK(relay.told.front().words.name == "target.example");
  relay.talk.say("question");
  std::string heard;
  CHECK(relay.until([&] { return heard += relay.target.heard(), heard == "question"; }));
  relay.target.say("the answer");
  CHECK(relay.until([&] { return relay.talk.heard == "the answer"; }));
  CHECK(relay.talk.conversation->traffic() == Traffic{8, 10});
  ::shutdown(relay.talk.client.get(), SHUT_WR);
  CHECK(relay.until([&] { return relay.target.heard(), relay.target.last == tls::Moved::end; }));
  relay.target.say(", and more");
  CHECK(relay.target.engine->close() == tls::Moved::some);
  CHECK(relay.until([&] { return !relay.open; }));
  CHECK(relay.talk.heard == "the answer, and more");
  CHECK(relay.talk.result().out == 20);
}

TEST_CASE("nothing is said to a target that is not the right one") {
  Relayed relay("other.example");
  relay.talk.say("secret");
  CHECK(relay.until([&] { return !relay.open; }));
  REQUIRE(relay.told.size() == 1);
  CHECK(relay.told.front().result == Result::certificate);
  CHECK(relay.told.front().detail == "hostname mismatch");
  CHECK(relay.talk.result().in == 0);
}

TEST_CASE("a target that refuses is followed by the next, and one that breaks off is no end") {
  Server nobody;
  const base::Endpoint closed = nobody.endpoint;
  nobody.fd.reset();
  Relayed relay("target.example", {closed});
  REQUIRE(relay.until([&] { return !relay.told.empty(); }));
  relay.target.say("half");
  CHECK(relay.until([&] { return relay.talk.heard == "half"; }));
  relay.target.peer.reset();  // without a word
  CHECK(run_until(relay.talk.loop, [&] { return !relay.talk.hear(); }));
  CHECK(relay.talk.result().connect_error == 0);
}

TEST_CASE("without a target that takes a connection the last one is told") {
  Server nobody;
  Parameters parameters;
  parameters.targets = {nobody.endpoint};
  parameters.context = calling("target.example");
  nobody.fd.reset();
  Talking talk(Kind::tls_relay, std::move(parameters));
  CHECK(run_until(talk.loop, [&] { return !talk.hear(); }));
  CHECK(talk.result().connect_error == ECONNREFUSED);
  CHECK(talk.result().failed_target == "127.0.0.1");
}
