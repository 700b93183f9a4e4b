// SPDX-License-Identifier: MIT
// Redirects to hosts by name.
#include <netinet/in.h>

#include <catch2/catch.hpp>
#include <condition_variable>
#include <map>
#include <mutex>

#include "service/fixture.hpp"

using namespace xsuperd;
using namespace xsuperd::service;
using namespace xsuperd::service::test;

namespace {

config::Service relaying() {
  config::Service service = stream_service();
  service.kind = config::Kind::redirect;
  service.settings.redirect = config::RedirectTarget{"far.example", 80};
  return service;
}

/// What a name server says; nothing for a name as long as it is silent.
struct NameServer {
  std::mutex mutex;
  std::condition_variable change;
  bool silent = false;
  std::vector<base::Endpoint> answer;
  int asked = 0;

  void say(std::vector<base::Endpoint> targets) {
    const std::lock_guard lock(mutex);
    silent = false;
    answer = std::move(targets);
    change.notify_all();
  }
  void fall_silent() {
    const std::lock_guard lock(mutex);
    silent = true;
  }
  int questions() {
    const std::lock_guard lock(mutex);
    return asked;
  }
  std::vector<base::Endpoint> look_up() {
    std::unique_lock lock(mutex);
    ++asked;
    change.wait(lock, [this] { return !silent; });
    return answer;
  }
};

const base::Endpoint target{base::Address::ipv4(INADDR_LOOPBACK), 80};

struct Relay {
  Relay() {
    net::ForwardResolver::Options options;
    options.look_up = [server = server](const std::string&, std::uint16_t) { return server->look_up(); };
    bench.around.asked.targets = std::make_unique<net::ForwardResolver>(bench.loop, std::move(options));
  }
  ~Relay() { server->say({}); }
  void open() {
    server->say({target});
    (void)bench.runner->start();
    bench.run_until([&] { return bench.runner->endpoints().open(); });
  }
  /// The question is asked by another thread, of which the loop hears nothing.
  void run_until_asked(int times) {
    const auto deadline = std::chrono::steady_clock::now() + 30s;
    while (server->questions() != times) {
      bench.loop.run_one_for(1ms);
      REQUIRE(std::chrono::steady_clock::now() < deadline);
    }
  }
  [[nodiscard]] std::size_t running() const { return bench.runner->state().running(); }

  std::shared_ptr<NameServer> server = std::make_shared<NameServer>();
  Bench bench{relaying()};
};

}  // namespace

TEST_CASE("a redirect whose target has no address yet opens when it has one") {
  Relay r;
  r.bench.hurry = true;
  CHECK_FALSE(r.bench.runner->start());
  CHECK_FALSE(r.bench.runner->endpoints().open());
  CHECK(waits_for(*r.bench.runner) == "the address of far.example");
  r.bench.run_until([&] { return r.server->questions() > 3; });
  CHECK_FALSE(r.bench.runner->endpoints().open());
  r.server->say({target});
  r.bench.run_until([&] { return r.bench.runner->endpoints().open(); });
  CHECK(waits_for(*r.bench.runner).empty());
  std::size_t said = 0;
  for (const auto& line : r.bench.sink.lines) said += line.text.find("far.example") != std::string::npos;
  CHECK(said == 1);
}

TEST_CASE("a redirect to an address opens without asking anybody") {
  Relay r;
  config::Service service = relaying();
  service.settings.redirect->host = "127.0.0.1";
  r.bench.runner->reconfigure(r.bench.setup_for(service));
  CHECK(r.bench.runner->start());
  CHECK(r.bench.runner->endpoints().open());
  CHECK(r.server->questions() == 0);
}

TEST_CASE("a service that is removed while its target is looked up is never opened") {
  Relay r;
  r.server->fall_silent();
  (void)r.bench.runner->start();
  r.run_until_asked(1);
  r.bench.runner->retire(Runner::Servers::terminate);
  r.server->say({target});
  r.bench.settle();
  CHECK_FALSE(r.bench.runner->endpoints().open());
}

TEST_CASE("peers of a redirect that wait for its target and leave give their places back, and share one look-up") {
  Relay r;
  r.open();
  config::Service service = relaying();
  service.settings.redirect->port = 81;
  r.bench.runner->reconfigure(r.bench.setup_for(service));  // so that the target is looked up anew
  r.server->fall_silent();
  r.bench.hurry = true;
  const int before = r.server->questions();
  const Client stays(r.bench.where());
  {
    Client resets(r.bench.where());
    const Client closes(r.bench.where());
    r.bench.run_until([&] { return r.running() == 3; });
    resets.abort();
  }
  r.bench.run_until([&] { return r.running() == 1; });
  CHECK(r.bench.runner->counters().withdrawn == 2);
  CHECK(accounted(*r.bench.runner));
  r.run_until_asked(before + 1);
  r.server->say({target});
  r.bench.run_until([&] { return r.bench.runner->counters().served == 1; });
  CHECK(accounted(*r.bench.runner));
}

TEST_CASE("a peer waits for the new target of a redirect that changes while the old one is looked up") {
  Relay r;
  r.open();
  config::Service service = relaying();
  service.settings.redirect->port = 81;
  r.bench.runner->reconfigure(r.bench.setup_for(service));
  r.server->fall_silent();
  const int before = r.server->questions();
  const Client client(r.bench.where());
  r.run_until_asked(before + 1);
  service.settings.redirect->port = 82;
  r.bench.runner->reconfigure(r.bench.setup_for(service));
  r.server->say({target});
  r.bench.run_until([&] { return r.bench.conversations.requests.size() == 1; });
  CHECK(r.bench.conversations.requests[0].parameters.targets == std::vector{target});
}

TEST_CASE("a redirect whose target is looked up after a pause of cps is closed, and a reload opens it") {
  Relay r;
  r.open();
  config::Service service = relaying();
  service.settings.cps = config::Rate{1, 1};
  r.bench.runner->reconfigure(r.bench.setup_for(service));
  r.server->fall_silent();
  r.bench.hurry = true;
  const Client one(r.bench.where());
  const Client two(r.bench.where());
  r.bench.run_until([&] { return !r.bench.runner->endpoints().open(); });
  r.bench.run_until([&] { return r.bench.runner->state().phase() == Phase::closed; });
  CHECK(waits_for(*r.bench.runner) == "the address of far.example");
  r.bench.runner->reconfigure(r.bench.setup_for(service));
  (void)r.bench.runner->start();
  r.server->say({target});
  r.bench.run_until([&] { return r.bench.runner->endpoints().open(); });
}

TEST_CASE("a redirect that could not be opened is not tried while its target is looked up") {
  Relay r;
  r.server->say({target});
  config::Service service = relaying();
  auto occupant = net::open_socket(service.listen);
  REQUIRE(occupant.has_value());
  service.listen.at.port = net::local_endpoint(occupant->fd.get()).port;
  r.bench.runner->reconfigure(r.bench.setup_for(service));
  r.bench.hurry = true;
  (void)r.bench.runner->start();
  r.bench.run_until([&] { return !r.bench.runner->endpoints().trouble().empty(); });
  r.server->fall_silent();
  r.bench.runner->reconfigure(r.bench.setup_for(service));  // so that the target is looked up anew
  (void)r.bench.runner->start();
  occupant->fd.reset();
  const int before = r.server->questions();
  for (int turns = 0; turns < 20; ++turns) r.bench.loop.run_for(2ms);
  CHECK_FALSE(r.bench.runner->endpoints().open());
  CHECK(r.server->questions() <= before + 1);
  r.server->say({target});
  r.bench.run_until([&] { return r.bench.runner->endpoints().open(); });
}
