// SPDX-License-Identifier: MIT
#include "xsuperd/log/history.hpp"

#include <boost/json.hpp>
#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <random>
#include <vector>

using namespace xsuperd;
using namespace xsuperd::log;

namespace {

const base::WallTime start{std::chrono::seconds(1'000)};
constexpr History::Number base_number = 1'000'000'000;

/// Keeps refusals whose rule has the line `what`, so that each can be told from the others.
void put(History& history, const std::string& id, std::uint32_t what) {
  // Gone before anybody asks.
  const std::string name = id + " as it is called", file = "/etc/xinetd.d/" + id;
  history.add(id, start + std::chrono::seconds(what), record::Refuse{.service = name, .id = id, .reason = "address", .rule = {file, what}});
}

std::vector<std::string> read(const History& history, History::Number after, const std::string& id = {}) {
  std::vector<std::string> all;
  while ((after = history.after(after, id)) != 0) {
    const auto object = boost::json::parse(history.json_of(after)).as_object();
    all.emplace_back(object.at("id").as_string().c_str());
    const std::string rule = object.at("rule").as_string().c_str();
    CHECK(rule.starts_with("/etc/xinetd.d/" + all.back() + ":"));
    all.back() += rule.substr(rule.find(':'));
  }
  return all;
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("a history gives back what was put in, in order, of one service or of all") {
  History history({}, start);
  CHECK(history.newest() == base_number);
  CHECK(history.after(0) == 0);
  CHECK(history.before_last(5) == base_number);
  put(history, "a", 1);
  put(history, "b", 2);
  put(history, "a", 3);
  CHECK(read(history, 0) == Texts{"a:1", "b:2", "a:3"});
  CHECK(read(history, 0, "a") == Texts{"a:1", "a:3"});
  CHECK(read(history, 0, "b") == Texts{"b:2"});
  CHECK(read(history, 0, "c").empty());
  CHECK(history.newest() == base_number + 3);
  CHECK(boost::json::parse(history.json_of(base_number + 1)).at("service") == "a as it is called");
  CHECK(history.json_of(base_number).empty());
}

TEST_CASE("reading goes on behind a number, whoever's record it was") {
  History history({}, start);
  for (std::uint32_t i = 1; i <= 6; ++i) put(history, i % 2 == 0 ? "even" : "odd", i);
  CHECK(read(history, base_number + 3) == Texts{"even:4", "odd:5", "even:6"});
  CHECK(read(history, base_number + 3, "even") == Texts{"even:4", "even:6"});
  CHECK(read(history, base_number + 3, "odd") == Texts{"odd:5"});
  CHECK(read(history, base_number + 6).empty());
  CHECK(read(history, base_number + 5, "odd").empty());
  CHECK(read(history, 7).size() == 6);
}

TEST_CASE("the last records can be asked for by their count") {
  History history({}, start);
  for (std::uint32_t i = 1; i <= 6; ++i) put(history, i % 2 == 0 ? "even" : "odd", i);
  CHECK(read(history, history.before_last(2)) == Texts{"odd:5", "even:6"});
  CHECK(read(history, history.before_last(2, "odd"), "odd") == Texts{"odd:3", "odd:5"});
  CHECK(read(history, history.before_last(100, "odd"), "odd").size() == 3);
  CHECK(read(history, history.before_last(100)).size() == 6);
  CHECK(read(history, history.before_last(0)).empty());
  CHECK(read(history, history.before_last(0, "odd"), "odd").empty());
  CHECK(read(history, history.before_last(3, "nobody"), "nobody").empty());
}

TEST_CASE("a service displaces its own records first, and leaves the last ones of others") {
  History history({.all = 10, .of_one = 8, .spared = 2}, start);
  put(history, "quiet", 1);
  for (std::uint32_t i = 2; i <= 100; ++i) put(history, "busy", i);
  CHECK(history.size() == 9);
  CHECK(read(history, 0, "quiet") == Texts{"quiet:1"});
  CHECK(read(history, 0, "busy").size() == 8);
  CHECK(read(history, 0, "busy").front() == "busy:93");
  put(history, "second", 101);
  put(history, "second", 102);  // the eleventh: of its own it has no more than may stay
  CHECK(history.size() == 10);
  CHECK(read(history, 0, "quiet").empty());
  put(history, "second", 103);
  CHECK(read(history, 0, "second") == Texts{"second:102", "second:103"});
}

TEST_CASE("what is not kept any more is counted for somebody who reads on") {
  History history({.all = 4, .of_one = 4, .spared = 1}, start);
  for (std::uint32_t i = 1; i <= 10; ++i) put(history, "a", i);
  CHECK(history.lost_after(base_number) == 6);
  CHECK(history.lost_after(base_number + 6) == 0);
  CHECK(history.lost_after(base_number + 10) == 0);
  CHECK(history.lost_after(base_number + 11) == 0);
  CHECK(history.lost_after(0) == 0);  // of another image
}

TEST_CASE("whatever comes, a history keeps its bounds and its order") {
  constexpr History::Bounds bounds{.all = 50, .of_one = 20, .spared = 3};
  History history(bounds, start);
  std::mt19937 random(20261201);
  std::vector<std::pair<std::string, std::uint32_t>> put_in;
  for (std::uint32_t i = 1; i <= 5'000; ++i) {
    const std::string id = fmt::format("s{}", random() % 3 == 0 ? random() % 40 : random() % 2);
    put(history, id, i);
    put_in.emplace_back(id, i);
    CHECK(history.size() <= bounds.all);
    if (i % 100 != 0) continue;
    const Texts all = read(history, 0);
    CHECK(all.size() == history.size());
    CHECK(all.back() == fmt::format("{}:{}", id, i));
    std::size_t together = 0;
    for (int n = 0; n < 40; ++n) {
      const std::string one = fmt::format("s{}", n);
      Texts wanted;
      for (const std::string& text : all)
        if (text.starts_with(one + ":")) wanted.push_back(text);
      const Texts own = read(history, 0, one);
      CHECK(own == wanted);
      CHECK(own.size() <= bounds.of_one);
      CHECK(read(history, history.before_last(2, one), one).size() == std::min<std::size_t>(own.size(), 2));
      together += own.size();
    }
    CHECK(together == all.size());
  }
}
