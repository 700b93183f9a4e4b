// SPDX-License-Identifier: MIT
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>

#include "config/fixture.hpp"

// The real file system and databases, and the loader with bad input.
using namespace xsuperd;
using namespace xsuperd::config;
using namespace xsuperd::config::test;

namespace {
struct Folder {
  std::filesystem::path path;
  Folder() {
    char name[] = "/tmp/xsuperd-config-XXXXXX";
    path = ::mkdtemp(name);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { std::filesystem::remove_all(path); }
  [[nodiscard]] std::string file(const std::string& name, const std::string& text) const {
    std::ofstream(path / name) << text;
    return path / name;
  }
};
}  // namespace

TEST_CASE("real files are read, listed and told apart") {
  const Folder folder;
  SystemFiles files;
  const std::string long_text(200'000, 'x');
  const std::string file = folder.file("a", long_text);
  CHECK(*files.read(file) == long_text);
  CHECK(*files.kind(file) == Files::Kind::regular);
  CHECK(*files.kind(folder.path) == Files::Kind::directory);
  CHECK(*files.kind("/dev/null") == Files::Kind::other);
  CHECK(files.kind(file + "none").error().code == ENOENT);
  CHECK(*files.list(folder.path) == std::vector<std::string>{"a"});
  CHECK(files.list(file).has_error());
  CHECK(files.read(file + "none").error().sentence ==
        "open( " + file + "none ) failed: No such file or directory (errno = 2)");
  CHECK(files.read(folder.path)->empty());
  CHECK(files.executable("/bin/sh"));
  CHECK_FALSE(files.executable(file + "none"));
}

TEST_CASE("a file whose device fails is not taken for an empty one") {
  // Nothing is mapped at address 0.
  CHECK(SystemFiles().read("/proc/self/mem").error().sentence ==
        "read( /proc/self/mem ) failed: Input/output error (errno = 5)");
}

TEST_CASE("a FIFO in the place of a file does not hang the start") {
  const Folder folder;
  const std::string fifo = folder.path / "fifo";
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  CHECK(SystemFiles().read(fifo)->empty());
}

TEST_CASE("the real databases know root and localhost") {
  SystemNames names;
  CHECK(names.user("root")->uid == 0);
  CHECK(names.user(uid_t{0})->name == "root");
  CHECK_FALSE(names.user("no such user"));
  CHECK(names.group("root") == gid_t{0});
  CHECK_FALSE(names.group("no such group"));
  const auto groups = names.groups_of("root", 0);
  CHECK(std::count(groups.begin(), groups.end(), gid_t{0}) == 1);
  CHECK_FALSE(names.host("127.0.0.1").empty());
  CHECK_FALSE(names.service_port("no-such-service", "tcp"));
  CHECK_FALSE(names.protocol("no-such-protocol"));
  CHECK_FALSE(names.rpc_number("no-such-program"));
  CHECK_FALSE(names.network("no-such-network"));
}

TEST_CASE("the environment is the one at the time of the making") {
  ::setenv("XSUPERD_TEST", "1", 1);
  SystemNames names;
  ::unsetenv("XSUPERD_TEST");
  const auto& all = names.environment();
  CHECK(std::count(all.begin(), all.end(), "XSUPERD_TEST=1") == 1);
}

TEST_CASE("a real folder loads") {
  const Folder folder;
  const std::string one =
      folder.file("one", entry("x",
                               "type = UNLISTED\nport = 1\nsocket_type = stream\nwait = no\n"
                               "user = root\nserver = /bin/sh"));
  std::ofstream(folder.path / "skipped.conf") << "garbage";
  const std::string main = folder.file("main.conf", "includedir " + folder.path.string() + "\n");
  SystemFiles files;
  SystemNames names;
  const Loaded loaded = load(files, names, main);
  REQUIRE(loaded.config);
  REQUIRE(loaded.config->services.size() == 1);
  CHECK(loaded.config->services[0]->place.file == folder.path.string() + "/one");
  CHECK(loaded.diagnostics.count(Level::error) == 0);
}

TEST_CASE("no mutation of a configuration brings the loader down, or makes it forget a dump") {
  const std::string seed =
      defaults("only_from = 10.0.{1,2} ::1/64 .a.b\nlog_type = FILE /l 1M\ncps = 1 2") +
      service("x", 1, "access_times = 1:00-2:00\nenv = A=1\nflags = IPv4 NODELAY\nbind = ::1") +
      entry("echo", "type = INTERNAL\nsocket_type = dgram\nwait = yes\numask = 022");
  const std::string letters = std::string("{}=+-# \t\n\r/.,:0129axYES", 24) + '\0' + '\xff';
  std::minstd_rand random(7);
  for (int round = 0; round < 3000; ++round) {
    std::string text = seed;
    for (std::size_t i = 0, edits = 1 + random() % 6; i < edits; ++i) {
      const std::size_t at = random() % text.size();
      const char c = letters[random() % letters.size()];
      if (random() % 3 == 0)
        text.erase(at, 1 + random() % 5);
      else if (random() % 2 == 0)
        text.insert(at, 1, c);
      else
        text[at] = c;
    }
    const World w(text);
    for (const Diagnostic& d : w.loaded.diagnostics.all())
      REQUIRE_FALSE((log_line(d) + explained(d)).empty());
    if (!w.loaded.config) continue;
    const World again(dump(*w.loaded.config));
    INFO(text);
    REQUIRE(again.loaded.config);
    REQUIRE(again.loaded.config->services.size() == w.loaded.config->services.size());
    for (std::size_t i = 0; i < again.loaded.config->services.size(); ++i)
      REQUIRE(same(*again.loaded.config->services[i], *w.loaded.config->services[i]));
  }
}
