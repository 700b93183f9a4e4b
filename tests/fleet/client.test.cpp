// SPDX-License-Identifier: MIT
#include "xsuperd/fleet/client.hpp"

#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>
#include <filesystem>
#include <iterator>

#include "fakes/fake_spawner.hpp"
#include "xsuperd/loop/alarm.hpp"

using namespace xsuperd;

TEST_CASE("without ban_share nothing is open for it: descriptors may be few") {
  const auto open = [] { return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {}); };
  boost::asio::io_context loop(1);
  fakes::FakeSpawner spawner;
  const loop::Alarm of_others(loop, [] {});  // the loop itself has some, with the first that uses it
  const auto before = open();
  fleet::Client client(loop, spawner, {}, {});
  CHECK_FALSE(client.use({}));
  CHECK(open() == before);
  CHECK(client.pidfd() == -1);
}
