// SPDX-License-Identifier: MIT
// What an administrator sets at run time.
#include <catch2/catch.hpp>

#include "config/fixture.hpp"

using namespace xsuperd;
using namespace xsuperd::config;
using namespace xsuperd::config::test;

namespace {

/// The service with these lines, or the sentence that says why not.
struct Amended {
  Amended(const std::string& lines, const std::vector<std::string>& set) : world(service("x", 9000, lines)) {
    auto result = amend(*world.find("x"), set, world.files, world.names);
    result ? void(after = *result) : void(why = result.error().sentence);
  }
  World world;
  std::shared_ptr<const Service> after;
  std::string why;
};

std::string value_of(const Service& service, std::string_view name) { return find_attribute(name)->print(service.settings); }

}  // namespace

TEST_CASE("limits and access lists can be set, and nothing else changes") {
  const Amended one("instances = 3\nonly_from = 192.0.2.1\n", {"instances=20", "only_from+=198.51.100.0/24", "per_source = 5"});
  REQUIRE(one.after);
  CHECK(value_of(*one.after, "instances") == "20");
  CHECK(value_of(*one.after, "per_source") == "5");
  CHECK(one.after->settings.only_from->size() == 2);
  CHECK(one.after->listen == one.world.find("x")->listen);
  const Amended less("only_from = 192.0.2.1 198.51.100.1\n", {"only_from-=192.0.2.1"});
  REQUIRE(less.after);
  CHECK(less.after->settings.only_from->size() == 1);
  const Amended other("only_from = 192.0.2.1 198.51.100.1\n", {"only_from=203.0.113.0/24"});
  REQUIRE(other.after);
  CHECK(other.after->settings.only_from->size() == 1);
}

TEST_CASE("what is taken from a list must be in it") {
  const std::string list = "only_from = 192.0.2.1 192.0.2.9\n";
  CHECK(Amended(list, {"only_from-=192.0.2.1 192.0.2.2"}).after);
  CHECK(Amended(list, {"only_from+=192.0.2.2", "only_from-=192.0.2.2"}).after);
  CHECK(Amended(list, {"only_from-=192.0.2.2"}).why == "service x: nothing of 'only_from-=192.0.2.2' is in the list");
  CHECK_FALSE(Amended(list, {"only_from+=192.0.2.3", "only_from-=192.0.2.2"}).after);
  CHECK_FALSE(Amended(list, {"no_access-=192.0.2.2"}).after);
}

TEST_CASE("a list that nobody has given is not added to, as in a file") {
  World world(entry("servers", "type = INTERNAL UNLISTED\nport = 9000\nsocket_type = stream\nprotocol = tcp\nwait = no\n"));
  const auto service = world.find("servers");
  REQUIRE(service);
  REQUIRE(service->settings.only_from->size() == 2);
  const auto added = amend(*service, {"only_from+=192.0.2.0/24"}, world.files, world.names);
  REQUIRE(added.has_value());
  CHECK(value_of(**added, "only_from") == "192.0.2.0/24");
  const auto more = amend(**added, {"only_from+=198.51.100.0/24"}, world.files, world.names);
  REQUIRE(more.has_value());
  CHECK((*more)->settings.only_from->size() == 2);
  const auto other = amend(*service, {"instances=5"}, world.files, world.names);
  REQUIRE(other.has_value());
  CHECK(value_of(**other, "only_from") == value_of(*service, "only_from"));
}

TEST_CASE("what cannot be set is refused with a sentence") {
  for (const std::string line : {"instances", "instances=many", "instances=", "instances=1 2", "no_such=1", "server=/bin/sh", "user=root", "port=1",
                                 "instances+=1", "only_from=no..where", "instances=5 # five"}) {
    INFO(line);
    const Amended one("", {line});
    CHECK_FALSE(one.after);
    CHECK_FALSE(one.why.empty());
  }
  CHECK(Amended("", {"instnces=5"}).why == "unknown attribute instnces; did you mean 'instances'?");
}

TEST_CASE("one line that cannot be set is as good as all") { CHECK_FALSE(Amended("", {"instances=5", "port=1"}).after); }

TEST_CASE("access lists that the kernel keeps are changed by a reload only") {
  World world(entry("x", "type = UNLISTED\nport = 9000\nsocket_type = stream\nwait = yes\nuser = root\nserver = /bin/server\n"));
  REQUIRE(world.find("x"));
  CHECK(amend(*world.find("x"), {"only_from=192.0.2.1"}, world.files, world.names).has_error());
  CHECK(amend(*world.find("x"), {"cps=5 30"}, world.files, world.names).has_value());
}
