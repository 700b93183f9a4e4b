// SPDX-License-Identifier: MIT
#include "xsuperd/fleet/client.hpp"

#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>
#include <filesystem>
#include <iterator>

#include "fakes/fake_spawner.hpp"
#include "xsuperd/fleet/lapi_client.hpp"
#include "xsuperd/loop/alarm.hpp"

using namespace xsuperd;

TEST_CASE("without ban_share and ban_crowdsec nothing is open for it: descriptors may be few") {
  const auto open = [] { return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {}); };
  boost::asio::io_context loop(1);
  fakes::FakeSpawner spawner;
  const loop::Alarm of_others(loop, [] {});  // the loop itself has some, with the first that uses it
  const auto before = open();
  fleet::Helper process(loop, spawner, {});
  fleet::Client client(loop, process, {}, {});
  fleet::LapiClient lapi(loop, process, {}, {});
  CHECK_FALSE(client.use({}));
  lapi.use({});
  CHECK(open() == before);
  CHECK(process.pidfd() == -1);
}
