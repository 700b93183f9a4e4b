// SPDX-License-Identifier: MIT
#include "xsuperd/base/members.hpp"

#include <catch2/catch.hpp>
#include <optional>
#include <string>
#include <vector>

namespace {

struct Plain {
  int number = 1;
  std::optional<std::string> text = {};
};
BOOST_DESCRIBE_STRUCT(Plain, (), (number, text))
constexpr auto members_since(const Plain*) { return std::array{xsuperd::base::Since{"text", 5}}; }

struct Grown : Plain {
  struct Part {
    bool flag = false;
  };
  std::vector<Part> parts = {};
  unsigned last = 0;
};
BOOST_DESCRIBE_STRUCT(Grown::Part, (), (flag))
BOOST_DESCRIBE_STRUCT(Grown, (Plain), (parts, last))
constexpr auto members_since(const Grown*) { return std::array{xsuperd::base::Since{"last", 7}}; }

struct Forgetful {
  int described = 0;
  int forgotten = 0;
};
BOOST_DESCRIBE_STRUCT(Forgetful, (), (described))
struct Heir : Forgetful {
  int own = 0;
};
BOOST_DESCRIBE_STRUCT(Heir, (Forgetful), (own))

enum class Colour { red, green, blue };

template <typename T>
std::string names() {
  std::string all;
  xsuperd::base::for_each_member<T>([&](auto member) {
    all += std::string(member.name) + (member.since() > 0 ? std::to_string(member.since()) : "") + " ";
  });
  return all;
}

}  // namespace

using namespace xsuperd::base;

TEST_CASE("each member is visited once, those of bases first, with the version it came with") {
  CHECK(names<Plain>() == "number text5 ");
  CHECK(names<Grown>() == "number text5 parts last7 ");
  CHECK(names<Grown::Part>() == "flag ");
}

TEST_CASE("a member's pointer leads to its value") {
  Grown grown;
  for_each_member<Grown>([&](auto member) {
    if constexpr (std::is_integral_v<std::remove_reference_t<decltype(grown.*member.pointer)>>) grown.*member.pointer = 9;
  });
  CHECK(grown.number == 9);
  CHECK(grown.last == 9);
}

TEST_CASE("a struct of which a member is not described is not whole, nor is what has it for a base") {
  STATIC_REQUIRE(detail::whole<Plain>());
  STATIC_REQUIRE(detail::whole<Grown>());
  STATIC_REQUIRE_FALSE(detail::whole<Forgetful>());
  STATIC_REQUIRE_FALSE(detail::whole<Heir>());
}

TEST_CASE("the last of an enumeration is the last that has a name") {
  STATIC_REQUIRE(last_enumerator<Colour>() == Colour::blue);
}
