// SPDX-License-Identifier: MIT
#include "xsuperd/control/frame.hpp"

#include <catch2/catch.hpp>

using namespace xsuperd::control;

TEST_CASE("A frame is its length in four bytes, the most significant first, and its body") {
  CHECK(frame("") == std::string(4, '\0'));
  CHECK(frame("abc") == std::string("\0\0\0\3abc", 7));
  CHECK(frame(std::string(0x010203, 'x')).substr(0, 4) == std::string("\0\1\2\3", 4));
}

TEST_CASE("Frames come out whole however their bytes are cut") {
  const std::string bytes = frame("first") + frame("") + frame(std::string(longest_request, 'z'));
  for (const std::size_t piece : {std::size_t{1}, std::size_t{3}, std::size_t{4096}, bytes.size()}) {
    FrameReader reader(longest_request);
    std::vector<std::string> bodies;
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
      reader.feed(std::string_view(bytes).substr(at, piece));
      while (auto body = reader.next()) bodies.push_back(*body);
    }
    CAPTURE(piece);
    REQUIRE(bodies.size() == 3);
    CHECK(bodies[0] == "first");
    CHECK(bodies[1].empty());
    CHECK(bodies[2] == std::string(longest_request, 'z'));
    CHECK_FALSE(reader.begun());
  }
}

TEST_CASE("A frame that claims too much is known by its first four bytes, and never comes") {
  FrameReader reader(longest_request);
  reader.feed(std::string("\x40\0\0", 3));
  CHECK_FALSE(reader.too_long());
  reader.feed(std::string("\0", 1));
  CHECK(reader.too_long() == std::size_t{1} << 30);
  reader.feed("anything");
  CHECK_FALSE(reader.next());
}

TEST_CASE("The longest request that is allowed is one byte shorter than the first that is not") {
  FrameReader good(longest_request);
  good.feed(frame(std::string(longest_request, 'x')));
  CHECK_FALSE(good.too_long());
  CHECK(good.next());
  FrameReader bad(longest_request);
  bad.feed(frame(std::string(longest_request + 1, 'x')));
  CHECK(bad.too_long() == longest_request + 1);
}
