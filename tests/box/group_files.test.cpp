// SPDX-License-Identifier: MIT
// What the files of a control group say, in a directory that stands for one: that of a service with a box in it.
#include "box/group_files.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>

using namespace xsuperd::box;
namespace base = xsuperd::base;

namespace {

class Groups {
 public:
  Groups() {
    char name[] = "/tmp/xsuperd-groups.XXXXXX";
    REQUIRE(::mkdtemp(name) != nullptr);
    path_ = name;
    REQUIRE(::mkdir((path_ + "/box-1").c_str(), 0700) == 0);
    box_.reset(::open((path_ + "/box-1").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  }
  ~Groups() { std::filesystem::remove_all(path_); }
  Groups(const Groups&) = delete;
  Groups& operator=(const Groups&) = delete;

  Groups& of_service(const char* file, const std::string& text) { return write(path_ + '/' + file, text); }
  Groups& of_box(const char* file, const std::string& text) { return write(path_ + "/box-1/" + file, text); }
  [[nodiscard]] std::string read(const char* file) const { return read_file(box_.get(), file).value_or("none"); }
  [[nodiscard]] int box() const { return box_.get(); }

 private:
  Groups& write(const std::string& file, const std::string& text) {
    std::ofstream(file) << text;
    return *this;
  }
  std::string path_;
  base::Fd box_;
};

std::string memory_events(int oom, int kills) {
  return "low 0\nhigh 0\nmax 9\noom " + std::to_string(oom) + "\noom_kill " + std::to_string(kills) + "\noom_group_kill 0\n";
}

}  // namespace

TEST_CASE("a box whose processes were ended for want of memory has met the limit that is used up") {
  Groups groups;
  groups.of_service("memory.max", "50331648\n").of_service("memory.events.local", memory_events(1, 2));
  SECTION("its own") { CHECK(struck_in(groups.of_box("memory.events", memory_events(1, 2)).box()) == Struck{.memory = true}); }
  SECTION("its service's") { CHECK(struck_in(groups.of_box("memory.events", memory_events(0, 2)).box()) == Struck{.service_memory = true}); }
  SECTION("none: it was at one, and nobody was ended") { CHECK(struck_in(groups.of_box("memory.events", memory_events(1, 0)).box()) == Struck{}); }
}

TEST_CASE("a box whose processes were ended because the machine has no memory left has met no limit") {
  Groups groups;
  groups.of_box("memory.events", memory_events(0, 2));
  SECTION("without limits of its service") { groups.of_service("memory.max", "max\n").of_service("memory.events.local", memory_events(3, 3)); }
  SECTION("with them") { groups.of_service("memory.max", "50331648\n").of_service("memory.events.local", memory_events(0, 2)); }
  CHECK(struck_in(groups.box()) == Struck{});
}

TEST_CASE("tasks that were refused count for the limit that they met") {
  Groups groups;
  groups.of_box("pids.events", "max 4\n").of_box("pids.max", "40\n");
  SECTION("its own, where the service has none") { CHECK(struck_in(groups.of_service("pids.max", "max\n").box()) == Struck{.tasks = true}); }
  SECTION("its own, which was reached") { CHECK(struck_in(groups.of_service("pids.max", "60\n").of_box("pids.peak", "40\n").box()) == Struck{.tasks = true}); }
  SECTION("its service's, below its own") { CHECK(struck_in(groups.of_service("pids.max", "60\n").of_box("pids.peak", "12\n").box()) == Struck{.service_tasks = true}); }
}

TEST_CASE("whoever is killed in a control group has the processor time to end in") {
  Groups groups;
  groups.of_box("cpu.max", "1000 100000\n").of_box("cgroup.kill", "").of_box("cgroup.procs", "");
  kill_all(groups.box());
  CHECK(groups.read("cpu.max").starts_with("max"));
  CHECK(groups.read("cgroup.kill").starts_with("1"));
}
