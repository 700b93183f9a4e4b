// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>

#include "config/fixture.hpp"

using namespace xsuperd::config;
using namespace xsuperd::config::test;
using Paths = std::vector<std::string>;

TEST_CASE("an include is read where it stands") {
  World w;
  w.files.texts["/more"] = service("b", 2);
  w.read(service("a", 1) + "include /more\n" + service("c", 3));
  REQUIRE(w.loaded.config->services.size() == 3);
  CHECK(w.loaded.config->services[1]->id == "b");
  CHECK(w.at("b").place == Place{"/more", 1, 1});
  CHECK(w.at("c").place.file == main_file);
}

TEST_CASE("a file that cannot be included costs nothing else") {
  World w;
  w.files.unreadable.insert("/secret");
  w.read("include /none\ninclude /secret\nincludedir /nodir\n" + service("x", 1));
  CHECK(w.up("x"));
  const Diagnostic* d = w.finding("Unable to open included configuration file: /none");
  REQUIRE(d);
  CHECK(d->place == Place{main_file, 1, 9});
  CHECK(w.said("Unable to open included configuration file: /secret"));
  CHECK(w.said("Unable to read included directory: /nodir"));
}

TEST_CASE("a directory that is included as a file is empty, and that is said") {
  World w;
  w.files.directories.insert("/d");
  CHECK(w.read("include /d\n" + service("x", 1)).up("x"));
  const Diagnostic* d = w.finding("/d is a directory; nothing in it is read");
  REQUIRE(d);
  CHECK(d->level == Level::warning);
  CHECK(d->place == Place{main_file, 1, 9});
  CHECK(d->suggestion == "'includedir' reads the files in it");
  CHECK(w.loaded.unclear_files == Paths{"/d"});  // what it had before is not gone for that
}

TEST_CASE("a file that includes itself is not read again") {
  World w;
  w.files.texts["/a"] = service("a", 1) + "include /b\n";
  w.files.texts["/b"] = service("b", 2) + "include /a\n";
  w.read("include /a\ninclude " + std::string(main_file) + "\n");
  CHECK(w.loaded.config->services.size() == 2);
  CHECK(w.said("/a includes itself: it is not read again"));
  CHECK(w.said(std::string(main_file) + " includes itself"));
}

TEST_CASE("one file may be included twice when neither lies in the other") {
  World w;
  w.files.texts["/a"] = "defaults\n{\n}\n";
  CHECK(w.read("include /a\ninclude /a\n").log() == "");
}

TEST_CASE("includes end at a depth of 32 files") {
  World w;
  for (int i = 0; i < 40; ++i)
    w.files.texts["/" + std::to_string(i)] =
        service("s" + std::to_string(i), i + 1) + "include /" + std::to_string(i + 1) + "\n";
  w.read("include /0\n");
  CHECK(w.loaded.config->services.size() == 31);
  CHECK(w.said("/31 is included too deeply: 32 files are open already"));
}

TEST_CASE("files that include each other in every order come to an end") {
  World w;
  for (int i = 0; i < 12; ++i) w.files.texts["/d/" + std::to_string(i)] = "includedir /d\n";
  w.read("includedir /d\n");
  CHECK(w.said("further files are not read: 20000 files have been included"));
  CHECK(w.loaded.config);
}

TEST_CASE("includedir reads regular files in the order of bytes and skips what looks like a leftover") {
  World w;
  for (const std::string name : {"10a", "9a", "B", "b", "bad", "def", "link", "x.conf", "x~", "~x", "#x#",
                                 "x y", "x,v", "sub/inner", "\xc3\xa4", ".hidden"})
    w.files.texts["/d/" + name] = "";
  w.files.others.insert("/d/fifo");
  w.files.dangling.insert("/d/dangling");
  w.read("includedir /d\n");
  CHECK(w.files.read_order == Paths{main_file, "/d/#x#", "/d/10a", "/d/9a", "/d/B", "/d/b", "/d/bad",
                                    "/d/def", "/d/link", "/d/x y", "/d/x,v", "/d/~x", "/d/\xc3\xa4"});
  CHECK(w.said("/d/fifo is not a regular file. It is being skipped."));
  CHECK(w.said("Unable to stat includedir file /d/dangling"));
  for (const std::string told : {"/d/x.conf is not read: its name has a dot", "/d/.hidden is not read: its name has a dot",
                                 "/d/x~ is not read: its name ends in a tilde", "/d/sub is not read: it is a directory"}) {
    const Diagnostic* d = w.finding(told);
    REQUIRE(d);
    CHECK(d->level == Level::info);
    CHECK(d->place == Place{main_file, 1, 12});
  }
}

TEST_CASE("an unreadable file of a directory costs itself alone") {
  World w;
  w.files.unreadable.insert("/d/a");
  w.files.texts["/d/b"] = service("x", 1);
  CHECK(w.read("includedir /d\n").up("x"));
  CHECK(w.said("Unable to open included configuration file: /d/a"));
}

TEST_CASE("what a file of a directory has is unclear when the device fails, and not when there is none") {
  World w;
  w.files.failing.insert("/d/a");
  w.files.dangling.insert("/d/b");
  w.files.texts["/d/c"] = service("x", 1);
  CHECK(w.read("includedir /d\n").up("x"));
  CHECK(w.loaded.unclear_files == Paths{"/d/a"});
}

TEST_CASE("an error in one file does not reach the next") {
  World w;
  w.files.texts["/d/a"] = "service a\n{\n" + std::string(plain);
  w.files.texts["/d/b"] = "}\nstray\n";
  w.files.texts["/d/c"] = service("c", 3);
  w.read("includedir /d\n" + service("x", 1));
  CHECK(w.refused("a"));
  CHECK(w.up("c"));
  CHECK(w.up("x"));
  CHECK(w.loaded.unclear_files == Paths{"/d/a", "/d/b"});
}

TEST_CASE("each file that is read is noted for debugging") {
  World w;
  w.files.texts["/a"] = "";
  w.read("include /a\n");
  CHECK(w.finding("Reading included configuration file: /a")->level == Level::debug);
}

TEST_CASE("files and folders of the configuration that others may change are named") {
  using Status = Files::Status;
  const auto told = [](const std::string& path, Status status) {
    World w;
    w.files.texts["/etc/more"] = service("a", 1);
    w.files.texts["/etc/d/b"] = service("b", 2);
    w.files.statuses[path] = status;
    w.read("include /etc/more\nincludedir /etc/d\n" + service("c", 3));
    CHECK(w.loaded.config->services.size() == 3);  // they run all the same
    CHECK(w.loaded.diagnostics.count(Level::warning) == w.loaded.unguarded.size());
    return w.loaded.unguarded.empty() ? std::string() : w.loaded.unguarded.front();
  };
  constexpr auto rest = ", who can thus decide what the daemon runs";
  CHECK(told("/etc/more", {0100644, 0, 0}).empty());
  CHECK(told("/etc/more", {0100664, 0, 0}).empty());
  CHECK(told("/etc/more", {0100666, 0, 0}) == std::string("/etc/more can be changed by everybody") + rest);
  CHECK(told("/etc/more", {0100664, 0, 50}) == std::string("/etc/more can be changed by the group 50") + rest);
  CHECK(told("/etc/more", {0100644, 4001, 0}) == std::string("/etc/more can be changed by the user 4001") + rest);
  CHECK(told("/etc/d/b", {0100644, 4001, 0}).starts_with("/etc/d/b can be changed by the user 4001"));
  CHECK(told(main_file, {0100666, 0, 0}).starts_with(main_file));
  // In a folder that is read whole a new file is enough; on the way to a file the sticky bit keeps what is there.
  CHECK(told("/etc/d", {040777, 0, 0}).starts_with("/etc/d can be changed by everybody"));
  CHECK(told("/etc/d", {041777, 0, 0}).starts_with("/etc/d can be changed by everybody"));
  CHECK(told("/etc", {040777, 0, 0}).starts_with("/etc can be changed by everybody"));
  CHECK(told("/etc", {041777, 0, 0}).empty());
}

TEST_CASE("a folder that is read whole is named though a file in it was read before") {
  World w;
  w.files.texts["/etc/d/b"] = service("b", 2);
  w.files.statuses["/etc/d"] = {041777, 0, 0};
  w.read("include /etc/d/b\nincludedir /etc/d\n");
  REQUIRE(w.loaded.unguarded.size() == 1);
  CHECK(w.loaded.unguarded.front().starts_with("/etc/d can be changed by everybody"));
  w.files.statuses["/etc/d"] = {040777, 0, 0};
  w.read("include /etc/d/b\nincludedir /etc/d\n");
  CHECK(w.loaded.unguarded.size() == 1);
}
