// SPDX-License-Identifier: MIT
#include "xsuperd/base/poll_set.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <thread>
#include <vector>

using namespace xsuperd;

namespace {

base::Fd event(unsigned value = 0) { return base::Fd(::eventfd(value, EFD_CLOEXEC | EFD_NONBLOCK)); }

std::vector<std::uint64_t> taken(const base::PollSet& set) {
  std::vector<std::uint64_t> numbers;
  set.take<4>([&](std::uint64_t number, std::uint32_t) { numbers.push_back(number); });
  return numbers;
}

}  // namespace

TEST_CASE("What is ready is told with its number, at most as many as are wanted at a time") {
  const base::PollSet set;
  CHECK(taken(set).empty());
  std::vector<base::Fd> ready;
  for (std::uint64_t number = 1; number <= 6; ++number) {
    ready.push_back(event(1));
    REQUIRE(set.add(ready.back().get(), EPOLLIN, number << 40) == 0);
  }
  CHECK(taken(set).size() == 4);
  ready.resize(1);
  CHECK(taken(set) == std::vector<std::uint64_t>{std::uint64_t{1} << 40});
}

TEST_CASE("What is removed or closed is not told any more, and what the kernel does not want is an errno value") {
  const base::PollSet set;
  const base::Fd one = event(1);
  base::Fd two = event(1);
  REQUIRE(set.add(one.get(), EPOLLIN, 1) == 0);
  REQUIRE(set.add(two.get(), EPOLLIN, 2) == 0);
  CHECK(set.add(one.get(), EPOLLIN, 3) == EEXIST);
  set.remove(one.get());
  two.reset();
  CHECK(taken(set).empty());
  CHECK(set.add(-1, EPOLLIN, 4) == EBADF);
}

TEST_CASE("A change tells once more of what is edge-triggered") {
  const base::PollSet set;
  const base::Fd one = event(1);
  REQUIRE(set.add(one.get(), EPOLLIN | EPOLLET, 1) == 0);
  CHECK(taken(set).size() == 1);
  CHECK(taken(set).empty());
  CHECK(set.change(one.get(), EPOLLIN | EPOLLET, 2) == 0);
  CHECK(taken(set) == std::vector<std::uint64_t>{2});
}

TEST_CASE("What is not ready yet is waited for, as long as is wanted") {
  const base::PollSet set;
  const base::Fd one = event();
  REQUIRE(set.add(one.get(), EPOLLIN, 7) == 0);
  const auto begin = std::chrono::steady_clock::now();
  CHECK(set.take<4>([](std::uint64_t, std::uint32_t) {}, 20) == 0);
  CHECK(std::chrono::steady_clock::now() - begin >= std::chrono::milliseconds(15));
  std::thread later([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    const std::uint64_t value = 1;
    (void)!::write(one.get(), &value, sizeof value);
  });
  CHECK(set.take<4>([](std::uint64_t number, std::uint32_t) { CHECK(number == 7); }, 60'000) == 1);
  later.join();
}
