// SPDX-License-Identifier: MIT
#include "xsuperd/loop/watch.hpp"

#include <sys/socket.h>
#include <fcntl.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>
#include <chrono>
#include <stdexcept>

#include "xsuperd/base/fd.hpp"
#include "xsuperd/loop/alarm.hpp"

using namespace xsuperd;
using namespace std::chrono_literals;

namespace {

struct Pair {
  Pair() {
    int ends[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) == 0);
    ours.reset(ends[0]);
    others.reset(ends[1]);
  }
  void say(char what) const { REQUIRE(::write(others.get(), &what, 1) == 1); }
  [[nodiscard]] char hear() const {
    char what = 0;
    return ::read(ours.get(), &what, 1) == 1 ? what : '\0';
  }
  base::Fd ours;
  base::Fd others;
};

/// Like the daemon's last gate.
int run(boost::asio::io_context& loop, std::chrono::milliseconds time) {
  int thrown = 0;
  const auto end = std::chrono::steady_clock::now() + time;
  loop.restart();
  while (std::chrono::steady_clock::now() < end && !loop.stopped()) {
    try {
      loop.run_until(end);
    } catch (const std::exception&) {
      ++thrown;
    }
  }
  return thrown;
}

}  // namespace

TEST_CASE("a watch tells once for each wait, and nothing after stop()") {
  boost::asio::io_context loop;
  const Pair pair;
  std::string heard;
  loop::Watch watch(loop, pair.ours.get(), [&] { heard += pair.hear(); });
  watch.wait();
  watch.wait();
  pair.say('a');
  pair.say('b');
  run(loop, 50ms);
  CHECK(heard == "a");
  watch.wait();
  run(loop, 50ms);
  CHECK(heard == "ab");
  watch.wait();
  pair.say('c');
  watch.stop();
  run(loop, 50ms);
  CHECK(heard == "ab");
  watch.wait();
  run(loop, 50ms);
  CHECK(heard == "abc");
}

TEST_CASE("a watch whose handler throws goes on, after a pause") {
  boost::asio::io_context loop;
  const Pair pair;
  int calls = 0;
  loop::Watch watch(loop, pair.ours.get(), [&] {
    if (++calls <= 2) throw std::runtime_error("no descriptor");
    (void)pair.hear();
    watch.wait();
  });
  watch.wait();
  pair.say('a');
  CHECK(run(loop, 50ms) == 1);
  CHECK(calls == 1);
  CHECK(run(loop, 400ms) == 1);
  CHECK(calls == 3);
  pair.say('b');
  CHECK(run(loop, 50ms) == 0);
  CHECK(calls == 4);
}

TEST_CASE("a watch may be stopped and destroyed by its own handler, which throws then") {
  boost::asio::io_context loop;
  const Pair pair;
  std::unique_ptr<loop::Watch> watch;
  int calls = 0;
  watch = std::make_unique<loop::Watch>(loop, pair.ours.get(), [&] {
    ++calls;
    watch.reset();
    throw std::runtime_error("gone");
  });
  watch->wait();
  pair.say('a');
  CHECK(run(loop, 250ms) == 1);
  CHECK(calls == 1);
}

TEST_CASE("a descriptor that cannot be watched is tried again each second") {
  boost::asio::io_context loop;
  const Pair pair;
  int calls = 0;
  // epoll refuses a directory, whoever asks: EPERM. Then something better has the number.
  const base::Fd number(::dup(pair.ours.get()));
  const base::Fd folder(::open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  REQUIRE(::dup3(folder.get(), number.get(), O_CLOEXEC) >= 0);
  loop::Watch watch(loop, number.get(), [&] { ++calls; });
  watch.wait();
  run(loop, 50ms);
  REQUIRE(::dup3(pair.ours.get(), number.get(), O_CLOEXEC) >= 0);
  pair.say('a');
  run(loop, 50ms);
  CHECK(calls == 0);
  run(loop, 1100ms);
  CHECK(calls == 1);
}

TEST_CASE("an alarm that its handler sets first is called again whatever the handler throws") {
  boost::asio::io_context loop;
  int calls = 0;
  loop::Alarm alarm(loop, [&] {
    alarm.set(10ms);
    if (++calls < 3) throw std::runtime_error("no memory");
    alarm.cancel();
  });
  alarm.set(10ms);
  CHECK(alarm.is_set());
  CHECK(run(loop, 200ms) == 2);
  CHECK(calls == 3);
  CHECK(!alarm.is_set());
}
