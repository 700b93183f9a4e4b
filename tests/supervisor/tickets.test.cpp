// SPDX-License-Identifier: MIT
#include "supervisor/tickets.hpp"

#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>
#include <vector>

using namespace xsuperd;
using namespace xsuperd::supervisor;
using namespace std::chrono_literals;

namespace {

struct Bench {
  boost::asio::io_context loop;
  base::WallTime now = std::chrono::system_clock::now();
  std::vector<tls::TicketKeys> used;
  Tickets tickets{loop, [this](const tls::TicketKeys& keys) { used.push_back(keys); }, [this] { return now; }};
};

}  // namespace

TEST_CASE("there are keys of tickets at once, and they go along in an upgrade") {
  Bench before;
  REQUIRE(before.used.size() == 1);
  CHECK(before.used[0].current.size() == tls::ticket_key_size);
  CHECK(before.used[0].previous.empty());
  const tls::InheritedTickets inherited = before.tickets.hand_over();
  CHECK(inherited.current.size() == 2 * tls::ticket_key_size);

  Bench after;
  after.tickets.restore(inherited);
  CHECK(after.used.back() == before.used.back());
  CHECK(after.tickets.hand_over() == inherited);
}

TEST_CASE("keys are replaced when their time is over, whichever image made them, and serve for one period more") {
  Bench before;
  const tls::InheritedTickets inherited = before.tickets.hand_over();
  Bench after;
  after.now = before.now + tls::ticket_period;
  after.tickets.restore(inherited);
  CHECK(after.used.back() == before.used.back());
  after.loop.run_for(50ms);
  REQUIRE(after.used.back().previous == before.used.back().current);
  CHECK(after.used.back().current != before.used.back().current);

  Bench late;
  late.now = before.now + 2 * tls::ticket_period;
  const auto own = late.used.back();
  late.tickets.restore(inherited);
  CHECK(late.used.back() == own);
}

TEST_CASE("what are no keys is not used") {
  Bench bench;
  const auto own = bench.used.back();
  for (const std::string bad : {"", "00", "zz"}) bench.tickets.restore({bad, {}, bench.now});
  bench.tickets.restore({std::string(2 * tls::ticket_key_size, '0'), "0011", bench.now});
  CHECK(bench.used.back() == own);
}
