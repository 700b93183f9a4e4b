// SPDX-License-Identifier: MIT
#include "supervisor/reloads.hpp"

#include <catch2/catch.hpp>
#include <utility>

#include "fakes/memory_sink.hpp"

// Who gets which reload, with nothing behind it: preparing comes to its end when the test says so.
using namespace xsuperd;
using namespace xsuperd::supervisor;

namespace {

struct Fixture {
  struct Begun {
    bool strict = false;
    bool preview = false;
    std::function<void(Prepared)> then;
  };

  fakes::MemorySink sink;
  log::DaemonLog log{sink, nullptr};
  boost::asio::io_context loop;
  Lifetime lifetime{loop};
  bool held = false;
  bool no_thread = false;
  bool apply_throws = false;
  std::vector<Begun> begun;
  std::vector<std::string> happened;
  Reloads reloads{log, lifetime, asks()};

  Reloads::Asks asks() {
    return {.prepare = [this](bool strict, bool preview, std::function<void(Prepared)> then) -> base::Result<void> {
              if (no_thread) return base::Error{0, "there is no thread"};
              begun.push_back({strict, preview, std::move(then)});
              return {};
            },
            .apply =
                [this](const Prepared& prepared) {
                  if (apply_throws) throw std::bad_alloc();
                  happened.emplace_back("apply");
                  ReloadReport report = report_of(prepared);
                  report.applied = prepared.refused.empty();
                  return report;
                },
            .held = [this] { return held; },
            .on_begin = [this] { happened.emplace_back("begin"); },
            .on_end = [this](const ReloadReport& report,
                             const std::vector<std::string>&) { happened.emplace_back(report.applied ? "end" : "refused"); },
            .on_held = [this] { happened.emplace_back("held"); }};
  }
  Reloads::Answered note(const std::string& who) {
    return [this, who](const ReloadReport& report) { happened.push_back(who + ": " + (report.applied ? "done" : report.refused)); };
  }
  /// The preparation begun as the one of that number comes to its end.
  void finish(std::size_t number, const std::string& refused = {}) {
    Prepared prepared;
    prepared.refused = refused;
    begun.at(number).then(std::move(prepared));
  }
};

using Happened = std::vector<std::string>;

}  // namespace

TEST_CASE("Whoever wishes for a reload hears of it when all others have done their part") {
  Fixture f;
  f.reloads.reload(false, f.note("one"));
  REQUIRE(f.begun.size() == 1);
  CHECK_FALSE(f.begun[0].strict);
  CHECK(f.reloads.preparing());
  f.finish(0);
  CHECK_FALSE(f.reloads.preparing());
  CHECK(f.happened == Happened{"begin", "apply", "end", "one: done"});
}

TEST_CASE("Wishes that come while a reload is prepared are granted together by one more, strictly if one is strict") {
  Fixture f;
  f.reloads.reload();
  f.reloads.reload(false, f.note("two"));
  f.reloads.reload(true, f.note("three"));
  f.reloads.reload(false, f.note("four"));
  CHECK(f.begun.size() == 1);
  f.finish(0);
  REQUIRE(f.begun.size() == 2);
  CHECK(f.begun[1].strict);
  f.finish(1, "it has errors");
  CHECK(f.happened == Happened{"begin", "apply", "end", "begin", "apply", "refused", "two: it has errors",
                               "three: it has errors", "four: it has errors"});
  CHECK(f.begun.size() == 2);
}

TEST_CASE("A reload that cannot be begun is refused at once, and the next one can be") {
  Fixture f;
  f.no_thread = true;
  f.reloads.reload(false, f.note("one"));
  CHECK(f.happened == Happened{"begin", "apply", "refused", "one: the configuration could not be read: there is no thread"});
  CHECK_FALSE(f.reloads.preparing());
  f.no_thread = false;
  f.reloads.reload();
  CHECK(f.begun.size() == 1);
}

TEST_CASE("A commit that throws is an answer, too, and keeps nobody from his turn") {
  Fixture f;
  f.apply_throws = true;
  f.reloads.reload(false, f.note("one"));
  f.reloads.reload(false, f.note("two"));
  f.finish(0);
  CHECK(f.happened == Happened{"begin", "refused", "one: internal error; see the log", "begin"});
  CHECK(f.sink.has("internal error, operation abandoned"));
  f.apply_throws = false;
  f.finish(1);
  CHECK(f.happened.back() == "two: done");
}

TEST_CASE("A reload waits while it is held, and is done when it is not any more") {
  Fixture f;
  f.held = true;
  f.reloads.reload(false, f.note("one"));
  CHECK(f.begun.empty());
  CHECK(f.reloads.left_to_next_image());
  f.held = false;
  f.reloads.go_on();
  REQUIRE(f.begun.size() == 1);
  CHECK_FALSE(f.reloads.left_to_next_image());
  f.held = true;
  f.finish(0);
  CHECK(f.happened == Happened{"begin", "apply", "end", "one: done", "held"});
}

TEST_CASE("A strict reload is not left to the next image, which would do it leniently") {
  Fixture f;
  f.held = true;
  CHECK_FALSE(f.reloads.left_to_next_image());
  f.reloads.reload(true);
  CHECK_FALSE(f.reloads.left_to_next_image());
}

TEST_CASE("A reload that is given up is wished for again, and its end is nobody's business any more") {
  Fixture f;
  f.reloads.reload(true, f.note("one"));
  f.held = true;
  f.reloads.give_up();
  CHECK_FALSE(f.reloads.preparing());
  f.reloads.reload(false, f.note("two"));
  f.finish(0);
  CHECK(f.happened == Happened{"begin"});
  f.held = false;
  f.reloads.go_on();
  REQUIRE(f.begun.size() == 2);
  CHECK(f.begun[1].strict);
  f.finish(1);
  CHECK(f.happened == Happened{"begin", "begin", "apply", "end", "one: done", "two: done"});
  f.reloads.give_up();  // there is none
  CHECK_FALSE(f.reloads.left_to_next_image());
}

TEST_CASE("Those who ask for a preview meanwhile get the same one; nothing is applied") {
  Fixture f;
  f.reloads.preview(f.note("one"));
  f.reloads.preview(f.note("two"));
  REQUIRE(f.begun.size() == 1);
  CHECK(f.begun[0].preview);
  CHECK_FALSE(f.reloads.preparing());
  f.finish(0, "of something");
  CHECK(f.happened == Happened{"one: of something", "two: of something"});
  f.reloads.preview(f.note("three"));
  CHECK(f.begun.size() == 2);
}

TEST_CASE("Once the daemon ends nothing is reloaded any more") {
  Fixture f;
  f.reloads.reload(false, f.note("one"));
  f.reloads.preview(f.note("two"));
  CHECK(f.lifetime.begin_to_end());
  f.reloads.reload(false, f.note("three"));
  f.finish(0);
  f.finish(1);
  CHECK(f.happened == Happened{"begin"});
  CHECK(f.begun.size() == 2);
}
