// SPDX-License-Identifier: MIT
#include "xsuperd/loop/alarm.hpp"

#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace xsuperd::loop {

using namespace std::chrono_literals;

TEST_CASE("alarms ring in the order in which they are due, whatever the order in which they were set") {
  boost::asio::io_context loop;
  std::string rang;
  Alarm third(loop, [&] { rang += '3'; });
  Alarm first(loop, [&] { rang += '1'; });
  Alarm second(loop, [&] { rang += '2'; });
  third.set(9ms);
  first.set(1ms);
  second.set(5ms);
  loop.run();
  CHECK(rang == "123");
}

TEST_CASE("an alarm that is set again rings once, at the later moment or the earlier one") {
  boost::asio::io_context loop;
  std::string rang;
  Alarm earlier(loop, [&] { rang += 'e'; });
  Alarm later(loop, [&] { rang += 'l'; });
  earlier.set(1h);
  later.set(1ms);
  later.set(8ms);
  earlier.set(2ms);
  CHECK(earlier.is_set());
  loop.run();
  CHECK(rang == "el");
  CHECK_FALSE(earlier.is_set());
}

TEST_CASE("a loop with nothing but alarms that were cancelled ends, and goes on when one is set") {
  boost::asio::io_context loop;
  int rang = 0;
  Alarm alarm(loop, [&] { ++rang; });
  alarm.set(1h);
  alarm.cancel();
  CHECK_FALSE(alarm.is_set());
  loop.run();
  CHECK(rang == 0);
  loop.restart();
  alarm.set(0ms);
  CHECK(rang == 0);
  loop.run();
  CHECK(rang == 1);
}

TEST_CASE("an alarm that sets itself again is called again, even if it throws, and others are not lost") {
  boost::asio::io_context loop;
  int rang = 0;
  int others = 0;
  std::unique_ptr<Alarm> alarm;
  alarm = std::make_unique<Alarm>(loop, [&] {
    if (++rang < 3) alarm->set(0ms);
    throw std::runtime_error("thrown");
  });
  Alarm other(loop, [&] { ++others; });
  alarm->set(0ms);
  other.set(0ms);
  for (int i = 0; i < 3; ++i) CHECK_THROWS_AS(loop.run(), std::runtime_error);
  loop.run();
  CHECK(rang == 3);
  CHECK(others == 1);
}

TEST_CASE("an alarm may go, and take others with it, while it rings") {
  boost::asio::io_context loop;
  int rang = 0;
  std::vector<std::unique_ptr<Alarm>> alarms;
  for (int i = 0; i < 3; ++i)
    alarms.push_back(std::make_unique<Alarm>(loop, [&] {
      ++rang;
      alarms.clear();
    }));
  for (const auto& one : alarms) one->set(1ms);
  loop.run();
  CHECK(rang == 1);
}

}  // namespace xsuperd::loop
