// SPDX-License-Identifier: MIT
#include <sys/ioctl.h>

#include <csignal>
#include <vector>

#include "converse/line_feed.hpp"
#include "converse/talking.hpp"

using namespace xsuperd;
using namespace xsuperd::converse;
using namespace xsuperd::converse::testing;

namespace {

base::Moment at(std::chrono::milliseconds after) { return base::Moment{} + 1h + after; }

/// A feed and what it has told.
struct Fed {
  std::vector<std::string> lines;
  bool room = true;
  LineFeed feed{[this](std::string_view line) {
    if (room) lines.emplace_back(line);
    return room;
  }};

  std::vector<std::string> take(std::string_view bytes, base::Moment now = at(0ms)) {
    feed.take(bytes, now);
    return std::exchange(lines, {});
  }
};

using Lines = std::vector<std::string>;

std::string many(std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += "line\n";
  return text;
}

std::pair<base::Fd, base::Fd> pipe_ends() {
  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  return {base::Fd(ends[1]), base::Fd(ends[0])};
}

Parameters told_to(Lines& lines) {
  Parameters parameters;
  parameters.on_line = [&lines](std::string_view line) {
    lines.emplace_back(line);
    return true;
  };
  return parameters;
}

void write_to(const base::Fd& pipe, std::string_view bytes) {
  REQUIRE(::write(pipe.get(), bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
}

}  // namespace

TEST_CASE("lines are told one by one, however they come") {
  Fed fed;
  CHECK(fed.take("one\ntwo\nthr") == Lines{"one", "two"});
  CHECK(fed.take("ee") == Lines{});
  CHECK(fed.take("\n") == Lines{"three"});
  CHECK(fed.take("without an end") == Lines{});
  fed.feed.end(at(0ms));
  CHECK(fed.lines == Lines{"without an end"});
}

TEST_CASE("empty lines are passed over, and so is a CR at the end") {
  Fed fed;
  CHECK(fed.take("\n\r\n\n a \r\nb\rc\r\r\n") == Lines{" a ", "b\\x0dc\\x0d"});
}

TEST_CASE("what is not printable is escaped") {
  Fed fed;
  CHECK(fed.take(std::string_view("\x1b[31m\0\t\\ \xc3\xbc\n", 12)) == Lines{"\\x1b[31m\\x00\\x09\\x5c \\xc3\\xbc"});
  const auto lines = fed.take(std::string(LineFeed::longest, '\xff') + "x\n");
  REQUIRE(lines.size() == 2);
  CHECK(lines[0].size() == 4 * LineFeed::longest + 3);
  CHECK(lines[0].size() <= longest_line);
}

TEST_CASE("a long line is cut into pieces, which say so") {
  Fed fed;
  const std::string whole(LineFeed::longest, 'a');
  CHECK(fed.take(whole + "\nb\n") == Lines{whole, "b"});
  CHECK(fed.take(whole + "b\nc\n") == Lines{whole + "...", "...b", "c"});
  CHECK(fed.take(whole) == Lines{});
  CHECK(fed.take(whole) == Lines{whole + "..."});
  CHECK(fed.take("\n") == Lines{"..." + whole});
  CHECK(fed.take(whole + whole + "b") == Lines{whole + "...", "..." + whole + "..."});
  fed.feed.end(at(0ms));
  CHECK(fed.lines == Lines{"...b"});
}

TEST_CASE("beyond so many lines all are dropped for a second, and one line says how many") {
  Fed fed;
  CHECK(fed.take(many(25)).size() == LineFeed::at_once);
  REQUIRE(fed.feed.pause_end() == at(1s));
  CHECK(fed.take(many(3), at(900ms)).empty());
  fed.feed.go_on(at(999ms));
  CHECK(fed.lines.empty());
  fed.feed.go_on(at(1s));
  CHECK(std::exchange(fed.lines, {}) == Lines{"(8 lines dropped)"});
  CHECK_FALSE(fed.feed.pause_end());
  CHECK(fed.take(many(30), at(1s)).size() == 10);  // what a second has brought
  CHECK(fed.take("late\n", at(10s)) == Lines{"(20 lines dropped)", "late"});
}

TEST_CASE("an even stream of ten lines a second is told whole") {
  Fed fed;
  for (int i = 0; i < 1000; ++i) CHECK(fed.take("line\n", at(i * 100ms)) == Lines{"line"});
}

TEST_CASE("what was dropped is told at the end, and what there was no room for counts") {
  Fed fed;
  fed.room = false;
  CHECK(fed.take("one\n").empty());
  fed.feed.go_on(at(1s));
  CHECK(fed.feed.pause_end() == at(2s));  // still no room
  fed.room = true;
  fed.feed.end(at(1500ms));
  CHECK(fed.lines == Lines{"(1 line dropped)"});
}

TEST_CASE("the lines of a pipe are told until nobody has it open for writing any more") {
  Lines lines;
  Talking talking(Kind::lines, told_to(lines), pipe_ends());
  const base::Fd second(::fcntl(talking.client.get(), F_DUPFD_CLOEXEC, 0));
  write_to(talking.client, "one\ntwo");
  REQUIRE(run_until(talking.loop, [&] { return lines.size() == 1; }));
  talking.client.reset();
  write_to(second, "\nthree\n");
  REQUIRE(run_until(talking.loop, [&] { return lines.size() == 3; }));
  CHECK_FALSE(talking.report);
  const_cast<base::Fd&>(second).reset();
  CHECK(talking.result().in == 14);
  CHECK(lines == Lines{"one", "two", "three"});
}

TEST_CASE("a pipe that was closed with something in it is read to its end") {
  Lines lines;
  auto ends = pipe_ends();
  write_to(ends.first, "last words\nand more");
  ends.first.reset();
  Talking talking(Kind::lines, told_to(lines), std::move(ends));
  (void)talking.result();
  CHECK(lines == Lines{"last words", "and more"});
}

TEST_CASE("whoever floods a stream never waits, and learns of it nothing") {
  Lines lines;
  Talking talking(Kind::lines, told_to(lines), pipe_ends());
  ::fcntl(talking.client.get(), F_SETFL, O_NONBLOCK);
  const std::string text = many(10'000);
  std::size_t written = 0;
  REQUIRE(run_until(talking.loop, [&] {
    const ssize_t count = ::write(talking.client.get(), text.data(), text.size());
    if (count > 0) written += static_cast<std::size_t>(count);
    return written > 8u << 20;
  }));
  CHECK(lines.size() >= LineFeed::at_once);
  CHECK(lines.size() < 1000);
  REQUIRE(run_until(talking.loop, [&] { return lines.back().ends_with(" lines dropped)"); }));  // though nothing more comes
  talking.client.reset();
  CHECK(talking.result().in == written);
}
