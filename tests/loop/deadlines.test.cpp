// SPDX-License-Identifier: MIT
#include "xsuperd/loop/deadlines.hpp"

#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>
#include <memory>
#include <stdexcept>
#include <vector>

using namespace xsuperd;
using namespace std::chrono_literals;
using loop::Deadlines;

namespace {

struct Answered {
  boost::asio::io_context io;
  std::vector<std::uint64_t> numbers;
  Deadlines deadlines{io, [this](std::uint64_t number) { numbers.push_back(number); }};
};

}  // namespace

TEST_CASE("deadlines are told in their order, none before its time") {
  boost::asio::io_context io;
  const auto begin = std::chrono::steady_clock::now();
  std::vector<std::uint64_t> numbers;
  Deadlines deadlines(io, [&](std::uint64_t number) {
    numbers.push_back(number);
    CHECK(std::chrono::steady_clock::now() - begin >= std::chrono::milliseconds(number));
  });
  deadlines.add(40ms, 40);
  deadlines.add(20ms, 20);
  deadlines.add(30ms, 30);
  CHECK(deadlines.size() == 3);
  io.run();
  CHECK(numbers == std::vector<std::uint64_t>{20, 30, 40});
  CHECK(deadlines.size() == 0);
}

TEST_CASE("the loop has nothing to wait for when the last deadline is cancelled") {
  Answered told;
  const auto one = told.deadlines.add(1h, 1);
  const auto other = told.deadlines.add(2h, 2);
  CHECK(told.deadlines.cancel(one));
  CHECK(told.deadlines.cancel(other));
  CHECK_FALSE(told.deadlines.cancel(other));
  told.io.run();
  CHECK(told.numbers.empty());
}

TEST_CASE("one that is cancelled leaves the others, and one that is moved comes at its new time") {
  Answered told;
  const auto gone = told.deadlines.add(1ms, 1);
  const auto moved = told.deadlines.add(1h, 2);
  told.deadlines.add(2ms, 3);
  CHECK(told.deadlines.cancel(gone));
  CHECK(told.deadlines.move(moved, 30ms));
  CHECK_FALSE(told.deadlines.move(gone, 1ms));
  told.io.run();
  CHECK(told.numbers == std::vector<std::uint64_t>{3, 2});
}

TEST_CASE("what is told may add and cancel others") {
  boost::asio::io_context io;
  std::vector<std::uint64_t> numbers;
  std::unique_ptr<Deadlines> deadlines;
  Deadlines::Handle victim;
  deadlines = std::make_unique<Deadlines>(io, [&](std::uint64_t number) {
    numbers.push_back(number);
    if (number != 1) return;
    CHECK(deadlines->cancel(victim));
    deadlines->add(0ms, 3);
  });
  deadlines->add(1ms, 1);
  victim = deadlines->add(1ms, 2);
  io.run();
  CHECK(numbers == std::vector<std::uint64_t>{1, 3});
}

TEST_CASE("what is told may end the deadlines, and nothing is told after that") {
  boost::asio::io_context io;
  int times = 0;
  std::unique_ptr<Deadlines> deadlines;
  deadlines = std::make_unique<Deadlines>(io, [&](std::uint64_t) {
    ++times;
    deadlines.reset();
  });
  deadlines->add(0ms, 1);
  deadlines->add(0ms, 2);
  io.run();
  CHECK(times == 1);
}

TEST_CASE("the deadlines behind one whose handler throws are told later") {
  boost::asio::io_context io;
  std::vector<std::uint64_t> numbers;
  Deadlines deadlines(io, [&](std::uint64_t number) {
    numbers.push_back(number);
    if (number == 1) throw std::runtime_error("no");
  });
  deadlines.add(0ms, 1);
  deadlines.add(0ms, 2);
  CHECK_THROWS_AS(io.run(), std::runtime_error);
  CHECK(numbers == std::vector<std::uint64_t>{1});
  io.run();
  CHECK(numbers == std::vector<std::uint64_t>{1, 2});
}

TEST_CASE("a deadline before all others is told at its time, and the others at theirs") {
  Answered told;
  told.deadlines.add(30ms, 3);
  told.deadlines.add(20ms, 2);
  told.deadlines.add(10ms, 1);
  told.io.run();
  CHECK(told.numbers == std::vector<std::uint64_t>{1, 2, 3});
}

TEST_CASE("deadlines may be added again after the last one was told or cancelled") {
  Answered told;
  told.deadlines.cancel(told.deadlines.add(1h, 1));
  told.deadlines.add(1ms, 2);
  told.io.run();
  told.io.restart();
  told.deadlines.add(1ms, 3);
  told.io.run();
  CHECK(told.numbers == std::vector<std::uint64_t>{2, 3});
}
