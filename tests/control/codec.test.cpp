// SPDX-License-Identifier: MIT
#include "xsuperd/control/codec.hpp"

#include <catch2/catch.hpp>
#include <set>

#include "xsuperd/control/schema.hpp"

namespace {

using namespace xsuperd::control;

struct Colours {
  static constexpr std::array<std::string_view, 2> all{"red", "green"};
};
struct Wheel {
  unsigned size = 4;
};
BOOST_DESCRIBE_STRUCT(Wheel, (), (size))
struct Thing {
  std::string name = "none";
  int number = 7;
  bool new_ = false;
  std::optional<double> weight;
  Maybe<std::string> owner;
  Word<Colours> colour;
  std::vector<Wheel> wheels;
  Table<std::string, std::uint64_t> counts;
};
BOOST_DESCRIBE_STRUCT(Thing, (), (name, number, new_, weight, owner, colour, wheels, counts))
struct Car : Thing {
  std::uint16_t doors = 0;
};
BOOST_DESCRIBE_STRUCT(Car, (Thing), (doors))

struct Order {
  std::string what;
  Maybe<std::uint64_t> count;
  Maybe<UpTo<std::string, 2>> extras;
  Maybe<bool> now;
};
BOOST_DESCRIBE_STRUCT(Order, (), (what, count, extras, now))

Thing thing_of(const char* text) { return read<Thing>(json::parse(text).as_object()); }

/// What is wrong with an order; empty: nothing.
std::string wrong(const char* text) {
  const auto order = read_arguments<Order>(json::parse(text).as_object());
  return order ? std::string{} : order.error().sentence;
}

}  // namespace

TEST_CASE("A struct is written with all its members in their order, those of its base first") {
  Car car;
  car.name = "a\xff";
  car.doors = 5;
  car.colour = "red";
  car.wheels = {{1}, {2}};
  car.counts.emplace_back("x", 3);
  CHECK(json::serialize(write(car)) == R"({"name":"a\\xff","number":7,"new":false,"weight":null,"colour":"red",)"
                                       R"("wheels":[{"size":1},{"size":2}],"counts":{"x":3},"doors":5})");
  car.owner = "me";
  CHECK(write(car).at("owner") == "me");
}

TEST_CASE("What was written is read as it was") {
  Thing thing{"n", -3, true, 0.5, {}, "green", {{9}}, {}};
  thing.owner = "me";
  thing.counts.emplace_back("a", ~std::uint64_t{0});
  const json::object once = write(thing);
  CHECK(write(read<Thing>(once)) == once);
}

TEST_CASE("A reply of any version is read: members that are missing, unknown or of another kind do no harm") {
  const Thing none = thing_of("{}");
  CHECK(none.name == "none");
  CHECK(none.number == 7);
  CHECK_FALSE(none.owner);
  const Thing odd = thing_of(R"({"name":5,"number":"x","new":1,"weight":[],"owner":{},"colour":null,"wheels":7,"counts":[],"later":{"a":[1]}})");
  CHECK(odd.name == "none");
  CHECK(odd.number == 7);
  CHECK_FALSE(odd.new_);
  CHECK_FALSE(odd.weight);
  CHECK_FALSE(odd.owner);
  CHECK(odd.wheels.empty());
  const Thing some = thing_of(R"({"number":1e300,"colour":"blue","wheels":[1,{"size":-1},{"size":2},null],"counts":{"a":1,"b":"x"}})");
  CHECK(some.number == 7);
  CHECK(some.colour == "blue");
  REQUIRE(some.wheels.size() == 2);
  CHECK(some.wheels[0].size == 4);
  CHECK(some.wheels[1].size == 2);
  CHECK(some.counts.size() == 1);
}

TEST_CASE("Numbers that do not fit are not taken for others") {
  CHECK(thing_of(R"({"number":99999999999})").number == 7);
  CHECK(thing_of(R"({"number":2.0})").number == 7);
  CHECK(thing_of(R"({"weight":2})").weight == 2.0);
  CHECK(read<Car>(json::parse(R"({"doors":65536})").as_object()).doors == 0);
  CHECK(read<Car>(json::parse(R"({"doors":65535})").as_object()).doors == 65535);
}

TEST_CASE("What is wrong with the arguments of a request is told with the argument's name") {
  CHECK(wrong(R"({"what":"x","count":2,"extras":["a","b"],"now":true,"unknown":1})").empty());
  CHECK(wrong("{}") == "the argument 'what' is missing");
  CHECK(wrong(R"({"what":null})") == "'what' must be a string");
  CHECK(wrong(R"({"what":"x","count":-1})") == "'count' must be a non-negative integer");
  CHECK(wrong(R"({"what":"x","count":null})") == "'count' must be a non-negative integer");
  CHECK(wrong(R"({"what":"x","extras":"a"})") == "'extras' must be a list of at most 2 strings");
  CHECK(wrong(R"({"what":"x","extras":["a",1]})") == "'extras' must be a list of at most 2 strings");
  CHECK(wrong(R"({"what":"x","extras":["a","b","c"]})") == "'extras' must be a list of at most 2 strings");
  CHECK(wrong(R"({"what":"x","now":"yes"})") == "'now' must be true or false");
}

TEST_CASE("An entry that is not served is told from a service by its members") {
  const auto row = [](const json::object& object) { return read<reply::ListRow>(object); };
  CHECK(std::holds_alternative<reply::Service>(row(write(reply::Service{}))));
  CHECK(std::holds_alternative<reply::Absent>(row(write(reply::Absent{}))));
  CHECK(std::holds_alternative<reply::Absent>(row({})));
}

TEST_CASE("One word goes by the name for one, several by that for several") {
  request::Services services;
  services.mean({"a"});
  CHECK(json::serialize(write(services)) == R"({"service":"a"})");
  services = {};
  services.mean({"a", "b"});
  CHECK(json::serialize(write(services)) == R"({"services":["a","b"]})");
  CHECK(services.words() == std::vector<std::string>{"a", "b"});
  services = {};
  services.mean({});
  CHECK(write(services).empty());
}

TEST_CASE("No command is there twice, and each says what it does") {
  std::set<std::string_view> names;
  boost::mp11::mp_for_each<Commands>([&](auto command) {
    using C = decltype(command);
    CAPTURE(C::name);
    CHECK(names.insert(C::name).second);
    CHECK_FALSE(C::text.empty());
  });
  CHECK(names.size() == 22);
}
