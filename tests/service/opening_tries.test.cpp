// SPDX-License-Identifier: MIT
#include "xsuperd/service/opening_tries.hpp"

#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>
#include <vector>

using namespace xsuperd::service;
using namespace std::chrono_literals;

TEST_CASE("tries to open a socket are told once, and come after pauses that grow up to a minute") {
  boost::asio::io_context loop;
  std::vector<std::chrono::milliseconds> pauses;
  const std::function<std::chrono::milliseconds(std::chrono::milliseconds)> length = [&](auto time) {
    pauses.push_back(time);
    return 0ms;
  };
  int tries = 0;
  OpeningTries opening(loop, length, [&] { ++tries; });
  CHECK(opening.failed("address in use"));
  for (int again = 0; again < 7; ++again) {
    opening.again_later();
    CHECK_FALSE(opening.failed("address in use"));
  }
  CHECK(pauses == std::vector<std::chrono::milliseconds>{2s, 4s, 8s, 16s, 32s, 60s, 60s});
  loop.run();
  CHECK(tries == 1);  // each takes the place of the one before
  CHECK(opening.trouble() == "address in use");
}

TEST_CASE("a socket that is open has no trouble, and its failures count until nothing can fail any more") {
  boost::asio::io_context loop;
  const std::function<std::chrono::milliseconds(std::chrono::milliseconds)> length = [](auto time) { return time; };
  OpeningTries opening(loop, length, [] {});
  opening.restore(3, "address in use");
  CHECK_FALSE(opening.failed("still in use"));
  opening.opened();
  CHECK(opening.trouble().empty());
  CHECK(opening.failures() == 4);
  opening.succeeded();
  CHECK(opening.failed("rpcbind is not there"));
}
