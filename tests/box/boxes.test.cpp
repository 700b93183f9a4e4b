// SPDX-License-Identifier: MIT
#include "xsuperd/box/boxes.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <algorithm>
#include <catch2/catch.hpp>
#include <csignal>

#include "box/inspection.hpp"
#include "box/messages.hpp"
#include "box/over_groups.hpp"
#include "box/shelf.hpp"

using namespace xsuperd::box;
namespace base = xsuperd::base;
using std::chrono::milliseconds;

namespace {

/// A process that does nothing until it is killed.
struct Sleeper {
  Sleeper() : pid(::fork()) {
    if (pid == 0)
      while (true) ::pause();
    pidfd.reset(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0U)));
  }
  ~Sleeper() { reap(); }
  Sleeper(const Sleeper&) = delete;
  Sleeper& operator=(const Sleeper&) = delete;
  void reap() {
    if (pid == 0) return;
    ::kill(pid, SIGKILL);
    ::waitpid(std::exchange(pid, 0), nullptr, 0);
  }
  [[nodiscard]] bool killed() const {
    pollfd end{pidfd.get(), POLLIN, 0};
    return ::poll(&end, 1, 2000) == 1;
  }
  pid_t pid;
  base::Fd pidfd;
};

/// The other end of what Boxes takes for its helper; the test answers in its place.
struct FakeHelper {
  [[nodiscard]] base::Result<BoxHelper> start() {
    ++starts;
    if (refuses) return base::Error{EAGAIN, "no helper today"};
    int ends[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0);
    socket.reset(ends[1]);
    process = std::make_unique<Sleeper>();
    BoxHelper helper{base::Fd(ends[0]), std::move(process->pidfd)};
    pid = std::exchange(process->pid, 0);  // Boxes reaps it
    return helper;
  }
  /// How many boxes are asked for, and of which mould.
  [[nodiscard]] std::uint32_t asked(std::uint32_t* mould = nullptr) {
    std::uint32_t boxes = 0;
    Request request;
    std::string bytes;
    while (receive_request(socket.get(), request, bytes) == Received::one) {
      if (request.kind == Request::Kind::mould) moulds.push_back(*decode_mould(bytes));
      if (request.kind == Request::Kind::forget) ++forgotten;
      if (request.kind == Request::Kind::kill) killed += bytes;
      if (request.kind == Request::Kind::drop) dropped += bytes;
      if (request.kind != Request::Kind::box) continue;
      boxes += request.boxes;
      if (mould) *mould = request.mould;
    }
    return boxes;
  }
  void deliver(std::uint32_t mould, const Sleeper& keeper) { REQUIRE(send_reply(socket.get(), {.mould = mould, .boxes = 1}, {keeper.pidfd.get()}) == 0); }
  void refuse(std::uint32_t mould, std::uint32_t boxes) {
    REQUIRE(send_reply(socket.get(), {.mould = mould, .boxes = boxes, .error = ENOENT, .what = "finding /srv/none"}) == 0);
  }

  int starts = 0;
  bool refuses = false;
  base::Fd socket;
  std::unique_ptr<Sleeper> process;
  pid_t pid = 0;
  std::vector<Mould> moulds;
  int forgotten = 0;
  std::string killed, dropped;  ///< paths of control groups
};

struct Bench {
  explicit Bench(Boxes::Options options = {}) : boxes(loop, with(std::move(options))) {}
  Boxes::Options with(Boxes::Options options) {
    options.start = [this] { return helper.start(); };
    options.on_trouble = [this](std::string why) { troubles.push_back(std::move(why)); };
    return options;
  }
  void turn() {
    loop.restart();
    loop.poll();
  }
  void run_for(milliseconds time) {
    loop.restart();
    loop.run_for(time);
  }
  /// Asks for a box; what comes later lies in `came`.
  std::optional<Box> lend(const std::shared_ptr<const Mould>& mould) {
    return boxes.lend(mould, [this](base::Result<Box> box) { came.push_back(std::move(box)); });
  }

  boost::asio::io_context loop;
  FakeHelper helper;
  std::vector<std::string> troubles;
  std::vector<base::Result<Box>> came;
  Boxes boxes;
};

std::shared_ptr<const Mould> mould_with(bool pids = false) {
  Mould mould;
  mould.network = Mould::Own::lent;
  mould.pids = pids;
  return std::make_shared<const Mould>(mould);
}

}  // namespace

TEST_CASE("nothing is made, and no helper runs, while nobody asks") {
  Bench bench;
  bench.run_for(milliseconds(20));
  CHECK(bench.helper.starts == 0);
  CHECK(bench.boxes.helper_pidfd() == -1);
  CHECK(bench.boxes.spare() == 0);
}

TEST_CASE("who asks first waits for a box, and others are made ahead") {
  Bench bench;
  const auto mould = mould_with();
  CHECK_FALSE(bench.lend(mould));
  bench.turn();
  std::uint32_t number = 0;
  CHECK(bench.helper.asked(&number) == 5);  // one that is waited for, and four spare
  CHECK(bench.helper.moulds == std::vector{*mould});
  Sleeper first, second;
  bench.helper.deliver(number, first);
  bench.helper.deliver(number, second);
  bench.turn();
  REQUIRE(bench.came.size() == 1);
  CHECK(bench.came.front().has_value());
  CHECK(bench.boxes.spare() == 1);
  const auto next = bench.lend(mould_with());  // an equal one
  CHECK(next.has_value());
  CHECK(bench.boxes.counts().lent == 2);
}

TEST_CASE("what several want in one turn of the loop is asked for together") {
  Bench bench({.spare = 1});
  for (int i = 0; i < 3; ++i) CHECK_FALSE(bench.lend(mould_with()));
  bench.turn();
  Request request;
  std::string bytes;
  CHECK(receive_request(bench.helper.socket.get(), request, bytes) == Received::one);
  CHECK(request.kind == Request::Kind::mould);
  CHECK(receive_request(bench.helper.socket.get(), request, bytes) == Received::one);
  CHECK(request.boxes == 5);
  CHECK(receive_request(bench.helper.socket.get(), request, bytes) == Received::nothing);
}

TEST_CASE("a box that cannot be made is told to who waits, and none is made ahead") {
  Bench bench;
  CHECK_FALSE(bench.lend(mould_with()));
  bench.turn();
  std::uint32_t number = 0;
  const std::uint32_t asked = bench.helper.asked(&number);
  bench.helper.refuse(number, asked);
  bench.turn();
  REQUIRE(bench.came.size() == 1);
  REQUIRE_FALSE(bench.came.front().has_value());
  CHECK(bench.came.front().error().sentence == "can't make a box: finding /srv/none failed: No such file or directory (errno = 2)");
  bench.turn();
  CHECK(bench.helper.asked() == 0);
  CHECK_FALSE(bench.lend(mould_with()));
  bench.turn();
  CHECK(bench.helper.asked() == 1);
}

TEST_CASE("a box that was used is discarded with all that is in it") {
  Bench bench;
  CHECK_FALSE(bench.lend(mould_with()));
  bench.turn();
  std::uint32_t number = 0;
  (void)bench.helper.asked(&number);
  Sleeper keeper;
  bench.helper.deliver(number, keeper);
  bench.turn();
  REQUIRE(bench.came.size() == 1);
  bench.boxes.take_back(std::move(*bench.came.front()));
  CHECK(keeper.killed());
  CHECK(bench.boxes.counts().discarded == 1);
  CHECK(bench.boxes.spare() == 0);
}

TEST_CASE("when its server is sent KILL, the control group of a box ends with it, and stays until somebody has looked at it") {
  Bench bench;
  Mould limited;
  limited.each.tasks = 5;
  const auto mould = std::make_shared<const Mould>(limited);
  CHECK_FALSE(bench.lend(mould));
  bench.turn();
  std::uint32_t number = 0;
  (void)bench.helper.asked(&number);
  Sleeper keeper;
  const base::Fd group(::open("/usr", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  REQUIRE(send_reply(bench.helper.socket.get(), {.mould = number, .boxes = 1, .groups = {7}}, {keeper.pidfd.get(), group.get()}) == 0);
  bench.turn();
  REQUIRE(bench.came.size() == 1);
  Box box = std::move(*bench.came.front());
  bench.boxes.kill(box);
  bench.turn();
  (void)bench.helper.asked();
  CHECK(bench.helper.killed == std::string("box-7\0", 6));
  CHECK(bench.helper.dropped.empty());
  bench.boxes.take_back(std::move(box));
  bench.turn();
  (void)bench.helper.asked();
  CHECK(bench.helper.dropped == std::string("box-7\0", 6));
}

TEST_CASE("a box without a control group is not told of when its server is sent KILL") {
  Bench bench;
  Box box{.mould = mould_with()};
  bench.boxes.kill(box);
  bench.turn();
  CHECK(bench.helper.starts == 0);
}

TEST_CASE("spare boxes go when nobody has asked for a while") {
  Bench bench({.spare_for = milliseconds(50)});
  CHECK_FALSE(bench.lend(mould_with()));
  bench.turn();
  std::uint32_t number = 0;
  const std::uint32_t asked = bench.helper.asked(&number);
  std::vector<std::unique_ptr<Sleeper>> keepers;
  for (std::uint32_t i = 0; i < asked; ++i) bench.helper.deliver(number, *keepers.emplace_back(std::make_unique<Sleeper>()));
  bench.turn();
  CHECK(bench.boxes.spare() == asked - 1);
  bench.run_for(milliseconds(1300));
  CHECK(bench.boxes.spare() == 0);
  for (std::uint32_t i = 1; i < asked; ++i) CHECK(keepers[i]->killed());
  (void)bench.helper.asked();
  CHECK(bench.helper.forgotten == 1);
}

TEST_CASE("when the helper ends, the next one makes the boxes that are waited for") {
  Bench bench;
  CHECK_FALSE(bench.lend(mould_with()));
  bench.turn();
  (void)bench.helper.asked();
  ::kill(bench.helper.pid, SIGKILL);
  bench.helper.socket.reset();
  bench.run_for(milliseconds(2500));
  CHECK(bench.helper.starts == 2);
  REQUIRE(bench.troubles.size() == 1);
  CHECK(bench.came.empty());
  std::uint32_t number = 0;
  CHECK(bench.helper.asked(&number) == 5);
  CHECK(bench.helper.moulds.size() == 2);  // the new one has to be told
  Sleeper keeper;
  bench.helper.deliver(number, keeper);
  bench.turn();
  REQUIRE(bench.came.size() == 1);
  CHECK(bench.came.front().has_value());
}

TEST_CASE("a helper that does not answer is killed") {
  Bench bench({.silence = milliseconds(100)});
  CHECK_FALSE(bench.lend(mould_with()));
  bench.turn();
  bench.run_for(milliseconds(2500));
  REQUIRE_FALSE(bench.troubles.empty());
  CHECK(bench.troubles.front() == "the helper that makes boxes does not answer");
  CHECK(bench.helper.starts >= 2);
}

TEST_CASE("without a helper nobody waits for ever") {
  Bench bench;
  bench.helper.refuses = true;
  CHECK_FALSE(bench.lend(mould_with()));
  bench.run_for(milliseconds(1500));
  REQUIRE(bench.came.size() == 1);
  CHECK_FALSE(bench.came.front().has_value());
  CHECK(bench.troubles.front() == "no helper today");
}

TEST_CASE("settling waits for what is under way, and answers the rest") {
  Bench bench;
  for (int i = 0; i < 2; ++i) CHECK_FALSE(bench.lend(mould_with()));
  bench.turn();
  std::uint32_t number = 0;
  (void)bench.helper.asked(&number);
  Sleeper keeper;
  bench.helper.deliver(number, keeper);
  bench.boxes.settle(milliseconds(100));
  REQUIRE(bench.came.size() == 2);
  CHECK(bench.came[0].has_value());
  CHECK_FALSE(bench.came[1].has_value());
}

TEST_CASE("answers that nobody asked for change nothing") {
  Bench bench;
  CHECK_FALSE(bench.lend(mould_with()));
  bench.turn();
  std::uint32_t number = 0;
  (void)bench.helper.asked(&number);
  Sleeper keeper;
  bench.helper.deliver(number + 7, keeper);
  REQUIRE(send_reply(bench.helper.socket.get(), {.mould = number, .boxes = 99}, {keeper.pidfd.get()}) == 0);
  REQUIRE(send_reply(bench.helper.socket.get(), {.mould = number, .boxes = 2}, {keeper.pidfd.get()}) == 0);  // too few descriptors
  bench.turn();
  CHECK(bench.boxes.spare() == 0);
  REQUIRE(bench.came.size() == 1);
  CHECK_FALSE(bench.came.front().has_value());
}

TEST_CASE("a box whose keeper has ended, or that cannot be looked at, does not look as new") {
  Sleeper keeper;
  Mould mould;
  mould.reuse = mould.pids = true;
  Box box{.mould = std::make_shared<const Mould>(mould), .keeper = base::Fd(::fcntl(keeper.pidfd.get(), F_DUPFD_CLOEXEC, 0))};
  CHECK_FALSE(looks_as_new(box));  // no /proc
  box.proc.reset(::open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  CHECK_FALSE(looks_as_new(box));  // with other processes
  box.proc.reset(::open("/usr", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  CHECK(looks_as_new(box));  // a directory without numbers stands for one with process 1 alone
  keeper.reap();
  CHECK_FALSE(looks_as_new(box));
}

TEST_CASE("after a reload nobody gets a box that was made before it") {
  Bench bench;
  CHECK_FALSE(bench.lend(mould_with()));
  bench.turn();
  std::uint32_t before = 0, after = 0;
  (void)bench.helper.asked(&before);
  Sleeper lent, spare, late, fresh;
  bench.helper.deliver(before, lent);
  bench.helper.deliver(before, spare);
  bench.turn();
  REQUIRE(bench.came.size() == 1);
  bench.boxes.renew();
  CHECK(spare.killed());
  bench.helper.deliver(before, late);  // was under way
  bench.turn();
  CHECK(late.killed());
  CHECK(bench.boxes.spare() == 0);
  CHECK_FALSE(bench.lend(mould_with()));
  bench.turn();
  CHECK(bench.helper.asked(&after) == 5);
  CHECK(after != before);
  CHECK(bench.helper.moulds.size() == 2);  // its files are laid out anew
  bench.helper.deliver(after, fresh);
  bench.turn();
  REQUIRE(bench.came.size() == 2);
  CHECK(bench.came.back().has_value());
}

TEST_CASE("who waits during a reload gets a box that is made after it") {
  Bench bench;
  CHECK_FALSE(bench.lend(mould_with()));
  bench.turn();
  std::uint32_t before = 0, after = 0;
  (void)bench.helper.asked(&before);
  bench.boxes.renew();
  bench.turn();
  CHECK(bench.helper.asked(&after) > 0);
  Sleeper old, fresh;
  bench.helper.deliver(before, old);
  bench.turn();
  CHECK(old.killed());
  CHECK(bench.came.empty());
  bench.helper.deliver(after, fresh);
  bench.turn();
  REQUIRE(bench.came.size() == 1);
  CHECK(bench.came.front().has_value());
}

TEST_CASE("a box with more paths than a message holds fails, and the helper goes on") {
  Bench bench;
  Mould mould;
  mould.inaccessible = std::vector<std::string>(1000, std::string(100, 'x'));
  CHECK_FALSE(bench.lend(std::make_shared<const Mould>(mould)));
  bench.turn();
  REQUIRE(bench.came.size() == 1);
  CHECK(bench.came.front().error().sentence == "can't make a box: it has too many paths");
  CHECK(bench.troubles.empty());
}

TEST_CASE("what a burst leaves goes by and by, as far as nobody needs it") {
  Shelf shelf;
  const auto spare = [&](std::size_t boxes) {
    while (shelf.spare.size() < boxes) shelf.spare.emplace_back();
  };
  spare(20);
  CHECK(shelf.take_needless(2).empty());  // they have come just now
  CHECK(shelf.take_needless(2).size() == 8);
  CHECK(shelf.take_needless(2).size() == 4);
  for (int i = 0; i < 6; ++i) CHECK(shelf.take());
  spare(8);
  CHECK(shelf.take_needless(2).empty());  // two were enough for a moment
  spare(4);
  for (int i = 0; i < 10; ++i) (void)shelf.take_needless(2);
  CHECK(shelf.spare.size() == 4);
}

TEST_CASE("control groups of boxes that are over are told of in parts that fit into a message") {
  OverGroups over;
  over.add("");
  CHECK(over.empty());
  for (int i = 0; i < 10'000; ++i) over.add("box-" + std::to_string(i));
  std::size_t told = 0, parts = 0;
  over.tell_all([&](std::string_view paths) {
    if (++parts == 2) return EAGAIN;
    CHECK(paths.size() <= most_mould_bytes);
    CHECK(paths.back() == '\0');
    told += static_cast<std::size_t>(std::ranges::count(paths, '\0'));
    return 0;
  });
  CHECK(parts == 2);
  CHECK_FALSE(over.empty());
  over.tell_all([&](std::string_view paths) { return told += static_cast<std::size_t>(std::ranges::count(paths, '\0')), 0; });
  CHECK(told == 10'000);
  CHECK(over.empty());
}
