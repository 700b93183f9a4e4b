// SPDX-License-Identifier: MIT
#include "xsuperd/net/mdns.hpp"

#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <thread>
#include <vector>

using namespace xsuperd::net;
using namespace std::chrono_literals;

namespace {

const MdnsService ftp{"ftp", "ftp", true, 21};

bool eventually(const std::function<bool()>& what) {
  for (int i = 0; i < 1000; ++i, std::this_thread::sleep_for(10ms))
    if (what()) return true;
  return false;
}

/// Whether so many threads of this process announce something, now or soon.
bool announcers(std::size_t wanted) {
  return eventually([wanted] {
    std::size_t count = 0;
    for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
      std::string name;
      std::ifstream(task.path() / "comm") >> name;
      count += name == "mdns";
    }
    return count == wanted;
  });
}

/// An Mdns on a computer without D-Bus, and what it says.
struct Lonely {
  Lonely() {
    ::setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent/bus", 1);
    mdns = make_mdns(loop, [this](std::string note) { notes.push_back(std::move(note)); });
  }
  boost::asio::io_context loop;
  std::vector<std::string> notes;
  std::unique_ptr<Mdns> mdns;
};

}  // namespace

TEST_CASE("the type of a service is its name and whether it is tcp") {
  CHECK(mdns_type(ftp) == "_ftp._tcp");
  CHECK(mdns_type({"t", "tftp", false, 69}) == "_tftp._udp");
  CHECK(mdns_type({"c", "check_mk-2", true, 1}) == "_check_mk-2._tcp");
}

TEST_CASE("a name that DNS would take apart or cannot hold is no type") {
  for (const std::string name : {"", "a", "a.b", "a b", "a/b", "\xc3\xa4\xc3\xa4"})
    CHECK_FALSE(mdns_type({"x", name, true, 1}));
  CHECK(mdns_type({"x", std::string(62, 'a'), true, 1}));
  CHECK_FALSE(mdns_type({"x", std::string(63, 'a'), true, 1}));
}

TEST_CASE("an instance is called after id and host and fits a label") {
  CHECK(mdns_instance("ftp", "host") == "ftp on host");
  CHECK(mdns_instance(std::string(200, 'x'), "h") == std::string(63, 'x'));
  CHECK(mdns_instance(std::string(62, 'x') + "\xc3\xa4", "h") == std::string(62, 'x'));
}

TEST_CASE("without the library there is nothing to announce with") {
  const Lonely lonely;
  CHECK((lonely.mdns != nullptr) == mdns_available());
}

TEST_CASE("a thread exists only while something is announced") {
  if (!mdns_available()) return;
  Lonely lonely;
  CHECK(announcers(0));
  lonely.mdns->announce(ftp);
  lonely.mdns->announce(ftp);
  CHECK(announcers(1));
  lonely.mdns->withdraw(ftp);
  std::this_thread::sleep_for(50ms);
  CHECK(announcers(1));
  lonely.mdns->withdraw(ftp);
  CHECK(announcers(0));
  lonely.mdns->withdraw(ftp);
  lonely.mdns->announce({"other", "other", true, 22});
  CHECK(announcers(1));
}

TEST_CASE("that there is no avahi-daemon is said once") {
  if (!mdns_available()) return;
  Lonely lonely;
  lonely.mdns->announce(ftp);
  CHECK(eventually([&] { return lonely.loop.restart(), lonely.loop.poll(), !lonely.notes.empty(); }));
  lonely.mdns->announce({"tftp", "tftp", false, 69});
  std::this_thread::sleep_for(1500ms);  // longer than the pause before the second try
  lonely.loop.restart();
  lonely.loop.poll();
  REQUIRE(lonely.notes.size() == 1);
  CHECK(lonely.notes[0].starts_with("mdns: avahi-daemon cannot be reached: "));
}

TEST_CASE("signals stay as they were for the servers that inherit them") {
  if (!mdns_available()) return;
  Lonely lonely;
  lonely.mdns->announce(ftp);
  CHECK(eventually([&] { return lonely.loop.restart(), lonely.loop.poll(), !lonely.notes.empty(); }));
  struct sigaction pipe {};
  ::sigaction(SIGPIPE, nullptr, &pipe);
  CHECK(pipe.sa_handler == SIG_DFL);
}

TEST_CASE("it can go while something is announced, and nothing is said afterwards") {
  if (!mdns_available()) return;
  {
    Lonely lonely;
    lonely.mdns->announce(ftp);
    const auto begin = std::chrono::steady_clock::now();
    lonely.mdns.reset();
    CHECK(std::chrono::steady_clock::now() - begin < 2s);
    lonely.loop.poll();
    CHECK(lonely.notes.empty());
  }
  CHECK(announcers(0));
}
