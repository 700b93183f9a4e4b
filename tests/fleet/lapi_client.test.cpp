// SPDX-License-Identifier: MIT
#include "xsuperd/fleet/lapi_client.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "fakes/fake_spawner.hpp"
#include "fleet/packets.hpp"
#include "xsuperd/fleet/client.hpp"
#include "xsuperd/spawn/recipe.hpp"

using namespace xsuperd;
using namespace xsuperd::fleet;
using namespace std::chrono_literals;

namespace {

/// A Local API that takes connections and says nothing, and a process that the test plays.
struct LapiWorld {
  explicit LapiWorld(LapiClient::Options the_options = {.first_pause = 1ms, .ask_every = 1ms}) : options(the_options) {
    std::string name = "/tmp/xsuperd-lapi.XXXXXX";
    folder = ::mkdtemp(name.data());
    std::ofstream(folder + "/key") << "secret\n";
    sockaddr_un at{.sun_family = AF_UNIX, .sun_path = {}};
    std::strncpy(at.sun_path, (folder + "/lapi").c_str(), sizeof at.sun_path - 1);
    listener = base::Fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    REQUIRE(::bind(listener.get(), reinterpret_cast<const sockaddr*>(&at), sizeof at) == 0);
    REQUIRE(::listen(listener.get(), 10) == 0);
    spawner.answer_at_once = [this](spawn::Job& job) { return start(job); };
  }
  ~LapiWorld() {
    for (const pid_t pid : children) {
      ::kill(pid, SIGKILL);
      ::waitpid(pid, nullptr, 0);
    }
    std::filesystem::remove_all(folder);
  }
  LapiWorld(const LapiWorld&) = delete;
  LapiWorld& operator=(const LapiWorld&) = delete;

  std::optional<spawn::Outcome> start(spawn::Job& job) {
    process = std::move(job.socket);
    environment = job.recipe->environment;
    const pid_t pid = ::fork();
    if (pid == 0) {
      ::pause();
      ::_exit(0);
    }
    children.push_back(pid);
    return spawn::Started{.token = job.token, .pid = pid, .pidfd = base::Fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)))};
  }
  template <typename Condition>
  bool until(Condition condition) {
    for (const auto end = std::chrono::steady_clock::now() + 10s; std::chrono::steady_clock::now() < end;) {
      if (condition()) return true;
      loop.restart();
      loop.run_for(2ms);
    }
    return false;
  }
  void say(const Word& word) { REQUIRE(send_packet(process.get(), encode(word)) == 0); }
  void begin() {
    REQUIRE(until([&] { return static_cast<bool>(process); }));
    say(Ready{});
  }
  /// The next that the process is told.
  Consult consult() {
    Packet packet;
    REQUIRE(until([&] { return receive_packet(process.get(), packet) == Got::one; }));
    CHECK(packet.descriptors.size() == 1);
    const auto order = decode_order(packet.bytes);
    REQUIRE((order && std::holds_alternative<Consult>(*order)));
    return std::get<Consult>(*order);
  }
  [[nodiscard]] Lapi lapi() const { return {*config::parse_lapi_address("http:unix:" + folder + "/lapi"), folder + "/key", "/no/authorities"}; }

  const LapiClient::Options options;
  boost::asio::io_context loop{1};
  fakes::FakeSpawner spawner;
  base::Fd listener, process;
  std::vector<pid_t> children;
  std::vector<std::string> environment, troubles;
  std::string folder;
  Helper helper{loop, spawner, {.first_pause = 1ms, .on_trouble = [this](const std::string& sentence) { troubles.push_back(sentence); }}};
  int met = 0, lost = 0, heard = 0, lifted = 0;
  std::size_t left_out = 0;
  LapiClient client{loop, helper, options,
                    {.on_met = [this] { ++met; }, .on_lost = [this] { ++lost; }, .on_heard = [this](const Heard&) { ++heard; },
                     .on_lifted = [this](const Lifted&) { ++lifted; }, .on_left_out = [this](std::size_t count) { left_out += count; }}};
};

const policy::Network somebody = *policy::Network::parse("192.0.2.7");
const Word decided = Heard{somebody, 60, "s", "", Source::crowdsec};

}  // namespace

TEST_CASE("a Local API is asked for everything at first and after a loss, and for changes when it has but closed the connection") {
  LapiWorld world;
  world.client.use(world.lapi());
  world.begin();
  CHECK(world.consult() == Consult{.host = "localhost", .base = "", .key = "secret", .tls = false, .startup = true});
  CHECK_FALSE(world.client.met());
  world.say(decided);
  world.say(Met{Source::crowdsec, 3});
  world.say(Lost{"", Source::crowdsec});
  CHECK_FALSE(world.consult().startup);
  CHECK(world.client.met());
  world.say(Lifted{somebody, Source::crowdsec});
  world.say(Met{Source::crowdsec, 0});
  world.say(Lost{"it broke\n", Source::crowdsec});
  CHECK(world.consult().startup);
  CHECK_FALSE(world.client.met());
  CHECK(world.client.trouble() == world.client.url() + ": it broke?");
  CHECK((world.met == 1 && world.lost == 1 && world.heard == 1 && world.lifted == 1 && world.left_out == 3));
  world.say(Met{Source::crowdsec, 0});
  CHECK(world.until([&] { return world.client.met(); }));
  CHECK(world.client.trouble().empty());
  CHECK(world.spawner.requests.size() == 1);
}

TEST_CASE("a Local API that is asked anew tells everything through the same process, and what the answer before says to its end makes nothing known") {
  LapiWorld world;
  world.client.use(world.lapi());
  world.begin();
  CHECK(world.consult().startup);
  world.say(Met{Source::crowdsec, 0});
  CHECK(world.until([&] { return world.client.met(); }));
  for (int i = 0; i < 2; ++i) {  // also while the process has not come to the one before
    world.client.ask_anew();
    CHECK_FALSE(world.client.met());
    CHECK(world.consult().startup);
  }
  world.say(Met{Source::crowdsec, 7});
  world.say(Lost{"", Source::crowdsec});
  world.say(Met{Source::crowdsec, 7});
  world.say(Lost{"it broke", Source::crowdsec});
  world.say(decided);
  CHECK(world.until([&] { return world.heard == 1; }));
  CHECK_FALSE(world.client.met());
  world.say(Met{Source::crowdsec, 0});
  CHECK(world.until([&] { return world.client.met(); }));
  world.say(Lost{"", Source::crowdsec});
  CHECK_FALSE(world.consult().startup);
  CHECK((world.met == 2 && world.lost == 0 && world.left_out == 0 && world.client.trouble().empty()));
  CHECK(world.spawner.requests.size() == 1);
}

TEST_CASE("a Local API is asked anew at once in a pause, and without one, or a process, it changes nothing") {
  LapiWorld world({.first_pause = 1h, .longest_pause = 1h, .ask_every = 1h});
  world.client.ask_anew();
  world.client.use(world.lapi());
  world.client.ask_anew();
  world.begin();
  CHECK(world.consult().startup);
  world.say(Met{Source::crowdsec, 0});
  world.say(decided);
  world.say(Lost{"", Source::crowdsec});
  CHECK(world.until([&] { return world.heard == 1; }));
  for (int i = 1; i < 3; ++i) {
    world.client.ask_anew();
    CHECK(world.consult().startup);
    world.say(Lost{"it broke", Source::crowdsec});
    CHECK(world.until([&] { return world.lost == i; }));
  }
  CHECK(world.spawner.requests.size() == 1);
}

TEST_CASE("a process that says what cannot be meant is killed, and everything is asked for through another") {
  for (const Word& word : {Word(Met{}), Word(Done{1}), Word(Lost{"", Source::crowdsec}), Word(Ready{}), Word(Failed{"x"})}) {
    LapiWorld world;
    world.client.use(world.lapi());
    world.begin();
    (void)world.consult();
    world.say(word);
    CHECK(world.until([&] { return world.spawner.requests.size() == 2; }));
    CHECK(world.troubles.size() == 1);
    CHECK(world.client.trouble() == "the process xsuperd-fleet was killed: it broke the protocol");
    world.begin();
    CHECK(world.consult().startup);
  }
}

TEST_CASE("without a key, or one that a header field can have, nothing is asked") {
  LapiWorld world;
  std::ofstream(world.folder + "/key") << "two words\n";
  world.client.use(world.lapi());
  world.begin();
  CHECK(world.until([&] { return world.client.trouble().find("characters that no key has") != std::string::npos; }));
  std::filesystem::remove(world.folder + "/key");
  CHECK(world.until([&] { return world.client.trouble().find("can't open") != std::string::npos; }));
  std::ofstream(world.folder + "/key") << "another\nline\n";
  CHECK(world.consult().key == "another");  // it is tried again, and read again
}

TEST_CASE("a store and a Local API have one process, which ends when nobody needs it") {
  LapiWorld world;
  int store_lost = 0;
  Client store(world.loop, world.helper, {}, {.on_met = {}, .on_listed = {}, .on_lost = [&](bool) { ++store_lost; }, .on_done = {}, .on_refused = {}, .on_heard = {},
                                              .on_lifted = {}, .on_emptied = {}, .on_counted = {}, .on_time = {}, .on_uncounted = {}});
  store.use({.addresses = {config::StoreAddress{.path = world.folder + "/no-store"}}});
  world.client.use(world.lapi());
  world.begin();
  CHECK(world.consult().startup);
  CHECK(world.spawner.requests.size() == 1);
  CHECK(std::ranges::find(world.environment, "XSUPERD_FLEET_CROWDSEC=1") != world.environment.end());
  CHECK(world.until([&] { return store_lost > 0; }));
  world.process.reset();
  world.client.use({});
  world.begin();  // for the store alone
  CHECK(world.spawner.requests.size() == 2);
  CHECK(std::ranges::find(world.environment, "XSUPERD_FLEET_CROWDSEC=1") == world.environment.end());
  CHECK(world.helper.pidfd() != -1);
  store.use({});
  CHECK(world.helper.pidfd() == -1);
}
