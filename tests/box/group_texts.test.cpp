// SPDX-License-Identifier: MIT
// Control groups as texts: nothing here touches one.
#include "box/group_texts.hpp"

#include <catch2/catch.hpp>

#include "box/messages.hpp"

using namespace xsuperd::box;

namespace {

const std::string unified = "24 23 0:20 / /sys/fs/cgroup rw,nosuid,relatime shared:4 - cgroup2 cgroup2 rw,nsdelegate\n";
const std::string hybrid =
    "31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755\n"
    "35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n"
    "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n";
const std::string of_service = "0::/system.slice/xsuperd.service\n";

std::vector<std::string> texts(const Mould::Amounts& amounts, bool of_box = true) {
  std::vector<std::string> all;
  for (const GroupText& one : limit_texts(amounts, of_box))
    if (one.file != "memory.oom.group") all.push_back(one.file + "=" + one.text);
  return all;
}

}  // namespace

TEST_CASE("the daemon's control group is found wherever its file system is") {
  CHECK(group_place(of_service, unified) == GroupPlace{"/sys/fs/cgroup/system.slice/xsuperd.service", "/sys/fs/cgroup", false});
  CHECK(group_place("4:memory:/x\n0::/a\n", hybrid) == GroupPlace{"/sys/fs/cgroup/unified/a", "/sys/fs/cgroup/unified", false});
  CHECK(group_place("0::/\n", unified) == GroupPlace{"/sys/fs/cgroup", "/sys/fs/cgroup", true});
}

TEST_CASE("a file system that shows a part of the groups has that part's names") {
  const std::string part = "24 23 0:20 /docker/abc /sys/fs/cgroup ro - cgroup2 cgroup rw\n";
  CHECK(group_place("0::/docker/abc/x\n", part) == GroupPlace{"/sys/fs/cgroup/x", "/sys/fs/cgroup", false});
  CHECK(group_place("0::/docker/abc\n", part) == GroupPlace{"/sys/fs/cgroup", "/sys/fs/cgroup", true});
  CHECK_FALSE(group_place("0::/docker/abcd\n", part));
  CHECK(group_place("0::/x\n", "24 23 0:20 / /a\\040b rw - cgroup2 cgroup rw\n") == GroupPlace{"/a b/x", "/a b", false});
}

TEST_CASE("without cgroup v2, or where nothing shows it, there is no place") {
  CHECK_FALSE(group_place("4:memory:/x\n", unified));
  CHECK_FALSE(group_place(of_service, ""));
  CHECK_FALSE(group_place(of_service, "35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"));
  CHECK_FALSE(group_place("", ""));
  CHECK_FALSE(group_place(of_service, "24 23 - cgroup2\n"));
}

TEST_CASE("a daemon that is in its own leaf has its groups beside it") {
  CHECK(group_place("0::/system.slice/xsuperd.service/xsuperd-daemon\n", unified) == group_place(of_service, unified));
  CHECK(group_place("0::/xsuperd-daemon\n", unified) == GroupPlace{"/sys/fs/cgroup", "/sys/fs/cgroup", true});
}

TEST_CASE("the directory of a daemon's boxes has its pid, and no other directory is taken for one") {
  CHECK(daemon_of(boxes_name(4711)) == 4711);
  for (const char* name : {"xsuperd-daemon", "xsuperd-boxes-", "xsuperd-boxes-x", "xsuperd-boxes-0", "xsuperd-boxes-1x", "boxes-1"}) CHECK_FALSE(daemon_of(name));
}

TEST_CASE("each service has a directory of its own, with no characters that a path has a use for") {
  CHECK(service_name("finger") == "service-finger");
  CHECK(service_name("../x") == "service-..\\x2fx");
  CHECK(service_name("a b\n") == "service-a\\x20b\\x0a");
  CHECK(service_name("a\\x20b") != service_name("a b"));
  const std::string longer(300, 'x');
  CHECK(service_name(longer).size() < 255);
  CHECK(service_name(longer) != service_name(longer + "y"));
  CHECK(service_name(longer) == service_name(longer));
}

TEST_CASE("paths of boxes are known, and no others are removed") {
  CHECK(box_path("", 7) == "box-7");
  CHECK(box_path("a/b", 7) == "service-a\\x2fb/box-7");
  for (const auto& path : {box_path("", 7), box_path("a/b", 4000000000), box_path("..", 1)}) CHECK(is_box_path(path));
  for (const char* path : {"", "box-", "box-1/", "box-x", "../box-1", "service-x", "service-x/", "service-x/../box-1", "/box-1", "service-x/box-1/y"}) {
    INFO(path);
    CHECK_FALSE(is_box_path(path));
  }
}

TEST_CASE("limits are written as the kernel reads them") {
  using Amounts = Mould::Amounts;
  CHECK(texts({}).empty());
  CHECK(texts({.memory = 1 << 20, .swap = 0, .tasks = 5}) == std::vector<std::string>{"memory.max=1048576", "memory.swap.max=0", "pids.max=5"});
  CHECK(texts({.cpu = 50}) == std::vector<std::string>{"cpu.max=50000 100000"});
  CHECK(texts({.cpu = 250}, false) == std::vector<std::string>{"cpu.max=250000 100000"});
  CHECK(texts({.cpu = 1, .weight = 10000}) == std::vector<std::string>{"cpu.max=1000 100000", "cpu.weight=10000"});
  CHECK(limit_texts(Amounts{.memory = 1}, true).back() == GroupText{"memory.oom.group", "1"});
  CHECK(limit_texts(Amounts{.memory = 1}, false).size() == 1);
}

TEST_CASE("a limit that a service no longer has is lifted") {
  using Amounts = Mould::Amounts;
  const Amounts before{.memory = 1 << 20, .tasks = 5, .cpu = 50, .weight = 7};
  CHECK(changed_limit_texts(before, {.tasks = 6}) ==
        std::vector<GroupText>{{"pids.max", "6"}, {"memory.max", "max"}, {"cpu.max", "max"}, {"cpu.weight", "100"}});
  CHECK(changed_limit_texts({}, {.tasks = 6}) == std::vector<GroupText>{{"pids.max", "6"}});
}

TEST_CASE("only those controllers are enabled that a mould needs") {
  using Names = std::vector<std::string_view>;
  CHECK(controllers_for({}).empty());
  CHECK(controllers_for({.each = {.tasks = 5}}) == Names{"pids"});
  CHECK(controllers_for({.each = {.swap = 0}}) == Names{"memory"});
  CHECK(controllers_for({.each = {.weight = 5}, .together = {.memory = 5, .tasks = 3}, .service = "x"}) == Names{"memory", "pids", "cpu"});
}

TEST_CASE("counters of the kernel are read by name") {
  const std::string text = "low 0\nmax 17\noom 1\noom_kill 3\n";
  CHECK(counter(text, "oom_kill") == 3);
  CHECK(counter(text, "oom") == 1);
  CHECK_FALSE(counter(text, "oom_group_kill"));
  CHECK_FALSE(counter("oom x\noom\noom 1 2\n", "oom"));
  CHECK(has_word("cpu memory pids\n", "memory"));
  CHECK_FALSE(has_word("hugetlb\n", "huge"));
}

TEST_CASE("a mould keeps its limits on the way to the process that makes boxes") {
  const Mould mould{.pids = true, .each = {.memory = 5, .tasks = 7, .weight = 9}, .together = {.cpu = 11}, .service = "x y"};
  CHECK(decode_mould(encode(mould)) == mould);
  const std::string bytes = encode(mould);
  for (std::size_t size = 0; size < bytes.size(); ++size) CHECK_FALSE(decode_mould(bytes.substr(0, size)));
}

TEST_CASE("the last word of a file is a word like the others, though its line ends behind it") {
  CHECK(has_word("cpu memory pids\n", "pids"));
  CHECK_FALSE(has_word("cpu memory pids\n", "pid"));
  CHECK(words_of("382\n390\n") == std::vector<std::string_view>{"382", "390"});
  CHECK(words_of("\n").empty());
}

TEST_CASE("a message has room for the descriptors of any box") {
  for (const bool reuse : {false, true})
    for (const bool tmp : {false, true})
      for (const bool limited : {false, true}) {
        const Mould mould{.tmp = tmp, .pids = true, .reuse = reuse, .each = {.tasks = limited ? 5 : Mould::Amounts::unlimited}};
        CHECK(descriptors_of(mould) == 1U + (reuse ? 1U + (tmp ? 1U : 0U) : 0U) + (limited ? 1U : 0U));
        CHECK(descriptors_of(mould) <= most_reply_descriptors);
      }
}
