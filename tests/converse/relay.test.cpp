// SPDX-License-Identifier: MIT
#include <netinet/tcp.h>

#include <array>

#include "converse/streams.hpp"

using namespace xsuperd;
using namespace xsuperd::converse;
using namespace xsuperd::converse::testing;

namespace {

Parameters to(std::vector<base::Endpoint> targets) {
  Parameters parameters;
  parameters.targets = std::move(targets);
  return parameters;
}

/// A relay with a client and the target's side of its connection.
struct Relayed : Talking {
  explicit Relayed(const Server& server = Server(), bool keepalive = false, const char* at = "127.0.0.1")
      : Talking(Kind::relay, with(server, keepalive), tcp_pair(at)) {
    REQUIRE(run_until(loop, [&] { return server.called(); }));
    target = server.accepted();
    settle();
  }
  static Parameters with(const Server& server, bool keepalive) {
    Parameters parameters = to({server.endpoint});
    parameters.keepalive = keepalive;
    return parameters;
  }

  base::Fd target;
};

}  // namespace

TEST_CASE("a relay passes bytes both ways and counts them") {
  Relayed relay;
  relay.say("question");
  char bytes[100];
  REQUIRE(run_until(relay.loop,
                    [&] { return ::recv(relay.target.get(), bytes, 100, MSG_DONTWAIT | MSG_PEEK) == 8; }));
  REQUIRE(::recv(relay.target.get(), bytes, 100, MSG_DONTWAIT) == 8);
  CHECK(std::string(bytes, 8) == "question");
  REQUIRE(::send(relay.target.get(), "the answer", 10, MSG_NOSIGNAL) == 10);
  CHECK(relay.hear(10) == "the answer");
  relay.target.reset();
  CHECK(relay.hear_all().empty());
  CHECK(relay.calls == 0);
  relay.client.reset();
  CHECK(relay.result().in == 8);
  CHECK(relay.result().out == 10);
  CHECK(relay.result().connect_error == 0);
}

TEST_CASE("a relay sends what it is given to its target first, and does not count that") {
  const Server server;
  Parameters parameters = to({server.endpoint});
  parameters.texts = {"a header "};
  Talking relay(Kind::relay, parameters);
  relay.say("data");
  REQUIRE(run_until(relay.loop, [&] { return server.called(); }));
  const base::Fd target = server.accepted();
  char bytes[100];
  REQUIRE(run_until(relay.loop, [&] { return ::recv(target.get(), bytes, 100, MSG_DONTWAIT | MSG_PEEK) == 13; }));
  CHECK(std::string(bytes, 13) == "a header data");
  CHECK(relay.conversation->traffic() == Traffic{4, 0});
}

TEST_CASE("a target that takes the first bytes slowly gets all of them before those of the peer, and one that takes none is given up") {
  const bool takes = GENERATE(true, false);
  int ends[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) == 0);
  const base::Fd target(ends[0]);
  Parameters parameters;
  parameters.target = std::make_shared<base::Fd>(ends[1]);
  parameters.connect_deadline = takes ? 10s : 50ms;
  const std::string header(1'000'000, 'h');  // more than the socket holds
  parameters.texts = {header};
  Talking relay(Kind::relay, parameters);
  relay.say("data");
  relay.settle();
  CHECK(relay.conversation->traffic() == Traffic{0, 0});
  if (takes) {
    std::string got;
    std::string piece(1000, '\0');
    const auto hear = [&] {
      const ssize_t n = ::recv(target.get(), piece.data(), piece.size(), MSG_DONTWAIT);
      if (n > 0) got.append(piece, 0, static_cast<std::size_t>(n));
      return got.size() == header.size() + 4;
    };
    REQUIRE(run_until(relay.loop, hear));
    CHECK(got == header + "data");
  } else {
    CHECK(relay.result().in == 0);
  }
}

TEST_CASE("a relay tells how much it has carried while it goes on") {
  Relayed relay;
  CHECK(relay.conversation->traffic() == Traffic{0, 0});
  relay.say("question");
  char bytes[100];
  REQUIRE(run_until(relay.loop, [&] { return ::recv(relay.target.get(), bytes, 100, MSG_DONTWAIT) == 8; }));
  CHECK(relay.conversation->traffic() == Traffic{8, 0});
  REQUIRE(::send(relay.target.get(), "the answer", 10, MSG_NOSIGNAL) == 10);
  CHECK(relay.hear(10) == "the answer");
  relay.say("more");
  REQUIRE(run_until(relay.loop, [&] { return ::recv(relay.target.get(), bytes, 100, MSG_DONTWAIT) == 4; }));
  CHECK(relay.conversation->traffic() == Traffic{12, 10});
  CHECK(relay.calls == 0);
  relay.target.reset();
  relay.client.reset();
  CHECK(relay.result().in == 12);
  CHECK(relay.result().out == 10);
}

TEST_CASE("a relay that has no target yet has carried nothing") {
  const Deaf deaf;
  Talking talking(Kind::relay, to({deaf.server.endpoint}));
  talking.say("early");
  talking.settle();
  CHECK(talking.conversation->traffic() == Traffic{0, 0});
  CHECK(talking.calls == 0);
}

TEST_CASE("a relay passes streams in random pieces both ways at once unchanged") {
  const unsigned seed = GENERATE(range(1u, 5u));
  constexpr int streams = 6;
  boost::asio::io_context loop;
  const Server server;
  struct Stream {
    base::Fd client, target;
    std::unique_ptr<Conversation> conversation;
    std::optional<Report> report;
    std::vector<Sender> senders;
    std::vector<Receiver> receivers;
  };
  std::array<Stream, streams> all;
  unsigned number = seed * 100;
  for (auto& stream : all) {
    auto ends = tcp_pair();
    stream.client = std::move(ends.first);
    stream.conversation = start(loop, Kind::relay, std::move(ends.second), to({server.endpoint}),
                                [&](Report report) { stream.report = std::move(report); });
    REQUIRE(run_until(loop, [&] { return server.called(); }));
    stream.target = server.accepted();
    const std::array<int, 2> fds{stream.client.get(), stream.target.get()};
    for (int i = 0; i < 2; ++i) {
      ++number;
      stream.senders.emplace_back(fds[i], number, 1'000'000 + number % 7 * 1'000'000);
      stream.receivers.emplace_back(fds[1 - i], number);
    }
  }
  REQUIRE(run_until(loop, [&] {
    bool done = true;
    for (auto& stream : all) {
      for (auto& sender : stream.senders) done &= sender.done();
      for (auto& receiver : stream.receivers) done &= receiver.done();
      done &= stream.report.has_value();
    }
    return done;
  }));
  for (auto& stream : all) {
    for (int i = 0; i < 2; ++i) {
      CHECK(stream.receivers[i].same);
      CHECK(stream.receivers[i].got == stream.senders[i].total);
    }
    CHECK(stream.report->in == stream.senders[0].total);
    CHECK(stream.report->out == stream.senders[1].total);
  }
}

TEST_CASE("a half-close is passed on, and the other direction goes on") {
  const bool client_first = GENERATE(true, false);
  Relayed relay;
  const std::array<int, 2> fds{relay.client.get(), relay.target.get()};
  const int first = fds[client_first ? 0 : 1], second = fds[client_first ? 1 : 0];
  Sender early(first, 3, 2'000'000), late(second, 4, 3'000'000);
  Receiver early_end(second, 3), late_end(first, 4);
  REQUIRE(run_until(relay.loop, [&] { return early.done() & early_end.done(); }));
  CHECK(early_end.got == early.total);
  relay.settle();
  CHECK(relay.calls == 0);
  REQUIRE(run_until(relay.loop, [&] { return late.done() & late_end.done(); }));
  CHECK(early_end.same);
  CHECK(late_end.same);
  CHECK(late_end.got == late.total);
  CHECK(relay.result().in == (client_first ? early.total : late.total));
  CHECK(relay.result().out == (client_first ? late.total : early.total));
}

TEST_CASE("a side that stalls holds up its direction only, and gets all when it goes on") {
  const bool client_stalls = GENERATE(true, false);
  Relayed relay;
  const std::array<int, 2> fds{relay.client.get(), relay.target.get()};
  const int stalling = fds[client_stalls ? 0 : 1], other = fds[client_stalls ? 1 : 0];
  const int before = open_descriptors();
  Sender held_up(other, 5, 80'000'000), free(stalling, 6, 20'000'000);
  Receiver stalled(stalling, 5), running(other, 6);
  free.end_writing = false;
  fill(relay.loop, held_up);
  CHECK(held_up.sent < held_up.total);
  CHECK(open_descriptors() <= before + 2);
  REQUIRE(run_until(relay.loop, [&] {
    running.done();
    return free.done() && running.got == free.total;
  }));
  CHECK(running.same);
  ::shutdown(stalling, SHUT_WR);
  REQUIRE(run_until(relay.loop, [&] { return held_up.done() & stalled.done() & running.done(); }));
  CHECK(stalled.same);
  CHECK(stalled.got == held_up.total);
  relay.result();
}

TEST_CASE("a relay keeps no pipe while nothing flows") {
  Relayed relay;
  const int before = open_descriptors();
  Sender sender(relay.client.get(), 8, 30'000'000);
  sender.end_writing = false;
  Receiver receiver(relay.target.get(), 8);
  REQUIRE(run_until(relay.loop, [&] {
    (void)sender.done();
    (void)receiver.done();
    return receiver.got == sender.total;
  }));
  relay.settle();
  CHECK(receiver.same);
  CHECK(open_descriptors() <= before + 2);  // the one in the pool, which all relays share
}

TEST_CASE("a reset by either side ends the relay") {
  const bool by_client = GENERATE(true, false);
  Relayed relay;
  base::Fd& gone = by_client ? relay.client : relay.target;
  base::Fd& left = by_client ? relay.target : relay.client;
  reset_when_closed(gone);
  gone.reset();
  relay.result();
  char byte;
  CHECK(run_until(relay.loop, [&] { return ::recv(left.get(), &byte, 1, MSG_DONTWAIT) == 0; }));
}

TEST_CASE("a reset ends the relay also while the other side stalls, after its time for the rest") {
  Relayed relay;
  Sender sender(relay.client.get(), 9, 80'000'000);
  fill(relay.loop, sender);
  reset_when_closed(relay.client);
  relay.client.reset();
  CHECK(relay.result().in < sender.total);
}

TEST_CASE("what the target sent before its reset reaches the client") {
  Relayed relay;
  const std::string answer(50'000, 'a');
  REQUIRE(::send(relay.target.get(), answer.data(), answer.size(), MSG_NOSIGNAL) == 50'000);
  relay.say("unread by the target");
  relay.settle();
  relay.target.reset();  // a reset, as there is something unread
  REQUIRE(run_until(relay.loop, [&] { return !relay.hear(); }));
  CHECK(relay.heard == answer);
  CHECK(relay.result().out == 50'000);
}

TEST_CASE("an unreachable target closes the client's connection and is reported") {
  Talking talk(Kind::relay, to({nobody("127.0.0.2"), nobody("127.0.0.3")}));
  CHECK(talk.hear_all().empty());
  CHECK(talk.result().connect_error == ECONNREFUSED);
  CHECK(talk.result().failed_target == "127.0.0.3");
  Talking none(Kind::relay);
  CHECK(none.result().connect_error != 0);
}

TEST_CASE("a target that does not answer is given up at the deadline") {
  const Deaf deaf;
  Parameters parameters = to({deaf.server.endpoint});
  parameters.connect_deadline = 50ms;
  Talking talk(Kind::relay, parameters);
  CHECK(talk.result().connect_error == ETIMEDOUT);
  CHECK(talk.result().failed_target == "127.0.0.1");
}

TEST_CASE("targets are tried in their order, until one answers") {
  const Server second, third;
  const Deaf deaf;
  Parameters parameters = to({nobody(), deaf.server.endpoint, second.endpoint, third.endpoint});
  parameters.connect_deadline = 50ms;
  Talking talk(Kind::relay, parameters);
  talk.say("hello");
  REQUIRE(run_until(talk.loop, [&] { return second.called(); }));
  base::Fd target = second.accepted();
  char bytes[10];
  REQUIRE(run_until(talk.loop, [&] { return ::recv(target.get(), bytes, 10, MSG_DONTWAIT) == 5; }));
  CHECK(!third.called());
  talk.end_writing();
  target.reset();
  CHECK(talk.result().connect_error == 0);
  CHECK(talk.result().failed_target.empty());
}

TEST_CASE("an IPv4 client reaches an IPv6 target, and the other way round") {
  const char* from = GENERATE("127.0.0.1", "::1");
  const char* other = std::string(from) == "::1" ? "127.0.0.1" : "::1";
  Relayed relay{Server(other), false, from};
  relay.say("hello");
  char bytes[10];
  CHECK(run_until(relay.loop, [&] { return ::recv(relay.target.get(), bytes, 10, MSG_DONTWAIT) == 5; }));
}

TEST_CASE("a relay sends without delay, and keeps alive only when asked") {
  const bool keepalive = GENERATE(true, false);
  const Server server;
  auto ends = tcp_pair();
  const base::Fd copy(::dup(ends.second.get()));
  Parameters parameters = to({server.endpoint});
  parameters.keepalive = keepalive;
  Talking talk(Kind::relay, parameters, std::move(ends));
  REQUIRE(run_until(talk.loop, [&] { return server.called(); }));
  const base::Fd target(::accept4(server.fd.get(), nullptr, nullptr, SOCK_CLOEXEC));
  // The first bytes go out at once anyway; before the second ones the socket is told.
  for (const char* words : {"one", "two"}) {
    REQUIRE(::send(target.get(), words, 3, MSG_NOSIGNAL) == 3);
    CHECK(talk.hear(3) == words);
  }
  const auto option = [](int fd, int level, int name) {
    int value = -1;
    socklen_t length = sizeof value;
    ::getsockopt(fd, level, name, &value, &length);
    return value;
  };
  CHECK(option(copy.get(), IPPROTO_TCP, TCP_NODELAY) == 1);
  CHECK(option(copy.get(), SOL_SOCKET, SO_KEEPALIVE) == (keepalive ? 1 : 0));
}

TEST_CASE("a relay without a free descriptor for a pipe copies instead") {
  Relayed relay;
  std::vector<base::Fd> all;
  while (true) {
    base::Fd fd(::fcntl(0, F_DUPFD_CLOEXEC, 0));
    if (!fd || all.size() > 200'000) break;
    all.push_back(std::move(fd));
  }
  Sender sender(relay.client.get(), 11, 20'000'000);
  sender.end_writing = false;
  Receiver receiver(relay.target.get(), 11);
  const bool arrived = run_until(relay.loop, [&] {
    (void)sender.done();
    (void)receiver.done();
    return receiver.got == sender.total;
  });
  all.clear();
  CHECK(arrived);
  CHECK(receiver.same);
}
