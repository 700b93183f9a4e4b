// SPDX-License-Identifier: MIT
#include "xsuperd/base/deadline_queue.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <memory>
#include <random>
#include <string>

using namespace xsuperd;
using namespace std::chrono_literals;

namespace {

using Queue = base::DeadlineQueue<int>;

Queue::Moment at(std::chrono::milliseconds after) { return Queue::Moment{} + 1h + after; }

std::vector<int> all_due(Queue& queue, Queue::Moment now) {
  std::vector<int> values;
  while (const auto value = queue.take_due(now)) values.push_back(*value);
  return values;
}

}  // namespace

TEST_CASE("what is due comes in the order of its moments, and not before them") {
  Queue queue;
  queue.add(at(30ms), 3);
  queue.add(at(10ms), 1);
  queue.add(at(20ms), 2);
  CHECK(queue.next() == at(10ms));
  CHECK(all_due(queue, at(9ms)).empty());
  CHECK(all_due(queue, at(20ms)) == std::vector{1, 2});
  CHECK(queue.next() == at(30ms));
  CHECK(all_due(queue, at(1s)) == std::vector{3});
  CHECK(queue.empty());
  CHECK_FALSE(queue.next());
}

TEST_CASE("of values with one moment the one that was added first comes first") {
  Queue queue;
  for (int i = 0; i < 10; ++i) queue.add(at(5ms), i);
  CHECK(all_due(queue, at(5ms)) == std::vector{0, 1, 2, 3, 4, 5, 6, 7, 8, 9});
}

TEST_CASE("a value that is cancelled never comes, and a handle cancels once") {
  Queue queue;
  queue.add(at(1ms), 1);
  const auto second = queue.add(at(2ms), 2);
  queue.add(at(3ms), 3);
  CHECK(queue.holds(second));
  CHECK(queue.cancel(second));
  CHECK_FALSE(queue.cancel(second));
  CHECK_FALSE(queue.holds(second));
  CHECK(all_due(queue, at(9ms)) == std::vector{1, 3});
}

TEST_CASE("a handle names nothing once its value was taken, although another has its room") {
  Queue queue;
  const auto old = queue.add(at(1ms), 1);
  CHECK(queue.take_due(at(1ms)) == 1);
  const auto young = queue.add(at(2ms), 2);
  CHECK_FALSE(old == young);
  CHECK_FALSE(queue.cancel(old));
  CHECK_FALSE(queue.move(old, at(0ms)));
  CHECK(all_due(queue, at(2ms)) == std::vector{2});
}

TEST_CASE("a default handle names nothing") {
  Queue queue;
  CHECK_FALSE(queue.cancel({}));
  queue.add(at(1ms), 1);
  CHECK_FALSE(queue.cancel({}));
  CHECK(queue.size() == 1);
}

TEST_CASE("a value can be moved to an earlier moment and to a later one") {
  Queue queue;
  const auto first = queue.add(at(10ms), 1);
  const auto second = queue.add(at(20ms), 2);
  queue.add(at(30ms), 3);
  CHECK(queue.move(first, at(25ms)));
  CHECK(queue.next() == at(20ms));
  CHECK(queue.move(second, at(5ms)));
  CHECK(all_due(queue, at(5ms)) == std::vector{2});
  CHECK(all_due(queue, at(30ms)) == std::vector{1, 3});
}

TEST_CASE("what a value owns is given up when it is cancelled") {
  base::DeadlineQueue<std::shared_ptr<int>> queue;
  const auto owned = std::make_shared<int>(1);
  const auto handle = queue.add(at(1ms), owned);
  CHECK(owned.use_count() == 2);
  queue.cancel(handle);
  CHECK(owned.use_count() == 1);
}

TEST_CASE("after any additions, moves and cancellations all that is left comes in order") {
  std::mt19937 random(7);
  const auto moment = [&] { return at(std::chrono::milliseconds(random() % 1000)); };
  Queue queue;
  struct Known {
    Queue::Handle handle;
    Queue::Moment when;
    int value;
  };
  std::vector<Known> known;
  for (int i = 0; i < 20'000; ++i) {
    const std::size_t pick = known.empty() ? 0 : random() % known.size();
    switch (known.empty() ? 0 : random() % 4) {
      case 0:
      case 1: {
        const auto when = moment();
        known.push_back({queue.add(when, i), when, i});
        break;
      }
      case 2:
        known[pick].when = moment();
        REQUIRE(queue.move(known[pick].handle, known[pick].when));
        break;
      case 3:
        REQUIRE(queue.cancel(known[pick].handle));
        known.erase(known.begin() + static_cast<std::ptrdiff_t>(pick));
    }
  }
  REQUIRE(queue.size() == known.size());
  Queue::Moment before{};
  while (const auto next = queue.next()) {
    REQUIRE(before <= *next);
    before = *next;
    const auto value = queue.take_due(*next);
    const auto found = std::ranges::find_if(known, [&](const Known& one) { return one.value == value; });
    REQUIRE(found != known.end());
    CHECK(found->when == *next);
    known.erase(found);
  }
  CHECK(known.empty());
}
