// SPDX-License-Identifier: MIT
// Weaknesses that xinetd has had, in what reads configurations.
#include <catch2/catch.hpp>
#include <random>

#include "config/fixture.hpp"

using namespace xsuperd::config;
using namespace xsuperd::config::test;

namespace {

/// The text with pieces removed, repeated, cut, blown up or replaced by any bytes.
std::string spoiled(std::string text, std::mt19937& random) {
  const auto place = [&] { return random() % (text.size() + 1); };
  for (auto changes = 1 + random() % 6; changes > 0; --changes) switch (random() % 6) {
      case 0: text.erase(place(), random() % 40); break;
      case 1: text.insert(place(), std::string(random() % 3000, static_cast<char>(random()))); break;
      case 2: text.insert(place(), 1, "\0\n{}=# \t%\xff"[random() % 10]); break;
      case 3: text.insert(place(), text.substr(place(), random() % 200)); break;
      case 4: text.resize(place()); break;
      default: text.insert(place(), std::to_string(random())); break;
    }
  return text;
}

}  // namespace

TEST_CASE("CVE-2001-1389: no configuration, however spoiled, does harm, and what comes of it can be written") {
  const std::string good = defaults("log_type = SYSLOG daemon\ninstances = 60\nonly_from = 127.0.0.1 10.0.0.0/8") +
                           service("one", 9001, "server_args = -a %m\nenv += A=B\naccess_times = 08:00-12:00") +
                           service("two", 9002, "no_access = .example.org\nbanner = /etc/banner\ncps = 5 10");
  std::mt19937 random(1389);
  int served = 0, refused = 0;
  for (int i = 0; i < 3000; ++i) {
    const World world(spoiled(good, random));
    if (!world.loaded.config) continue;
    served += static_cast<int>(world.loaded.config->services.size());
    refused += world.loaded.diagnostics.all().empty() ? 0 : 1;
    if (dump(*world.loaded.config).empty()) FAIL("round " << i << ": a configuration that cannot be written");
  }
  CHECK(served > 0);
  CHECK(refused > 0);
}

TEST_CASE("CVE-2001-1389: no inetd.conf, however spoiled, does harm") {
  const std::string good =
      "9001 stream tcp nowait root /bin/server server -a\n9002 dgram udp wait.60 nobody /bin/server server\n"
      "9003 stream tcp6 nowait/4/2 nobody.daemon /bin/server server\ntwo\n# a comment\n9004 stream\n";
  std::mt19937 random(2001);
  int served = 0;
  for (int i = 0; i < 3000; ++i) {
    World world;
    world.read_inetd(spoiled(good, random));
    if (world.loaded.config) served += static_cast<int>(world.loaded.config->services.size());
  }
  CHECK(served > 0);
}
