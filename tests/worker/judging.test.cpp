// SPDX-License-Identifier: MIT
// What a Link is made of that decides without a worker: signs of life, questions, pauses.
#include <catch2/catch.hpp>

#include "worker/heartbeat.hpp"
#include "worker/open_question.hpp"
#include "worker/pauses.hpp"

using namespace xsuperd;
using namespace xsuperd::worker;
using namespace std::chrono_literals;
using Next = Heartbeat::Next;

namespace {

Progress told(std::uint64_t question, std::vector<std::uint64_t> tokens, bool last) {
  Progress progress{.question = question, .counts = {}, .last = last};
  for (const std::uint64_t token : tokens) progress.counts.push_back({token, {}});
  return progress;
}

base::Moment at(std::chrono::milliseconds time) { return base::Moment{} + time; }

}  // namespace

TEST_CASE("a heartbeat asks once, waits so many beats, and finds the worker dead then") {
  Heartbeat heart(3);
  CHECK(heart.beat() == Next::ask);
  CHECK(heart.beat() == Next::wait);
  CHECK(heart.beat() == Next::wait);
  CHECK(heart.near_death());
  CHECK(heart.beat() == Next::dead);
}

TEST_CASE("a heartbeat asks anew after an answer, and each time with another token") {
  Heartbeat heart(3);
  CHECK(heart.beat() == Next::ask);
  const std::uint64_t first = heart.question();
  CHECK(heart.answered(first));
  CHECK_FALSE(heart.answered(first));
  CHECK(heart.beat() == Next::ask);
  CHECK(heart.question() != first);
  CHECK_FALSE(heart.answered(heart.question() + 1));
}

TEST_CASE("a worker that says anything is not silent, though it has not answered") {
  Heartbeat heart(2);
  CHECK(heart.beat() == Next::ask);
  CHECK(heart.beat() == Next::wait);
  heart.heard();
  CHECK_FALSE(heart.near_death());
  CHECK(heart.beat() == Next::wait);
  CHECK(heart.beat() == Next::dead);
}

TEST_CASE("a worker that cannot be asked is dead only when it is stopped") {
  Heartbeat heart(2);
  for (int beats = 0; beats < 5; ++beats) CHECK(heart.beat_unasked(false) == Next::wait);
  CHECK(heart.beat_unasked(true) == Next::wait);
  CHECK(heart.beat_unasked(false) == Next::wait);
  CHECK(heart.beat_unasked(true) == Next::wait);
  CHECK(heart.beat_unasked(true) == Next::dead);
}

TEST_CASE("another worker does not answer what the one before it was asked") {
  Heartbeat heart(2);
  CHECK(heart.beat() == Next::ask);
  const std::uint64_t old = heart.question();
  heart.start_anew();
  CHECK_FALSE(heart.answered(old));
  CHECK(heart.beat() == Next::ask);
  CHECK(heart.answered(heart.question()));
}

TEST_CASE("a question is answered in parts whose tokens ascend, until the last one") {
  OpenQuestion question;
  CHECK_FALSE(question.takes(told(7, {}, true)));
  question.put(7);
  CHECK(question.open());
  CHECK_FALSE(question.takes(told(8, {1}, false)));
  CHECK(question.takes(told(7, {1, 4}, false)));
  CHECK_FALSE(question.takes(told(7, {4}, false)));
  CHECK(question.takes(told(7, {5}, true)));
  CHECK_FALSE(question.open());
  CHECK_FALSE(question.takes(told(7, {6}, true)));
  question.put(9);
  CHECK(question.takes(told(9, {1}, true)));
}

TEST_CASE("the successor of a healthy worker starts at once, others after longer and longer pauses") {
  Client::Options options;
  options.healthy_after = 500ms;
  options.first_pause = 50ms;
  options.longest_pause = 150ms;
  Pauses pauses(options);
  pauses.begins();
  CHECK(pauses.next(at(1ms)) == 50ms);
  pauses.begins();
  pauses.ready(at(10ms));
  CHECK(pauses.next(at(509ms)) == 100ms);
  pauses.begins();
  CHECK(pauses.next(at(600ms)) == 150ms);
  pauses.begins();
  pauses.ready(at(1s));
  CHECK_FALSE(pauses.next(at(1500ms)));
  pauses.begins();
  CHECK(pauses.next(at(1600ms)) == 50ms);
}
