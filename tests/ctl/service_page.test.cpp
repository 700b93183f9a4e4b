// SPDX-License-Identifier: MIT
#include "ctl/service_page.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>

#include "ctl/table.hpp"

using namespace xsuperd;
using namespace xsuperd::ctl;

namespace {

ServiceDetail telnet(std::size_t sessions) {
  ServiceDetail detail;
  reply::Service& s = detail.service;
  s.id = "telnet";
  s.state = control::States::listening;
  s.endpoint.protocol = "tcp";
  s.endpoint.port = 23;
  s.place = {"/etc/xinetd.d/telnet", 3};
  s.running = 3;
  s.limit = 40;
  s.counters.accepted = 73;
  s.counters.refused = 70;
  s.counters.reasons.emplace_back("address", 3);
  s.counters.reasons.emplace_back("service_limit", 67);
  s.last_request = control::Time(990.0);
  detail.now = control::Time(1000.0);
  for (std::size_t i = 0; i < sessions; ++i) {
    reply::Session one;
    one.session = i + 1;
    one.peer = fmt::format("192.0.2.{}", i + 1);
    one.port = 4711;
    one.age = 61;
    one.bytes_in = 25'000;
    one.stage = control::Stages::running;
    detail.sessions.push_back(std::move(one));
  }
  detail.recent.emplace_back(json::parse(R"({"event":"refuse","id":"telnet","peer":"192.0.2.7","reason":"address"})").as_object());
  return detail;
}

const Rates busy{2, 1, 1, 0, 0};

std::size_t widest(const Page& page) {
  std::size_t most = 0;
  for (const Line& line : page.lines) {
    std::size_t width = 0;
    for (const Span& span : line) width += width_of(span.text);
    most = std::max(most, width);
  }
  return most;
}

bool has(const Page& page, const std::string& words) { return text_of(page).find(words) != std::string::npos; }

}  // namespace

TEST_CASE("The page of a service has its counters, refusals, events and sessions on 80 columns and 24 lines") {
  const ServiceDetail detail = telnet(2);
  View view;
  view.keys = true;
  const Page page = service_page("telnet", &detail, busy, view, {80, 24});
  CHECK(page.lines.size() == 24);
  CHECK(widest(page) <= 80);
  CHECK(has(page, "telnet  listening  tcp *:23  /etc/xinetd.d/telnet:3\naccepted 2.00/s  served 1.00/s  refused 1.00/s"));
  CHECK(has(page, "running 3/40  sessions 0  waiting 0  last request 10s ago"));
  CHECK(has(page, "accepted 73  served 0  refused 70"));
  CHECK(has(page, "REFUSED FOR\nservice_limit 67  address 3\n"));
  CHECK(has(page, "LAST EVENTS\n"));
  CHECK(has(page, "from 192.0.2.7  reason=address\n"));
  CHECK(has(page, "2 SESSIONS\n"));
  CHECK(has(page, "192.0.2.2  4711"));
  CHECK(has(page, "1m01s"));
  CHECK(has(page, "25.0k"));
}

TEST_CASE("Until the daemon has answered the page of a service says that it waits") {
  const Page page = service_page("telnet", nullptr, std::nullopt, {}, {80, 24});
  CHECK(has(page, "telnet\naccepted -/s"));
  CHECK(has(page, "waiting for the daemon"));
}

TEST_CASE("Sessions that have no room are scrolled to, and no further than the last") {
  const ServiceDetail detail = telnet(200);
  View view;
  view.first = 1'000'000;
  const Page page = service_page("telnet", &detail, busy, view, {80, 24});
  CHECK(page.first < 1'000);
  CHECK(has(page, "192.0.2.200"));
  CHECK(page.lines.size() == 24);
}

TEST_CASE("A page of a service keeps to any size, and no byte in it can command the terminal") {
  ServiceDetail detail = telnet(3);
  const std::string evil = "\x1b]0;owned\a\xc2\x9b" "2J\n";
  detail.service.trouble = evil;
  detail.service.last_refusal = reply::Refusal{control::Time(990.0), evil, evil};
  detail.service.counters.reasons.emplace_back(evil, 1);
  detail.sessions[0].peer = evil;
  detail.recent.front()["reason"] = evil;
  for (const std::size_t columns : {1u, 2u, 10u, 40u, 80u, 200u})
    for (const std::size_t lines : {1u, 2u, 3u, 4u, 5u, 24u, 50u}) {
      const Page page = service_page(evil, &detail, busy, {}, {columns, lines});
      INFO(columns << " columns, " << lines << " lines");
      REQUIRE(widest(page) <= columns);
      REQUIRE(page.lines.size() <= lines);
      const std::string text = text_of(page);
      REQUIRE(std::all_of(text.begin(), text.end(), [](char c) { return c == '\n' || (c >= 0x20 && c < 0x7f); }));
    }
}

TEST_CASE("A service of which the daemon tells nothing has no details") {
  CHECK_FALSE(detail_of({}, {}).has_value());
  const Answer show{{}, json::parse(R"({"now":5,"services":[{"id":"a"}],"recent":[{"event":"start"}]})").as_object()};
  const Answer sessions{{json::parse(R"({"session":4,"service":"a"})").as_object()}, {}};
  const auto detail = detail_of(show, sessions);
  REQUIRE(detail.has_value());
  CHECK(detail->service.id == "a");
  CHECK(detail->sessions.size() == 1);
  CHECK(detail->recent.size() == 1);
}
