// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>
#include <set>

#include "config/fixture.hpp"

using namespace xsuperd::config;
using namespace xsuperd::config::test;

namespace {

/// A World that reads its files again, going by what it has read.
struct Again : World {
  using World::World;
  Again& again(const std::string& text) {
    files.texts[main_file] = text;
    const auto before = loaded.config;
    loaded = load(files, names, Sources{.main = main_file}, *before);
    return *this;
  }
};

const std::string two = service("a", 1) + service("b", 2);

/// Configurations of which each may follow each.
const std::vector<std::string> texts{
    "",
    two,
    service("b", 2) + service("a", 1),
    "\n" + two,
    service("a", 1) + "# comment\n" + service("b", 2),
    service("a", 1, "nice = 3") + service("b", 2),
    service("a", 1, "nice = x\n") + service("b", 2),
    service("a", 1) + service("b", 1),
    service("b", 1) + service("a", 1) + service("c", 3),
    service("a", 1) + "stray\n" + service("b", 2),
    service("a", 1) + "service b\n{\n",
    "service a\n{\n" + service("b", 2),
    two.substr(0, two.size() - 1),
    two.substr(0, two.size() - 2),
    two + two,
    defaults("instances = 5") + two,
    defaults("instances = 6") + two,
    two + defaults("instances = 5"),
    defaults("instances = 5") + defaults("instances = 7") + two,
    defaults("nonsense = 5") + two,
    defaults("disabled = a") + two,
    service("a", 1, "disable = yes") + service("b", 2),
    service("a", 1, "only_from = www.example.com") + service("b", 2, "only_from = 10.0.0.0/8"),
    "include /etc/more\n" + service("a", 1),
    "include /etc/more\ninclude /etc/more\n" + service("a", 1),
    service("m", 0) + "include /etc/more\n",
    service("a", 1, "bogus = 1") + service("b", 2),
    entry("a", std::string(plain) + "# it's a comment") + service("b", 2),
};

std::string whole(const Loaded& loaded) {
  if (!loaded.config) return "fatal " + std::to_string(static_cast<int>(loaded.fatal));
  std::string text = dump(*loaded.config);
  for (const auto& one : loaded.config->services)
    text += one->id + " " + one->place.file + ":" + std::to_string(one->place.line) + "\n";
  for (const Absent& one : loaded.config->absent)
    text += "absent " + one.id + ":" + std::to_string(one.place.line) + " " + std::to_string(static_cast<int>(one.fate)) + "\n";
  for (const Diagnostic& one : loaded.diagnostics.all()) text += log_line(one) + "\n";
  for (const std::string& one : loaded.unclear_files) text += "unclear " + one + "\n";
  return text;
}

bool equal(const Config& one, const Config& other) {
  return one.defaults == other.defaults &&
         std::ranges::equal(one.services, other.services, [](const auto& a, const auto& b) { return *a == *b; });
}

}  // namespace

TEST_CASE("an entry that stands as it stood is the same object after a reload") {
  Again w(service("a", 1) + service("b", 2, "nice = 3") + service("c", 3));
  const auto a = w.find("a");
  const auto b = w.find("b");
  const auto c = w.find("c");
  w.again(service("a", 1) + service("b", 2, "nice = 4") + service("c", 3));
  CHECK(w.find("a") == a);
  CHECK(w.find("b") != b);
  CHECK(w.at("b").settings.nice == 4);
  CHECK(w.find("c") == c);
}

TEST_CASE("an entry that has moved says where it is now") {
  Again w(two);
  w.again("\n" + two);
  CHECK(w.at("b").place.line == World("\n" + two).at("b").place.line);
}

TEST_CASE("a reload that goes by what was read finds what a first load finds") {
  for (const std::string& from : texts) {
    for (const std::string& to : texts) {
      INFO("from\n" << from << "to\n" << to);
      Again w;
      w.files.texts["/etc/more"] = service("m", 0) + service("n", 9);
      w.read(from);
      if (!w.loaded.config) continue;
      World fresh;
      fresh.files = w.files;
      fresh.read(to);
      w.again(to);
      CHECK(whole(w.loaded) == whole(fresh.loaded));
      if (!w.loaded.config || !fresh.loaded.config) continue;
      CHECK(equal(*w.loaded.config, *fresh.loaded.config));
      w.again(to);
      CHECK(whole(w.loaded) == whole(fresh.loaded));
      const auto& all = w.loaded.config->services;
      CHECK(std::set<std::shared_ptr<const Service>>(all.begin(), all.end()).size() == all.size());
    }
  }
}

TEST_CASE("a file that comes or goes changes nothing in the others") {
  Again w;
  w.files.texts["/etc/d/a"] = service("a", 1);
  w.files.texts["/etc/d/b"] = service("b", 2);
  w.read("includedir /etc/d\n");
  const auto a = w.find("a");
  w.files.texts.erase("/etc/d/b");
  w.files.texts["/etc/d/c"] = service("c", 3);
  w.again("includedir /etc/d\n");
  CHECK(w.find("a") == a);
  CHECK_FALSE(w.up("b"));
  CHECK(w.up("c"));
}

TEST_CASE("a user, program, port or variable that has changed is noticed by a reload") {
  Again w(service("a", 1, "user = alice\n") + entry("echo", "socket_type = stream\nwait = no\nuser = alice\nserver = /bin/server\ngroups = yes"));
  const std::string text = w.files.texts[main_file];
  SECTION("a user") {
    w.names.users[2].uid = 1001;
    CHECK(w.again(text).at("echo").settings.user->uid == 1001);
  }
  SECTION("a user who is gone") {
    w.names.users.pop_back();
    CHECK(w.again(text).refused("echo"));
  }
  SECTION("groups") {
    w.names.memberships["alice"] = {100};
    CHECK(w.again(text).at("echo").supplementary_groups == std::vector<gid_t>{100});
  }
  SECTION("a program") {
    w.files.programs.clear();
    CHECK(w.again(text).refused("a"));
  }
  SECTION("a port") {
    w.names.ports[{"echo", "tcp"}] = 1007;
    CHECK(w.again(text).at("echo").listen.at.port == 1007);
  }
  SECTION("the environment") {
    w.names.variables = {"A=1"};
    CHECK(w.again(text).at("echo").environment == Words{"A=1"});
  }
}

TEST_CASE("host names are looked up anew by each reload") {
  const std::string text = service("a", 1, "bind = www.example.com\n");
  Again w(text);
  w.names.hosts["www.example.com"] = {"192.0.2.8"};
  CHECK(w.again(text).at("a").listen.at.address.text() == "192.0.2.8");
}

TEST_CASE("a host name of the defaults is looked up anew for all services") {
  const std::string text = defaults("only_from = new.example.com") + service("a", 1);
  Again w(text);
  REQUIRE(w.at("a").settings.only_from->front().kind == AddressPattern::Kind::unresolved);
  w.names.hosts["new.example.com"] = {"192.0.2.8"};
  CHECK(w.again(text).at("a").settings.only_from->front().kind == AddressPattern::Kind::host);
}

TEST_CASE("a question is asked once for all services") {
  struct Counting final : xsuperd::config::Names {
    xsuperd::fakes::FakeNames real;
    int asked = 0;
    std::optional<UserEntry> user(const std::string& name) override { return ++asked, real.user(name); }
    std::optional<UserEntry> user(uid_t uid) override { return ++asked, real.user(uid); }
    std::optional<gid_t> group(const std::string& name) override { return ++asked, real.group(name); }
    std::vector<gid_t> groups_of(const std::string& user, gid_t gid) override { return ++asked, real.groups_of(user, gid); }
    std::optional<std::uint16_t> service_port(const std::string& name, const std::string& protocol) override {
      return ++asked, real.service_port(name, protocol);
    }
    std::optional<int> protocol(const std::string& name) override { return ++asked, real.protocol(name); }
    std::optional<std::uint32_t> rpc_number(const std::string& name) override { return ++asked, real.rpc_number(name); }
    std::optional<std::uint32_t> network(const std::string& name) override { return ++asked, real.network(name); }
    std::vector<xsuperd::base::Address> host(const std::string& name) override { return ++asked, real.host(name); }
    bool system_call(const std::string& name) override { return ++asked, real.system_call(name); }
    const std::vector<std::string>& environment() override { return real.environment(); }
  } names;
  xsuperd::fakes::FakeFiles files;
  for (int i = 0; i < 100; ++i) files.texts[main_file] += service("s" + std::to_string(i), 1000 + i);
  const Loaded loaded = load(files, names, main_file);
  CHECK(loaded.config->services.size() == 100);
  CHECK(names.asked == 2);  // root and tcp
}
