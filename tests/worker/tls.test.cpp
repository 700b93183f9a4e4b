// SPDX-License-Identifier: MIT
// Workers for TLS: the real conversations and the real OpenSSL inside the real sandbox.
#include <fcntl.h>
#include <sys/socket.h>

#include <catch2/catch.hpp>
#include <csignal>

#include "converse/talking.hpp"
#include "tls/client.hpp"
#include "worker/harness.hpp"

using namespace xsuperd;
using namespace xsuperd::worker;
using namespace xsuperd::worker::testing;
using Result = tls::Handshake::Result;

namespace {

std::shared_ptr<const tls::Offer> offer(const char* subject = "localhost", bool asks = false) {
  const auto issued = tls::test::our_authority().issue({.subject = subject});
  auto one = std::make_shared<tls::Offer>();
  one->identities.push_back({"", issued.chain, issued.key});
  if (asks) one->client_certificate = tls::ClientCertificate::required;
  if (asks) one->client_ca = tls::test::our_authority().certificate();
  return one;
}

std::shared_ptr<const spawn::Recipe> tls_recipe() {
  auto recipe = std::make_shared<spawn::Recipe>(*real_recipe());
  recipe->environment.push_back("XSUPERD_WORKER_ROLE=tls");
  return recipe;
}

struct TlsBench : Bench {
  TlsBench() : Bench(Client::Options{.recipe = tls_recipe()}) {}

  /// A conversation; what it tells is in `told`.
  base::Fd cover(std::uint64_t token, std::shared_ptr<const tls::Offer> offer) {
    Parameters parameters;
    parameters.offer = std::move(offer);
    parameters.idle_deadline = std::chrono::seconds(20);
    parameters.on_shaken = [this, token](const tls::Handshake& handshake) { told.emplace(token, handshake); };
    return start(token, Kind::tls, std::move(parameters));
  }
  /// Carries what the peer has to say and hear until `done`.
  void carry(tls::test::Client& peer, const base::Fd& fd, const std::function<bool()>& done) {
    run_until(loop, [&] {
      char bytes[20'000];
      for (int size = 0; (size = BIO_read(peer.to_server, bytes, sizeof bytes)) > 0;) write_all(fd, {bytes, static_cast<std::size_t>(size)});
      for (ssize_t n = 0; (n = ::recv(fd.get(), bytes, sizeof bytes, MSG_DONTWAIT)) > 0;) BIO_write(peer.from_server, bytes, static_cast<int>(n));
      return done();
    });
  }
  void shake(tls::test::Client& peer, const base::Fd& fd, std::uint64_t token) {
    carry(peer, fd, [&] { return peer.shake(), told.contains(token); });
  }
  std::map<std::uint64_t, tls::Handshake> told;
};

}  // namespace

TEST_CASE("a worker for TLS shakes hands with the keys that it was sent, and passes bytes on") {
  TlsBench bench;
  const auto offered = offer();
  for (const std::uint64_t token : {1, 2}) {
    tls::test::Client peer{{}};
    const base::Fd fd = bench.cover(token, offered);
    bench.shake(peer, fd, token);
    REQUIRE(bench.told.at(token).result == Result::done);
    const Connection pair = make_connection();
    bench.client->join(token, base::Fd(::fcntl(pair.server.get(), F_DUPFD_CLOEXEC, 0)));
    peer.write("question");
    bench.carry(peer, fd, [&] {
      char byte = 0;
      return ::recv(pair.peer.get(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 1;
    });
    CHECK(read_some(pair.peer, 8) == "question");
    write_all(pair.peer, "answer");
    std::string heard;
    bench.carry(peer, fd, [&] { return heard += peer.read(), heard.size() >= 6; });
    CHECK(heard == "answer");
  }
  CHECK(bench.troubles.empty());
}

TEST_CASE("a worker for TLS connects to the target of a redirect itself") {
  TlsBench bench;
  const converse::testing::Server target;
  tls::test::Client peer{{}};
  base::Fd fd = bench.cover(1, offer());
  bench.shake(peer, fd, 1);
  Parameters parameters;
  parameters.targets = {target.endpoint};
  parameters.texts = {"before "};
  bool first_called = false;
  std::optional<Ending> ending;
  CHECK_FALSE(bench.client->redirect(2, parameters, [&](Ending) { first_called = true; }));
  REQUIRE(bench.client->redirect(1, std::move(parameters), [&](Ending one) { ending = std::move(one); }));
  peer.write("question");
  bench.carry(peer, fd, [&] { return target.called(); });
  base::Fd there = target.accepted();
  bench.carry(peer, fd, [&] {
    char bytes[16];
    return ::recv(there.get(), bytes, sizeof bytes, MSG_PEEK | MSG_DONTWAIT) == 15;
  });
  CHECK(read_some(there, 15) == "before question");
  write_all(there, "answer");
  std::string heard;
  bench.carry(peer, fd, [&] { return heard += peer.read(), heard.size() >= 6; });
  CHECK(heard == "answer");
  there.reset();
  bench.carry(peer, fd, [&] { return peer.told_end(); });
  fd.reset();
  run_until(bench.loop, [&] { return ending.has_value(); });
  CHECK(ending->report.in == 8);
  CHECK(ending->report.out == 6);
  CHECK_FALSE(first_called);
  CHECK_FALSE(bench.ended(1));  // the first to be told has been replaced
  CHECK(bench.troubles.empty());
}

TEST_CASE("one worker holds the keys of several services, and forgets those that nobody has any more") {
  TlsBench bench;
  auto first = offer("first");
  const auto second = offer("second", true);
  tls::test::Client one{{}}, two{{}}, three{{}};
  const base::Fd fd_one = bench.cover(1, first), fd_two = bench.cover(2, second);
  bench.shake(one, fd_one, 1);
  bench.shake(two, fd_two, 2);
  CHECK(bench.told.at(1).result == Result::done);
  CHECK(bench.told.at(2).result == Result::certificate);
  first.reset();
  const base::Fd fd_three = bench.cover(3, offer("third"));
  bench.shake(three, fd_three, 3);
  CHECK(bench.told.at(3).result == Result::done);
  CHECK(bench.client->workers().size() == 1);
  CHECK(bench.troubles.empty());
}

TEST_CASE("keys that are none lose their conversations, and nothing else") {
  TlsBench bench;
  auto broken = std::make_shared<tls::Offer>(*offer());
  broken->identities[0].key = "nothing";
  const base::Fd fd = bench.cover(1, broken);
  run_until(bench.loop, [&] { return bench.ended(1); });
  CHECK(bench.endings.at(1).lost());
  tls::test::Client peer{{}};
  const base::Fd good = bench.cover(2, offer());
  bench.shake(peer, good, 2);
  CHECK(bench.told.at(2).result == Result::done);
  CHECK(bench.troubles.empty());
}

TEST_CASE("the next worker is sent the keys again") {
  TlsBench bench;
  const auto offered = offer();
  tls::test::Client one{{}}, two{{}};
  const base::Fd first = bench.cover(1, offered);
  bench.shake(one, first, 1);
  ::kill(bench.ready_worker(), SIGKILL);
  run_until(bench.loop, [&] { return bench.ended(1); });
  const base::Fd second = bench.cover(2, offered);
  bench.shake(two, second, 2);
  CHECK(bench.told.at(2).result == Result::done);
}

TEST_CASE("a handshake goes on with its worker over an upgrade, and takes the socket from the next image") {
  TlsBench bench;
  tls::test::Client peer{{}};
  const base::Fd fd = bench.cover(1, offer());
  (void)bench.ready_worker();
  run_until(bench.loop, [&] { return bench.client->waiting_connection(1) < 0; });
  const auto workers = bench.client->hand_over();
  REQUIRE(workers.size() == 1);
  REQUIRE(workers[0].conversations.size() == 1);
  CHECK(workers[0].conversations[0].shakes);
  std::map<int, base::Fd> copies;
  for (const int number : {workers[0].pidfd, workers[0].link}) copies[number].reset(::fcntl(number, F_DUPFD_CLOEXEC, 0));
  bench.client.reset();
  bench.client = std::make_unique<Client>(bench.loop, Client::Options{.recipe = tls_recipe()}, *bench.spawner);
  bench.client->take_over(workers[0], [&](int number) { return std::move(copies[number]); });
  REQUIRE(bench.client->resume_handshake(1, {}, [&](const tls::Handshake& handshake) { bench.told.emplace(1, handshake); }));
  bench.shake(peer, fd, 1);
  CHECK(bench.told.at(1).result == Result::done);
  const Connection pair = make_connection();
  bench.client->join(1, base::Fd(::fcntl(pair.server.get(), F_DUPFD_CLOEXEC, 0)));
  write_all(pair.peer, "hello");
  std::string heard;
  bench.carry(peer, fd, [&] { return heard += peer.read(), heard.size() >= 5; });
  CHECK(heard == "hello");
}
