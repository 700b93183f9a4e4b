// SPDX-License-Identifier: MIT
#include "xsuperd/worker/user.hpp"

#include <catch2/catch.hpp>
#include <set>

using namespace xsuperd::worker;

namespace {

const std::vector<IdRange> everything{{0, 4294967295}};

std::optional<std::uint32_t> unused(const std::vector<IdRange>& users, const std::vector<IdRange>& groups,
                                    const std::set<std::uint32_t>& taken = {}) {
  return unused_id(users, groups, [&](std::uint32_t id) { return taken.contains(id); });
}

}  // namespace

TEST_CASE("an id that nobody has is looked for where none is handed out") {
  CHECK(unused(everything, everything) == 2'100'000'000);
  CHECK(unused(everything, everything, {2'100'000'000, 2'100'000'001}) == 2'100'000'002);
}

TEST_CASE("in a namespace with few ids one of those that it has is taken, as user and as group") {
  const std::vector<IdRange> few{{0, 65536}};
  CHECK(unused(few, few) == 65520);
  CHECK(unused(everything, few) == 65520);
  CHECK(unused(few, {{0, 1}, {65522, 1}}) == 65522);
  CHECK(unused(few, few, {65520}) == 65521);
}

TEST_CASE("where every such id is taken, or none exists, there is none") {
  CHECK_FALSE(unused({{0, 1}}, {{0, 1}}));
  CHECK_FALSE(unused(everything, {}));
  CHECK_FALSE(unused_id(everything, everything, [](std::uint32_t) { return true; }));
}

TEST_CASE("a map of ids is read as the kernel writes it") {
  CHECK(parse_id_map("         0          0 4294967295\n") == everything);
  CHECK(parse_id_map("0 1000 1\n1 100000 65536\n") == std::vector<IdRange>{{0, 1}, {1, 65536}});
  CHECK(parse_id_map("no map\n").empty());
}

TEST_CASE("this machine has an id for the worker that is neither root's nor anybody's") {
  const WorkerUser user = unused_user();
  CHECK(user.uid != 0);
  CHECK(user.uid == user.gid);
}
