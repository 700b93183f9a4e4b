// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>

#include "config/fixture.hpp"

// What a reload keeps of a service that has an error now, and what this version does not do yet.
using namespace xsuperd::config;
using namespace xsuperd::config::test;

namespace {
/// What runs after a reload from one text to the other.
World reloaded(const std::string& before, const std::string& after) {
  const World running(before);
  World next(after);
  keep_broken(*running.loaded.config, next.loaded);
  return next;
}
const std::string good = service("x", 1, "nice = 3\n");
}  // namespace

TEST_CASE("a service with an error goes on as it was") {
  for (const std::string& after :
       {service("x", 1, "nice = bad"), service("x", 1, "garbage"), std::string("service x {\n}\n"),
        entry("x", "type = UNLISTED"), "service x\n{\n" + std::string(plain)}) {
    INFO(after);
    const World w = reloaded(good, after);
    CHECK(w.at("x").settings.nice == 3);
    CHECK(w.said("service x has an error now: it keeps running as before"));
  }
}

TEST_CASE("a service that is disabled or gone from a sound file is not kept") {
  CHECK_FALSE(reloaded(good, service("x", 1, "disable = yes\ngarbage")).up("x"));
  CHECK_FALSE(reloaded(good, defaults("disabled = x") + good).up("x"));
  CHECK_FALSE(reloaded(good, "").up("x"));
  CHECK_FALSE(reloaded(good, service("y", 2, "nice = bad")).up("x"));
}

TEST_CASE("a service that an unclear file may have lost is kept") {
  CHECK(reloaded(good, "servcie x\n{\n}\n").up("x"));
  CHECK(reloaded(good, "service\n{\n" + std::string(plain) + "}\n").up("x"));
  World w("include /a\n");
  w.files.texts["/a"] = good;
  const World running = w.read("include /a\n");
  w.files.texts["/a"] = "";
  w.read("stray\ninclude /a\n");
  keep_broken(*running.loaded.config, w.loaded);
  CHECK_FALSE(w.up("x"));
}

TEST_CASE("an entry whose error comes before its id is known by its name") {
  const std::string with_id = service("x", 1, "id = other");
  CHECK(reloaded(with_id, "service x\n{\ngarbage\nid = other\n}\n").up("other"));
  CHECK_FALSE(reloaded(with_id, "service x\n{\ndisable = yes\nid = other\n}\n").up("other"));
}

TEST_CASE("of several entries with one name the one with the id decides") {
  const std::string with_id = service("x", 1, "id = other");
  const std::string disabled = "service x\n{\ndisable = yes\n}\n";
  CHECK(reloaded(with_id, disabled + service("x", 1, "id = other\nnice = bad")).up("other"));
  CHECK(reloaded(with_id, disabled + "service x\n{\ngarbage\n}\n").up("other"));
}

TEST_CASE("a service that is mended takes its new settings") {
  const World w = reloaded(good, service("x", 1, "nice = 4"));
  CHECK(w.at("x").settings.nice == 4);
  CHECK(w.log() == "");
}

TEST_CASE("a configuration that is not there keeps nothing") {
  World w;
  w.loaded = load(w.files, w.names, "/none");
  keep_broken(*World(good).loaded.config, w.loaded);
  CHECK_FALSE(w.loaded.config);
}

TEST_CASE("with every library and SELinux all of a configuration is in effect") {
  const World w(service("a", 1, "mdns = yes") + service("c", 3, "flags = LABELED"));
  CHECK(not_in_effect(*w.loaded.config, Abilities{}).empty());
  CHECK(hindered(*w.loaded.config, Abilities{}).empty());
  CHECK(hindrance(w.at("c"), Abilities{}).empty());
}

TEST_CASE("what the program was built without is named with the services that want it") {
  const Abilities none{.mdns = [] { return Abilities::Mdns::not_built; },
                       .labels = [] { return Abilities::Labels::not_built; }};
  const World w(service("a", 1, "mdns = yes\nlog_on_success = PID USERID") + service("b", 2, "mdns = yes") +
                service("c", 3, "flags = LABELED") + service("d", 4, "mdns = no"));
  CHECK(not_in_effect(*w.loaded.config, none) ==
        std::vector<std::string>{"mdns: built without libavahi-client (a b)",
                                 "flags = LABELED: built without libselinux, so they are not opened (c)"});
  CHECK(hindrance(w.at("c"), none) == "flags = LABELED, and xsuperd was built without libselinux");
  CHECK(hindrance(w.at("a"), none).empty());
  CHECK(hindered(*w.loaded.config, none).empty());
  CHECK(not_in_effect(*World(good).loaded.config, none).empty());
}

TEST_CASE("a library that cannot be loaded is named with the services that want it") {
  const Abilities none{.mdns = [] { return Abilities::Mdns::not_loaded; },
                       .labels = [] { return Abilities::Labels::not_loaded; }};
  const World w(service("a", 1, "mdns = yes") + service("c", 3, "flags = LABELED"));
  CHECK(not_in_effect(*w.loaded.config, none) ==
        std::vector<std::string>{"mdns: libavahi-client cannot be loaded (a)",
                                 "flags = LABELED: libselinux cannot be loaded, so they are not opened (c)"});
  CHECK(hindrance(w.at("c"), none) == "flags = LABELED, and libselinux cannot be loaded");
  CHECK(hindered(*w.loaded.config, none).empty());
}

TEST_CASE("bans that cannot get into the firewall are told beforehand") {
  const World w(defaults("ban_nft = inet filter banned") + service("a", 1));
  const auto told = [&w](Abilities::Nftables what) { return not_in_effect(*w.loaded.config, Abilities{.nftables = [what] { return what; }}); };
  CHECK(told(Abilities::Nftables::usable).empty());
  CHECK(told(Abilities::Nftables::not_built) == std::vector<std::string>{"ban_nft: built without libnftables (defaults)"});
  CHECK(told(Abilities::Nftables::not_loaded) == std::vector<std::string>{"ban_nft: libnftables cannot be loaded (defaults)"});
  CHECK(told(Abilities::Nftables::not_permitted) == std::vector<std::string>{"ban_nft: it needs the capability CAP_NET_ADMIN (defaults)"});
  CHECK(told(Abilities::Nftables::not_in_kernel) == std::vector<std::string>{"ban_nft: this kernel has no nftables (defaults)"});
  CHECK(not_in_effect(*World(good).loaded.config, Abilities{.nftables = [] { return Abilities::Nftables::not_built; }}).empty());
}

TEST_CASE("what takes a library is asked about only when a service wants it") {
  int asked = 0;
  const Abilities counting{.mdns = [&] { return ++asked, Abilities::Mdns::usable; },
                           .labels = [&] { return ++asked, Abilities::Labels::usable; }};
  const World w(service("a", 1, "mdns = no") + service("b", 2, "flags = REUSE"));
  CHECK(not_in_effect(*w.loaded.config, counting).empty());
  CHECK(hindered(*w.loaded.config, counting).empty());
  CHECK(hindrance(w.at("a"), counting).empty());
  CHECK(asked == 0);
}

TEST_CASE("a kernel without SELinux is an error at the place of each service that wants labels") {
  const Abilities no_kernel{.labels = [] { return Abilities::Labels::not_in_kernel; }};
  const World w(service("a", 1, "mdns = yes") + service("c", 3, "flags = LABELED"));
  CHECK(not_in_effect(*w.loaded.config, no_kernel).empty());
  const auto found = hindered(*w.loaded.config, no_kernel);
  REQUIRE(found.size() == 1);
  CHECK(found[0].level == Level::error);
  CHECK(found[0].place == w.at("c").place);
  CHECK(found[0].id == "c");
  CHECK(found[0].sentence == "Service c is not opened: flags = LABELED, and this kernel has no SELinux");
}

TEST_CASE("a kernel that looks up no sockets by programs is an error for each service that has nothing but ranges of ports") {
  const Abilities no_kernel{.ranges = [] { return Abilities::Ranges::not_in_kernel; }};
  const std::string only = "socket_type = stream\nwait = no\nuser = root\nserver = /bin/server\nlisten = any:192.0.2.0/24:1-99";
  const World w(service("a", 1) + service("b", 2, "listen = any:192.0.2.0/24:100-200") + entry("c", only));
  REQUIRE(w.loaded.config->services.size() == 3);
  CHECK(not_in_effect(*w.loaded.config, no_kernel).empty());
  const auto found = hindered(*w.loaded.config, no_kernel);
  REQUIRE(found.size() == 1);
  CHECK(found[0].id == "c");
  CHECK(found[0].sentence ==
        "Service c is not opened: listen = any:..., and this kernel has no BPF programs that look up sockets (Linux 5.9)");
  CHECK(hindrance(w.at("b"), no_kernel).empty());
  const Abilities not_permitted{.ranges = [] { return Abilities::Ranges::not_permitted; }};
  CHECK(hindered(*w.loaded.config, not_permitted).empty());
  CHECK(not_in_effect(*w.loaded.config, not_permitted) ==
        std::vector<std::string>{"listen = any:...: it needs the capabilities CAP_NET_ADMIN and CAP_BPF (b c)"});
}
