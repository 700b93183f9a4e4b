// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>

#include "config/fixture.hpp"
#include "xsuperd/config/confinement.hpp"

// What a server sees of the host: values, what the sandbox makes of them, and what the machine must be able to.
using namespace xsuperd::config;
using namespace xsuperd::config::test;

namespace {

using Root = BoxSettings::Root;

BoxSettings box_of(const std::string& lines, const std::string& user = "nobody") {
  const std::string rest = "type = UNLISTED\nport = 9000\nsocket_type = stream\nwait = no\nuser = " + user + "\n";
  const std::string server = lines.find("server = ") == std::string::npos ? "server = /bin/server\n" : "";
  return confinement_of(World(entry("x", rest + server + lines)).at("x")).box;
}
bool refused(const std::string& lines, const std::string& sentence) {
  const World w = with(lines);
  return w.refused("x") && w.said(sentence);
}
/// A service of another user than root.
std::string of_nobody(const std::string& name, int port, const std::string& lines) {
  return entry(name, "type = UNLISTED\nsocket_type = stream\nwait = no\nuser = nobody\nserver = /bin/server\nport = " + std::to_string(port) + "\n" + lines);
}
std::string hint(const std::string& lines, const std::string& sentence) { return with(lines).finding(sentence)->suggestion; }

}  // namespace

TEST_CASE("paths are absolute, plain, sorted and there once") {
  CHECK(value("read_only_paths", "read_only_paths = /srv/b/ /srv//a /srv/./b") == "/srv/a /srv/b");
  CHECK(value("read_only_paths", "read_only_paths = /a /b\nread_only_paths += /c\nread_only_paths -= /b") == "/a /c");
  CHECK(value("root_directory", "root_directory = /srv/jail/") == "/srv/jail");
  CHECK(refused("inaccessible_paths = srv", "'srv' is not an absolute path"));
  CHECK(hint("inaccessible_paths = srv", "is not an absolute path") == "it begins with '/'");
  CHECK(refused("read_write_paths = /srv/../etc", "'/srv/../etc' is not an absolute path"));
  CHECK(hint("read_write_paths = /srv/../etc", "is not an absolute path") == "write it without '..'");
}

TEST_CASE("without any of the attributes there is no box, and each of them makes one") {
  CHECK_FALSE(box_of("").needed());
  CHECK_FALSE(box_of("sandbox = basic").needed());
  for (const std::string line : {"private_tmp = yes", "private_devices = yes", "private_network = yes", "private_pids = yes", "private_ipc = yes",
                                 "read_only_paths = /", "read_write_paths = /srv", "inaccessible_paths = /srv", "root_directory = /srv", "dynamic_user = yes"}) {
    INFO(line);
    CHECK(box_of(line).needed());
  }
  CHECK_FALSE(box_of("private_network = yes").has_mounts());
  CHECK(box_of("private_pids = yes").has_mounts());
}

TEST_CASE("strict is no capabilities, @strict and a box with programs only, whoever the user is") {
  for (const std::string user : {"nobody", "root"}) {
    const std::string rest = "type = UNLISTED\nport = 9000\nsocket_type = stream\nwait = no\nserver = /bin/server\nsandbox = strict\nuser = " + user;
    const Confinement c = confinement_of(World(entry("x", rest)).at("x"));
    CHECK(c.no_new_privileges);
    CHECK(c.capabilities == CapabilitySet{false, 0});
    CHECK(c.calls.base == SystemCalls::Base::strict);
    CHECK(c.box.root == Root::programs);
    CHECK((c.box.tmp && c.box.devices && c.box.network && c.box.pids && c.box.ipc));
    CHECK_FALSE(c.box.reuse);
  }
}

TEST_CASE("attributes that are given hold over strict") {
  CHECK_FALSE(box_of("sandbox = strict\nprivate_network = no").network);
  CHECK_FALSE(box_of("sandbox = strict\nprivate_pids = no").pids);
  CHECK(box_of("sandbox = strict\nroot_directory = /").root == Root::host);
  const BoxSettings jail = box_of("sandbox = strict\nroot_directory = /srv/jail");
  CHECK(jail.root == Root::directory);
  CHECK(jail.root_read_only);
  CHECK_FALSE(box_of("root_directory = /srv/jail").root_read_only);
  CHECK(box_of("sandbox = strict\nread_only_paths = /").root == Root::host);
}

TEST_CASE("a server is in its box wherever it lies") {
  CHECK(box_of("sandbox = strict").read_only.empty());  // /bin/server
  CHECK(seen_as_program("/usr/bin/x"));
  CHECK_FALSE(seen_as_program("/usr"));
  CHECK_FALSE(seen_as_program("/usrx/x"));
  CHECK_FALSE(seen_as_program("/home/ctf/x"));
}

TEST_CASE("what is to be seen cannot lie where the private /tmp hides it") {
  CHECK(refused("private_tmp = yes\nread_only_paths = /tmp/x", "/tmp/x would not be seen, because the private /tmp hides it"));
  CHECK(refused("sandbox = strict\nread_write_paths = /var/tmp/x", "/var/tmp/x would not be seen"));
  CHECK(box_of("sandbox = strict\nprivate_tmp = no\nread_only_paths = /tmp/x").read_only == Words{"/tmp/x"});
}

TEST_CASE("root of a user namespace is somebody else outside, who has to be chosen") {
  const std::string sentence = "Service x: root of a user namespace must be somebody else outside";
  CHECK(refused("user_namespace = yes", sentence));
  CHECK(hint("user_namespace = yes", sentence) == "write 'dynamic_user = yes', which takes an unprivileged user id from dynamic_uids, or give it another user");
  CHECK_FALSE(with("user_namespace = no").said(sentence));
  CHECK_FALSE(with("user_namespace = yes\ndynamic_user = yes").said(sentence));
  CHECK_FALSE(World(defaults("user_namespace = yes") + entry("echo", "type = INTERNAL\nsocket_type = stream\nwait = no\nuser = root")).said(sentence));
}

TEST_CASE("a user namespace takes no box, and makes capabilities powerless") {
  const World w(of_nobody("x", 1, "user_namespace = yes"));
  const Confinement c = confinement_of(w.at("x"));
  CHECK(c.user_namespace);
  CHECK_FALSE(c.box.needed());
  CHECK(confinement_text(w.at("x")).find("in a user namespace of its own") != std::string::npos);
  const std::string sentence = "Service x: with user_namespace = yes capabilities have no power over files, network and processes of the host";
  CHECK(with("dynamic_user = yes\nuser_namespace = yes\ncapabilities = NET_RAW").said(sentence));
  CHECK_FALSE(with("dynamic_user = yes\nuser_namespace = yes\ncapabilities = none").said(sentence));
  CHECK(confinement_text(with("dynamic_user = yes\nuser_namespace = yes").at("x")).find("as root of a user namespace") != std::string::npos);
}

TEST_CASE("a service whose user namespaces cannot be made is not opened, and says why") {
  using UserNamespaces = Abilities::UserNamespaces;
  const World w(of_nobody("a", 1, "user_namespace = yes") + service("b", 2, "user_namespace = no"));
  const auto able = [](UserNamespaces spaces) { return Abilities{.user_namespaces = [spaces] { return spaces; }}; };
  CHECK(hindrance(w.at("a"), able(UserNamespaces::usable)).empty());
  CHECK(hindrance(w.at("a"), able(UserNamespaces::not_root)) == "user_namespace, and only root can make one for its servers");
  CHECK(hindrance(w.at("a"), able(UserNamespaces::not_permitted)) == "user_namespace, and this machine or container permits none (user.max_user_namespaces may be 0)");
  CHECK(hindrance(w.at("a"), able(UserNamespaces::not_in_kernel)) == "user_namespace, and this kernel has none");
  CHECK(hindrance(w.at("b"), able(UserNamespaces::not_in_kernel)).empty());
}

TEST_CASE("a box that is used again needs what shows that it is as new") {
  CHECK(refused("box_reuse = yes", "box_reuse = yes needs private_pids = yes"));
  CHECK(refused("box_reuse = yes\nprivate_pids = yes", "box_reuse = yes needs system_calls = @strict"));
  CHECK(refused("box_reuse = yes\nprivate_pids = yes\nsystem_calls = @strict", "box_reuse = yes needs capabilities = none"));
  CHECK(box_of("box_reuse = yes\nsandbox = strict").reuse);
  CHECK(value("box_reuse", "box_reuse = no") == "no");
}

TEST_CASE("root in a strict sandbox is warned of") {
  const World w = with("sandbox = strict");
  CHECK(w.said("without capabilities root still owns the host's files"));
  CHECK_FALSE(w.refused("x"));
  CHECK_FALSE(with("sandbox = strict\ndynamic_user = yes").said("root still owns"));
}

TEST_CASE("user ids for boxes are a range of those that a user can have") {
  const auto uids = [](const std::string& range) { return World(defaults("dynamic_uids = " + range) + service("x", 1)).at("x").settings.dynamic_uids; };
  CHECK(uids("70000-80000") == UidRange{70000, 80000});
  CHECK(uids("1000-1000") == UidRange{1000, 1000});
  for (const std::string bad : {"0-5", "999-2000", "5000", "6000-5000", "x-y", "1000-4294967294"}) {
    INFO(bad);
    CHECK(World(defaults("dynamic_uids = " + bad) + service("x", 1)).said("Bad range of user ids: " + bad));
  }
}

TEST_CASE("a service whose boxes cannot be made is not opened, and says why") {
  using Boxes = Abilities::Boxes;
  const World w(service("a", 1, "private_tmp = yes") + service("b", 2, "sandbox = basic"));
  const auto able = [](Boxes boxes) { return Abilities{.boxes = [boxes] { return boxes; }}; };
  CHECK(hindrance(w.at("a"), able(Boxes::usable)).empty());
  CHECK(hindrance(w.at("a"), able(Boxes::not_root)) == "its servers have boxes, which only root can make");
  CHECK(hindrance(w.at("a"), able(Boxes::not_permitted)) == "its servers have boxes, and this machine or container permits no namespaces or mounts");
  CHECK(hindrance(w.at("b"), able(Boxes::not_permitted)).empty());
  const auto found = hindered(*w.loaded.config, able(Boxes::not_in_kernel));
  REQUIRE(found.size() == 1);
  CHECK(found[0].sentence == "Service a is not opened: its servers have boxes, and this kernel cannot enter their namespaces (Linux 5.12)");
}

TEST_CASE("without boxes Landlock keeps those paths that it can keep exactly, and no service is opened with less") {
  const auto why = [](const std::string& lines) {
    const Abilities rootless{.boxes = [] { return Abilities::Boxes::not_root; }};
    return hindrance(World(service("x", 1, lines)).at("x"), rootless);
  };
  const std::string begin = "its servers have boxes, which only root can make";
  CHECK(why("system_calls = @strict\nread_only_paths = /").empty());
  CHECK(why("system_calls = @strict\nread_only_paths = /\nread_write_paths = /srv/a /var/b").empty());
  CHECK(why("system_calls = @strict\nread_only_paths = / /etc\nread_write_paths = /srv").empty());
  CHECK(why("read_write_paths = /srv").empty());  // nothing is taken away
  CHECK(why("read_only_paths = /") == begin + "; without boxes read_only_paths needs system_calls = @strict: other calls change files past Landlock");
  CHECK(why("system_calls = @strict\nread_only_paths = /srv") == begin + "; without boxes read_only_paths is / or nothing: Landlock can list what is writable, and not what is not");
  CHECK(why("system_calls = @strict\nread_only_paths = / /srv/a\nread_write_paths = /srv") == begin + "; without boxes /srv/a cannot be read-only below /srv, which is writable");
  CHECK(why("system_calls = @strict\nread_only_paths = / /srv\nread_write_paths = /srv /srv/a").empty());
  CHECK(why("inaccessible_paths = /srv") == begin + "; without boxes there are no inaccessible_paths: Landlock can list what is allowed, and not what is denied");
  for (const std::string more : {"private_tmp = yes", "root_directory = /srv", "dynamic_user = yes", "private_network = yes", "sandbox = strict", "memory_max = 1M"})
    CHECK(why("system_calls = @strict\nread_only_paths = /\n" + more) == begin);
  const Abilities old{.file_rules = [] { return Abilities::FileRules::not_in_kernel; }, .boxes = [] { return Abilities::Boxes::not_permitted; }};
  CHECK(hindrance(World(service("x", 1, "system_calls = @strict\nread_only_paths = /")).at("x"), old) ==
        "its servers have boxes, and this machine or container permits no namespaces or mounts; this kernel has no Landlock rules for truncating files (Linux 6.2)");
}

TEST_CASE("what can be written to without a box is what is writable and not read-only by the same name") {
  const auto rules = [](const std::string& lines) { return rules_for_files(confinement_of(World(service("x", 1, lines)).at("x"))); };
  CHECK(rules("system_calls = @strict\nread_only_paths = / /b\nread_write_paths = /a /b").writable == Words{"/a"});
  CHECK_FALSE(rules("").paths_only);
  CHECK_FALSE(rules("read_only_paths = /\nprivate_ipc = yes").usable());
  const World w(service("x", 1, "system_calls = @strict\nread_only_paths = /") + service("y", 2, "read_write_paths = /srv"));
  const Abilities rootless{.boxes = [] { return Abilities::Boxes::not_root; }};
  CHECK(not_in_effect(*w.loaded.config, rootless) == Words{"read_only_paths: without a box Landlock keeps it, and nobody changes mode, owner and times of files (x)"});
  CHECK(not_in_effect(*w.loaded.config, {}).empty());
}
