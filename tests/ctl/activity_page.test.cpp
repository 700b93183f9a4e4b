// SPDX-License-Identifier: MIT
#include "ctl/activity_page.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>

#include "ctl/characters.hpp"
#include "ctl/table.hpp"

using namespace xsuperd;
using namespace xsuperd::ctl;
using namespace std::chrono_literals;

namespace {

ServiceActivity service(std::string id, double rate = 0, double refused = 0) {
  ServiceActivity one;
  one.now.id = std::move(id);
  one.now.state = "listening";
  one.rates = Rates{rate, rate - refused, refused, 0};
  return one;
}

Activity activity(std::vector<ServiceActivity> services) {
  Activity all;
  all.now.version = "xsuperd 1.2.3";
  all.now.pid = 4711;
  all.now.now = 1000 + 3 * 86'400 + 4 * 3'600;
  all.now.started = 1000;
  all.now.running = 40;
  all.now.process_limit = 200;
  all.now.workers = 4;
  all.now.bans = 2;
  all.rates = Rates{123.4, 120, 3.4, 0};
  all.services = std::move(services);
  return all;
}

Activity crowd(std::size_t count) {
  std::vector<ServiceActivity> services;
  for (std::size_t i = 0; i < count; ++i) services.push_back(service(fmt::format("service-{:05}", i)));
  return activity(std::move(services));
}

std::string joined(const Line& line) {
  std::string text;
  for (const Span& span : line) text += span.text;
  return text;
}

std::size_t widest(const Page& page) {
  std::size_t most = 0;
  for (const Line& line : page.lines) most = std::max(most, width_of(joined(line)));
  return most;
}

bool harmless(const Page& page) {
  return std::all_of(page.lines.begin(), page.lines.end(), [](const Line& line) {
    const std::string text = joined(line);
    return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
  });
}

const View with_keys{Sort::rate, 0, "", true};

}  // namespace

TEST_CASE("A page of 80 columns has the totals, a row for each service and the keys") {
  ServiceActivity ftp = service("ftp", 12.5, 2.25);
  ftp.now.running = 3;
  ftp.now.limit = 40;
  ftp.now.counts.failed = 1;
  ftp.now.slowest_start = 0.25;
  ftp.now.reasons = {{"service_limit", 70}, {"address", 3}};
  ServiceActivity fresh = service("a-service-with-a-long-name");
  fresh.rates.reset();
  const Page page = page_of(activity({ftp, fresh}), with_keys, {80, 9});
  CHECK(text_of(page) ==
        "xsuperd 1.2.3  up 3d04h  running 40/200  workers 4  bans 2  pid 4711  load -\n"
        "accepted 123/s  served 120/s  refused 3.40/s  failed 0/s\n"
        "2 services by rate\n"
        "SERVICE            ACC/S  SRV/S  REF/S   RUNNING FAILED SLOWEST REFUSED FOR\n"
        "ftp                 12.5   10.2   2.25      3/40      1   250ms 70 service_lim..\n"
        "a-service-with-..      -      -      -         0      0       -\n"
        "\n"
        "\n"
        "1-2 of 2  q quit  ? help  / filter  Enter details  sort: r u f n b\n");
  CHECK(widest(page) <= 80);
}

TEST_CASE("No line is longer than the terminal is wide, and there are never more than it has") {
  ServiceActivity one = service(std::string(300, 'x'), 1e12, 1e11);
  one.now.reasons = {{std::string(500, 'y'), 1'000'000'000'000}};
  one.now.counts.failed = 1'000'000'000'000'000;
  one.now.running = 1'000'000'000'000;
  one.now.limit = 1'000'000'000'000;
  one.now.slowest_start = 1e9;
  View view = with_keys;
  for (const bool notice : {false, true}) {
    view.notice = notice ? std::string(400, 'n') : "";
    for (std::size_t columns = 1; columns <= 300; ++columns)
      for (const std::size_t lines : {1u, 2u, 3u, 4u, 5u, 6u, 24u}) {
        const Page page = page_of(activity({one, one, one}), view, {columns, lines});
        INFO(columns << " columns, " << lines << " lines");
        REQUIRE(widest(page) <= columns);
        REQUIRE(page.lines.size() <= lines);
      }
  }
}

TEST_CASE("Columns are left out when there is no room, the names last") {
  const auto titles = [](std::size_t columns) { return joined(page_of(crowd(1), {}, {columns, 24}).lines.at(3)); };
  CHECK(titles(120).find("STATE") != std::string::npos);
  CHECK(titles(80).find("STATE") == std::string::npos);
  CHECK(titles(80).find("REFUSED FOR") != std::string::npos);
  CHECK(titles(40) == "SERVICE        ACC/S  REF/S   RUNNING");
  CHECK(titles(5) == "SER..");
}

TEST_CASE("Sessions and bytes have columns where somebody has any and there is room, and the order always has one") {
  ServiceActivity one = service("relay");
  one.now.sessions = 7;
  one.now.counts.bytes = 1;
  one.rates->bytes = 25'000;
  const auto titles = [](const ServiceActivity& a, Sort sort, std::size_t columns) {
    View view;
    view.sort = sort;
    return joined(page_of(activity({a}), view, {columns, 24}).lines.at(3));
  };
  CHECK(titles(one, Sort::rate, 200).find("SESSIONS BYTES/S") != std::string::npos);
  CHECK(titles(one, Sort::rate, 80).find("BYTES/S") == std::string::npos);
  CHECK(titles(one, Sort::bytes, 80).find("BYTES/S") != std::string::npos);
  CHECK(titles(service("idle"), Sort::rate, 200).find("BYTES/S") == std::string::npos);
  CHECK(titles(service("idle"), Sort::rate, 200).find("SESSIONS") == std::string::npos);
  CHECK(text_of(page_of(activity({one}), {}, {200, 24})).find("       7   25.0k") != std::string::npos);
  CHECK(shows_sessions(95));
  CHECK_FALSE(shows_sessions(94));
}

TEST_CASE("A service that is marked is seen wherever the page was scrolled to") {
  View view = with_keys;
  const std::vector<std::pair<std::size_t, std::size_t>> places{{0, 0}, {18, 0}, {19, 1}, {99, 81}};
  for (const auto& [marked, first] : places) {
    view.first = 0;
    view.marked = marked;
    const Page page = page_of(crowd(100), view, {80, 24});
    CHECK(page.first == first);
    CHECK(page.lines.at(4 + marked - first).at(0).look == Look::marked);
  }
  view.first = 50;
  view.marked = 10;
  CHECK(page_of(crowd(100), view, {80, 24}).first == 10);
}

TEST_CASE("The heading says which services a filter has left, and what is typed") {
  View view = with_keys;
  view.filter = "web-*";
  view.all = 32;
  CHECK(joined(page_of(crowd(2), view, {80, 24}).lines.at(2)) == "2 of 32 services by rate, those that match web-*");
  view.typed = "web";
  CHECK(joined(page_of(crowd(2), view, {80, 24}).lines.at(2)).ends_with(": web_"));
  CHECK(joined(page_of(crowd(2), view, {10, 24}).lines.at(2)).ends_with(": web_"));
}

TEST_CASE("Ten thousand services: a page shows those scrolled to, and never scrolls past the last") {
  const Activity all = crowd(10'000);
  View view = with_keys;
  view.first = 5'000;
  Page page = page_of(all, view, {80, 24});
  CHECK(page.lines.size() == 24);
  CHECK(page.room == 19);
  CHECK(joined(page.lines[4]).starts_with("service-05000"));
  CHECK(joined(page.lines.back()).starts_with("5001-5019 of 10000"));
  view.first = 10'000;
  page = page_of(all, view, {80, 24});
  CHECK(page.first == 9'981);
  CHECK(joined(page.lines[22]).starts_with("service-09999"));
  CHECK(page_of(all, view, {80, 3}).room == 0);
}

TEST_CASE("Without a size everything is shown") {
  const Page page = page_of(crowd(10'000), {}, {0, 0});
  CHECK(page.lines.size() == 10'004);
  ServiceActivity one = service(std::string(100, 'x'));
  one.now.reasons = {{"address", 1}, {"load", 1}, {"service_limit", 1}, {"per_source_limit", 1}};
  const std::string text = text_of(page_of(activity({one}), {}, {0, 0}));
  CHECK(text.find(std::string(100, 'x') + " listening") != std::string::npos);
  CHECK(text.find("1 address, 1 load, 1 service_limit, 1 per_source_limit\n") != std::string::npos);
}

TEST_CASE("No byte of the daemon's answers can command the terminal") {
  std::string all_bytes;
  for (int byte = 0; byte < 256; ++byte) all_bytes += static_cast<char>(byte);
  for (const std::string& evil : {std::string("\x1b]0;owned\a"), std::string("\xc2\x9b" "2J"), all_bytes, std::string(1000, '\n')}) {
    ServiceActivity one = service(evil);
    one.now.state = evil;
    one.now.reasons = {{evil, 1}};
    Activity activity_of_evil = activity({one});
    activity_of_evil.now.version = evil;
    View view = with_keys;
    view.notice = evil;
    CHECK(harmless(page_of(activity_of_evil, view, {200, 24})));
    CHECK(harmless(page_of(activity_of_evil, view, {0, 0})));
  }
}

TEST_CASE("Characters that the locale has and that take one column stay") {
  CHECK(displayable("h\xc3\xb6lle \\") == "h\\xc3\\xb6lle \\");
  const Characters utf8("C.UTF-8");
  if (!utf8.set()) return;  // a system without that locale has nothing to check
  CHECK(displayable("h\xc3\xb6lle") == "h\xc3\xb6lle");
  CHECK(displayable("a\xc2\x9b" "2J\x7f\x1b") == "a\\xc2\\x9b2J\\x7f\\x1b");
  CHECK(displayable("\xe2\x80\xae" "x") == "\\xe2\\x80\\xaex");        // right to left from here on
  CHECK(displayable("a\xcc\x80") == "a\\xcc\\x80");                    // combining: no column of its own
  CHECK(displayable("\xe6\xbc\xa2") == "\\xe6\\xbc\\xa2");             // two columns
  CHECK(displayable("\xc3") == "\\xc3");
  CHECK(displayable("\xff\xc3\xb6") == "\\xff\xc3\xb6");
  CHECK(widest(page_of(activity({service(std::string(200, '\xc3'))}), with_keys, {80, 24})) <= 80);
}

TEST_CASE("What goes wrong stands out, and what rests does not") {
  ServiceActivity failing = service("failing", 1);
  failing.rates->failed = 1;
  ServiceActivity running = service("running");
  running.now.running = 1;
  const Page page = page_of(activity({failing, service("refusing", 2, 1), service("idle"), running}), {}, {80, 24});
  CHECK(page.lines.at(4).at(0).look == Look::failing);
  CHECK(page.lines.at(5).at(0).look == Look::refusing);
  CHECK(page.lines.at(6).at(0).look == Look::faint);
  CHECK(page.lines.at(7).at(0).look == Look::plain);
}

TEST_CASE("Numbers and durations take at most six columns") {
  CHECK(brief_number(0) == "0");
  CHECK(brief_number(0.25) == "0.25");
  CHECK(brief_number(12.34) == "12.3");
  CHECK(brief_number(9'999) == "9999");
  CHECK(brief_number(12'345) == "12.3k");
  CHECK(brief_number(1.26e6) == "1.3M");
  CHECK(brief_duration(0) == "-");
  CHECK(brief_duration(0.0004) == "0.4ms");
  CHECK(brief_duration(0.25) == "250ms");
  CHECK(brief_duration(1.26) == "1.3s");
  for (double n = 1e-6; n < 1e30; n *= 1.07) {
    REQUIRE(brief_number(n).size() <= 6);
    REQUIRE(brief_duration(n).size() <= 6);
  }
}
